"""What whoever stands at a modality reads off the answers of a worklist query."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.engine.worklist_shown import entries_shown
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import LinkKind, Service
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)

WORKLIST = uid_of("ModalityWorklistInformationModelFind")


def _answers(*entries: Dataset) -> tuple[Exchange, dict[str, bytes]]:
    """A query with those answers, and one that was refused behind them."""
    contents: dict[str, bytes] = {}
    captures = []
    for number, entry in enumerate(entries):
        name = f"{number:064d}"
        syntax = str(ExplicitVRLittleEndian)
        contents[name] = wrap_payload(encode(entry, syntax), syntax, WORKLIST, "1.2")
        captures.append(_response(number, 0xFF00, Payload(name, PayloadKind.DICOM, len(contents[name]))))
    captures.append(_response(len(entries), 0x0000, None))
    address = SocketAddress("127.0.0.1", 1)
    link = Link(
        seq=1,
        time=0.0,
        id=LinkId(1),
        kind=LinkKind.DIMSE,
        actor=ActorName("Modality"),
        ours=True,
        local=address,
        peer=address,
    )
    request = _response(0, None, None)
    return Exchange(id=ExchangeId(1), link=link, request=request, responses=tuple(captures)), contents


def _response(number: int, status: int | None, payload: Payload | None) -> Capture:
    command = DimseCommand(service=Service.C_FIND, message_id=1, status=status)
    return Capture(
        seq=number,
        time=0.0,
        link=LinkId(1),
        exchange=ExchangeId(1),
        half=Half.RESPONSE,
        direction=Direction.RECEIVED,
        command=command,
        payload=payload,
    )


def _entry(patient: str, start: str, **of_step: str) -> Dataset:
    entry, step, code = Dataset(), Dataset(), Dataset()
    entry.PatientName, entry.PatientID, entry.IssuerOfPatientID = "Doe^Jane^M^Dr^III", patient, "HOSP"
    entry.AccessionNumber, entry.StudyInstanceUID, entry.RequestedProcedureID = "A1", "1.2.3", "RP1"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "CTHEAD", "L", "CT of the head"
    entry.RequestedProcedureCodeSequence = [code]
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20240517", start
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepID = "CT", "CT1", f"S{patient}"
    for keyword, value in of_step.items():
        setattr(step, keyword, value)
    entry.ScheduledProcedureStepSequence = [step]
    return entry


def test_entries_come_in_the_order_of_their_start() -> None:
    exchange, contents = _answers(_entry("P2", "1000"), _entry("P1", "0900"))
    shown = entries_shown([exchange], lambda payload: contents[payload.sha256])
    assert [one.bedside.patient_id for one in shown] == ["P1", "P2"]
    assert shown[0].key == ("1.2.3", "RP1", "SP1")


def test_a_person_reads_name_number_and_service() -> None:
    exchange, contents = _answers(_entry("P1", "0900"))
    (one,) = entries_shown([exchange], lambda payload: contents[payload.sha256])
    name = one.bedside.name
    assert (name.family, name.given, name.middle, name.prefix, name.suffix) == ("Doe", "Jane", "M", "Dr", "III")
    assert (one.bedside.authority, one.bedside.service) == ("HOSP", "CTHEAD")
    assert one.text == "CT accession A1 20240517 0900"


def test_words_narrow_by_what_an_entry_has() -> None:
    exchange, contents = _answers(_entry("P1", "0900"))
    (one,) = entries_shown([exchange], lambda payload: contents[payload.sha256])
    assert all(one.is_of(word) for word in ("ct", "P1", "A1", "CT1", "doe"))
    assert not any(one.is_of(word) for word in ("MR", "P2", "", "HOSP"))


def test_what_says_that_it_was_started_is_begun() -> None:
    states = ("SCHEDULED", "STARTED", "COMPLETED", "")
    exchange, contents = _answers(
        *(_entry(f"P{n}", "09", ScheduledProcedureStepStatus=s) for n, s in enumerate(states))
    )
    shown = entries_shown([exchange], lambda payload: contents[payload.sha256])
    assert [one.begun for one in shown] == [False, True, True, False]


def test_an_entry_without_anything_is_still_an_entry() -> None:
    exchange, contents = _answers(Dataset())
    (one,) = entries_shown([exchange], lambda payload: contents[payload.sha256])
    assert (one.key, one.bedside.patient_id, one.text) == (("", "", ""), "", "")
