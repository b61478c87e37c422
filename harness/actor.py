"""The contract between the machine and an IHE actor.

An actor is told to act (`performs`), answers what arrives (`receives` for HL7, the DIMSE methods), and reaches others
only through its `World`. It keeps its own state and learns identifiers from the wire alone. It never judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from harness.errors import CannotAct
from harness.hl7 import AckError, Message, acknowledgement, unreadable
from harness.identifiers import Clock, Identifiers
from harness.model.names import ActorName, TransactionId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.scenario import Case, PersonName, ProcedurePlan, Step
from harness.model.system import Party
from harness.transports.dimse import Association, DimseHandler, SupportedClass

__all__ = [
    "Action",
    "Actor",
    "Bedside",
    "CannotAct",
    "Errand",
    "World",
    "actor_classes",
    "feeds",
    "performs",
    "receives",
    "register",
]


@dataclass(frozen=True, kw_only=True)
class Bedside:
    """What a person beside the patient knows: name and ID of the patient, and the service that was ordered.

    `prior_id` and `prior_authority`: the ID that the patient had before, where the step names one.
    """

    name: PersonName
    patient_id: str
    authority: str
    service: str
    prior_id: str = ""
    prior_authority: str = ""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that a step asks of an actor.

    `form` is the HL7 version of the play; `World.version` says whether a link speaks another. `case` is given to actors
    that originate its facts, and to nobody else. `cause` is None where no scenario asks: in a long-running simulation.
    """

    cause: StepRef | None
    step: Step
    form: str
    bedside: Bedside
    case: Case | None = None


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What an actor asks of another beside the legs of a step of its own: whoever reports looks the images up first.

    `step` is the transaction of the step; `to` is asked in `transaction` for one of the SOP classes.
    """

    step: TransactionId
    transaction: TransactionId
    to: ActorName
    service: Service
    sop_classes: tuple[str, ...]


class World(Protocol):
    """What an actor may use of the world around it. Deviations are applied behind it."""

    @property
    def clock(self) -> Clock:
        """The run's clock."""

    @property
    def identifiers(self) -> Identifiers:
        """The run's source of identifiers."""

    @property
    def procedures(self) -> ProcedurePlan:
        """Which procedures and steps an ordered service becomes."""

    @property
    def me(self) -> Party:
        """The actor's own addresses."""

    def knows(self, actor: ActorName) -> bool:
        """Whether anybody plays that actor."""

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        """Addresses of whoever plays the actor in the transaction; CannotAct when nobody does."""

    def version(self, transaction: TransactionId, to: ActorName, form: str, cause: StepRef | None = None) -> str:
        """The HL7 version to speak with whoever plays the actor in the transaction: `form`, unless its link has
        another."""

    def send(self, transaction: TransactionId, to: ActorName, message: bytes, cause: StepRef | None = None) -> Message:
        """Send an HL7 message and return the answer; LinkError when there is none."""

    def associate(
        self,
        transaction: TransactionId,
        to: ActorName,
        sop_classes: Iterable[str],
        cause: StepRef | None = None,
        *,
        transfer_syntaxes: Iterable[str] = (),
        as_scp: Iterable[str] = (),
    ) -> AbstractContextManager[Association]:
        """Open an association; LinkError when it is not to be had. `as_scp`: classes proposed with the SCP role."""

    def by_ae_title(self, ae_title: str) -> Party | None:
        """Who has that AE title (a C-MOVE destination, the requester of a commitment); None when nobody."""

    def decide(self, decision: str, answer: bool) -> bool:
        """The actor's own decision, or what a deviation makes of it."""

    def react(self, work: Callable[[], None]) -> None:
        """Do something after the answer that is being given, on another thread: in order for each play."""


Performer = Callable[["Actor", Action], None]
Receiver = Callable[["Actor", Message], bytes | None]
Feeder = Callable[["Actor", Action, Path], None]
_F = TypeVar("_F", bound=Callable[..., object])


def performs(*transactions: str) -> Callable[[_F], _F]:
    """Mark a method `(self, action)` as the way the actor initiates these transactions."""
    return _mark("_performs", transactions)


def receives(*messages: str) -> Callable[[_F], _F]:
    """Mark a method `(self, message) -> bytes | None` as the receiver of these HL7 messages (`ADT^A04`)."""
    return _mark("_receives", messages)


def feeds(*transactions: str) -> Callable[[_F], _F]:
    """Mark a method `(self, action, folder)` that writes as files what a product needs to act or answer instead."""
    return _mark("_feeds", transactions)


def _mark(name: str, keys: tuple[str, ...]) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        setattr(method, name, keys)
        return method

    return mark


class Actor(DimseHandler):
    """Base of every simulated actor.

    `supports`: SOP classes accepted as SCP (and roles for commitment reports). `originates`: whether the actor is
    given the case's facts; `errands`: what it asks of others beside the legs of its steps. DIMSE methods that an actor
    does not override answer "SOP class not supported".
    """

    name: ClassVar[ActorName]
    supports: ClassVar[tuple[SupportedClass, ...]] = ()
    originates: ClassVar[bool] = False
    errands: ClassVar[tuple[Errand, ...]] = ()
    _performers: ClassVar[Mapping[str, str]] = {}
    _receivers: ClassVar[Mapping[str, str]] = {}
    _feeders: ClassVar[Mapping[str, str]] = {}

    def __init__(self, world: World) -> None:
        self.world = world

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._performers = _marked(cls, "_performs")
        cls._receivers = _marked(cls, "_receives")
        cls._feeders = _marked(cls, "_feeds")

    @classmethod
    def speaks_hl7(cls) -> bool:
        """Whether the actor needs an MLLP listener."""
        return bool(cls._receivers)

    @classmethod
    def speaks_dimse(cls) -> bool:
        """Whether the actor needs a DIMSE listener."""
        return bool(cls.supports)

    def perform(self, action: Action) -> None:
        """Act as a step asks; CannotAct when the actor lacks something, LinkError when a link fails."""
        method = self._performers.get(action.step.transaction)
        if method is None:
            raise CannotAct(f"the simulated {self.name} does not initiate {action.step.transaction}")
        getattr(self, method)(action)

    def receive(self, message: Message) -> bytes | None:
        """Answer an HL7 message; None means no answer at all. What nobody could read is rejected."""
        fault = unreadable(message)
        if fault is not None:
            return self._reject(message, fault)
        method = self._receivers.get(message.type)
        if method is None:
            return self.refuse_unknown(message)
        answer: bytes | None = getattr(self, method)(message)
        return answer

    def refuse_unknown(self, message: Message) -> bytes:
        """The answer to a message type or event that the actor does not take: AR (HL7 table 0008)."""
        return self._reject(message, AckError("MSH^1^9", "200", f"{self.name} does not take {message.type}"))

    def _reject(self, message: Message, fault: AckError) -> bytes:
        return acknowledgement(
            message,
            "AR",
            control_id=self.world.identifiers.number("AR", 10),
            now=self.world.clock.now(),
            error=fault,
        )

    @classmethod
    def feeds_for(cls) -> frozenset[str]:
        """The transactions for which the actor can feed a product."""
        return frozenset(cls._feeders)

    def feed(self, action: Action, folder: Path) -> None:
        """Write into `folder` what a product needs to play the step's transaction in our place."""
        method = self._feeders.get(action.step.transaction)
        if method is None:
            raise CannotAct(f"the simulated {self.name} has nothing to feed for {action.step.transaction}")
        getattr(self, method)(action, folder)


def _marked(cls: type[Actor], mark: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in dir(cls):
        for key in getattr(getattr(cls, name, None), mark, ()):
            found[key] = name
    return found


_REGISTRY: dict[ActorName, type[Actor]] = {}


def register(cls: type[Actor]) -> type[Actor]:
    """Class decorator: make a module's actor known under its name."""
    if cls.name in _REGISTRY:
        raise ValueError(f"two actors are called {cls.name}")
    _REGISTRY[cls.name] = cls
    return cls


def actor_classes() -> Mapping[ActorName, type[Actor]]:
    """Every registered actor by name."""
    return dict(_REGISTRY)
