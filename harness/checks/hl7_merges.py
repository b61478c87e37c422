"""Merges: which patient stays and which one is dissolved, in each pair of PID and MRG of a message (RAD TF-2: 4.12)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.hl7_groups import Groups
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.verdict import Outcome

CHECK = "hl7.merges"
DIFFER = "orders/merge-identifiers-differ"

_MERGE, _OF = "ADT^A40", "RAD-12"

Identifier = tuple[str, str]
"""A number, and the namespace of its authority."""


@play_check(CHECK, rules=(DIFFER,), scope=Scope.MESSAGE)
def check(play: PlayView) -> Iterator[Finding]:
    """Each merge of the play: two patients of one authority."""
    for view in play.of(_OF):
        for exchange in view.exchanges if view.planned.state is LegState.LIVE else ():
            message = exchange.request_message
            if message is None or message.type != _MERGE:
                continue
            for path, surviving, dissolved in _pairs(message):
                yield from play.ruled(
                    DIFFER,
                    view,
                    Outcome.MET if _two_of_one(surviving, dissolved) else Outcome.VIOLATED,
                    view.initiator,
                    exchange.evidence(path),
                    expected=f"another identifier than {_told(surviving[0])}, of the same authority",
                    received=_told(dissolved[0]),
                )


def _pairs(message: Message) -> Iterator[tuple[str, list[Identifier], list[Identifier]]]:
    """Where the dissolved patient stands, the identifiers of the one that survives, and those of the dissolved."""
    groups = message.once(Groups)
    count = groups.count("MRG")
    for number in range(1, count + 1):
        dissolved = _named(message, f"MRG[{number}]-1")
        surviving = [one for place in groups.beside("MRG", number, "PID") for one in _named(message, f"PID[{place}]-3")]
        if surviving and dissolved:
            yield f"MRG[{number}]-1" if count > 1 else "MRG-1", surviving, dissolved


def _named(message: Message, field: str) -> list[Identifier]:
    numbers, authorities = message.all(f"{field}.1"), message.all(f"{field}.4.1")
    named = [(one.value.strip(), other.value.strip()) for one, other in zip(numbers, authorities, strict=False)]
    return [one for one in named if one[0]]


def _two_of_one(surviving: list[Identifier], dissolved: list[Identifier]) -> bool:
    """Whether some identifiers of one authority differ; an identifier that does not say whose it is may be of any."""
    return any(
        one != other and (own == whose or not own or not whose) for one, own in surviving for other, whose in dissolved
    )


def _told(identifier: Identifier) -> str:
    return " of ".join(part for part in identifier if part)
