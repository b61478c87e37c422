"""Reading ADT^A40: which identities dissolve, and in whom (RAD TF-2: 4.12).

PID and MRG may repeat in pairs, and each of their fields may name several identifiers: one of an authority dissolves in
the surviving one of the same authority. Keeps no state and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actors.messages import received
from actors.messages.registration import namespace
from harness.hl7 import AckError, Message
from harness.model.scenario import Patient

MOST = 50
"""How many pairs of a message are looked at."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """One identity that dissolves: its number and authority, and the patient under the identifier that stays."""

    survivor: Patient
    prior_id: str
    prior_authority: str


def read(message: Message) -> tuple[Merge, ...] | AckError:
    """Every merge of a message, or the fault for which it has to be refused as a whole."""
    found: list[Merge] = []
    for number, pair in enumerate(_pairs(message), start=1):
        merges = _read(pair, number)
        if isinstance(merges, AckError):
            return merges
        found += merges
    return tuple(found)


def _pairs(message: Message) -> Iterator[Message]:
    """Each PID with what follows it, below the header, as a message of its own."""
    raws = [(segment.name, segment.raw) for segment in message.segments]
    starts = [place for place, (name, _) in enumerate(raws) if name == "PID"][:MOST] or [len(raws)]
    head = [raw for _, raw in raws[: starts[0]]]
    for start, end in zip(starts, [*starts[1:], len(raws)], strict=True):
        yield Message.parse(b"".join(raw + b"\r" for raw in [*head, *(raw for _, raw in raws[start:end])]))


def _read(pair: Message, number: int) -> list[Merge] | AckError:
    fault = received.missing_identity(pair)
    if fault is not None:
        return fault
    dissolving = _prior(pair)
    if not dissolving:
        return AckError(location=f"MRG^{number}^1^1^1", code="101", text="Prior patient identifier missing")
    survivors = received.patients(pair)
    merges = [
        Merge(survivor=survivor, prior_id=prior_id, prior_authority=authority)
        for prior_id, authority in dissolving
        if (survivor := next((one for one in survivors if _same(one.authority, authority)), None)) is not None
    ]
    if not merges:
        return AckError(location=f"MRG^{number}^1^1^4", code="204", text="No surviving identifier of that authority")
    if any(merge.prior_id == merge.survivor.id for merge in merges):
        return AckError(location=f"MRG^{number}^1^1^1", code="205", text="Prior and surviving identifier are equal")
    return merges


def _prior(pair: Message) -> list[tuple[str, str]]:
    """Every (ID, assigning authority) of MRG-1, in order."""
    count = max(1, min(len(pair.all("MRG-1.1")), MOST))
    named = ((pair.first(f"MRG-1[{n}].1"), _authority(pair, n)) for n in range(1, count + 1))
    return [(number, authority) for number, authority in named if number and number != received.NULL]


def _authority(pair: Message, repetition: int) -> str:
    parts = [pair.first(f"MRG-1[{repetition}].4.{part}") for part in (1, 2, 3)]
    return "&".join(parts).rstrip("&")


def _same(one: str, other: str) -> bool:
    """Whether two authorities are the same; one that is not named fits any."""
    return not namespace(one) or not namespace(other) or namespace(one) == namespace(other)
