"""Which change to a field has to break which row."""

from __future__ import annotations

from dataclasses import replace

from harness.hl7 import Message
from harness.model.names import ActorName, TransactionId
from harness.model.proof import Mutation
from harness.model.tables import Hl7Row, Hl7Table, Usage
from harness.model.verdict import Confidence
from harness.selftest.changes import EditMessage
from harness.selftest.hl7_fields import of_table
from harness.selftest.mutants import Mutant, Spot
from harness.selftest.trials import Bench

MESSAGE = (
    b"MSH|^~\\&|A|B|C|D|20240102||OMG^O19^OMG_O19|1|P|2.5.1\r"
    b"PID|1||P1^^^SWF^PI~P2^^^OTHER^PI||LINDGREN^ASTA||19580714|F\r"
    b"ORC|NW|A1^OP|||||||20240102\rOBR|1|A1^OP||C^text\rORC|NW|A2^OP\rOBR|2|A2^OP||C^text\r"
)


def table(**rows: Hl7Row) -> Hl7Table:
    return Hl7Table(
        message="OMG^O19",
        version="2.5.1",
        transaction=TransactionId("RAD-2"),
        actor=ActorName("Order Placer"),
        citation="x",
        rows={name.replace("_", "-", 1).replace("_", "."): row for name, row in rows.items()},
    )


def row(use: Usage, **more: object) -> Hl7Row:
    return replace(Hl7Row(use=use, name="x", confidence=Confidence.VERIFIED), **more)  # type: ignore[arg-type]


def mutants(bench: Bench, rows: Hl7Table) -> list[Mutant]:
    leg = bench.base.view.legs[0]
    return list(of_table(Spot(leg, leg.exchanges[0]), Message.parse(MESSAGE), "t", rows))


def kinds(found: list[Mutant]) -> list[tuple[Mutation, bool, str]]:
    return [(one.mutation, one.later, _path(one)) for one in found]


def _path(mutant: Mutant) -> str:
    change = mutant.changes[0]
    assert isinstance(change, EditMessage)
    return change.edits[-1].path


def test_a_required_field_is_left_out(orders: Bench) -> None:
    found = mutants(orders, table(PID_3=row(Usage.REQUIRED)))
    assert kinds(found) == [(Mutation.REMOVED, False, "PID-3")]
    assert found[0].expected[0].requirements == ("t/PID-3",)


def test_a_required_component_is_left_out_of_the_first_and_the_last_repetition(orders: Bench) -> None:
    found = kinds(mutants(orders, table(PID_3_4=row(Usage.REQUIRED))))
    assert found == [(Mutation.REMOVED, False, "PID-3[1].4"), (Mutation.REMOVED, True, "PID-3[2].4")]


def test_a_required_field_is_left_out_of_the_first_and_the_last_segment(orders: Bench) -> None:
    found = [one for one in kinds(mutants(orders, table(ORC_2=row(Usage.REQUIRED)))) if one[0] is Mutation.REMOVED]
    assert found == [(Mutation.REMOVED, False, "ORC[1]-2"), (Mutation.REMOVED, True, "ORC[2]-2")]


def test_an_optional_field_may_be_left_out(orders: Bench) -> None:
    assert mutants(orders, table(PID_5=row(Usage.OPTIONAL))) == []


def test_values_equality_and_form_are_broken(orders: Bench) -> None:
    found = mutants(orders, table(PID_8=row(Usage.OPTIONAL, values=("F", "M"))))
    assert (Mutation.OUTSIDE, False, "PID-8") in kinds(found)
    found = mutants(orders, table(OBR_2_1=row(Usage.OPTIONAL, equals="ORC-2.1")))
    assert [one[:2] for one in kinds(found)] == [(Mutation.WRONG_VALUE, False), (Mutation.WRONG_VALUE, True)]
    found = mutants(orders, table(PID_7=row(Usage.OPTIONAL, type="TS")))
    assert (Mutation.WRONG_TYPE, False, "PID-7") in kinds(found)


def test_a_field_that_may_not_repeat_is_repeated(orders: Bench) -> None:
    assert kinds(mutants(orders, table(PID_7=row(Usage.OPTIONAL)))) == [(Mutation.REPEATED, False, "PID-7")]
    assert kinds(mutants(orders, table(PID_3=row(Usage.OPTIONAL)))) == []


def test_a_forbidden_field_is_sent(orders: Bench) -> None:
    assert kinds(mutants(orders, table(PID_4=row(Usage.NOT_SUPPORTED)))) == [(Mutation.FORBIDDEN, False, "PID-4")]


def test_a_condition_is_made_to_hold(orders: Bench) -> None:
    rows = table(PID_18=row(Usage.CONDITIONAL, when="PID-8 = M"))
    found = mutants(orders, rows)
    assert [one.mutation for one in found] == [Mutation.CONDITION]
    change = found[0].changes[0]
    assert isinstance(change, EditMessage)
    assert [(edit.path, edit.value) for edit in change.edits] == [("PID-8", "M")]
    assert mutants(orders, table(PID_18=row(Usage.CONDITIONAL, condition="a person can tell"))) == []


def test_a_part_of_a_composite_value_is_not_of_its_type(orders: Bench) -> None:
    message = Message.parse(
        b"MSH|^~\\&|OP|S|OF|S|20240102||OMG^O19|1|P|2.5.1\rPID|||P1^^^SWF|||||||^^LUND\rORC|NW|A1^OP||||||||4001^LIND|\r"
    )
    leg = orders.base.view.legs[0]

    def edits(**rows: Hl7Row) -> list[tuple[str, str]]:
        found = of_table(Spot(leg, leg.exchanges[0]), message, "t", table(**rows))
        changes = [one.changes[0] for one in found if one.mutation is Mutation.WRONG_TYPE]
        return [(edit.path, edit.value) for one in changes if isinstance(one, EditMessage) for edit in one.edits]

    assert edits(ORC_2=row(Usage.REQUIRED, type="EI")) == [("ORC-2.1", "")]
    assert edits(PID_3=row(Usage.REQUIRED, type="CX")) == [("PID-3.1", "")]
    assert edits(ORC_10=row(Usage.OPTIONAL, type="XCN")) == [("ORC-10.9.2", "1.2.3")]
    spoken_of = {"PID_3": row(Usage.REQUIRED, type="CX"), "PID_3_1": row(Usage.REQUIRED)}
    assert ("PID-3.1", "") not in edits(**spoken_of)
