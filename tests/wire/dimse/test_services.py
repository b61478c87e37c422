"""Our requestor against our acceptor, service by service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import encode, unwrap_payload
from harness.dicom.uids import uid_of
from harness.errors import ContextRefused, NoResponse
from harness.model.profile import Service
from harness.model.transcript import Direction, EventKind, Half
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse, SupportedClass

EXPLICIT, IMPLICIT = uid_of("ExplicitVRLittleEndian"), uid_of("ImplicitVRLittleEndian")
MPPS, MWL = "ModalityPerformedProcedureStep", "ModalityWorklistInformationModelFind"


def patient(number: int) -> Dataset:
    ds = Dataset()
    ds.PatientID = f"SYN-{number}"
    return ds


class Worklist(DimseHandler):
    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        for number in range(int(request.dataset.PatientID)):
            yield DimseResponse(0xFF00, patient(number))


def test_echo(listen, associate, answering, recorder) -> None:
    with associate(listen(answering), "Verification") as association:
        assert association.c_echo().status == 0x0000
    assert len(recorder.of(Service.C_ECHO)) == 4
    assert all(passage.content is None for passage in recorder.of(Service.C_ECHO))


def test_find_gives_the_pending_responses_and_the_final_one(listen, associate, recorder) -> None:
    identifier = Dataset()
    identifier.PatientID = "3"
    with associate(listen(Worklist()), MWL) as association:
        responses = association.c_find(MWL, identifier)
    assert [response.status for response in responses] == [0xFF00, 0xFF00, 0xFF00, 0x0000]
    assert [response.dataset.PatientID for response in responses[:-1]] == ["SYN-0", "SYN-1", "SYN-2"]
    assert responses[-1].dataset is None
    recorded = recorder.of(Service.C_FIND, Direction.RECEIVED, Half.RESPONSE)
    assert [recorder.content_of(one) for one in recorded[:-1]] == [encode(patient(n), EXPLICIT) for n in range(3)]
    assert len({one.exchange for one in recorded}) == 1


def test_create_and_set_carry_their_bytes_and_identifiers(listen, associate, answering, recorder) -> None:
    with associate(listen(answering), MPPS) as association:
        created = association.n_create(MPPS, "2.25.9", patient(1))
        changed = association.n_set(MPPS, "2.25.9", patient(2))
    assert (created.status, changed.status) == (0, 0)
    assert created.fields["AffectedSOPInstanceUID"] == "2.25.9"
    create, change = answering.requests
    assert create.service is Service.N_CREATE
    assert (create.sop_class, create.sop_instance) == (uid_of(MPPS), "2.25.9")
    assert (create.calling_ae, create.called_ae) == ("OUR_SCU", "OUR_SCP")
    assert create.content == encode(patient(1), EXPLICIT)
    assert change.dataset.PatientID == "SYN-2"
    for service, number in ((Service.N_CREATE, 1), (Service.N_SET, 2)):
        for direction in Direction:
            (passage,) = recorder.of(service, direction, Half.REQUEST)
            assert recorder.content_of(passage) == encode(patient(number), EXPLICIT)
            assert passage.command.sop_instance == "2.25.9"
            assert passage.command.transfer_syntax == EXPLICIT


def test_an_empty_data_set_is_no_data_set(listen, associate, answering, recorder) -> None:
    with associate(listen(answering), MPPS) as association:
        assert association.n_set(MPPS, "2.25.9", Dataset()).status == 0x0000
    assert all(passage.content is None for passage in recorder.of(Service.N_SET))


def test_error_comment_and_error_id_arrive(listen, associate) -> None:
    class Finished(DimseHandler):
        def n_set(self, request: DimseRequest) -> DimseResponse:
            comment = "Performed Procedure Step Object may no longer be updated"
            return DimseResponse(0x0110, None, {"ErrorComment": comment, "ErrorID": str(0xA710)})

    with associate(listen(Finished()), MPPS) as association:
        response = association.n_set(MPPS, "2.25.9", patient(1))
    assert response.status == 0x0110
    assert response.fields["ErrorComment"] == "Performed Procedure Step Object may no longer be updated"
    assert response.fields["ErrorID"] == str(0xA710)


def test_a_created_instance_may_be_named_by_the_acceptor(listen, associate) -> None:
    class Naming(DimseHandler):
        def n_create(self, request: DimseRequest) -> DimseResponse:
            return DimseResponse(0x0000, None, {"AffectedSOPInstanceUID": "2.25.99"})

    with associate(listen(Naming()), MPPS) as association:
        response = association.n_create(MPPS, "", patient(1))
    assert response.fields["AffectedSOPInstanceUID"] == "2.25.99"


def test_action_type_arrives(listen, associate, answering) -> None:
    commitment = "StorageCommitmentPushModel"
    with associate(listen(answering), commitment) as association:
        association.n_action(commitment, "1.2.840.10008.1.20.1.1", 1, patient(1))
    assert answering.requests[0].fields["ActionTypeID"] == "1"


def test_an_unknown_service_method_is_refused(listen, associate) -> None:
    with associate(listen(DimseHandler()), MPPS, MWL) as association:
        assert association.n_create(MPPS, "2.25.9", patient(1)).status == 0x0122
        assert [response.status for response in association.c_find(MWL, patient(1))] == [0x0122]


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, IMPLICIT])
def test_a_stored_file_goes_out_and_is_recorded_byte_for_byte(
    transfer_syntax, listen, associate, answering, recorder, samples, tmp_path
) -> None:
    payload = samples.payload(1, transfer_syntax, rows=300)
    path = tmp_path / "image.dcm"
    path.write_bytes(payload)
    content = unwrap_payload(payload)[0]
    with associate(listen(answering), "CTImageStorage", transfer_syntaxes=[EXPLICIT, IMPLICIT]) as association:
        assert association.c_store(payload).status == 0x0000
        assert association.c_store(path).status == 0x0000
    assert [request.content for request in answering.requests] == [content, content]
    assert [request.transfer_syntax for request in answering.requests] == [transfer_syntax] * 2
    for passage in recorder.of(Service.C_STORE, half=Half.REQUEST):
        assert unwrap_payload(passage.content) == (content, transfer_syntax)


def test_a_file_is_encoded_anew_when_its_syntax_was_not_accepted(listen, associate, answering, samples) -> None:
    address = listen(answering, supported=(SupportedClass("CTImageStorage", (IMPLICIT,)),))
    with associate(address, "CTImageStorage") as association:
        assert association.c_store(samples.payload(1, EXPLICIT)).status == 0x0000
        assert association.c_store(samples.image(2)).status == 0x0000
    assert [request.transfer_syntax for request in answering.requests] == [IMPLICIT, IMPLICIT]
    assert answering.requests[0].dataset == samples.image(1)


def test_a_compressed_file_is_never_encoded_anew(listen, associate, answering, samples) -> None:
    compressed = samples.payload(1, uid_of("JPEGBaseline8Bit"))
    with (
        associate(listen(answering), "CTImageStorage") as association,
        pytest.raises(ContextRefused, match="CTImageStorage in JPEGBaseline8Bit"),
    ):
        association.c_store(compressed)
    assert answering.requests == []


def test_a_request_may_be_amended(listen, associate, answering) -> None:
    def amend(service: Service, dataset: Dataset) -> list[Dataset]:
        return [patient(7) if service is Service.N_CREATE else dataset]

    with associate(listen(answering), MPPS, amend=amend) as association:
        association.n_create(MPPS, "2.25.9", patient(1))
        association.n_set(MPPS, "2.25.9", patient(2))
    assert [request.dataset.PatientID for request in answering.requests] == ["SYN-7", "SYN-2"]


def test_a_response_may_be_amended_or_withheld(listen, associate, answering, recorder) -> None:
    def amend(request: DimseRequest, response: DimseResponse) -> list[DimseResponse]:
        return [] if request.service is Service.N_SET else [DimseResponse(0x0111)]

    address = listen(answering, amend=amend)
    with pytest.raises(NoResponse), associate(address, MPPS, timeout=0.3) as association:  # noqa: PT012
        assert association.n_create(MPPS, "2.25.9", patient(1)).status == 0x0111
        association.n_set(MPPS, "2.25.9", patient(1))
    (event,) = recorder.events(EventKind.NO_RESPONSE)
    assert "no N-SET response within 0.3 s" in event.text


def test_a_fault_of_a_handler_is_an_internal_error_and_0110(listen, associate, recorder) -> None:
    class Broken(DimseHandler):
        def n_create(self, request: DimseRequest) -> DimseResponse:
            raise KeyError("no such order")

        def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
            yield DimseResponse(0xFF00, patient(1))
            raise KeyError("no such entry")

    with associate(listen(Broken()), MPPS, MWL) as association:
        assert association.n_create(MPPS, "2.25.9", patient(1)).status == 0x0110
        assert [one.status for one in association.c_find(MWL, patient(1))] == [0xFF00, 0x0110]
    first, second = recorder.events(EventKind.INTERNAL_ERROR)
    assert "Traceback" in first.text
    assert "no such order" in first.text
    assert "no such entry" in second.text


def test_a_value_that_breaks_its_vr_does_not_warn(listen, associate, answering) -> None:
    from_wire = Dataset()
    from_wire.PatientID = "SYN-1"

    def amend(service: Service, dataset: Dataset) -> list[Dataset]:
        dataset["PatientID"].value = "x" * 64 + "\\" + "y"
        return [dataset]

    with associate(listen(answering), MPPS, amend=amend) as association:
        assert association.n_create(MPPS, "2.25." + "9" * 70, from_wire).status == 0x0000
    assert answering.requests[0].sop_instance == "2.25." + "9" * 70


def test_records_are_in_the_order_of_the_wire(listen, associate, answering, recorder) -> None:
    with associate(listen(answering), MPPS) as association:
        for number in range(5):
            association.n_create(MPPS, f"2.25.{number + 1}", patient(number))
    order = [(one.half, one.direction, one.command.message_id) for one in recorder.passages]
    for number in range(5):
        assert order[number * 4 : number * 4 + 4] == [
            (Half.REQUEST, Direction.SENT, number + 1),
            (Half.REQUEST, Direction.RECEIVED, number + 1),
            (Half.RESPONSE, Direction.SENT, number + 1),
            (Half.RESPONSE, Direction.RECEIVED, number + 1),
        ]
