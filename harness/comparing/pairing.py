"""Which exchanges and responses of two recordings belong together: the same leg of the same step, in the same order.

How often something was asked again depends on time, and in which order answers come on the product: neither must make
the rest of the messages look different.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol

from harness.comparing.identity import Renaming
from harness.comparing.leaves import LARGEST, Kind, Leaves
from harness.dicom.encoding import decode_payload
from harness.dicom.statuses import is_pending
from harness.dicom.uids import keyword_of
from harness.errors import RecordingError
from harness.hl7 import Message
from harness.model.names import ExchangeId, PlayId
from harness.model.profile import Service
from harness.model.run import LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Capture, Exchange, Payload, PayloadKind

_MANY = 2000
"""Exchanges of a leg above which only their order pairs them."""

_MOST_ANSWERS = 64
"""Responses of a query above which only their order pairs them."""


class ReadPayload(Protocol):
    """Gives what a payload holds: its bytes, or of a large one its file."""

    def __call__(self, payload: Payload, /) -> bytes | Path:
        """RecordingError or OSError when it cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A judged run with what was on the wire."""

    run: Run
    read: ReadPayload

    def exchanges(self) -> Mapping[ExchangeId, Exchange]:
        """The exchanges of the run by their numbers."""
        transcript = self.run.transcript
        return {exchange.id: exchange for exchange in transcript.exchanges} if transcript is not None else {}

    def content(self, capture: Capture) -> bytes | None:
        """The payload of a message; None when it has none, is too large, or cannot be read."""
        if capture.payload is None or capture.payload.size > LARGEST:
            return None
        try:
            content = self.read(capture.payload)
            return content if isinstance(content, bytes) else content.read_bytes()
        except (RecordingError, OSError):
            return None


@dataclass(frozen=True)
class LegPair:
    """A leg that both runs have, with the exchanges of each; `play`, `step` and `leg` are those of the second one."""

    play: PlayId
    step: StepResult
    leg: LegResult
    before: tuple[Exchange, ...]
    after: tuple[Exchange, ...]


def legs_of(
    before: PlayResult,
    after: PlayResult,
    recorded: tuple[Mapping[ExchangeId, Exchange], Mapping[ExchangeId, Exchange]],
) -> Iterator[LegPair]:
    """The legs that two plays have in common; an exchange belongs to the first leg that names it."""
    then = {(step.step, leg.leg): leg for step in before.steps for leg in step.legs}
    taken: tuple[set[ExchangeId], set[ExchangeId]] = (set(), set())
    for step in after.steps:
        for leg in step.legs:
            old = then.get((step.step, leg.leg))
            if old is not None:
                exchanges = _exchanges(old, recorded[0], taken[0]), _exchanges(leg, recorded[1], taken[1])
                yield LegPair(after.play, step, leg, *exchanges)


def _exchanges(leg: LegResult, recorded: Mapping[ExchangeId, Exchange], taken: set[ExchangeId]) -> tuple[Exchange, ...]:
    found = tuple(recorded[one] for one in leg.exchanges if one in recorded and one not in taken)
    taken.update(one.id for one in found)
    return found


def kind_of(exchange: Exchange, recorded: Recorded) -> str:
    """What an exchange is: the message type, or the service with its SOP class, and of a query the level."""
    command = exchange.request.command
    if command is not None:
        level = _level(recorded.content(exchange.request)) if command.service is Service.C_FIND else ""
        return " ".join(filter(None, (command.service.value, keyword_of(command.sop_class), level)))
    payload = exchange.request.payload
    if payload is None or payload.kind is not PayloadKind.HL7:
        return exchange.link.kind.value
    return Message.parse(recorded.content(exchange.request) or b"").type or exchange.link.kind.value


def _level(content: bytes | None) -> str:
    dataset = decode_payload(content) if content is not None else None
    return str(dataset.get("QueryRetrieveLevel", "") or "")[:16] if dataset is not None else ""


def paired(
    before: Sequence[Exchange], after: Sequence[Exchange], kinds: tuple[Sequence[str], Sequence[str]]
) -> list[tuple[Exchange, Exchange]]:
    """The exchanges of a leg side by side. Of queries the last ones belong together: earlier ones only waited."""
    if list(kinds[0]) == list(kinds[1]) or max(len(before), len(after)) > _MANY:
        return list(zip(before, after, strict=False))
    if all(_is_query(one) for one in (*before, *after)):
        return _paired_queries(list(zip(before, kinds[0], strict=True)), list(zip(after, kinds[1], strict=True)))
    matcher = SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    return [
        (before[block.a + at], after[block.b + at])
        for block in matcher.get_matching_blocks()
        for at in range(block.size)
    ]


def _paired_queries(
    before: Sequence[tuple[Exchange, str]], after: Sequence[tuple[Exchange, str]]
) -> list[tuple[Exchange, Exchange]]:
    """Of queries of one kind the last ones; of those that have no counterpart the first with the first."""
    then, now = {kind for _, kind in before}, {kind for _, kind in after}
    found = []
    for kind in dict.fromkeys(kind for _, kind in before if kind in now):
        ours = [exchange for exchange, one in before if one == kind]
        others = [exchange for exchange, one in after if one == kind]
        found += list(zip(reversed(ours), reversed(others), strict=False))[::-1]
    alone = [exchange for exchange, kind in before if kind not in now]
    found += list(zip(alone, (exchange for exchange, kind in after if kind not in then), strict=False))
    return sorted(found, key=lambda both: both[0].id)


def _is_query(exchange: Exchange) -> bool:
    command = exchange.request.command
    return command is not None and command.service is Service.C_FIND


def differing_counts(pair: LegPair, kinds: tuple[Sequence[str], Sequence[str]]) -> Iterator[tuple[str, int, int]]:
    """Kinds of exchanges of which a leg has more in one run; how often was asked until something was there does not
    count."""
    then, now = Counter(kinds[0]), Counter(kinds[1])
    for kind in dict.fromkeys((*kinds[0], *kinds[1])):
        polled = then[kind] and now[kind] and kind.startswith(Service.C_FIND.value)
        if then[kind] != now[kind] and not polled:
            yield kind, then[kind], now[kind]


def is_final(capture: Capture) -> bool:
    """Whether a response is the last one by its status."""
    status = capture.command.status if capture.command is not None else None
    return status is None or not is_pending(status)


def paired_answers(before: Sequence[Leaves], after: Sequence[Leaves], known: Renaming) -> list[tuple[Leaves, Leaves]]:
    """Answers of a query side by side, in whatever order they came.

    Those that are about the same things belong together; the rest is about somebody else, whom the other run has not.
    Where none is about the same, those that say the same belong together.
    """
    if len(before) <= 1 and len(after) <= 1:
        return list(zip(before, after, strict=False))
    found = _best(_related(before, after, known))
    if not found and max(len(before), len(after)) <= _MOST_ANSWERS:
        found = _best(_alike(before, after, known))
    return [(before[place], after[at]) for place, at in sorted(found.items())]


def _alike(before: Sequence[Leaves], after: Sequence[Leaves], known: Renaming) -> Iterator[tuple[int, int, int]]:
    """Pairs that say the same at half of their places at least."""
    for place, one in enumerate(before):
        for at, other in enumerate(after):
            likeness = _likeness(one, other, known)
            if likeness * 2 >= len(one.keys() | other.keys()):
                yield likeness, place, at


def _best(scored: Iterable[tuple[int, int, int]]) -> dict[int, int]:
    """The pairs of the highest scores, each place once; of equal ones those that stand nearest."""
    found: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, place, at in sorted((-score, abs(place - at), place, at) for score, place, at in scored):
        if place not in found and at not in taken:
            found[place] = at
            taken.add(at)
    return found


def _related(before: Sequence[Leaves], after: Sequence[Leaves], known: Renaming) -> Iterator[tuple[int, int, int]]:
    """Pairs of which more identifiers are the same than are not."""
    homes: dict[tuple[str, str], set[int]] = defaultdict(set)
    for at, leaves in enumerate(after):
        for leaf in leaves.values():
            if leaf.kind is Kind.IDENTIFIER:
                homes[leaf.domain, leaf.value].add(at)
    for place, leaves in enumerate(before):
        shared: Counter[int] = Counter()
        for leaf in {leaf for leaf in leaves.values() if leaf.kind is Kind.IDENTIFIER}:
            meant = known.forth.get((leaf.domain, leaf.value), leaf.value)
            shared.update(homes.get((leaf.domain, meant), ()))
        for at, count in shared.items():
            score = count - _contradictions(leaves, after[at], known)
            if score > 0:
                yield score, place, at


def _contradictions(before: Leaves, after: Leaves, known: Renaming) -> int:
    """At how many places there stands another identifier than the one that is known to stand for the first."""
    pairs = ((leaf, after[path]) for path, leaf in before.items() if leaf.kind is Kind.IDENTIFIER and path in after)
    return sum(
        known.forth.get((leaf.domain, leaf.value), leaf.value) != other.value
        for leaf, other in pairs
        if (leaf.domain, leaf.value) in known.forth or (other.domain, other.value) in known.back
    )


def _likeness(before: Leaves, after: Leaves, known: Renaming) -> int:
    """At how many places the two say the same."""
    return sum(known.difference(leaf, after[path]) is None for path, leaf in before.items() if path in after)
