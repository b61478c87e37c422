"""The simulated department: our actors with their endpoints, and the world each of them sees.

It resolves who plays whom, applies deviations between actor and transport, and runs reactions in order on a thread of
each actor's own. It judges nothing.
"""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace

from pydicom.dataset import Dataset

from harness.actor import Actor, World, actor_classes
from harness.engine.deviations import DeviationBook, behaviour
from harness.engine.recording import TranscriptRecorder
from harness.errors import CannotAct, InputError, LinkError, PortInUse
from harness.hl7 import Message, acknowledgement
from harness.identifiers import Clock, Identifiers
from harness.model.deviation import Change, Deviation, Part
from harness.model.names import ActorName, LegId, TransactionId
from harness.model.plan import Assignment, StepRef
from harness.model.profile import Service
from harness.model.scenario import ProcedurePlan
from harness.model.system import Party
from harness.model.transcript import EventKind
from harness.profiles import Knowledge
from harness.profiles.recognition import recognise_dimse, recognise_hl7
from harness.transports.dimse import (
    Association,
    DimseEndpoint,
    DimseRequest,
    DimseResponse,
    associate,
)
from harness.transports.mllp import Hl7Request, MllpEndpoint, send
from harness.transports.recorder import LinkOwner

Leg = tuple[TransactionId, LegId]


class Department:
    """Our actors of one assignment. Use as a context manager: entering opens the endpoints."""

    def __init__(
        self,
        assignment: Assignment,
        *,
        knowledge: Knowledge,
        recorder: TranscriptRecorder,
        clock: Clock,
        seed: int,
        procedures: ProcedurePlan,
        deviations: Iterable[Deviation] = (),
    ) -> None:
        self.assignment = assignment
        self.knowledge = knowledge
        self.recorder = recorder
        self.clock = clock
        self.procedures = procedures
        self.identifiers = Identifiers(seed, f"department {assignment.id}")
        self.deviations = DeviationBook(deviations, Identifiers(seed, f"deviations {assignment.id}"))
        self.stopping = threading.Event()
        self._classes = actor_classes()
        self._rooms: dict[ActorName, _Room] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Department:
        try:
            for name in self.assignment.ours:
                if name in self._classes:
                    self._rooms[name] = self._stack.enter_context(_Room(self, self._classes[name]))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._stack.close()

    def deviate(self, deviations: Iterable[Deviation]) -> None:
        """Put deviations in force for everything that follows."""
        self.deviations.stand(deviations)

    def bind(self, assignment: Assignment) -> None:
        """Change who plays whom while the endpoints stay open."""
        self.assignment = assignment

    def actor(self, name: ActorName) -> Actor:
        """Our actor of that name; InputError when we do not play it."""
        if name not in self._rooms:
            raise InputError(f"no simulated {name} is part of this run")
        return self._rooms[name].actor

    def originates(self, name: ActorName) -> bool:
        """Whether an actor of that kind is given the facts of the case."""
        return name in self._classes and self._classes[name].originates

    def idle(self) -> bool:
        """Whether no reaction is waiting or running."""
        return all(room.idle for room in self._rooms.values())

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        """Whoever plays the actor in the transaction; CannotAct when nobody does."""
        player = self.assignment.player(actor, transaction)
        party = self.assignment.party(actor, player)
        if party is None:
            raise CannotAct(f"nobody plays {actor} in {transaction}")
        return party

    def peer_of(self, ae_title: str) -> ActorName | None:
        """The actor that calls itself so; None when unknown, or when several do."""
        actors = {party.actor for party in self.parties() if party.dimse and party.dimse.ae_title == ae_title}
        return actors.pop() if len(actors) == 1 else None

    def by_ae_title(self, ae_title: str) -> Party | None:
        """Whoever has that AE title."""
        return next((p for p in self.parties() if p.dimse and p.dimse.ae_title == ae_title), None)

    def opened(self, party: Party) -> None:
        """Note the port that one of our endpoints really got."""
        self.assignment = replace(self.assignment, ours={**self.assignment.ours, party.actor: party})

    def parties(self) -> tuple[Party, ...]:
        """Everybody: the systems under test and our own actors."""
        return (*self.assignment.theirs, *self.assignment.ours.values())


class _Room:
    """One actor with its endpoints, its world and its reaction thread."""

    def __init__(self, department: Department, actor_class: type[Actor]) -> None:
        self._department = department
        self._name = actor_class.name
        self._world = _ActorWorld(department, self)
        self.actor = actor_class(self._world)
        self._endpoints: list[MllpEndpoint | DimseEndpoint] = []
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=10_000)
        self._busy = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._react_in_order, name=f"{self._name} reactions", daemon=True)

    @property
    def party(self) -> Party:
        return self._department.assignment.ours[self._name]

    @property
    def idle(self) -> bool:
        with self._lock:
            return self._busy == 0

    def __enter__(self) -> _Room:
        self._thread.start()
        try:
            self._open_endpoints()
        except PortInUse as fault:
            self.__exit__()
            raise PortInUse(
                f"the simulated {self._name}: {fault}. End what uses the port, or give the actor another one under "
                "`department:` in the system file"
            ) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for endpoint in self._endpoints:
            endpoint.stop()
        self._work.put(None)
        self._thread.join(timeout=5.0)
        close = getattr(self.actor, "close", None)
        if close is not None:
            close()

    def react(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._busy += 1
        self._work.put(work)

    def _open_endpoints(self) -> None:
        department, party = self._department, self.party
        owner = LinkOwner(actor=self._name)
        if self.actor.speaks_hl7() and party.hl7 is not None:
            mllp = MllpEndpoint(
                owner, bind=party.bind, port=party.hl7.port, handler=self._hl7, recorder=department.recorder
            )
            party = replace(party, hl7=replace(party.hl7, port=mllp.start()))
            self._endpoints.append(mllp)
        if self.actor.speaks_dimse() and party.dimse is not None:
            dimse = DimseEndpoint(
                owner,
                ae_title=party.dimse.ae_title,
                bind=party.bind,
                port=party.dimse.port,
                supported=self.actor.supports,
                handler=self.actor,
                recorder=department.recorder,
                peer_of=department.peer_of,
                amend=self._amend_response,
            )
            party = replace(party, dimse=replace(party.dimse, port=dimse.start()))
            self._endpoints.append(dimse)
        department.opened(party)

    # answering

    def _hl7(self, request: Hl7Request) -> bytes | None:
        message = Message.parse(request.message)
        answer = self.actor.receive(message)
        if answer is None:
            return None
        book = self._department.deviations
        legs = tuple(
            (transaction.id, leg.id)
            for transaction, leg, _ in recognise_hl7(
                message.type,
                message.version,
                message.first("ORC-1"),
                None,
                self._name,
                self._department.knowledge.transactions.values(),
            )
        )
        applying = book.meeting(self._name, legs, Part.RESPONSE, message.first("PID-3.1"))
        if behaviour(applying, Change.SILENCE) or behaviour(applying, Change.NEVER):
            return None
        self._department_wait(applying)
        wrong = behaviour(applying, Change.WRONG_ANSWER)
        if wrong is not None:
            applying = (*applying, replace(wrong, change=Change.SET, path="MSA-1"))
        return book.amend_message(answer, applying)

    def _amend_response(self, request: DimseRequest, response: DimseResponse) -> Sequence[DimseResponse]:
        book = self._department.deviations
        legs = tuple(
            (transaction.id, leg.id)
            for transaction, leg in recognise_dimse(
                request.service,
                request.sop_class,
                None,
                self._name,
                self._department.knowledge.transactions.values(),
            )
        )
        applying = book.meeting(self._name, legs, Part.RESPONSE, str(request.link))
        if not applying:
            return (response,)
        if behaviour(applying, Change.SILENCE) or behaviour(applying, Change.NEVER):
            return ()
        self._department_wait(applying)
        wrong = behaviour(applying, Change.WRONG_ANSWER)
        if wrong is not None:
            response = replace(response, status=int(wrong.value, 16))
        if response.dataset is not None:
            response = replace(response, dataset=book.amend_dataset(response.dataset, applying))
        return (response, response) if behaviour(applying, Change.TWICE) else (response,)

    def _department_wait(self, applying: Iterable[Deviation]) -> None:
        late = behaviour(applying, Change.LATE)
        if late is not None:
            self._department.stopping.wait(late.seconds)

    # reacting

    def _react_in_order(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except (LinkError, CannotAct) as error:
                kind = EventKind.CANNOT_ACT if isinstance(error, CannotAct) else EventKind.LINK_LOST
                self._tell(kind, str(error))
            except Exception:
                self._tell(EventKind.INTERNAL_ERROR, traceback.format_exc(limit=20))
            finally:
                with self._lock:
                    self._busy -= 1
                self._department.recorder.touch()

    def _tell(self, kind: EventKind, text: str) -> None:
        if not self._department.stopping.is_set():
            self._department.recorder.happened(kind, text, owner=LinkOwner(actor=self._name))


class _ActorWorld(World):
    """What one actor sees of the department."""

    def __init__(self, department: Department, room: _Room) -> None:
        self._department = department
        self._room = room

    @property
    def clock(self) -> Clock:
        return self._department.clock

    @property
    def identifiers(self) -> Identifiers:
        return self._department.identifiers

    @property
    def procedures(self) -> ProcedurePlan:
        return self._department.procedures

    @property
    def me(self) -> Party:
        return self._room.party

    def knows(self, actor: ActorName) -> bool:
        return any(party.actor == actor for party in self._department.parties())

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        return self._department.party(actor, transaction)

    def by_ae_title(self, ae_title: str) -> Party | None:
        return self._department.by_ae_title(ae_title)

    def decide(self, decision: str, answer: bool) -> bool:
        return self._department.deviations.decide(self.me.actor, decision, answer)

    def react(self, work: Callable[[], None]) -> None:
        self._room.react(work)

    def send(self, transaction: TransactionId, to: ActorName, message: bytes, cause: StepRef | None = None) -> Message:
        department = self._department
        party = department.party(to, transaction)
        if party.hl7 is None:
            raise CannotAct(f"{party.player} has no HL7 address for {to}")
        book = department.deviations
        thread = Message.parse(message).first("PID-3.1") or str(cause or "")
        applying = book.meeting(self.me.actor, self._legs(transaction, to), Part.REQUEST, thread)
        if behaviour(applying, Change.NEVER):
            return self._believed(message)
        late = behaviour(applying, Change.LATE)
        if late is not None:
            department.stopping.wait(late.seconds)
        answer = send(
            party.hl7,
            book.amend_message(message, applying),
            owner=LinkOwner(actor=self.me.actor, peer_actor=to, cause=cause),
            recorder=department.recorder,
            timeout=department.assignment.times.answer,
            copies=2 if behaviour(applying, Change.TWICE) else 1,
        )
        return Message.parse(answer)

    def _believed(self, message: bytes) -> Message:
        """The answer to a message that a deviation withholds: its sender believes that it was taken."""
        answer = acknowledgement(
            Message.parse(message), "AA", control_id=self.identifiers.number("W", 10), now=self.clock.now()
        )
        return Message.parse(answer)

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
        return self._associate(transaction, to, tuple(sop_classes), cause, tuple(transfer_syntaxes), tuple(as_scp))

    @contextmanager
    def _associate(
        self,
        transaction: TransactionId,
        to: ActorName,
        sop_classes: tuple[str, ...],
        cause: StepRef | None,
        transfer_syntaxes: tuple[str, ...],
        as_scp: tuple[str, ...],
    ) -> Iterator[Association]:
        department, me = self._department, self.me
        party = department.party(to, transaction)
        if party.dimse is None or me.dimse is None:
            raise CannotAct(f"{party.player} has no DICOM address for {to}")
        legs = self._legs(transaction, to)

        def amend(service: Service, dataset: Dataset) -> Sequence[Dataset]:
            thread = str(dataset.get("PatientID", "") or cause or "")
            applying = department.deviations.meeting(me.actor, legs, Part.REQUEST, thread)
            if behaviour(applying, Change.NEVER):
                return ()
            late = behaviour(applying, Change.LATE)
            if late is not None:
                department.stopping.wait(late.seconds)
            amended = department.deviations.amend_dataset(dataset, applying)
            return (amended, amended) if behaviour(applying, Change.TWICE) else (amended,)

        with associate(
            party.dimse,
            calling_ae=me.dimse.ae_title,
            sop_classes=sop_classes,
            owner=LinkOwner(actor=me.actor, peer_actor=to, cause=cause),
            recorder=department.recorder,
            timeout=department.assignment.times.answer,
            transfer_syntaxes=transfer_syntaxes,
            as_scp=as_scp,
            amend=amend if department.deviations.concern(me.actor) else None,
        ) as association:
            yield association

    def _legs(self, transaction: TransactionId, to: ActorName) -> tuple[Leg, ...]:
        return tuple(
            (transaction, leg.id)
            for leg in self._department.knowledge.transactions[transaction].legs
            if (leg.initiator, leg.responder) == (self.me.actor, to)
        )
