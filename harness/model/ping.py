"""What came of trying the links between a product and us, before anything is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind
from harness.model.record import Record


class Side(Enum):
    """On whose side a link is likely broken."""

    PRODUCT = "its side"
    OURS = "our side"
    NETWORK = "the network between"
    SETTINGS = "the settings of one side or the other"


class State(Enum):
    """What is known of a link."""

    WORKS = "ok"
    BROKEN = "FAIL"
    UNTRIED = "-"


@dataclass(frozen=True, kw_only=True)
class PingResult(Record):
    """One link: what was tried, what was seen, and of a broken one whose side it likely is and what to do.

    `inward`: the product calls us; `theirs` are the product's actors at the link, `ours` is our actor. `accepted` and
    `refused` are SOP classes by their keywords, of each transaction; a transaction needs one of those that it names.
    """

    system: PlayerName
    inward: bool
    kind: LinkKind | None = None
    theirs: tuple[ActorName, ...] = ()
    ours: ActorName | None = None
    what: str
    state: State
    seen: str = ""
    side: Side | None = None
    advice: str = ""
    notes: tuple[str, ...] = ()
    transactions: tuple[TransactionId, ...] = ()
    accepted: Mapping[TransactionId, tuple[str, ...]] = field(default_factory=dict)
    refused: Mapping[TransactionId, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Call(Record):
    """Somebody called one of our listeners: from where, under what name, and what he did.

    `refused` says why we turned him away; empty when we did not.
    """

    ours: ActorName
    kind: LinkKind
    peer: str
    name: str = ""
    did: str = ""
    refused: str = ""
