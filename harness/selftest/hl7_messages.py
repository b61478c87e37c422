"""Mutants of HL7 messages as a whole: segments, header, encoding, and acknowledgements.

Owns which rule of a leg speaks of which part of a message (RAD TF-2: 2.4). It must not know how a rule is checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from harness.hl7 import Message, has_structure
from harness.hl7.standard import Node, message_structure
from harness.model.profile import MessageForm
from harness.model.proof import Mutation
from harness.model.tables import Hl7Table
from harness.model.transcript import Half
from harness.selftest import hl7_fields
from harness.selftest.changes import At, DropResponse, EditMessage
from harness.selftest.edits import Edit, Operation
from harness.selftest.mutants import WRONG, Base, Mutant, Spot, of_one

_STRUCTURE, _HEADER, _ACK = "hl7.structure", "hl7.header", "hl7.ack"
_OTHER_STRUCTURE = "ADT_A99"
_LOWEST = "2.1"


def of_request(base: Base, spot: Spot, message: Message) -> Iterator[Mutant]:
    """Every mutant of a message and of its answer."""
    form = spot.leg.message_form(message)
    table = base.knowledge.table_of(form) if form is not None else None
    if form is not None and table is not None:
        yield from hl7_fields.of_table(spot, message, form.table, table)
        yield from hl7_fields.walk(spot, message, form.table, table, base.known_at)
        yield from _again(spot, message)
        yield from _segments(spot, message, form, table)
        yield from _header(spot, message, form, table)
    yield from _encoding(spot, message, form)
    yield from _answer(base, spot, message)


def _segments(spot: Spot, message: Message, form: MessageForm, table: Hl7Table) -> Iterator[Mutant]:
    names = message.segment_names()
    expected = of_one(_STRUCTURE, spot.rule("structure"))
    for name in dict.fromkeys(names):
        if name != "MSH" and name in table.segments:
            edits = tuple(Edit(Operation.REMOVE, name) for _ in range(names.count(name)))
            yield spot.mutant(Mutation.REMOVED, edits, expected, touched=(name, ""), key=(form.table, name))
    if not table.structure or not has_structure(table.structure, table.version):
        return
    root = message_structure(table.structure, table.version)
    single = {name for name in dict.fromkeys(names) if _places(root, name) == [False]}
    for name in sorted(single - {"MSH"}):
        yield spot.mutant(
            Mutation.REPEATED, (Edit(Operation.DUPLICATE, name),), expected, touched=(name, ""), key=(form.table, name)
        )
    for one, other in pairwise(names[1:]):
        if one in single and other in root.members and one != other:
            edit = Edit(Operation.REORDER, one)
            key = (form.table, one, other)
            yield spot.mutant(Mutation.REORDERED, (edit,), expected, touched=(one, other, ""), key=key)


def _places(node: Node, name: str, repeats: bool = False) -> list[bool]:
    """For each place that a segment has in a structure, whether it may stand there more than once."""
    here = repeats or node.highest != 1
    if node.name == name and not node.children:
        return [here]
    return [place for child in node.children for place in _places(child, name, here)]


def _again(spot: Spot, message: Message) -> Iterator[Mutant]:
    """The last order group, and each segment of it, once more: as it is, and with another value in each field."""
    names = message.segment_names()
    if "ORC" not in names:
        return
    family = (spot.leg.step.transaction.id, message.version)
    yield from _group_again(spot, message, family)
    for name in dict.fromkeys(names[names.index("ORC") + 1 :]):
        copies = [Edit(Operation.DUPLICATE, f"{name}[{names.count(name)}]")]
        yield spot.mutant(Mutation.REPEATED, copies, touched=(name, ""), key=(*family, name, "again"))
        last = f"{name}[{names.count(name) + 1}]"
        for number in range(1, _FIELDS):
            path = f"{name}[{names.count(name)}]-{number}"
            if message.has(path):
                leaf = f"{last}-{number}.1" if message.has(f"{path}.2") else f"{last}-{number}"
                edits = (*copies, Edit(Operation.SET, leaf, WRONG))
                key = (*family, name, str(number))
                yield spot.mutant(Mutation.REPEATED, edits, touched=(name, ""), key=key)


def _group_again(spot: Spot, message: Message, family: tuple[str, str]) -> Iterator[Mutant]:
    """The last order group once more, as it is, and with another value in each field."""
    names = message.segment_names()
    last = len(names) - 1 - names[::-1].index("ORC")
    again = Edit(Operation.REPEAT_REST, "ORC")
    yield spot.mutant(Mutation.REPEATED, (again,), touched=("ORC", ""), key=(*family, "group"))
    for name in dict.fromkeys(names[last:]):
        for number in range(1, _FIELDS):
            path = f"{name}[{names.count(name)}]-{number}"
            if message.has(path):
                copy = f"{name}[{names.count(name) + 1}]-{number}"
                edit = Edit(Operation.SET, f"{copy}.1" if message.has(f"{path}.2") else copy, WRONG)
                key = (*family, "group", name, str(number))
                yield spot.mutant(Mutation.REPEATED, (again, edit), touched=(name, ""), key=key)


_FIELDS = 60
"""Fields of the longest segment of an order."""


def _header(spot: Spot, message: Message, form: MessageForm, table: Hl7Table) -> Iterator[Mutant]:
    version = of_one(_HEADER, spot.rule("version"))
    yield spot.mutant(Mutation.WRONG_VALUE, (Edit(Operation.SET, "MSH-12", _LOWEST),), version, key=("version",))
    long = Edit(Operation.SET, "MSH-10", "9" * 300)
    yield spot.mutant(Mutation.WRONG_TYPE, (long,), touched=("MSH-10",), key=(spot.title, "length"))
    if table.structure and message.has("MSH-9.3"):
        expected = of_one(_HEADER, spot.rule("message-type"))
        edit = Edit(Operation.SET, "MSH-9.3", _OTHER_STRUCTURE)
        yield spot.mutant(Mutation.WRONG_VALUE, (edit,), expected, key=("structure",))


def _encoding(spot: Spot, message: Message, form: MessageForm | None) -> Iterator[Mutant]:
    if form is None:
        return
    for operation, row, path in (
        (Operation.SEPARATORS, "delimiters", "MSH-2"),
        (Operation.LINE_ENDS, "segment-end", "MSH"),
        (Operation.CHARACTERS, "character-set", "PID-5.2" if "PID" in message.segment_names() else "MSH-4"),
    ):
        touched = (path, "MSH-18") if operation is Operation.CHARACTERS else (path,)
        edits = [Edit(operation, path)]
        if operation is Operation.CHARACTERS and message.has("MSH-18"):
            edits.insert(0, Edit(Operation.SET, "MSH-18", ""))
        yield spot.mutant(Mutation.ENCODING, edits, of_one(_HEADER, spot.rule(row)), touched=touched, key=(row,))


def _answer(base: Base, spot: Spot, message: Message) -> Iterator[Mutant]:
    answer = spot.exchange.answer_message
    if answer is None:
        return
    back = Spot(spot.leg, spot.exchange, Half.RESPONSE, 0)
    yield Mutant(
        place=spot.title,
        mutation=Mutation.NO_ANSWER,
        changes=(DropResponse(spot.exchange.exchange.id),),
        where=(spot.evidence(), back.evidence()),
        expected=of_one(_ACK, spot.rule("ack-answered")),
    )
    table = base.knowledge.answer_table(spot.leg.step.transaction.id, answer.type, answer.version)
    name = next((name for name, one in base.knowledge.hl7_tables.items() if one is table), "")
    if table is not None:
        yield from hl7_fields.of_table(back, answer, name, table)
        yield from hl7_fields.walk(back, answer, name, table, base.known_at)
    yield from _acknowledgement(base, back, message, answer)


def _acknowledgement(base: Base, back: Spot, message: Message, answer: Message) -> Iterator[Mutant]:
    yield _said(back, "MSA-2", WRONG, Mutation.WRONG_IDENTIFIER, "ack-echo")
    yield _said(back, "MSA-2", "", Mutation.REMOVED, "ack-echo")
    yield _said(back, "MSA-1", "XX", Mutation.WRONG_CODE, "ack-code")
    yield _said(back, "MSA-1", "", Mutation.REMOVED, "ack-code")
    yield from _of_type(base, back, message, answer)
    yield from hl7_fields.walk(back, answer, f"{back.title} ACK")
    for path in ("MSA-4", "MSA-5", "MSA-6", "ERR-3", "ERR-4"):
        if answer.has(path.split("-")[0]) and not answer.has(path):
            edit = Edit(Operation.SET, path, WRONG)
            yield back.mutant(Mutation.FORBIDDEN, (edit,), touched=(path, "MSA"), key=(back.title, path))
    if back.rule("ack-accepted") in base.on(back.leg):
        yield _said(back, "MSA-1", "AE", Mutation.WRONG_CODE, "ack-accepted")
    if back.rule("ack-error") in base.on(back.leg):
        yield back.mutant(
            Mutation.REMOVED, (Edit(Operation.REMOVE, "ERR"),), of_one(_ACK, back.rule("ack-error")), touched=("ERR",)
        )
    elif message.version >= "2.5" and not answer.has("ERR"):
        yield _said(back, "MSA-1", "AR", Mutation.WRONG_CODE, "ack-error")


def _of_type(base: Base, back: Spot, message: Message, answer: Message) -> Iterator[Mutant]:
    """The wrong type of answer; to a message of a type that is not known, the wrong code."""
    met = base.on(back.leg)
    if back.leg.message_form(message) is not None:
        yield _said(back, "MSH-9", "ADT^A99", Mutation.WRONG_VALUE, "ack-type")
    elif back.rule("ack-unknown-type") in met:
        yield _said(back, "MSA-1", "AE", Mutation.WRONG_CODE, "ack-unknown-type")
    if back.rule("ack-error-codes") in met and answer.has("ERR"):
        yield _said(back, "ERR-3.1", WRONG, Mutation.WRONG_CODE, "ack-error-codes")
        yield _said(back, "ERR-4", WRONG, Mutation.WRONG_CODE, "ack-error-codes")


def _said(back: Spot, path: str, value: str, mutation: Mutation, row: str) -> Mutant:
    return Mutant(
        place=f"{back.title} {path}",
        mutation=mutation,
        changes=(EditMessage(At(back.at.exchange, back.half, 0), (Edit(Operation.SET, path, value),)),),
        where=(back.evidence(path), back.evidence("MSA")),
        expected=of_one(_ACK, back.rule(row)),
    )
