"""Consistency: a value that an actor copies equals the value where it was copied from (RAD TF-2x: A).

Edges are directed. The copying actor is charged, and only where the chain breaks first: a wrong value that was copied
faithfully is held against whoever made it wrong.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harness.checks.carriers import Carrier, Seen
from harness.checks.chart import Chart, Source, closest, places
from harness.checks.compare import Term, equal, is_empty
from harness.checks.items import requested
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.dicom.paths import first
from harness.dicom.uids import is_in
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import RequirementId
from harness.model.profile import Service
from harness.model.tables import Edge, Usage
from harness.model.transcript import Half
from harness.model.verdict import Outcome
from harness.profiles import Knowledge

CHECK = "consistency"

_SHOWN = 3
_ABSENCE_ALLOWED = (Usage.OPTIONAL, Usage.NOT_SUPPORTED)


@play_check(CHECK, partial=("consistency/*",))
def check(play: PlayView) -> Iterator[Finding]:
    """Every edge of the profile at every place where its target stands: each exchange, each item."""
    chart = play.once(Chart)
    heard = {leg.step.transaction.id for leg in play.legs if leg.exchanges}
    for alternatives in play.knowledge.once(_alternatives):
        if alternatives[0].target.transaction in heard:
            yield from _judge(chart, alternatives)


def _alternatives(knowledge: Knowledge) -> tuple[tuple[Edge, ...], ...]:
    """Edges of one actor to one target: the value may come from any of their sources."""
    groups: dict[tuple[object, ...], list[Edge]] = defaultdict(list)
    for edge in knowledge.edges:
        groups[edge.by, edge.target, edge.compare].append(edge)
    return tuple(tuple(group) for group in groups.values())


_REPETITION = re.compile(r"(-\d+)\[\d+\]")
"""The repetition index of an HL7 field path."""


class _Target(NamedTuple):
    """One place that a value was copied to, with the edges that may explain it; `empty`: nothing was copied."""

    chart: Chart
    edges: tuple[Edge, ...]
    cases: frozenset[str]
    carrier: Carrier
    seen: Seen
    empty: bool


def _judge(chart: Chart, edges: tuple[Edge, ...]) -> Iterator[Finding]:
    agreed: dict[tuple[object, ...], Finding] = {}
    idle: dict[tuple[object, ...], Finding] = {}
    broken: set[tuple[object, ...]] = set()
    for finding in _one_repetition_will_do(chart, edges):
        key = (finding.requirement, finding.step, finding.leg)
        if finding.outcome is Outcome.VIOLATED:
            broken.add(key)
            yield finding
        else:
            (agreed if finding.outcome is Outcome.MET else idle).setdefault(key, finding)
    yield from (finding for key, finding in agreed.items() if key not in broken)
    yield from (finding for key, finding in idle.items() if key not in broken and key not in agreed)


def _one_repetition_will_do(chart: Chart, edges: tuple[Edge, ...]) -> Iterator[Finding]:
    """The findings on the targets: where a field repeats, as patient identifiers do, one repetition has to agree."""
    judged = [(target, _judge_target(target)) for target in _targets(chart, edges)]
    agreeing = {_field(target) for target, finding in judged if finding.outcome is Outcome.MET}
    for target, finding in judged:
        if finding.outcome is not Outcome.VIOLATED or _field(target) not in agreeing:
            yield finding


def _field(target: _Target) -> tuple[object, ...]:
    """The field that a target is in, whichever repetition of it; an item of a sequence stands for itself."""
    carrier, path = target.carrier, target.seen.path
    field = _REPETITION.sub(r"\1", path) if isinstance(carrier.content, Message) else path
    return carrier.exchange.exchange.id, carrier.half, carrier.response, field


def _targets(chart: Chart, edges: tuple[Edge, ...]) -> Iterator[_Target]:
    place, by = edges[0].target, edges[0].by
    alike: dict[tuple[frozenset[str], str | None], tuple[Edge, ...]] = {}
    for carrier in chart.carriers(place, by):
        cases, command = chart.cases(carrier), carrier.exchange.exchange.request.command
        kind = (cases, command.sop_class if command is not None else None)
        if kind not in alike:
            alike[kind] = tuple(one for one in edges if not cases.isdisjoint(one.cases) and _is_of_class(carrier, one))
        live = alike[kind]
        if not live or not chart.relevant(carrier):
            continue
        found = places(carrier, place, live[0].compare) or _nowhere(carrier, place.paths)
        for seen in found:
            empty = is_empty(live[0].compare, seen.term)
            if empty and live[0].when_valued:
                continue
            if seen.present or _absence_counts(carrier, seen.path):
                yield _Target(chart, live, cases, carrier, seen, empty)


def _is_of_class(carrier: Carrier, edge: Edge) -> bool:
    """Whether the message carries an object that the edge is about, by its command and by itself."""
    command = carrier.exchange.exchange.request.command
    if not edge.sop_classes:
        return True
    own = "" if isinstance(carrier.content, Message) else first(carrier.content, "SOPClassUID").strip(" \0")
    return command is not None and all(is_in(one, edge.sop_classes) for one in (command.sop_class, own) if one)


def _nowhere(carrier: Carrier, paths: Sequence[str]) -> Sequence[Seen]:
    """An attribute within a sequence that is not there at all; a missing HL7 segment is judged elsewhere."""
    if isinstance(carrier.content, Message):
        return ()
    attribute = next((path for path in paths if "-" not in path), "")
    return (Seen(attribute.replace("[*]", "[0]"), Term(""), present=False),) if "." in attribute else ()


def _absence_counts(carrier: Carrier, path: str) -> bool:
    """Whether leaving a value out breaks the chain: not in N-SET, not where the tables make it optional."""
    if isinstance(carrier.content, Message):
        form = carrier.leg.message_form(carrier.content)
        table = carrier.leg.knowledge.hl7_tables.get(form.table) if form else None
        row = table.rows.get(_unbound(path)) if table else None
        return row is None or row.use not in _ABSENCE_ALLOWED
    command = carrier.exchange.exchange.request.command
    if command is None or command.service is Service.N_SET:
        return False
    if carrier.half is Half.RESPONSE:
        return True  # what was asked for and is known upstream has to be there; what was not asked for is passed over
    form_name = carrier.leg.dimse.request_table if carrier.leg.dimse else ""
    if command.service is Service.C_STORE and not form_name and not is_in(command.sop_class, ("ImageStorage",)):
        return False  # a document among the images refers to the request in its own way, if at all
    attributes = carrier.leg.knowledge.attribute_tables.get(form_name)
    types = {_unbound(name): row.type for name, row in attributes.rows.items()} if attributes else {}
    return types.get(_unbound(path)) != "3"


def _unbound(path: str) -> str:
    """A path without its indices."""
    return "".join(part.partition("]")[2] if index else part for index, part in enumerate(path.split("[")))


def _judge_target(target: _Target) -> Finding:
    first = target.edges[0]
    sources: list[tuple[Edge, Source]] = [
        (edge, source)
        for edge in target.edges
        for source in target.chart.candidates(edge, target.cases, target.carrier, target.seen)
    ]
    valued = [(edge, one) for edge, one in sources if not is_empty(edge.compare, one.seen.term)]
    agreed = _agreed(target, valued)
    if agreed is None and not target.empty and _may_be_of_nothing(target, sources):
        valued = list(_from_further_up(target))
        agreed = _agreed(target, valued)
    if agreed is not None:
        return _finding(target, agreed[0], Outcome.MET, [agreed[1]])
    if not valued or (target.empty and len(valued) < len(sources)) or _not_asked(target):
        return _finding(target, first, Outcome.NOT_APPLICABLE, [])
    if not target.empty and not any(_sound(target, *one) for one in valued) and _was_told(target):
        return _finding(target, valued[0][0], Outcome.NOT_APPLICABLE, [], valued[0][1])
    return _finding(target, valued[0][0], Outcome.VIOLATED, [source for _, source in valued], valued[0][1])


def _agreed(target: _Target, valued: Sequence[tuple[Edge, Source]]) -> tuple[Edge, Source] | None:
    """The first source value that the target agrees with."""
    return next((one for one in valued if equal(one[0].compare, one[1].seen.term, target.seen.term)), None)


def _may_be_of_nothing(target: _Target, sources: Sequence[tuple[Edge, Source]]) -> bool:
    """Whether under every edge a source had no value, of those that have most in common with the target: then nothing
    was to be copied. What a query did not ask for is no source."""
    told: dict[str, list[Source]] = defaultdict(list)
    for edge, source in sources:
        if not _unasked(source.carrier, source.seen):
            told[edge.id].append(source)
    return bool(told) and all(
        any(is_empty(target.edges[0].compare, one.seen.term) for one in closest(target.carrier, target.seen, own))
        for own in told.values()
    )


def _not_asked(target: _Target) -> bool:
    """Whether an entry lacks a value because the query did not ask for it."""
    return target.empty and _unasked(target.carrier, target.seen)


def _unasked(carrier: Carrier, seen: Seen) -> bool:
    """Whether a place is in the answer to a query that did not ask for it."""
    if carrier.half is Half.REQUEST or isinstance(carrier.content, Message):
        return False
    identifier = carrier.exchange.request_dataset
    return identifier is not None and not requested(identifier, seen.path)


def _sound(target: _Target, edge: Edge, source: Source) -> bool:
    """Whether a source value is itself what stands upstream of it, or nothing does: then the chain breaks here."""
    upstream = [
        (up, other)
        for up in target.chart.upstream(edge, target.cases)
        for other in target.chart.pools(up, target.cases).for_target(source.carrier, source.seen)
        if not is_empty(up.compare, other.seen.term)
    ]
    return not upstream or any(equal(up.compare, other.seen.term, source.seen.term) for up, other in upstream)


def _was_told(target: _Target) -> bool:
    """Whether the copying actor had the value from further up, so that the wrong source did not mislead it."""
    return any(equal(edge.compare, source.seen.term, target.seen.term) for edge, source in _from_further_up(target))


def _from_further_up(target: _Target) -> Iterator[tuple[Edge, Source]]:
    """The values that the copying actor was itself given before, further up: with them it could have done right."""
    for edge in target.edges:
        for _, pools in target.chart.ancestors(edge, target.cases):
            for source in pools.for_target(target.carrier, target.seen):
                leg = source.carrier.leg
                told = edge.by in (leg.initiator, leg.responder) and source.carrier.seq < target.carrier.seq
                if told and not is_empty(edge.compare, source.seen.term):
                    yield edge, source


def _finding(
    target: _Target, edge: Edge, outcome: Outcome, sources: Sequence[Source], given: Source | None = None
) -> Finding:
    carrier, seen = target.carrier, target.seen
    shown = list(dict.fromkeys(source.seen.term.text for source in sources))
    more = f" | ... ({len(shown)} values)" if len(shown) > _SHOWN else ""
    origin = _origin(target, edge, sources[0]) if outcome is Outcome.VIOLATED else ""
    received = seen.term.text if not target.empty else ("empty" if seen.present else "absent")
    return carrier.leg.finding(
        CHECK,
        RequirementId(f"consistency/{edge.id}"),
        outcome,
        edge.by,
        carrier.evidence(seen.path),
        expected=" | ".join(shown[:_SHOWN]) + more,
        received=received,
        origin=origin,
        given=given.carrier.evidence(given.seen.path) if given is not None else None,
    )


def _origin(target: _Target, edge: Edge, source: Source) -> str:
    """Where the expected value was seen first: the furthest place upstream that has it."""
    first = source
    for up, pools in target.chart.ancestors(edge, target.cases):
        for other in pools.values:
            if other.carrier.seq < first.carrier.seq and equal(up.compare, other.seen.term, source.seen.term):
                first = other
    carrier = first.carrier
    verb = "returned" if carrier.half is Half.RESPONSE else "announced"
    if not isinstance(carrier.content, Message) and carrier.half is Half.REQUEST:
        verb = "sent"
    return f"{verb} in {carrier.transaction} {first.seen.path}"
