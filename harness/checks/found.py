"""What queries find against what was stored, at every level (PS3.4 C.4.1, C.6).

`judge` is part of the check `storage.sets`; the counts and what is shown although it was refused are `storage.queries`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.archive_changes import COERCIBLE, coerced, updated
from harness.checks.attribute_tables import pending
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted
from harness.checks.matching import NOT_KEYS, mismatches
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.stored import Instance, Listed
from harness.dicom.paths import all_paths, first, value_text
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.transcript import Half
from harness.model.verdict import Outcome

RULE = "storage/found-contains-stored"
CHECK = "storage.queries"
COUNTS = "storage/related-counts"
REFUSED = "storage/refused-not-found"
WITHDRAWN = "storage/wrong-entry-not-found"

_LEVEL = "QueryRetrieveLevel"
_DUPLICATE = 0x0111
"""Duplicate SOP instance (PS3.7 C): the archive has it already."""
_UNIQUE: Mapping[str, str] = MappingProxyType(
    {
        "PATIENT": "PatientID",
        "STUDY": "StudyInstanceUID",
        "SERIES": "SeriesInstanceUID",
        "IMAGE": "SOPInstanceUID",
    }
)
_COUNTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "NumberOfStudyRelatedSeries": ("StudyInstanceUID", "SeriesInstanceUID"),
        "NumberOfStudyRelatedInstances": ("StudyInstanceUID", "SOPInstanceUID"),
        "NumberOfSeriesRelatedInstances": ("SeriesInstanceUID", "SOPInstanceUID"),
    }
)
"""Each count with the entity that it is about and what it counts (PS3.4 C.6)."""


@dataclass(frozen=True)
class _Query:
    """One query with what the archive held when it was asked."""

    view: LegView
    exchange: ExchangeView
    identifier: Dataset
    held: tuple[Instance, ...]

    @property
    def level(self) -> str:
        return first(self.identifier, _LEVEL)

    @property
    def asked(self) -> int:
        return self.exchange.exchange.request.seq

    def entries(self) -> Iterator[tuple[int, Dataset]]:
        yield from pending(self.exchange)


def judge(play: PlayView, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    """What was stored before a query and fits its keys is found by it (PS3.4 C.4.1)."""
    hidden = facts.withdrawn(play)
    for query in _queries(play, instances):
        unique = _UNIQUE[query.level]
        fitting = [one for one in query.held if one.taken and one.uid not in hidden and _fits(play, query, one)]
        expected = {_text(one.dataset, unique) or one.uid * (query.level == "IMAGE") for one in fitting} - {""}
        if not expected:
            continue
        got = {_text(entry, unique) for _, entry in query.entries()}
        gap = facts.gap(expected - got, (), "not found", "")
        things = "instances" if query.level == "IMAGE" else f"{unique} values"
        yield from play.ruled(
            RULE,
            query.view,
            Outcome.VIOLATED if gap else Outcome.MET,
            query.view.responder,
            query.exchange.evidence(unique, Half.RESPONSE),
            expected=f"{len(expected)} {things} stored",
            received=f"{len(got)} found{'; ' + gap if gap else ''}",
        )


@play_check(CHECK, rules=(COUNTS, REFUSED, WITHDRAWN), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every count in an answer, and every instance that is shown although its C-STORE was refused."""
    if facts.storing_hidden(play):
        return
    hidden = facts.withdrawn(play)
    for query in _queries(play, facts.stored(play)):
        for index, entry in query.entries():
            yield from _counts(play, query, index, entry, hidden)
        yield from _refused(play, query)
        yield from _withdrawn(play, query)


def _queries(play: PlayView, instances: tuple[Instance, ...]) -> tuple[_Query, ...]:
    """The last query for each step and set of keys that was answered: a probe that was repeated counts once."""
    last: dict[tuple[object, ...], _Query] = {}
    for view in play.legs:
        for exchange in view.exchanges:
            command, identifier = exchange.exchange.request.command, exchange.request_dataset
            if command is None or command.service is not Service.C_FIND or identifier is None:
                continue
            if first(identifier, _LEVEL) not in _UNIQUE or not accepted(exchange.status):
                continue
            held = tuple(
                one
                for one in instances
                if one.carrier.leg.responder == view.responder and one.carrier.seq < exchange.exchange.request.seq
            )
            keys = frozenset((element.tag, value_text(element)) for element in identifier)
            last[view.step.step.id, keys] = _Query(view, exchange, identifier, held)
    return tuple(last.values())


def _text(dataset: Dataset, keyword: str) -> str:
    return first(dataset, keyword).strip(" \0")


def _fits(play: PlayView, query: _Query, one: Instance) -> bool:
    """Whether an archive has to return an instance, or what it belongs to: it fits every key beyond doubt.

    Out of account is a key whose attribute the instance lacks or the archive may have changed, and a name that fits
    only without regard to case or accents.
    """
    if mismatches(query.identifier, one.dataset):
        return False
    changed = coerced(one) or updated(play, query.view.responder, one.carrier.seq, query.asked)
    for key in query.identifier:
        if key.tag in NOT_KEYS or not _selects(key):
            continue
        if key.tag not in one.dataset or (changed and key.tag in COERCIBLE):
            return False
        if key.VR == "PN" and not _literally(value_text(key), value_text(one.dataset[key.tag])):
            return False
    return True


def _selects(key: DataElement) -> bool:
    """Whether a key has a value, itself or in its item."""
    if key.VR != "SQ":
        return bool(value_text(key).strip(" \0*"))
    return any(first(item, path).strip(" \0") for item in key.value or () for path in all_paths(item))


def _literally(pattern: str, name: str) -> bool:
    return all(part in name for part in re.split(r"[*?]", pattern.strip(" ^=")))


def _counts(play: PlayView, query: _Query, index: int, entry: Dataset, hidden: frozenset[str]) -> Iterator[Finding]:
    """Number of Study or Series Related Series and Instances, of what was stored in this play."""
    for path, (entity, counted) in _COUNTS.items():
        value, subject = _text(entry, path), _text(entry, entity)
        if not value.isdigit() or not subject:
            continue
        own = [one for one in query.held if _text(one.dataset, entity) == subject]
        if not any(one.taken for one in own):
            continue
        astray = [one for one in query.held if one.taken and _is_astray(one)]
        held, lost = facts.holdings(own), {one.uid for one in astray}
        least = _number(own, counted, held.sure - hidden - lost)
        most = _number([*own, *astray], counted, held.sure | held.unsure | lost)
        yield from play.ruled(
            COUNTS,
            query.view,
            Outcome.MET if least <= int(value) <= most else Outcome.VIOLATED,
            query.view.responder,
            query.exchange.evidence(path, Half.RESPONSE, index),
            expected=str(least) if least == most else f"{least} to {most}",
            received=value,
            origin=f"{entity} {subject} ({facts.named({_text(one.dataset, counted) or one.uid for one in own})})",
        )


def _is_astray(one: Instance) -> bool:
    """Whether an instance lacks a study or a series to be counted in: where an archive puts it is not said."""
    return not all(_text(one.dataset, name) for name in ("StudyInstanceUID", "SeriesInstanceUID"))


def _number(own: list[Instance], counted: str, uids: frozenset[str]) -> int:
    return len({_text(one.dataset, counted) or one.uid for one in own if one.uid in uids})


def _refused(play: PlayView, query: _Query) -> Iterator[Finding]:
    """An instance is not shown when every answer to its C-STORE was a refusal; one of a duplicate is none."""
    answers: dict[str, set[bool | None]] = defaultdict(set)
    for one in query.held:
        answers[one.uid].add(None if one.carrier.exchange.status == _DUPLICATE else one.taken)
    refused = {uid for uid, taken in answers.items() if taken == {False}}
    if query.level != "IMAGE" or not refused:
        return
    shown = refused & facts.found_instances(query.exchange)
    yield from play.ruled(
        REFUSED,
        query.view,
        Outcome.VIOLATED if shown else Outcome.MET,
        query.view.responder,
        query.exchange.evidence("SOPInstanceUID", Half.RESPONSE),
        expected=f"none of {len(refused)} instances that were refused",
        received=facts.named(shown),
    )


def _withdrawn(play: PlayView, query: _Query) -> Iterator[Finding]:
    """An instance made with the wrong worklist entry is not shown once the archive was told (RAD TF-1: 3.3.4)."""
    told = {uid for one in facts.wrong_entries(play) if _is_told(play, query, one) for uid in one.instances}
    told &= {one.uid for one in query.held if one.taken and _fits(play, query, one)}
    if query.level != "IMAGE" or not told:
        return
    shown = told & facts.found_instances(query.exchange)
    yield from play.ruled(
        WITHDRAWN,
        query.view,
        Outcome.VIOLATED if shown else Outcome.MET,
        query.view.responder,
        query.exchange.evidence("SOPInstanceUID", Half.RESPONSE),
        expected=f"none of {len(told)} instances made with the wrong entry",
        received=facts.named(shown),
    )


def _is_told(play: PlayView, query: _Query, one: Listed) -> bool:
    """Whether the archive had answered, before the query, that the wrong entry had been selected for a step.

    Where the relay to it was not observed, its PPS Manager is a part of it, or what its maker was answered has to do.
    What was relayed to another player of the archive told it nothing.
    """
    relays = [
        (view.planned.responder, carrier.exchange)
        for view in play.legs
        if view.planned.leg.reaction and view.responder == query.view.responder
        for carrier in requests(view)
        if carrier.instance == one.mpps and _ends(carrier)
    ]
    own = [] if relays or one.carrier.leg.planned.leg.reaction else [one.carrier.exchange]
    heard = [exchange for player, exchange in relays if player == query.view.planned.responder]
    finals = [exchange.exchange.final for exchange in heard or own if accepted(exchange.status)]
    return any(final is not None and final.seq < query.asked for final in finals)


def _ends(carrier: Carrier) -> bool:
    """Whether a message ends a performed step."""
    content = carrier.content
    return not isinstance(content, Message) and first(content, "PerformedProcedureStepStatus") == "DISCONTINUED"
