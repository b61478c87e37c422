from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import known_values
from harness.model.verdict import Outcome

HEAD = "MSH|^~\\&|{sender}|SWF|X|SWF|20240102101500||{type}|{id}|P|2.3.1\r"
PID = "PID|||{ids}||LINDGREN^ASTA||{birth}|F||{race}|{address}|||||||ACC77^^^SWF\r"
TIMING = "1^once^^202401021100^^R"
TO_FILLER = ("RAD-12", "to-order-filler")
ON = ("RAD-12", "to-image-manager")
OF_PATIENT = {"ids": "P1001^^^SWF", "birth": "19580714", "race": "W", "address": "ELM ST^^LUND"}

Exchange = tuple[str, str, str]


def adt(event: str, leg: tuple[str, str] = TO_FILLER, **of: str) -> Exchange:
    values = OF_PATIENT | of
    head = HEAD.format(sender="S", type=f"ADT^{event}", id=f"{event}{leg[1]}{values}".replace("|", "")[:199])
    return (*leg, head + f"EVN|{event}|20240102101500\r" + PID.format(**values) + "PV1||O\r")


def registered(leg: str = "to-order-placer", **of: str) -> Exchange:
    return adt("A04", ("RAD-1", leg), **of)


def ordered(reason: str = "^cough", **of: str) -> Exchange:
    return (
        "RAD-2",
        "to-order-filler",
        HEAD.format(sender="OP", type="ORM^O01", id=f"OP{reason}")
        + PID.format(**OF_PATIENT | of)
        + f"PV1||O\rORC|NW|A1^OP|||||{TIMING}\rOBR||A1^OP||P1^CT^L{'|' * 23}{TIMING}||||{reason}\r",
    )


def scheduled(control: str = "NW", reason: str = "", placer: str = "A1^OP", **of: str) -> Exchange:
    order = f"ORC|{control}|{placer}|F1^OF||SC\rOBR|1|{placer}|F1^OF|P1^CT^L{'|' * 23}{TIMING}||||{reason}\r"
    return (
        "RAD-4" if control == "NW" else "RAD-13",
        "to-image-manager",
        HEAD.format(sender="OF", type="ORM^O01", id=f"{control}{reason}")
        + PID.format(**OF_PATIENT | of)
        + f"PV1||O\r{order}ZDS|1.2.3\r",
    )


@pytest.fixture
def broken(recording: Callable[..., Any]) -> Callable[..., list[str]]:
    """What is violated in a play, each message accepted unless said otherwise."""

    def of(*exchanges: Exchange, refused: int = -1) -> list[str]:
        rec = recording(form="2.3.1")
        for number, (transaction, leg, raw) in enumerate(exchanges):
            rec.hl7(rec.leg(transaction, leg, f"s{number}"), raw.encode(), "AE" if number == refused else "AA")
        findings = known_values.check(rec.play())
        return [one.requirement.partition("/")[2] for one in findings if one.outcome is Outcome.VIOLATED]

    return of


def test_what_every_receiver_keeps_has_to_be_sent(broken: Callable[..., list[str]]) -> None:
    assert broken(registered(), ordered(birth="")) == ["PID-7"]
    assert broken(registered(), ordered()) == []
    assert broken(registered(), ordered(birth=""), refused=0) == []


def test_a_receiver_may_ignore_what_it_was_told(broken: Callable[..., list[str]]) -> None:
    assert broken(registered(), ordered(race="", address="")) == []
    assert broken(ordered(), scheduled()) == []


def test_who_was_told_and_has_said_it_holds_it(broken: Callable[..., list[str]]) -> None:
    assert broken(ordered(), scheduled(reason="^cough"), scheduled("XO")) == ["OBR-31"]
    assert broken(scheduled(reason="^cough"), scheduled("XO")) == []
    later = adt("A08", TO_FILLER, address='""')
    told = registered("to-order-filler")
    assert broken(told, scheduled(), scheduled("XO", address="")) == ["PID-11"]
    assert broken(told, scheduled(), later, scheduled("XO", address="")) == []


def test_an_update_is_handed_on_with_its_content(broken: Callable[..., list[str]]) -> None:
    assert broken(adt("A08"), adt("A08", ON, race="")) == ["PID-10"]
    assert broken(adt("A08"), adt("A08", ON)) == []


def test_an_update_with_partial_data_is_handed_on_as_it_is(broken: Callable[..., list[str]]) -> None:
    partial = {"ids": "P7^^^SWF", "birth": "", "race": "", "address": ""}
    told = registered("to-order-filler", ids="P7^^^SWF")
    assert broken(told, adt("A08", **partial), adt("A08", ON, **partial)) == []
    assert broken(told, adt("A03", ON, **partial)) == []


def test_the_originator_holds_what_its_case_gave_it(broken: Callable[..., list[str]]) -> None:
    assert broken(adt("A08", birth="")) == ["PID-7"]
    assert broken(adt("A08", birth="", ids="P7^^^SWF")) == []


def test_what_was_told_of_another_patient_proves_nothing(broken: Callable[..., list[str]]) -> None:
    assert broken(registered(), ordered(birth="", ids="P2^^^SWF")) == []
    assert broken(registered(), ordered(birth="", ids="P1001^^^OTHER")) == []
    assert broken(registered(ids="8^^^MPI~P1001^^^SWF"), ordered(birth="", ids="P1001^^^SWF")) == ["PID-7"]


def test_an_order_is_named_to_its_placer(recording: Callable[..., Any]) -> None:
    rec = recording(form="2.3.1")
    ask = HEAD.format(sender="OF", type="ORM^O01", id="1") + "ORC|SN||F1^OF\rOBR|1||F1^OF|P1^CT^L\r"
    answer = HEAD.format(sender="OP", type="ORR^O02", id="2") + "MSA|AA|1\rORC|NA|A9^OP|F1^OF\rOBR|1|A9^OP|F1^OF|P1\r"
    rec.hl7(rec.leg("RAD-3", "to-order-placer", "new"), ask.encode(), answer.encode())
    transaction, leg, raw = scheduled(placer="")
    rec.hl7(rec.leg(transaction, leg, "scheduled"), raw.encode())
    violated = {one.requirement for one in known_values.check(rec.play()) if one.outcome is Outcome.VIOLATED}
    assert violated == {"rad-4.orm-o01/ORC-2", "rad-4.orm-o01/OBR-2"}
