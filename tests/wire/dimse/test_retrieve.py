"""C-MOVE with its own association to the destination, and C-GET (PS3.4 C.4.2, C.4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import unwrap_payload
from harness.dicom.uids import uid_of
from harness.errors import ContextRefused
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.transcript import Direction, EventKind, Half
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse, MovePlan, SupportedClass

MOVE = "StudyRootQueryRetrieveInformationModelMove"
GET = "StudyRootQueryRetrieveInformationModelGet"


def study() -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.StudyInstanceUID = "2.25.5"
    return ds


class Archive(DimseHandler):
    def __init__(self, instances: Sequence[bytes | Path], destination: DimseAddress | None = None) -> None:
        self.instances = instances
        self.destination = destination
        self.requests: list[DimseRequest] = []

    def c_move(self, request: DimseRequest) -> MovePlan | DimseResponse:
        self.requests.append(request)
        if self.destination is None:
            return DimseResponse(0xA801)
        return MovePlan(self.destination, self.instances)

    def c_get(self, request: DimseRequest) -> MovePlan | DimseResponse:
        return MovePlan(None, self.instances)


def counters(response: DimseResponse) -> tuple[str | None, ...]:
    return tuple(
        response.fields.get(f"NumberOf{name}Suboperations") for name in ("Remaining", "Completed", "Failed", "Warning")
    )


def test_a_move_stores_at_the_destination(listen, associate, answering, recorder, samples, tmp_path) -> None:
    path = tmp_path / "two.dcm"
    path.write_bytes(samples.payload(2))
    display = listen(answering, ae_title="DISPLAY", actor="Image Display")
    archive = Archive([samples.payload(1), path], display)
    address = listen(archive, ae_title="ARCHIVE", actor="Image Manager")
    with associate(address, MOVE) as association:
        responses = association.c_move(MOVE, study(), "DISPLAY")
    assert [response.status for response in responses] == [0xFF00, 0x0000]
    assert [counters(response) for response in responses] == [("1", "1", "0", "0"), (None, "2", "0", "0")]
    assert archive.requests[0].fields["MoveDestination"] == "DISPLAY"
    assert [request.content for request in answering.requests] == [
        unwrap_payload(samples.payload(number))[0] for number in (1, 2)
    ]
    for request in answering.requests:
        assert request.calling_ae == "ARCHIVE"
        assert request.fields["MoveOriginatorApplicationEntityTitle"] == "OUR_SCU"
        assert request.fields["MoveOriginatorMessageID"] == str(archive.requests[0].message_id)
    (sub,) = {one.link for one in recorder.of(Service.C_STORE, Direction.SENT, Half.REQUEST)}
    (link,) = [link for link in recorder.links if link.id == sub]
    assert link.owner.actor == "Image Manager"
    assert link.ours is True
    assert link.facts["called_ae"] == "DISPLAY"


def test_an_unknown_destination_is_the_handlers_answer(listen, associate, samples) -> None:
    with associate(listen(Archive([samples.payload()])), MOVE) as association:
        (final,) = association.c_move(MOVE, study(), "NOBODY")
    assert final.status == 0xA801


def test_nothing_to_move_is_a_success(listen, associate) -> None:
    nowhere = DimseAddress(ae_title="DISPLAY", port=1)
    with associate(listen(Archive([], nowhere)), MOVE) as association:
        (final,) = association.c_move(MOVE, study(), "DISPLAY")
    assert final.status == 0x0000
    assert counters(final) == (None, "0", "0", "0")


def test_an_unreachable_destination_fails_every_sub_operation(listen, associate, recorder, samples, free_port) -> None:
    nowhere = DimseAddress(ae_title="DISPLAY", port=free_port)
    address = listen(Archive([samples.payload(1), samples.payload(2)], nowhere), actor="Image Manager")
    with associate(address, MOVE) as association:
        (final,) = association.c_move(MOVE, study(), "DISPLAY")
    assert final.status == 0xA702
    assert counters(final) == (None, "0", "2", "0")
    assert list(final.dataset.FailedSOPInstanceUIDList) == ["2.25.771", "2.25.772"]
    (event,) = recorder.events(EventKind.UNREACHABLE)
    assert event.owner.actor == "Image Manager"


def test_a_partly_failed_move_is_a_warning_with_the_failed_instances(listen, associate, samples) -> None:
    class Full(DimseHandler):
        def c_store(self, request: DimseRequest) -> DimseResponse:
            return DimseResponse(0xA700 if request.sop_instance == "2.25.772" else 0x0000)

    display = listen(Full(), ae_title="DISPLAY")
    instances = [samples.payload(1), samples.payload(2), b"no Part 10 file"]
    with associate(listen(Archive(instances, display)), MOVE) as association:
        *pending, final = association.c_move(MOVE, study(), "DISPLAY")
    assert [response.status for response in pending] == [0xFF00, 0xFF00]
    assert final.status == 0xB000
    assert counters(final) == (None, "1", "2", "0")
    assert final.dataset.FailedSOPInstanceUIDList == "2.25.772"


def test_a_get_brings_the_instances_on_the_same_association(listen, associate, recorder, samples) -> None:
    address = listen(Archive([samples.payload(1), samples.payload(2)]))
    with associate(address, GET, as_scp=["CTImageStorage"]) as association:
        responses = association.c_get(GET, study())
        received = association.received
    assert responses[-1].status == 0x0000
    assert [request.content for request in received] == [
        unwrap_payload(samples.payload(number))[0] for number in (1, 2)
    ]
    assert len(recorder.of(Service.C_STORE)) == 8
    assert len(recorder.links) == 2


def test_a_get_without_the_role_for_storing_fails(listen, associate, samples) -> None:
    with associate(listen(Archive([samples.payload(1)])), GET) as association:
        responses = association.c_get(GET, study())
    assert responses[-1].status == 0xA702
    assert counters(responses[-1]) == (None, "0", "1", "0")


def test_a_class_that_was_not_proposed_is_refused_before_anything_is_sent(listen, associate, recorder) -> None:
    with (
        associate(listen(Archive([])), GET) as association,
        pytest.raises(ContextRefused, match="Move: no accepted"),
    ):
        association.c_move(MOVE, study(), "DISPLAY")
    assert recorder.passages == []


def test_an_image_goes_out_as_it_is_stored_when_the_destination_takes_it(listen, associate, answering, samples) -> None:
    jpeg = uid_of("JPEGBaseline8Bit")
    display = listen(answering, ae_title="DISPLAY", supported=(SupportedClass("CTImageStorage", (jpeg,)),))
    with associate(listen(Archive([samples.payload(1, jpeg)], display)), MOVE) as association:
        assert association.c_move(MOVE, study(), "DISPLAY")[-1].status == 0x0000
    assert answering.requests[0].transfer_syntax == jpeg
    assert answering.requests[0].content == unwrap_payload(samples.payload(1, jpeg))[0]


@pytest.mark.parametrize("copies", [0, 1, 2])
def test_what_a_retrieve_sends_may_be_amended(copies, listen, associate, answering, samples) -> None:
    def amend(service: Service, dataset: Dataset) -> list[Dataset]:
        assert service is Service.C_STORE
        dataset.PatientName = "SYNTHETIC^OTHER"
        return [dataset] * copies

    display = listen(answering, ae_title="DISPLAY", actor="Image Display")
    archive = Archive([samples.payload(1)], display)
    address = listen(archive, ae_title="ARCHIVE", actor="Image Manager", amend_requests=lambda: amend)
    with associate(address, MOVE) as association:
        assert association.c_move(MOVE, study(), "DISPLAY")[-1].status == 0x0000
    assert [str(one.dataset.PatientName) for one in answering.requests] == ["SYNTHETIC^OTHER"] * copies
