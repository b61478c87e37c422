"""Systems under test: what they claim, what they offer, where they listen and how they are made to act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.record import Record


@dataclass(frozen=True, kw_only=True)
class DimseAddress(Record):
    """Where an application entity is reached."""

    ae_title: str
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, kw_only=True)
class Hl7Address(Record):
    """Where an HL7 receiver is reached, and how it names itself in MSH-3..6."""

    application: str
    facility: str
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, kw_only=True)
class Party(Record):
    """An actor as one player plays it: its addresses. `bind` is where our own listeners bind."""

    actor: ActorName
    player: PlayerName
    dimse: DimseAddress | None = None
    hl7: Hl7Address | None = None
    bind: str = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Claim(Record):
    """What the vendor claims: actors of a profile, with options.

    `transactions` narrows the claim to part of the actor; empty means all that the profile requires of it.
    """

    profile: str
    actors: tuple[ActorName, ...]
    options: tuple[str, ...] = ()
    transactions: tuple[TransactionId, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Hook(Record):
    """How a product is made to act, or is fed: exactly one of `command` (an argument list, never a shell) and `http`.

    A relative program path is looked up beside the system file. Bedside facts and peers' addresses are passed as
    JSON on standard input (or as the request's body), and as `SWF_...` variables.
    """

    command: tuple[str, ...] = ()
    http: str = ""
    timeout: float = 60.0

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.http):
            raise ValueError("a hook has either a command or an http address")


@dataclass(frozen=True, kw_only=True)
class SystemActor(Record):
    """One actor as the product plays it.

    `offers`: the transactions it has at all (empty: every claimed one). `acts`: hooks for transactions that the
    product initiates; one that is missing means that it acts by itself. `feeds`: hooks that carry the state of our
    stand-in into the product before it is asked.
    """

    dimse: DimseAddress | None = None
    hl7: Hl7Address | None = None
    offers: tuple[TransactionId, ...] = ()
    acts: Mapping[TransactionId, Hook] = field(default_factory=dict)
    feeds: Mapping[TransactionId, Hook] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DepartmentActor(Record):
    """What the product has been told about one of our simulated actors. `advertise` is the host it dials."""

    ae_title: str = ""
    port: int = 0
    hl7_port: int = 0
    bind: str = "127.0.0.1"
    advertise: str = "127.0.0.1"
    application: str = ""
    facility: str = ""


@dataclass(frozen=True, kw_only=True)
class Times(Record):
    """Declared times in seconds: how long the product may take.

    `answer` a response on an open link; `act` from trigger to the first message; `show` until a change is visible
    to a query; `settle` quiet time before a scenario is sealed.
    """

    answer: float = 10.0
    act: float = 20.0
    show: float = 10.0
    settle: float = 0.05


@dataclass(frozen=True, kw_only=True)
class Attestation(Record):
    """What a person states about requirements that no recording can show; it never changes a verdict.

    `requirement` is an id, or a pattern in which `*` stands for any text; `date` is YYYY-MM-DD.
    """

    requirement: str
    statement: str
    by: str
    date: str


class Binding(Enum):
    """How the actors a system claims are put under test."""

    TOGETHER = "together"
    EACH = "each"
    """One after the other: in each run the product plays one actor, and we play the others."""


class Launch(Enum):
    """Systems that the harness starts by itself."""

    REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Strain(Record):
    """How a system that the harness starts is made a difficult one.

    `delay`: seconds that each answer and each message of its own takes longer. `noise`: it holds more foreign patients,
    orders and images, repeats messages, and opens associations that have nothing to do with the scenarios.
    """

    delay: float = 0.0
    noise: bool = False


@dataclass(frozen=True, kw_only=True)
class System(Record):
    """A product under test. `overrides` names a file of overrides beside the system file."""

    name: PlayerName
    version: str = ""
    claims: tuple[Claim, ...]
    actors: Mapping[ActorName, SystemActor] = field(default_factory=dict)
    department: Mapping[ActorName, DepartmentActor] = field(default_factory=dict)
    times: Times = field(default_factory=Times)
    binding: Binding = Binding.TOGETHER
    launch: Launch | None = None
    attestations: tuple[Attestation, ...] = ()
    overrides: str = ""
    path: str = ""
    strain: Strain = field(default_factory=Strain)
