"""One simulated actor at work: its endpoints, its answers with the deviations in force, and its reaction thread."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from harness.actor import Actor
from harness.engine.deviations import behaviour
from harness.engine.premises import Premises
from harness.engine.world import ActorWorld
from harness.errors import CannotAct, LinkError, PortInUse
from harness.hl7 import Message
from harness.model.deviation import Change, Deviation, Part
from harness.model.profile import Service
from harness.model.system import Party
from harness.model.transcript import EventKind
from harness.profiles.recognition import recognise_dimse, recognise_hl7
from harness.transports.dimse import DimseEndpoint, DimseRequest, DimseResponse, SupportedClass
from harness.transports.mllp import Hl7Request, MllpEndpoint
from harness.transports.recorder import LinkOwner

VERIFICATION = SupportedClass("Verification")
"""Whoever accepts associations answers a verification (PS3.4 A.4)."""


class Room:
    """One actor with its endpoints, its world and its reaction thread."""

    def __init__(self, premises: Premises, actor_class: type[Actor]) -> None:
        self._premises = premises
        self._name = actor_class.name
        self._world = ActorWorld(premises, self._name, self.react)
        self.actor = actor_class(self._world)
        self._endpoints: list[MllpEndpoint | DimseEndpoint] = []
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=10_000)
        self._busy = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._react_in_order, name=f"{self._name} reactions", daemon=True)

    @property
    def party(self) -> Party:
        """The actor's own addresses."""
        return self._premises.assignment.ours[self._name]

    @property
    def idle(self) -> bool:
        """Whether no reaction is waiting or running."""
        with self._lock:
            return self._busy == 0

    def __enter__(self) -> Room:
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
        """Do something later, in order, on the actor's own thread."""
        with self._lock:
            self._busy += 1
        self._work.put(work)

    def _open_endpoints(self) -> None:
        premises, party = self._premises, self.party
        owner = LinkOwner(actor=self._name)
        if self.actor.speaks_hl7() and party.hl7 is not None:
            mllp = MllpEndpoint(
                owner, bind=party.bind, port=party.hl7.port, handler=self._hl7, recorder=premises.recorder
            )
            party = replace(party, hl7=replace(party.hl7, port=mllp.start()))
            self._endpoints.append(mllp)
        if self.actor.speaks_dimse() and party.dimse is not None:
            dimse = DimseEndpoint(
                owner,
                ae_title=party.dimse.ae_title,
                bind=party.bind,
                port=party.dimse.port,
                supported=(*self.actor.supports, VERIFICATION),
                handler=self.actor,
                recorder=premises.recorder,
                peer_of=premises.peer_of,
                amend=self._amend_response,
                amend_requests=self._amend_requests,
            )
            party = replace(party, dimse=replace(party.dimse, port=dimse.start()))
            self._endpoints.append(dimse)
        premises.opened(party)

    # answering

    def _hl7(self, request: Hl7Request) -> bytes | None:
        message = Message.parse(request.message)
        answer = self.actor.receive(message)
        if answer is None:
            return None
        book = self._premises.deviations
        legs = tuple(
            (transaction.id, leg.id)
            for transaction, leg, _ in recognise_hl7(
                message.type,
                message.version,
                message.first("ORC-1"),
                None,
                self._name,
                self._premises.knowledge.transactions.values(),
            )
        )
        applying = book.meeting(self._name, legs, Part.RESPONSE, message.first("PID-3.1"))
        if behaviour(applying, Change.SILENCE) or behaviour(applying, Change.NEVER):
            return None
        self._delay(applying)
        wrong = behaviour(applying, Change.WRONG_ANSWER)
        if wrong is not None:
            applying = (*applying, replace(wrong, change=Change.SET, path="MSA-1"))
        return book.amend_message(answer, applying)

    def _amend_response(self, request: DimseRequest, response: DimseResponse) -> Sequence[DimseResponse]:
        book = self._premises.deviations
        legs = tuple(
            (transaction.id, leg.id)
            for transaction, leg in recognise_dimse(
                request.service,
                request.sop_class,
                None,
                self._name,
                self._premises.knowledge.transactions.values(),
            )
        )
        applying = book.meeting(self._name, legs, Part.RESPONSE, str(request.link))
        if not applying:
            return (response,)
        if behaviour(applying, Change.SILENCE) or behaviour(applying, Change.NEVER):
            return ()
        self._delay(applying)
        wrong = behaviour(applying, Change.WRONG_ANSWER)
        if wrong is not None:
            response = replace(response, status=int(wrong.value, 16))
        if response.dataset is not None:
            response = replace(response, dataset=book.amend_dataset(response.dataset, applying))
        return (response, response) if behaviour(applying, Change.TWICE) else (response,)

    def _delay(self, applying: Iterable[Deviation]) -> None:
        late = behaviour(applying, Change.LATE)
        if late is not None:
            self._premises.stopping.wait(late.seconds)

    def _amend_requests(self) -> Callable[[Service, Dataset], Sequence[Dataset]] | None:
        """For what the actor asks on associations that others opened: event reports, and the stores of a retrieve."""
        premises = self._premises
        if not premises.deviations.concern(self._name):
            return None

        def amend(service: Service, dataset: Dataset) -> Sequence[Dataset]:
            legs = tuple(
                (transaction.id, leg.id)
                for transaction in premises.knowledge.transactions.values()
                for leg in transaction.legs
                if leg.initiator == self._name and leg.dimse is not None and leg.dimse.service is service
            )
            thread = str(dataset.get("PatientID", "") or dataset.get("TransactionUID", ""))
            return premises.deviations.in_place_of(self._name, legs, dataset, thread, premises.stopping)

        return amend

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
                self._premises.recorder.touch()

    def _tell(self, kind: EventKind, text: str) -> None:
        if not self._premises.stopping.is_set():
            self._premises.recorder.happened(kind, text, owner=LinkOwner(actor=self._name))
