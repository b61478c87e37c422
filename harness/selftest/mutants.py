"""A mutant: a base recording with one change, and what has to break for it.

Owns the words that the makers of mutants share, and where a change stands. It must not know any table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom import paths as paths_of
from harness.model.finding import Evidence, Finding
from harness.model.names import ExchangeId, RequirementId
from harness.model.proof import Expected, Mutation
from harness.model.transcript import Half
from harness.model.verdict import Outcome
from harness.profiles import Knowledge
from harness.profiles.notation import is_hl7_path
from harness.selftest.changes import At, Change, EditMessage
from harness.selftest.edits import Edit
from harness.selftest.recordings import BaseRecording

WRONG_UID = "2.25.999999999999999999999999999999"
"""A UID that no recording holds."""
WRONG = "WRONG1"

_TOLD = {Mutation.EMPTIED, Mutation.NULLED, Mutation.WRONG_TYPE, Mutation.LET_IN, Mutation.SENT_TO_BAD}
_TRIED = frozenset(set(Mutation) - _TOLD)
"""Changes that are tried on every rule of a whole play, because no table tells which it notices."""
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change to a recording.

    `where` are the places that it touches; `expected` what has to break. `values` are the value that went and the
    one that came, for an identifier that stands in other messages too. `key` tells mutants apart that teach the same.
    """

    place: str
    mutation: Mutation
    changes: tuple[Change, ...]
    where: tuple[Evidence, ...]
    expected: tuple[Expected, ...] = ()
    values: tuple[str, ...] = ()
    later: bool = False
    key: tuple[str, ...] = field(default=())

    def lessons(self, rules: Iterable[RequirementId] = ()) -> Iterator[tuple[object, ...]]:
        """What the mutant teaches; another that teaches the same need not be judged.

        `rules` are those that the recording meets where the change is made, and no table tells whether it breaks them.
        """
        for expected in self.expected:
            yield (self.mutation, self.later, *self.key, expected)
        if not self.expected:
            yield (self.mutation, *(self.key or (self.place,)))
        if self.mutation in _TRIED:
            yield from ((self.mutation, self.place, rule) for rule in rules)


@dataclass(frozen=True, kw_only=True)
class Base:
    """A base recording with what its checks found."""

    recording: BaseRecording
    findings: tuple[Finding, ...]

    @property
    def view(self) -> PlayView:
        """The play."""
        return self.recording.view

    @property
    def knowledge(self) -> Knowledge:
        """What the profiles say."""
        return self.recording.view.knowledge

    @cached_property
    def met(self) -> frozenset[RequirementId]:
        """The requirements that the recording meets."""
        return frozenset(finding.requirement for finding in self.findings if finding.outcome is Outcome.MET)

    @cached_property
    def met_on(self) -> Mapping[tuple[str, str], frozenset[RequirementId]]:
        """The requirements that are met, by step and leg."""
        found: dict[tuple[str, str], set[RequirementId]] = defaultdict(set)
        for finding in self.findings:
            if finding.outcome is Outcome.MET:
                found[finding.step or "", finding.leg].add(finding.requirement)
        return {place: frozenset(ids) for place, ids in found.items()}

    @cached_property
    def known_at(self) -> frozenset[tuple[ExchangeId, RequirementId]]:
        """The requirements that a message meets by a value that its sender is known to hold, by exchange.

        A finding on such a value says what was expected; one on the mere form of a value does not.
        """
        return frozenset(
            (finding.evidence.exchange, finding.requirement)
            for finding in self.findings
            if finding.evidence is not None
            if finding.outcome is Outcome.MET and finding.expected and _is_first(finding.evidence)
        )

    def on(self, leg: LegView) -> frozenset[RequirementId]:
        """The requirements that are met on a leg."""
        return self.met_on.get((leg.step.step.id, leg.planned.leg.id), frozenset())

    def of_check(self, check: str, leg: LegView | None = None) -> tuple[RequirementId, ...]:
        """The requirements of a check that are met, on a leg or anywhere."""
        of_leg = self.on(leg) if leg is not None else self.met
        return tuple(sorted(one for one in of_leg if self.knowledge.requirement(one).check == check))


@dataclass(frozen=True)
class Spot:
    """A message of a base recording that is to be changed."""

    leg: LegView
    exchange: ExchangeView
    half: Half = Half.REQUEST
    response: int = 0

    @property
    def at(self) -> At:
        """Its address."""
        return At(self.exchange.exchange.id, self.half, self.response)

    @property
    def title(self) -> str:
        """The same in every recording: `RAD-4/to-image-manager request`."""
        return f"{self.leg.step.transaction.id}/{self.leg.planned.leg.id} {self.half.value}"

    def evidence(self, path: str = "") -> Evidence:
        """A pointer at a place of it."""
        return self.exchange.evidence(path, self.half, self.response)

    def rule(self, row: str) -> RequirementId:
        """The id of a leg rule."""
        return self.leg.requirement(row)

    def mutant(
        self,
        mutation: Mutation,
        edits: Sequence[Edit],
        expected: Iterable[Expected] = (),
        *,
        touched: Iterable[str] = (),
        values: tuple[str, ...] = (),
        later: bool = False,
        alone: bool = False,
        key: tuple[str, ...] = (),
    ) -> Mutant:
        """A mutant whose content is edited; `touched` are the places where those of the edits do not tell."""
        paths = tuple(touched) or tuple(edit.path for edit in edits)
        shown = values or (*(one for path in paths for one in self._values(path)), *(edit.value for edit in edits))
        return Mutant(
            place=f"{self.title} {bare(paths[0])}".rstrip(),
            mutation=mutation,
            changes=(EditMessage(self.at, tuple(edits), alone),),
            where=tuple(self.evidence(path) for path in (*paths, *self._beside(paths))),
            expected=tuple(expected),
            values=tuple(dict.fromkeys(filter(None, shown))),
            later=later,
            key=key,
        )

    def _beside(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Where the rules on an acknowledgement point, whatever part of it they speak of."""
        acknowledgement = self.half is Half.RESPONSE and self.exchange.answer_message is not None
        return ("MSA",) if acknowledgement and "MSA" not in paths else ()

    def _values(self, path: str) -> tuple[str, ...]:
        """The value that stands at a path; of a sequence or an item the identifiers in it."""
        if is_hl7_path(path):
            message = self.exchange.request_message if self.half is Half.REQUEST else self.exchange.answer_message
            return (message.first(path),) if message is not None else ()
        dataset = self.dataset
        if dataset is None or not path or "-" in path or tag_for_keyword(bare(path).rpartition(".")[2]) is None:
            return ()
        found = [one.value for one in paths_of.values(dataset, path)]
        around = [one.element for one in paths_of.values(dataset, bare(path).partition(".")[0])]
        items = [item for element in around if element.VR == "SQ" for item in element.value]
        return (*found, *(uid for item in items for uid in _uids(item)))

    @property
    def dataset(self) -> Dataset | None:
        """Its data set; None when it has none."""
        if self.half is Half.REQUEST:
            return self.exchange.request_dataset
        return self.exchange.response_datasets[self.response]


def of_whole(
    spot: Spot, mutation: Mutation, change: Change, kind: str, *requirements: str, key: tuple[str, ...] = ()
) -> Mutant:
    """A mutant that is about an exchange as a whole."""
    last = max(len(spot.exchange.exchange.responses) - 1, 0)
    return Mutant(
        place=spot.title.removesuffix(" request"),
        mutation=mutation,
        changes=(change,),
        where=(spot.evidence(), Spot(spot.leg, spot.exchange, Half.RESPONSE, last).evidence()),
        expected=of_one(kind, *requirements),
        key=key or (spot.title,),
    )


def of_one(kind: str, *requirements: str) -> tuple[Expected, ...]:
    """One expectation: any of these requirements; none without requirements."""
    ids = tuple(RequirementId(one) for one in dict.fromkeys(requirements))
    return (Expected(kind, ids),) if ids else ()


def known(expected: Iterable[Expected], knowledge: Knowledge) -> tuple[Expected, ...]:
    """The expectations on requirements that the profiles state."""
    ids = frozenset(one.id for one in knowledge.requirements())
    kept = (replace(one, requirements=tuple(sorted(ids.intersection(one.requirements)))) for one in expected)
    return tuple(one for one in kept if one.requirements)


def _uids(item: Dataset) -> Iterator[str]:
    """Every identifier in an item and the items below it."""
    for element in item:
        if element.VR == "SQ":
            for below in element.value:
                yield from _uids(below)
        elif element.VR == "UI" and not element.keyword.endswith("ClassUID"):
            yield str(element.value)


def _is_first(evidence: Evidence) -> bool:
    """Whether a place is in the first segment of its name."""
    segment = evidence.path.partition("-")[0]
    return "[" not in segment or segment.endswith("[1]")


def bare(path: str) -> str:
    """A path without its indices."""
    return _INDEX.sub("", path)
