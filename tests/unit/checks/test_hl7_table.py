from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import hl7_table
from harness.checks.rows import is_unfilled
from harness.hl7 import Message
from harness.model.names import ActorName, TransactionId
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.verdict import Confidence, Outcome

MET, VIOLATED, NOT_APPLICABLE, UNDECIDED = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE, Outcome.UNDECIDED
HEAD = "MSH|^~\\&|OP|SWF|OF|SWF|20240102||OMG^O19^OMG_O19|1|P|2.5.1\r"


def row(use: str = "R", **parts: Any) -> Hl7Row:
    return Hl7Row(use=Usage(use), name="a field", confidence=Confidence.VERIFIED, **parts)


def judged(raw: str, **rows: Hl7Row) -> list[tuple[Outcome, str]]:
    table = Hl7Table(
        message="OMG^O19",
        version="2.5.1",
        transaction=TransactionId("RAD-2"),
        actor=ActorName("Order Placer"),
        citation="RAD TF-2: 4.2",
        rows={path.replace("_", "-").replace("c", "."): one for path, one in rows.items()},
    )
    return [(one.outcome, one.path) for one in hl7_table.judge(Message.parse((HEAD + raw).encode()), table)]


@pytest.mark.parametrize(
    ("raw", "rows", "found"),
    [
        ("ORC|NW\r", {"ORC_1": row()}, [(MET, "ORC-1")]),
        ("ORC|\r", {"ORC_1": row()}, [(VIOLATED, "ORC-1")]),
        ("ORC|NW\r", {"ORC_2": row("R+")}, [(VIOLATED, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("R2")}, []),
        ("ORC|NW\r", {"ORC_2": row("X")}, [(MET, "ORC-2")]),
        ("ORC|NW|1\r", {"ORC_2": row("X")}, [(VIOLATED, "ORC-2")]),
        ('ORC|NW|""\r', {"ORC_2": row()}, [(MET, "ORC-2")]),
        ("ORC|NW\rORC|\r", {"ORC_1": row()}, [(VIOLATED, "ORC[2]-1")]),
        ("ORC|NW\r", {"OBR_1": row()}, []),
        ("ORC|XX\r", {"ORC_1": row(values=("NW",))}, [(VIOLATED, "ORC-1")]),
        ("PID|||1^^^A~2\r", {"PID_3c4": row()}, [(VIOLATED, "PID-3[2].4")]),
        ("PID|||1^^^A~2^^^B\r", {"PID_3c4": row()}, [(MET, "PID-3[1].4")]),
        ("PID|||\r", {"PID_3c4": row()}, [(VIOLATED, "PID-3.4")]),
        ("PID|||\r", {"PID_3c4": row(), "PID_3": row("R2")}, []),
        ("ORC||A\rOBR||A\r", {"OBR_2": row("O", equals="ORC-2")}, [(MET, "OBR-2")]),
        ("ORC||A\rOBR||B\r", {"OBR_2": row("O", equals="ORC-2")}, [(VIOLATED, "OBR-2")]),
        ("ORC||A\rOBR||A\rORC||B\rOBR||A\r", {"OBR_2": row("O", equals="ORC-2")}, [(VIOLATED, "OBR[2]-2")]),
        ("ORC|||||||||yesterday\r", {"ORC_9": row(type="TS")}, [(VIOLATED, "ORC-9")]),
        ("ORC|CA\r", {"ORC_2": row("C", when="ORC-1 = NW")}, [(NOT_APPLICABLE, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", when="ORC-1 = NW")}, [(VIOLATED, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", condition="if grouped")}, [(NOT_APPLICABLE, "ORC-2")]),
        ("ORC|NW\r", {"ORC_2": row("C", when="whenever it pleases")}, [(UNDECIDED, "ORC-2")]),
        ("ORC|NW|1~2\r", {"ORC_2": row()}, [(VIOLATED, "ORC-2[2]")]),
        ("ORC||^OP\r", {"ORC_2": row("O", type="EI")}, [(VIOLATED, "ORC-2")]),
        ("ORC||A1^OP^1.2\r", {"ORC_2": row("O", type="EI")}, [(VIOLATED, "ORC-2")]),
        ("ORC||A1^OP^1.2^ISO\r", {"ORC_2": row(type="EI")}, [(MET, "ORC-2")]),
        ("PID|||1^^^A~^^^B\r", {"PID_3": row(type="CX")}, [(VIOLATED, "PID-3[2]")]),
        ("PID|||1^^^&x&ISO\r", {"PID_3": row(type="CX")}, [(VIOLATED, "PID-3")]),
        ("PID||||||F\r", {"PID_7": row("O", values=("F",), when="PID-1 valued")}, []),
        ("ORC||A^B\rOBR||A^B^\r", {"OBR_2": row("O", equals="ORC-2")}, [(MET, "OBR-2")]),
        ("ORC||A\rOBR||A~B\r", {"OBR_2": row("O", equals="ORC-2")}, [(VIOLATED, "OBR-2[2]")]),
        (
            "ORC||||||||||||1^X\rOBR||||||||||||||||2^Y~1^X\r",
            {"OBR_16c1": row("O", equals="ORC-12.1")},
            [(MET, "OBR-16[1].1")],
        ),
        (
            "ORC||||||||||||1^X\rOBR||||||||||||||||2^Y~3^Z\r",
            {"OBR_16c1": row("O", equals="ORC-12.1")},
            [(VIOLATED, "OBR-16[1].1")],
        ),
        (
            "ORC||A\rOBR||A\rORC||B\rORC||C\rOBR||C\r",
            {"OBR_2": row("O", equals="ORC-2")},
            [(MET, "OBR[1]-2")],
        ),
        ("IPC||||1\rIPC||||\r", {"IPC_4": row()}, [(VIOLATED, "IPC[2]-4")]),
    ],
)
def test_a_row_is_judged_at_every_place_it_speaks_of(
    raw: str, rows: dict[str, Hl7Row], found: list[tuple[Outcome, str]]
) -> None:
    assert judged(raw, **rows) == found


def test_the_form_is_chosen_by_order_control_and_version(recording: Callable[..., Any]) -> None:
    rec = recording()
    opened = rec.leg("RAD-3", "to-order-placer", "status")
    raw = "MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|{}\rORC|{}|A1|F1\r"
    view = rec.view(opened)

    def table(version: str, control: str) -> str:
        form = view.message_form(Message.parse(raw.format(version, control).encode()))
        return form.table if form is not None else ""

    assert table("2.5.1", "SC") == "rad-3.omg-o19-sc"
    assert table("2.5.1", "SN") == "rad-3.omg-o19-sn"
    assert table("2.6", "OC") == "rad-3.omg-o19-oc"
    assert view.message_form(Message.parse(b"MSH|^~\\&|||||||ADT^A01|1|P|2.5.1\r")) is None


def test_an_application_answer_is_judged_against_its_own_table(recording: Callable[..., Any]) -> None:
    rec = recording(form="2.3.1")
    opened = rec.leg("RAD-3", "to-order-placer", "numbered")
    ask = b"MSH|^~\\&|OF|S|OP|S|2024||ORM^O01|1|P|2.3.1\rORC|SN||F1\rOBR|||F1\r"
    rec.hl7(opened, ask, b"MSH|^~\\&|OP|S|OF|S|2024||ORR^O02|2|P|2.3.1\rMSA|AA|1\rORC|NA||F1\rOBR|||F1\r")
    found = {
        one.requirement: (one.outcome, one.actor)
        for one in hl7_table.check(rec.view(opened))
        if one.requirement.startswith("rad-3.orr-o02/")
    }
    assert found["rad-3.orr-o02/ORC-2"] == (VIOLATED, "Order Placer")


@pytest.mark.parametrize(
    ("code", "rest", "lacking"),
    [
        ("AA", "", {"rad-3.orr-o02/ORC-1", "rad-3.orr-o02/OBR-2"}),
        ("AE", "", set()),
        ("AA", "ORC|NA|A1|F1\r", {"rad-3.orr-o02/OBR-2"}),
    ],
)
def test_an_answer_has_the_segments_of_the_fields_that_are_due(
    code: str, rest: str, lacking: set[str], recording: Callable[..., Any]
) -> None:
    rec = recording(form="2.3.1")
    opened = rec.leg("RAD-3", "to-order-placer", "numbered")
    ask = b"MSH|^~\\&|OF|S|OP|S|2024||ORM^O01|1|P|2.3.1\rORC|SN||F1\rOBR|||F1\r"
    rec.hl7(opened, ask, f"MSH|^~\\&|OP|S|OF|S|2024||ORR^O02|2|P|2.3.1\rMSA|{code}|1\r{rest}".encode())
    found = hl7_table.check(rec.view(opened))
    assert {one.requirement for one in found if one.received.startswith("no segment")} == lacking


@pytest.mark.parametrize(("control", "judged"), [("SN", True), ("SC", False), ("OC", False)])
def test_an_answer_that_a_plain_one_may_replace_has_no_table(
    control: str, judged: bool, recording: Callable[..., Any]
) -> None:
    rec = recording()
    opened = rec.leg("RAD-3", "to-order-placer", "told")
    ask = f"MSH|^~\\&|OF|S|OP|S|2024||OMG^O19^OMG_O19|1|P|2.5.1\rORC|{control}|A1|F1||CM\r"
    rec.hl7(opened, ask.encode(), b"MSH|^~\\&|OP|S|OF|S|2024||ORG^O20^ORG_O20|2|P|2.5.1\rMSA|AA|1\rORC|OK|A1|F1\r")
    found = {one.requirement: one.outcome for one in hl7_table.check(rec.view(opened))}
    assert (found.get("rad-3.org-o20/ORC-1") is VIOLATED) is judged


@pytest.mark.parametrize("value", ["$ACCESSION_NUMBER$", "${accession}", "{{ accession }}"])
def test_the_name_of_a_template_variable_is_no_value(value: str) -> None:
    assert is_unfilled(value)


@pytest.mark.parametrize("value", ["$5", "$", "A$B$", "{1}", "$A$B$", "US$", "$100$"])
def test_a_value_may_hold_a_dollar(value: str) -> None:
    assert not is_unfilled(value)
