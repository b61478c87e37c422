from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import control_ids, orders
from harness.model.profile import Service
from harness.model.verdict import Outcome

VIOLATED = Outcome.VIOLATED
ORDER = ("RAD-2", "to-order-filler")
ORDER_TEXT = "MSH|^~\\&|{sender}|S|OF|S|{time}||OMG^O19^OMG_O19|{id}|P|2.5.1\rPID|||P1\rORC|NW|{placer}\r"
SCHEDULE = ("RAD-4", "to-image-manager")
UPDATE = ("RAD-13", "to-image-manager")
SCHEDULE_TEXT = (
    "MSH|^~\\&|OF|S|IM|S|{time}||OMI^O23^OMI_O23|{id}|P|2.5.1\rORC|NW|{placer}|{filler}\rIPC|A|{procedure}|{study}|S\r"
)


def hl7_play(recording: Callable[..., Any], *messages: tuple[str, str, str]) -> Any:
    rec = recording()
    for number, (transaction, leg_id, raw) in enumerate(messages):
        rec.hl7(rec.leg(transaction, leg_id, f"step-{number}"), raw.encode())
    return rec.play()


def order(**parts: str) -> tuple[str, str, str]:
    return (*ORDER, ORDER_TEXT.format(**{"sender": "OP", "id": "1", "time": "2024", "placer": "A1^OP", **parts}))


def schedule(**parts: str) -> tuple[str, str, str]:
    values = {"id": "1", "time": "2024", "placer": "A1", "filler": "F1", "procedure": "R1", "study": "1.2", **parts}
    return (*SCHEDULE, SCHEDULE_TEXT.format(**values))


def violations(findings: Any) -> list[str]:
    return [one.requirement for one in findings if one.outcome is VIOLATED]


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([order(), order()], []),
        ([order(), order(id="2", placer="A2^OP")], []),
        ([order(), order(placer="A2^OP")], ["control-ids/order-placer"]),
        ([order(), order(time="2025")], []),
        ([order(), order(sender="OTHER", placer="A2^OP")], []),
        ([order(id=""), order(id="", placer="A2^OP")], []),
    ],
)
def test_a_control_id_names_one_message(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    assert violations(control_ids.check(hl7_play(recording, *messages))) == broken


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([order(), order()], []),
        ([order(), order(id="2", placer="A2^OP")], []),
        ([order(), order(id="2")], ["orders/placer-number-unique"]),
        ([order(), (*order()[:2], order()[2] + "PV1||O\r")], []),
        ([order(), order(id="2", placer="A1^OTHER")], []),
        ([schedule(), schedule(id="2")], ["orders/study-announced-once"]),
        ([schedule(), schedule(time="2025")], []),
        ([schedule(), schedule(placer="A9")], ["orders/filler-number-unique"]),
        ([schedule(), (*UPDATE, schedule(id="2")[2])], []),
        ([schedule(), schedule(id="2", placer="A2", procedure="R2", study="1.3")], ["orders/filler-number-unique"]),
        ([schedule(), schedule(id="2", study="1.3")], ["orders/one-study-per-procedure"]),
        ([schedule(), schedule(id="2", procedure="R2")], ["orders/one-study-per-procedure"]),
        ([order(), order(id="2", placer="A2^OP\rORC|NW|A1^OP")], ["orders/placer-number-unique"]),
        ([order(), order(id="2", placer="A2^OP\rORC|CA|A1^OP")], []),
        ([order(), order(time="2025")], []),
        ([schedule(), schedule(id="2", procedure="R2", study="1.3")], []),
    ],
)
def test_a_number_is_used_for_one_thing(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    assert violations(orders.check(hl7_play(recording, *messages))) == broken


@pytest.mark.parametrize(("echoed", "broken"), [("F1^OF", []), ("F2^OF", ["orders/filler-number-echoed"])])
def test_a_new_filler_order_gets_its_number_back(echoed: str, broken: list[str], recording: Callable[..., Any]) -> None:
    rec = recording()
    ask = b"MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rORC|SN||F1^OF\r"
    answer = f"MSH|^~\\&|OP|S|OF|S|2024||ORG^O20^ORG_O20|2|P|2.5.1\rMSA|AA|1\rORC|NA|A1|{echoed}\r"
    rec.hl7(rec.leg("RAD-3", "to-order-placer", "numbered"), ask, answer.encode())
    assert violations(orders.check(rec.play())) == broken


STATUS = ("RAD-3", "to-order-placer")
STATUS_TEXT = (
    "MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|{id}|P|2.5.1\rPID|||P1\rORC|{control}|{placer}|{filler}||{status}\r"
)


def status(**parts: str) -> tuple[str, str, str]:
    values = {"id": "7", "control": "SC", "placer": "A1", "filler": "F1", "status": "IP", **parts}
    return (*STATUS, STATUS_TEXT.format(**values))


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([schedule(), status(), status(id="8", status="CM")], []),
        ([schedule(), status(), status(id="8", status="CM", filler="F9")], ["orders/filler-number-kept"]),
        ([status(filler="F9"), schedule()], []),
        ([schedule(), status(placer="A2", filler="F9")], []),
        ([schedule(), status(filler="")], []),
        ([schedule(), status(id="8", control="OC", filler="F9", status="")], ["orders/filler-number-kept"]),
        ([schedule(), status(id="8", control="SN", filler="F9", status="")], []),
    ],
)
def test_a_status_names_the_order_by_its_filler_number(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    assert violations(orders.check(hl7_play(recording, *messages))) == broken


def adt(
    event: str, patient: str, transaction: str = "RAD-12", leg: str = "to-order-filler", account: str = "ACC1^^^SWF"
) -> tuple[str, str, str]:
    merge = "MRG|P0^^^SWF\r" if event == "A40" else ""
    raw = (
        f"MSH|^~\\&|ADT|S|OF|S|2024||ADT^{event}|{event}{patient}|P|2.5.1\r"
        f"PID|||{patient}|||||||||||||||{account}\r{merge}"
    )
    return transaction, leg, raw


@pytest.mark.parametrize(
    ("messages", "broken"),
    [
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "P1^^^SWF")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "X^^^OTHER~P1^^^SWF")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "P9^^^SWF")], ["orders/update-of-registered-patient"]),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A03", "P9^^^SWF")], ["orders/update-of-registered-patient"]),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A40", "P9^^^SWF"), adt("A08", "P9^^^SWF")], []),
        ([adt("A08", "P9^^^SWF")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "P9^^^SWF", account="ACC2^^^SWF")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "P9^^^SWF", account="ACC1^^^OTHER")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1"), adt("A08", "P9^^^SWF", account="")], []),
        ([adt("A04", "P0^^^SWF", "RAD-1"), adt("A40", "P9^^^SWF", account=""), adt("A08", "P9^^^SWF")], []),
        ([adt("A04", "P1^^^SWF", "RAD-1", "to-order-placer"), adt("A08", "P9^^^SWF")], []),
    ],
)
def test_an_update_is_of_a_patient_that_was_registered(
    messages: list[tuple[str, str, str]], broken: list[str], recording: Callable[..., Any]
) -> None:
    found = [one for one in violations(orders.check(hl7_play(recording, *messages))) if "merge" not in one]
    assert found == broken


def test_a_worklist_alone_shows_one_study_for_two_procedures(recording: Callable[..., Any], tools: Any) -> None:
    rec = recording()
    make = tools.dataset
    entries = [
        (0xFF00, make(PatientID="P1001", RequestedProcedureID=procedure, StudyInstanceUID=study))
        for procedure, study in (("R1", "1.2"), ("R2", "1.3"), ("R3", "1.3"))
    ]
    answers = [*entries, (0, None)]
    leg = rec.leg("RAD-5", "query")
    rec.dimse(leg, Service.C_FIND, make(), answers, sop_class="ModalityWorklistInformationModelFind")
    assert violations(orders.check(rec.play())) == ["orders/one-study-per-procedure"]


def test_an_order_control_that_is_repeated_is_read_all_the_same(recording: Callable[..., Any]) -> None:
    transaction, leg_id, raw = order()
    play = hl7_play(recording, (transaction, leg_id, raw.replace("ORC|NW|", "ORC|NW~NW|")), order(id="2"))
    assert violations(orders.check(play)) == ["orders/placer-number-unique"]
