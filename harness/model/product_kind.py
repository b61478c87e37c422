"""Kinds of products that a new system file is written for, and what a person answered about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.model.names import ActorName, TransactionId
from harness.model.record import Record


@dataclass(frozen=True, kw_only=True)
class ProductKind(Record):
    """What such a product usually is.

    `profiles` in the order of preference; `transactions` is what it usually has of what the profile requires of its
    actors (empty: all of it).
    """

    title: str
    profiles: tuple[str, ...]
    actors: tuple[ActorName, ...]
    transactions: tuple[TransactionId, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProductKinds(Record):
    """The kinds by name, in the order in which they are offered."""

    kinds: Mapping[str, ProductKind]


class Acting(Enum):
    """How a product is made to begin a transaction."""

    ITSELF = "itself"
    PERSON = "person"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True)
class Answers(Record):
    """What is known of a product before its system file is written. `transactions` empty: all that is required.

    `advertise` is this machine's address as the product dials it; `command` is the argument list that makes it act,
    `feed` the one that carries what it has to know into it.
    """

    kind: ProductKind
    profiles: tuple[str, ...]
    transactions: tuple[TransactionId, ...] = ()
    name: str
    version: str = ""
    host: str = "127.0.0.1"
    ae_title: str = ""
    dimse_port: int = 0
    application: str = ""
    facility: str = ""
    hl7_port: int = 0
    advertise: str = "127.0.0.1"
    acting: Acting = Acting.ITSELF
    command: tuple[str, ...] = ()
    feed: tuple[str, ...] = ()
