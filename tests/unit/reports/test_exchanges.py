"""One exchange to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.dicom.encoding import wrap_payload
from harness.errors import RecordingError
from harness.model.finding import Evidence
from harness.model.names import ExchangeId
from harness.model.transcript import Half, Payload, PayloadKind
from reports.exchanges import exchange_text, exchange_view, gravest_tone, marks_of
from reports.messages import ROW_LIMIT, place_key, rows_of, wire_bytes

Sample = Any  # the fixture's class lives in conftest.py


def view(sample: Sample, number: int) -> Any:
    exchange = sample.run.transcript.exchanges[number - 1]
    return exchange_view(exchange, sample.payload, marks_of(sample.run).get(ExchangeId(number), ()))


def test_hl7_is_shown_as_segments_with_named_fields(sample: Sample) -> None:
    rows = {marked.row.place: marked.row for marked in view(sample, 1).messages[0].rows}
    assert (rows["PID"].name, rows["PID"].heading) == ("Patient Identification", True)
    assert (rows["PID-3"].name, rows["PID-3"].value) == ("Patient Identifier List", "PAT83719^^^SWF")
    assert (rows["PID-3.4"].name, rows["PID-3.4"].value) == ("Assigning Authority", "SWF")
    assert "MSH-2.1" not in rows


def test_dicom_is_shown_as_a_named_tree(sample: Sample) -> None:
    rows = {marked.row.name: marked.row for marked in view(sample, 2).messages[1].rows}
    assert rows["ScheduledProcedureStepSequence"].value == "1 item"
    assert rows["Modality"].place == "(0008,0060)"
    assert rows["Modality"].depth == 1
    assert rows["Modality"].key == "ScheduledProcedureStepSequence[0].Modality"


def test_judged_places_are_marked_and_absent_ones_are_shown(sample: Sample) -> None:
    first, second = view(sample, 1), view(sample, 2)
    judged = {marked.row.place: marked for marked in first.messages[0].rows if marked.marks}
    assert judged["PID-3.1"].tone == ""
    assert judged["OBR-16"].absent
    assert judged["OBR-16"].tone == "note"
    assert judged["OBR-16"].row.depth == 1
    answer = {marked.row.place: marked for marked in second.messages[1].rows if marked.tone}
    assert answer["StudyInstanceUID"].absent
    assert answer["StudyInstanceUID"].tone == "fail"
    assert answer["(0008,0060)"].tone == "inconclusive"
    assert second.tone == "fail"
    assert gravest_tone(()) == ""


def test_a_component_that_stands_alone_is_marked_at_its_field(sample: Sample) -> None:
    marks = marks_of(sample.run)[ExchangeId(1)]
    judged = marks[0].judged
    evidence = Evidence(exchange=ExchangeId(1), path="PID-7.1")
    mark = replace(marks[0], judged=replace(judged, finding=replace(judged.finding, evidence=evidence)))
    shown = exchange_view(sample.run.transcript.exchanges[0], sample.payload, (mark,))
    assert [marked.row.place for marked in shown.messages[0].rows if marked.marks] == ["PID-7"]


def test_the_text_of_an_exchange_has_everything(sample: Sample) -> None:
    text = exchange_text(sample.run, ExchangeId(2), sample.payload)
    assert text.startswith("exchange 2  C-FIND ModalityWorklistInformationModelFind  Modality -> Order Filler\n")
    assert "  CalledAETitle: RIS_SCP" in text
    assert "response 1, received" in text
    assert "  status: FF00 Pending" in text
    assert ">   FAIL expected 2.25.1818" in text
    with pytest.raises(KeyError):
        exchange_text(sample.run, ExchangeId(99), sample.payload)


def test_a_payload_that_is_no_message_leaves_a_note_and_its_bytes(sample: Sample) -> None:
    message = view(sample, 3).messages[0]
    assert message.notes == ("the data set cannot be decoded",)
    assert [(marked.row.place, marked.row.value, marked.absent) for marked in message.rows] == [
        ("PatientID", "(not shown)", False)
    ]
    assert message.size == 6015
    assert message.wire == b"\x00not a data set" + b"\xff" * (4096 - 15)
    assert view(sample, 3).notes == ("no response was recorded",)


def test_a_payload_that_cannot_be_read_or_is_too_large_is_told(sample: Sample) -> None:
    exchange = sample.run.transcript.exchanges[0]

    def altered(payload: Payload) -> bytes:
        raise RecordingError("the hash of \x1b[31mpayload differs")

    notes = exchange_view(exchange, altered, ()).messages[0].notes
    assert notes == ("the payload cannot be read: the hash of \\x1b[31mpayload differs",)
    huge = replace(exchange.request, payload=Payload("ab" * 32, PayloadKind.DICOM, 2**31))
    shown = exchange_view(replace(exchange, request=huge), altered, ())
    assert "too large to show" in shown.messages[0].notes[0]


def test_many_responses_are_shown_in_part_with_the_judged_ones_and_the_last(sample: Sample) -> None:
    exchange = sample.run.transcript.exchanges[1]
    many = replace(exchange, responses=(exchange.responses[0],) * 500 + exchange.responses[1:])
    mark = next(mark for mark in marks_of(sample.run)[ExchangeId(2)] if mark.violated)
    evidence = Evidence(exchange=ExchangeId(2), half=Half.RESPONSE, response=321, path="StudyInstanceUID")
    late = replace(mark, judged=replace(mark.judged, finding=replace(mark.judged.finding, evidence=evidence)))
    shown = exchange_view(many, sample.payload, (late,))
    headings = [message.heading for message in shown.messages]
    assert len(headings) < 30
    assert "response 322, received" in headings
    assert headings[-1] == "response 501, received"
    assert shown.notes[0].startswith("24 of 501 responses are shown")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("PID-3[2].4.1", "PID[1]-3[2].4"),
        ("OBR[2]-18", "OBR[2]-18[1]"),
        ("OBR[2]", "OBR[2]"),
        ("ScheduledStepAttributesSequence[*].StudyInstanceUID", "ScheduledStepAttributesSequence[0].StudyInstanceUID"),
    ],
)
def test_evidence_paths_find_their_rows(path: str, key: str) -> None:
    assert place_key(path) == key


@pytest.mark.parametrize("kind", list(PayloadKind))
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 200,
        b"MSH",
        b"MSH|^~\\&|" + b"|" * 100_000,
        b"\xff\xfe" * 5000,
        b"MSH|^~\\&|\rPID" + b"|a^b" * 90_000,
    ],
)
def test_any_bytes_end_in_a_bounded_number_of_rows(content: bytes, kind: PayloadKind) -> None:
    rows = rows_of(content, kind)
    assert len(rows.rows) <= ROW_LIMIT
    assert wire_bytes(content, kind) == content


def test_only_the_data_set_of_a_dicom_file_was_on_the_wire() -> None:
    file = wrap_payload(b"\x10\x00\x10\x00PN\x04\x00A^B ", "1.2.840.10008.1.2.1", "1.2", "1.2.3")
    assert wire_bytes(file, PayloadKind.DICOM) == b"\x10\x00\x10\x00PN\x04\x00A^B "


@pytest.mark.parametrize("hostile", ["\x1b[2J", "<script>", "\udc80\u202e", "A" * 1_000_000])
def test_hostile_messages_stay_bounded_text(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with(hostile)
    for number in (1, 2, 3):
        text = exchange_text(sample.run, ExchangeId(number), sample.payload)
        assert "\x1b" not in text
        assert text.encode("utf-8")
        assert len(text) < 20_000
