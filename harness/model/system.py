"""Systems under test: what they claim, what they offer, where they listen and how they are made to act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from harness.model.character_sets import CharacterSets
from harness.model.codes import CodeMap
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.record import Record
from harness.model.scenario import ProcedurePlan
from harness.model.tls import TlsFiles, TlsMode

HOOK_SECONDS = 60.0
"""How long a command or a request may take, where its hook does not say."""

OPERATOR_SECONDS = 3600.0
"""How long a person's answer is awaited, where the hook does not say."""


@dataclass(frozen=True, kw_only=True)
class DimseAddress(Record):
    """Where an application entity is reached.

    `tls_files` is given by the harness: with what a link to here is secured.
    """

    ae_title: str
    host: str = "127.0.0.1"
    port: int = 0
    tls: TlsMode = TlsMode.NONE
    tls_files: TlsFiles | None = None


@dataclass(frozen=True, kw_only=True)
class Hl7Address(Record):
    """Where an HL7 receiver is reached, and how it names itself in MSH-3..6; `tls_files` as of a `DimseAddress`.

    `version` is the HL7 version that is spoken with it, in either direction; empty where that is the one of the form.
    """

    application: str
    facility: str
    host: str = "127.0.0.1"
    port: int = 0
    version: str = ""
    tls: TlsMode = TlsMode.NONE
    tls_files: TlsFiles | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoints(Record):
    """Where an actor is reached for one transaction; of what is missing the actor has its own."""

    dimse: DimseAddress | None = None
    hl7: Hl7Address | None = None


@dataclass(frozen=True, kw_only=True)
class Party(Record):
    """An actor as one player plays it: its addresses. `bind` is where our own listeners bind.

    `links` are the addresses of transactions that have others than the actor.
    """

    actor: ActorName
    player: PlayerName
    dimse: DimseAddress | None = None
    hl7: Hl7Address | None = None
    bind: str = "127.0.0.1"
    links: Mapping[TransactionId, Endpoints] = field(default_factory=dict)

    def at(self, transaction: TransactionId) -> Party:
        """The party as it is reached in a transaction."""
        own = self.links.get(transaction, Endpoints())
        return replace(self, dimse=own.dimse or self.dimse, hl7=own.hl7 or self.hl7, links={})

    def called(self, ae_title: str) -> Party | None:
        """The party where it goes by that AE title; None where it never does."""
        if self.dimse is not None and self.dimse.ae_title == ae_title:
            return self
        titled = (one.dimse for one in self.links.values() if one.dimse is not None)
        found = next((address for address in titled if address.ae_title == ae_title), None)
        return replace(self, dimse=found, links={}) if found is not None else None


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
    """How a product is made to act, or is fed: exactly one of `command` (an argument list, never a shell), `http` and
    `operator` (a person does it; the text says what, and may be empty).

    A relative program path is looked up beside the system file. Bedside facts, peers' addresses and what was seen on
    the wire are passed as JSON on standard input (or as the request's body), and as `SWF_...` variables. `timeout` in
    seconds: for a command or request until it has ended, for a person until there is an answer; None: the default of
    the kind.

    Of a request: `method`; `headers`; `secrets`, headers whose values stand in the environment variables named here;
    `body`, sent as JSON instead of the facts; `success`, the statuses that are success (none: 200 to 299). In the
    address, in headers and in the body, `{patient.id}` stands for the fact of that name, and nothing else is computed.
    """

    command: tuple[str, ...] = ()
    http: str = ""
    timeout: float | None = None
    operator: str | None = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    success: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if [bool(self.command), bool(self.http), self.operator is not None].count(True) != 1:
            raise ValueError("a hook has exactly one of a command, an http address and an operator")

    @property
    def seconds(self) -> float:
        """How long the hook may take."""
        if self.timeout is not None:
            return self.timeout
        return HOOK_SECONDS if self.operator is None else OPERATOR_SECONDS


@dataclass(frozen=True, kw_only=True)
class SystemActor(Record):
    """One actor as the product plays it.

    `offers`: the transactions it has at all (empty: every claimed one). `acts`: hooks for transactions that the
    product initiates; one that is missing means that it acts by itself. `feeds`: hooks that carry the state of our
    stand-in into the product before it is asked. `links`: addresses of transactions that have others than the actor.
    """

    dimse: DimseAddress | None = None
    hl7: Hl7Address | None = None
    offers: tuple[TransactionId, ...] = ()
    acts: Mapping[TransactionId, Hook] = field(default_factory=dict)
    feeds: Mapping[TransactionId, Hook] = field(default_factory=dict)
    links: Mapping[TransactionId, Endpoints] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DepartmentActor(Record):
    """What the product has been told about one of our simulated actors. `advertise` is the host it dials.

    `tls` is how both of the actor's listeners are secured.
    """

    ae_title: str = ""
    port: int = 0
    hl7_port: int = 0
    bind: str = "127.0.0.1"
    advertise: str = "127.0.0.1"
    application: str = ""
    facility: str = ""
    tls: TlsMode = TlsMode.NONE


@dataclass(frozen=True, kw_only=True)
class TransactionTimes(Record):
    """Declared times of one transaction in seconds; None: as for every other."""

    answer: float | None = None
    act: float | None = None
    show: float | None = None


@dataclass(frozen=True, kw_only=True)
class Times(Record):
    """Declared times in seconds: how long the product may take.

    `answer` a response on an open link; `act` from trigger to the first message; `show` until a change is visible
    to a query; `settle` quiet time before a scenario is sealed. `transactions` have times of their own.
    """

    answer: float = 10.0
    act: float = 20.0
    show: float = 10.0
    settle: float = 0.05
    transactions: Mapping[TransactionId, TransactionTimes] = field(default_factory=dict)

    def of(self, transaction: TransactionId) -> Times:
        """The times that hold in a transaction."""
        own = self.transactions.get(transaction, TransactionTimes())
        return replace(
            self,
            answer=self.answer if own.answer is None else own.answer,
            act=self.act if own.act is None else own.act,
            show=self.show if own.show is None else own.show,
            transactions={},
        )


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


PPS_MANAGER = ActorName("PPS Manager")
"""The actor of which exactly one is active: several products may have one."""
SIMULATED = "simulated"
"""What `pps_manager` says where the product's own is switched off."""


@dataclass(frozen=True, kw_only=True)
class System(Record):
    """A product under test. `overrides` and `known_deviations` name files beside the system file, `tls` our own;
    `secured`: all links of a system that the harness starts have TLS, with certificates that are made for the run.

    `pps_manager` is the actor at whose address its PPS Manager is reached, or `simulated`: it is switched off. Empty:
    as the PPS Manager that it claims.
    """

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
    pps_manager: str = ""
    known_deviations: str = ""
    tls: TlsFiles | None = None
    secured: bool = False
    codes: CodeMap = field(default_factory=CodeMap)
    procedures: str = ""
    site_plan: ProcedurePlan | None = None
    character_sets: CharacterSets = field(default_factory=CharacterSets)

    def party(self, actor: ActorName) -> Party | None:
        """Its addresses as that actor; None where the file names none. A PPS Manager that is part of another actor is
        reached where that is."""
        described = self.actors.get(actor)
        if actor == PPS_MANAGER and self.pps_manager not in ("", SIMULATED, PPS_MANAGER):
            host = self.actors.get(ActorName(self.pps_manager), SystemActor())
            described = replace(described or SystemActor(), dimse=host.dimse, links=host.links)
        if described is None:
            return None
        return Party(actor=actor, player=self.name, dimse=described.dimse, hl7=described.hl7, links=described.links)
