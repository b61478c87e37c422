"""The page of `swf check`: what is wrong first, every message with fields and bytes, nothing hostile comes alive."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.model.checked import (
    SCHEMA,
    CheckedCase,
    CheckedFile,
    CheckedFiles,
    CheckedFinding,
    CheckedMessage,
    Recognition,
    Unread,
)
from harness.model.finding import Evidence
from harness.model.names import ActorName, ExchangeId, LegId, TransactionId
from harness.model.verdict import Outcome, Verdict
from reports.html import checked as checked_module
from reports.html.checked import checked_html
from tests.unit.reports.conftest import judged, order, worklist_entry
from tests.unit.reports.test_html import Reader, read_text

HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "\x1b[31m\x00]]>\u202e",
    "\udc80\ufffe",
    "A" * 300_000,
]


def finding(path: str, verdict: Verdict, *, requirement: str = "rad-2.omg-o19/ORC-1", **more: Any) -> CheckedFinding:
    outcome = Outcome.MET if verdict is Verdict.PASS and not more.get("warning") else Outcome.VIOLATED
    line = more.pop("line", 4)
    evidence = Evidence(exchange=ExchangeId(0), path=path)
    return CheckedFinding(judged=judged(requirement, outcome, verdict, evidence=evidence, **more), line=line)


def message(*findings: CheckedFinding, content: bytes = b"", hostile: str = "", dicom: bool = False) -> CheckedMessage:
    recognition = Recognition(
        transaction=TransactionId("RAD-2"),
        leg=LegId("to-order-filler"),
        title=hostile or "Placer Order Management",
        initiator=ActorName("Order Placer"),
        responder=ActorName("Order Filler"),
        why=(hostile or "ORC-1 is NW",),
    )
    return CheckedMessage(
        what=hostile or "OMG^O19 NW 2.5.1",
        line=1,
        recognitions=(recognition,),
        findings=findings,
        note=hostile,
        content=content or order(),
        dicom=dicom,
    )


def files(*messages: CheckedMessage, hostile: str = "") -> CheckedFiles:
    return CheckedFiles(
        schema=SCHEMA,
        files=(
            CheckedFile(
                name=hostile or "order.hl7",
                messages=messages,
                notes=(hostile,) if hostile else (),
                unread=(Unread(offset=7, why=hostile),) if hostile else (),
            ),
        ),
        cases=(CheckedCase(patient=hostile, files=(hostile, "b.hl7"), checks=3),) if hostile else (),
        exit_code=1,
        rule_set="ab" * 32,
    )


def details_of(reader: Reader) -> dict[str, Any]:
    """Every packed message by its anchor."""
    return {anchor: one for part in reader.parts.values() for anchor, one in json.loads(part).items()}


WRONG = finding("ORC-1", Verdict.FAIL, expected="NW", received="XX")


def test_what_is_wrong_stands_first_with_its_line_and_its_place_in_the_message() -> None:
    reader = read_text(checked_html(files(message(WRONG, finding("PID-3.1", Verdict.PASS)))))
    text = " ".join(" ".join(reader.text).split())
    assert reader.open == []
    for wanted in (
        "order.hl7 fail",
        "1 file, 1 message, 2 checks, 1 violated; exit code 1",
        "fail ORC-1 Order Control",
        "order.hl7:4 RAD-2 OMG^O19 NW 2.5.1",
        "expected NW received XX",
        "RAD TF-2: 4.5 (believed)",
        "swf requirements --transaction RAD-2",
        "RAD-2 Placer Order Management: Order Placer → Order Filler",
        "taken for RAD-2/to-order-filler: ORC-1 is NW",
        "violated 1",
        "It is not a statement of conformance.",
    ):
        assert wanted in text, wanted
    assert "certif" not in text.lower()


def test_every_message_has_its_fields_bytes_and_judged_places() -> None:
    reader = read_text(checked_html(files(message(WRONG), message(content=order("Berg")))))
    details = details_of(reader)
    assert set(details) == {"m1", "m2"}
    rows = {row[1]: row for row in details["m1"]["m"][0]["r"]}
    assert rows["ORC-1"][2:4] == ["Order Control", "NW"]
    assert rows["ORC-1"][4][0][2] == "m1/rad-2.omg-o19/ORC-1"
    assert "m1/rad-2.omg-o19/ORC-1" in reader.ids
    assert details["m1"]["m"][0]["b"].encode("latin-1") == order()
    assert details["m1"]["j"][0][:3] == ["fail", "fail", "ORC-1"]
    assert "Berg" in [row[3] for row in details["m2"]["m"][0]["r"]]


def test_a_dicom_message_is_a_tree_and_what_is_none_has_its_bytes_alone() -> None:
    data = encode(worklist_entry(), ExplicitVRLittleEndian)
    whole = wrap_payload(data, ExplicitVRLittleEndian, uid_of("ModalityWorklistInformationModelFind"), "1.2.3")
    details = details_of(
        read_text(checked_html(files(message(content=whole, dicom=True), message(content=b"\x00", dicom=True))))
    )
    rows = [(row[0], row[2], row[3]) for row in details["m1"]["m"][0]["r"]]
    assert (0, "PatientID", "PAT83719") in rows
    assert (1, "ScheduledStationAETitle", "SWF_MOD") in rows
    assert details["m1"]["m"][0]["b"].encode("latin-1") == data
    assert details["m2"]["m"][0]["r"] == []
    assert details["m2"]["m"][0]["s"] == 1


def test_one_requirement_is_one_card_however_often_it_is_violated() -> None:
    many = [message(finding("ORC-1", Verdict.FAIL, line=number)) for number in range(60)]
    reader = read_text(checked_html(files(*many)))
    text = " ".join(" ".join(reader.text).split())
    assert text.count("60 times") == 1
    assert "59 more of this requirement" in text
    assert "The first 40" in text


def test_warnings_stand_apart() -> None:
    reader = read_text(checked_html(files(message(finding("ORC-1", Verdict.PASS, warning=True)))))
    assert {"warnings", "messages"} <= set(reader.ids)
    assert "attention" not in reader.ids


def test_beyond_the_room_of_the_page_a_message_keeps_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked_module, "BUDGET", 0)
    monkeypatch.setattr(checked_module, "_CHUNK", 1)
    reader = read_text(checked_html(files(message(), message(WRONG))))
    assert set(details_of(reader)) == {"m2"}  # what is wrong is packed first
    assert "There is no room left for this message." in " ".join(reader.text)
    assert {"m1", "m2"} <= set(reader.ids)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_stay_text(hostile: str) -> None:
    wrong = finding("ORC-1", Verdict.FAIL, expected=hostile, received=hostile, requirement=f"a/{hostile[:40]}")
    text = checked_html(files(message(wrong, hostile=hostile, content=order(hostile)), hostile=hostile))
    text = text.encode("utf-8", "backslashreplace").decode()
    reader = read_text(text)
    assert reader.open == []
    assert reader.tags["script"] == 1 + len(reader.parts)
    assert reader.tags["img"] == 0
    assert all(link.startswith("#") for link in reader.links)
    assert not any(name.startswith("on") for name in reader.attributes)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text)
    assert len(text) < 400_000


def test_nothing_is_fetched_and_only_our_own_code_may_run() -> None:
    reader = read_text(checked_html(files(message(WRONG))))
    assert reader.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not {"src", "style", "srcset", "action"} & reader.attributes
    assert not {"link", "img", "iframe", "object", "embed", "form", "base"} & set(reader.tags)
