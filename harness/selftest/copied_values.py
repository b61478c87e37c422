"""Mutants of copied values: what has to break is an edge that ends or begins at the place.

Owns which edges a place takes part in, read off the consistency tables. It must not know how an edge is checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from harness.checks.recording import ExchangeView, LegView
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.profile import Service
from harness.model.proof import Mutation
from harness.model.tables import Comparison, Edge, Place
from harness.model.transcript import Half
from harness.profiles.notation import is_hl7_path
from harness.profiles.requirements import edge_id
from harness.selftest.attributes import another, first_and_last, places, value_at
from harness.selftest.changes import EditCommand, copies
from harness.selftest.edits import Edit, Operation
from harness.selftest.mutants import WRONG, WRONG_UID, Base, Mutant, Spot, of_one

_KIND = "consistency"
_COMMAND_UIDS = frozenset({"SOPInstanceUID", "AffectedSOPInstanceUID", "RequestedSOPInstanceUID"})
_OF_COMPARISON: Mapping[Comparison, str] = MappingProxyType(
    {
        Comparison.UID: WRONG_UID,
        Comparison.NAME: "WRONG^NAME",
        Comparison.DATE: "19000101",
        Comparison.TIME: "030303",
        Comparison.CODE: WRONG,
        Comparison.TEXT: WRONG,
    }
)


@dataclass
class _Touching:
    """The edges at one place of one message."""

    spot: Spot
    compare: Comparison
    ends: list[Edge]
    begins: list[Edge]


def of_play(base: Base) -> Iterator[Mutant]:
    """Every place of a play that an edge ends or begins at, with another value."""
    found: dict[tuple[object, str], _Touching] = {}
    for edge in base.knowledge.edges:
        for place, into_target in ((edge.target, True), (edge.source_place, False)):
            for spot, path in _spots(base, place):
                touching = found.setdefault((spot.at, path), _Touching(spot, edge.compare, [], []))
                (touching.ends if into_target else touching.begins).append(edge)
    for (_, path), touching in found.items():
        yield from _mutants(base, path, touching)


def _mutants(base: Base, path: str, touching: _Touching) -> Iterator[Mutant]:
    spot = touching.spot
    here = base.on(spot.leg)
    met = [edge for edge in touching.ends if edge_id(edge) in here]
    due = [edge_id(edge) for edge in touching.ends if any(_alternative(edge, other) for other in met)]
    due += [edge_id(edge) for edge in touching.begins if edge_id(edge) in base.met and _only_source(base, edge)]
    if not due:
        return
    if _is_known_by_its_study(spot, path):
        due += base.of_check("storage.sets", spot.leg)
    expected = of_one(_KIND, *sorted(due))
    later = spot.response > 0 or _position(spot) > 0 or "[1]" in path
    if path in _COMMAND_UIDS and _has_instance(spot.exchange):
        yield _other_instance(spot, path, sorted(due))
        return
    edits, values = _edits(spot, path, touching.compare)
    if edits:
        handed_on = set(_passed_on(base, spot)) - {spot.leg.step.transaction.id}
        alone = any(edge.target.transaction in handed_on for edge in touching.begins)
        yield spot.mutant(
            Mutation.WRONG_IDENTIFIER, edits, expected, values=values, later=later, alone=alone, key=(spot.title, path)
        )


def _is_known_by_its_study(spot: Spot, path: str) -> bool:
    """Whether an entry of a query is joined to an examination by the study alone: with another it is of no examination,
    and what was stored is not found."""
    _, dataset = _content(spot)
    if dataset is None or path != "StudyInstanceUID" or spot.half is not Half.RESPONSE:
        return False
    return not first(dataset, "AccessionNumber")


def _passed_on(base: Base, spot: Spot) -> Iterator[str]:
    """The transactions in which the message is passed on as it is."""
    again = copies(base.view, spot.at)
    for leg in base.view.legs:
        if any(one.exchange.id in again for one in leg.exchanges):
            yield leg.step.transaction.id


def _position(spot: Spot) -> int:
    ids = [one.exchange.id for one in spot.leg.exchanges]
    return ids.index(spot.exchange.exchange.id)


def _other_instance(spot: Spot, path: str, due: Sequence[str]) -> Mutant:
    """The SOP instance that a command names, in command and data set."""
    command = spot.exchange.exchange.request.command
    return Mutant(
        place=f"{spot.title} {path}",
        mutation=Mutation.WRONG_IDENTIFIER,
        changes=(EditCommand(spot.at, sop_instance=WRONG_UID),),
        where=(spot.evidence(path), *(spot.evidence(name) for name in sorted(_COMMAND_UIDS))),
        expected=of_one(_KIND, *due),
        values=(command.sop_instance if command else "", WRONG_UID),
        later=_position(spot) > 0,
    )


def _has_instance(exchange: ExchangeView) -> bool:
    command = exchange.exchange.request.command
    return command is not None and bool(command.sop_instance)


def _edits(spot: Spot, path: str, compare: Comparison) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The edits that put another value at a path, and both values."""
    message, dataset = _content(spot)
    if message is not None:
        hits = [hit for hit in message.all(path) if hit.value.strip(" ^&~")]
        old = hits[0].value if hits else ""
        value = _value(compare, old)
        return tuple(Edit(Operation.SET, hit.path, value) for hit in hits), (old, value)
    if dataset is None:
        return (), ()
    place = f"{path}[0].CodeValue" if compare is Comparison.CODE else path
    old = value_at(dataset, place) or ""
    keyword = place.rpartition(".")[2]
    value = _value(compare, old) if compare is not Comparison.TEXT else another(dictionary_VR(keyword), old)
    return (Edit(Operation.SET, place, value),), (old, value)


def _value(compare: Comparison, old: str) -> str:
    if compare is Comparison.SEX:
        return "M" if old.strip() == "F" else "F"
    return _OF_COMPARISON[compare]


def _spots(base: Base, place: Place) -> Iterator[tuple[Spot, str]]:
    """Every valued place of a play that a place of the table names; the first path with a value counts."""
    for leg in base.view.of(place.transaction, place.leg):
        for spot in _messages(base, leg, place.half):
            message, dataset = _content(spot)
            for path in place.paths:
                found = _valued(message, dataset, path, spot)
                for one in first_and_last(found):
                    yield spot, one
                if found:
                    break


def _messages(base: Base, leg: LegView, half: Half) -> Iterator[Spot]:
    patients = {patient.id for patient in base.view.play.case.patients.values()}
    for exchange in leg.exchanges:
        if half is Half.REQUEST:
            yield Spot(leg, exchange)
        elif exchange.answer_message is not None:
            yield Spot(leg, exchange, half, 0)
        else:
            for index, entry in enumerate(exchange.response_datasets):
                if entry is not None and first(entry, "PatientID") in patients:
                    yield Spot(leg, exchange, half, index)


def _content(spot: Spot) -> tuple[Message | None, Dataset | None]:
    if spot.half is Half.REQUEST:
        return spot.exchange.request_message, spot.exchange.request_dataset
    if spot.exchange.answer_message is not None:
        return spot.exchange.answer_message, None
    return None, spot.exchange.response_datasets[spot.response]


def _valued(message: Message | None, dataset: Dataset | None, path: str, spot: Spot) -> tuple[str, ...]:
    if is_hl7_path(path):
        return (path,) if message is not None and message.first(path).strip(" ^&~") else ()
    if path in _COMMAND_UIDS and spot.half is Half.REQUEST and _has_instance(spot.exchange):
        return (path,)
    if dataset is None:
        return ()
    return tuple(one for one in places(dataset, path) if value_at(dataset, one))


def _only_source(base: Base, edge: Edge) -> bool:
    """Whether the target can have its value from nowhere else: one place at the source, and no other edge."""
    alternatives = [other for other in base.knowledge.edges if _alternative(edge, other)]
    sources = [(spot.at, path) for one in alternatives for spot, path in _spots(base, one.source_place)]
    return len(set(sources)) == 1


def _alternative(edge: Edge, other: Edge) -> bool:
    """Whether two edges say where one value may come from."""
    return (other.by, other.target, other.compare) == (edge.by, edge.target, edge.compare)


QUERIES = frozenset({Service.C_FIND, Service.C_MOVE, Service.C_GET})
"""Services that ask, and carry nothing of their own."""
