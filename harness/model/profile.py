"""What a profile says: transactions with their legs, requirements with their citations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.names import ActorName, CheckName, LegId, RequirementId, TransactionId
from harness.model.record import Record
from harness.model.verdict import Confidence, Strength


@dataclass(frozen=True)
class Citation(Record):
    """Where an obligation stands, and how we know it.

    `text` is the clause in the form `RAD TF-2: 4.5.4`, `PS3.4 Table K.6-1` or `HL7 v2.5.1 2.14.8`;
    `source` names what we saw it in (the IHE text itself was not at hand).
    """

    text: str
    confidence: Confidence
    source: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.confidence.value})"


class Untestable(Enum):
    """Why a requirement has no check: the closed list."""

    INTERNAL_STATE = "internal state"
    USER_INTERFACE = "user interface"
    UNBOUNDED_TIME = "unbounded time"
    NEEDS_TEXT = "needs the IHE text"


@dataclass(frozen=True, kw_only=True)
class Requirement(Record):
    """One obligation of one actor.

    `implies` names the requirements, by ids or by patterns of `fnmatch`, that are broken too whenever this one is.
    """

    id: RequirementId
    text: str
    citation: Citation
    strength: Strength = Strength.SHALL
    actor: ActorName
    transaction: TransactionId
    condition: str = ""
    check: CheckName | None = None
    untestable: Untestable | None = None
    implies: tuple[str, ...] = ()


class LinkKind(Enum):
    """The protocol of a link."""

    MLLP = "mllp"
    DIMSE = "dimse"


class Service(Enum):
    """DIMSE services by their names in PS3.7."""

    C_ECHO = "C-ECHO"
    C_FIND = "C-FIND"
    C_STORE = "C-STORE"
    C_MOVE = "C-MOVE"
    C_GET = "C-GET"
    C_CANCEL = "C-CANCEL"
    N_CREATE = "N-CREATE"
    N_SET = "N-SET"
    N_ACTION = "N-ACTION"
    N_EVENT_REPORT = "N-EVENT-REPORT"
    N_GET = "N-GET"
    N_DELETE = "N-DELETE"


class Count(Enum):
    """How many exchanges of a leg one step holds."""

    ONE = "one"
    MANY = "many"


@dataclass(frozen=True, kw_only=True)
class MessageForm(Record):
    """One HL7 message that a leg may carry.

    `type` is MSH-9.1^MSH-9.2; `control` lists the ORC-1 values that make it this transaction (empty: any);
    `table` names the field table of the profile's `hl7/` folder; `answer` is how the responder answers.
    """

    version: str
    type: str
    control: tuple[str, ...] = ()
    table: str = ""
    answer: tuple[str, ...] = ("ACK",)


@dataclass(frozen=True, kw_only=True)
class DimseForm(Record):
    """What a leg looks like on an association.

    `sop_classes` are UID keywords of the DICOM dictionary, or the names of the groups in the loader (`Storage`).
    `request_table`, `response_table` name attribute tables of the profile's `dicom/` folder.
    """

    service: Service
    sop_classes: tuple[str, ...]
    request_table: str = ""
    response_table: str = ""


@dataclass(frozen=True, kw_only=True)
class Leg(Record):
    """One exchange of a transaction, between two actors.

    `reaction`: the initiator does it by itself when an earlier leg arrives (a relay, a commitment report).
    `causes`: the leg whose request makes the peer do this one (the C-STOREs of a C-MOVE).
    `core`: the checks that must have decided something before the leg can pass.
    """

    id: LegId
    initiator: ActorName
    responder: ActorName
    link: LinkKind
    required: bool = True
    reaction: bool = False
    count: Count = Count.ONE
    messages: tuple[MessageForm, ...] = ()
    dimse: DimseForm | None = None
    checks: tuple[CheckName, ...] = ()
    core: tuple[CheckName, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Transaction(Record):
    """A numbered IHE transaction.

    `knows_from` names, for an actor of it, the transactions in which the actor learns what it needs here: where a
    product took part in one of those, our stand-in cannot play this one.
    """

    id: TransactionId
    title: str
    citation: Citation
    legs: tuple[Leg, ...]
    knows_from: Mapping[ActorName, tuple[TransactionId, ...]] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()

    def leg(self, leg_id: LegId) -> Leg:
        """The leg of that name; KeyError when there is none."""
        return {leg.id: leg for leg in self.legs}[leg_id]


class Need(Enum):
    """Whether an actor of a profile must support a transaction."""

    REQUIRED = "R"
    OPTIONAL = "O"


@dataclass(frozen=True, kw_only=True)
class Option(Record):
    """A named option of a profile: what counts for an actor only when it is claimed.

    `means` says what it obliges to. `transactions` are optional ones of the actors that a claim of the option
    includes; `forms` are HL7 versions that it adds; `requirements` (ids, or patterns in which `*` stands for any text)
    hold for nobody else.
    """

    actors: tuple[ActorName, ...]
    means: str
    citation: Citation
    transactions: tuple[TransactionId, ...] = ()
    forms: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Profile(Record):
    """An IHE profile at a stated revision.

    `actors` maps each actor to the transactions it takes part in; `hl7_versions` are the forms of its messages;
    `options` are what its actors may claim besides, by name.
    """

    id: str
    title: str
    citation: Citation
    hl7_versions: tuple[str, ...]
    actors: Mapping[ActorName, Mapping[TransactionId, Need]] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)

    def transactions_of(self, actor: ActorName, options: Collection[str] = ()) -> tuple[TransactionId, ...]:
        """What a claim of the actor includes: what the profile requires of it, and what the claimed options add."""
        added = {
            transaction
            for name in options
            if name in self.options and actor in self.options[name].actors
            for transaction in self.options[name].transactions
        }
        return tuple(
            transaction
            for transaction, need in self.actors.get(actor, {}).items()
            if need is Need.REQUIRED or transaction in added
        )

    def forms_of(self, options: Collection[str] = ()) -> frozenset[str]:
        """The HL7 versions of a claim: the profile's, and those that the claimed options add."""
        added = {form for name in options if name in self.options for form in self.options[name].forms}
        return frozenset(self.hl7_versions) | added
