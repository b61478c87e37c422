"""One simulated actor at work: its endpoints, its answers with the deviations in force, and its reactions."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from harness.actor import Actor
from harness.engine.characters import fit_dataset, fit_message
from harness.engine.deviations import behaviour
from harness.engine.keys import command_keys, dataset_keys, message_keys, stated_keys
from harness.engine.premises import Premises
from harness.engine.reactions import Reactions
from harness.engine.rebuilding import RecordedWire
from harness.engine.world import ActorWorld
from harness.errors import PortInUse
from harness.hl7 import Message
from harness.model.deviation import Change, Deviation, Part
from harness.model.names import ActorName, PlayId
from harness.model.profile import LinkKind, Service
from harness.model.system import Party
from harness.model.tls import Laxity, TlsFiles
from harness.model.transcript import EventKind, Exchange
from harness.profiles.recognition import recognise_dimse, recognise_hl7
from harness.transports.dimse import DimseEndpoint, DimseRequest, DimseResponse, SupportedClass
from harness.transports.mllp import Hl7Request, MllpEndpoint
from harness.transports.recorder import LinkOwner
from harness.transports.tls import Conduct, lacking, tell_impossible

VERIFICATION = SupportedClass("Verification")
"""Whoever accepts associations answers a verification (PS3.4 A.4)."""


class Room:
    """One actor with its endpoints, its world and its reactions."""

    def __init__(self, premises: Premises, actor_class: type[Actor]) -> None:
        self._premises = premises
        self._name = actor_class.name
        self._world = ActorWorld(premises, self._name, self.react)
        self.actor = actor_class(self._world)
        self._endpoints: list[MllpEndpoint | DimseEndpoint] = []
        self._reactions = Reactions(premises.belonging, self._name, self._tell, premises.recorder.touch)

    @property
    def party(self) -> Party:
        """The actor's own addresses."""
        return self._premises.assignment.ours[self._name]

    def idle(self, play: PlayId | None) -> bool:
        """Whether no reaction of the play is waiting or running, nor one of which nobody knows whose it is."""
        return self._reactions.idle(play)

    def __enter__(self) -> Room:
        try:
            self._open_endpoints()
        except PortInUse as fault:
            self.__exit__()
            raise PortInUse(f"the simulated {self._name}: {fault}. {self._advice(fault)}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for endpoint in self._endpoints:
            endpoint.stop()
        self._reactions.stop(5.0)
        close = getattr(self.actor, "close", None)
        if close is not None:
            close()

    def discard(self) -> None:
        """End without ever having opened."""
        self.__exit__()

    def begin_anew(self) -> None:
        """End the connections that callers keep open, so that they have to look again whom they call."""
        for endpoint in self._endpoints:
            if isinstance(endpoint, MllpEndpoint):
                endpoint.begin_anew()

    def react(self, work: Callable[[], None]) -> None:
        """Do something later, on another thread, after what the play that is worked for has waiting already."""
        self._reactions.add(work)

    def _advice(self, fault: PortInUse) -> str:
        """What to do about a listener that could not be opened, by the operating system's reason."""
        reason, key = getattr(fault.__cause__, "errno", None), f"`department: {self._name}:` in the system file"
        if reason == errno.EACCES:
            return f"Ports below 1024 need a right of their own; give the actor another one under {key}"
        if reason not in (None, errno.EADDRINUSE):
            return f"`bind` under {key} has to be an address of this machine; 0.0.0.0 or :: listens on all of them"
        others = (party.actor for party in self._premises.assignment.ours.values() if party.actor != self._name)
        same = [actor for actor in others if self._ports(actor) & self._ports(self._name)]
        if same:
            return f"That is the port of {', '.join(same)}, too; give one of them another one under `department:`"
        return f"End what uses the port, or give the actor another one under {key}"

    def _ports(self, actor: ActorName) -> set[int]:
        party = self._premises.assignment.ours[actor]
        return {address.port for address in (party.dimse, party.hl7) if address is not None and address.port}

    def _open_endpoints(self) -> None:
        premises, party = self._premises, self.party
        owner = LinkOwner(actor=self._name)
        if self.actor.speaks_hl7() and party.hl7 is not None:
            mllp = MllpEndpoint(
                owner,
                bind=party.bind,
                port=party.hl7.port,
                handler=self._hl7,
                recorder=premises.recorder,
                tls=party.hl7.tls,
                tls_files=party.hl7.tls_files,
                conduct=lambda files=party.hl7.tls_files: self._conduct(files),  # type: ignore[misc]
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
                attend=self._attend,
                tls=party.dimse.tls,
                tls_files=party.dimse.tls_files,
                conduct=lambda files=party.dimse.tls_files: self._conduct(files),  # type: ignore[misc]
            )
            party = replace(party, dimse=replace(party.dimse, port=dimse.start()))
            self._endpoints.append(dimse)
        premises.opened(party)

    def _conduct(self, files: TlsFiles | None) -> Conduct:
        """How the actor's listeners behave at TLS towards whoever calls now."""
        book, here = self._premises.deviations, self._premises.belonging.here
        lax = frozenset(one for one in Laxity if not book.decide(self._name, one.value, True, here))
        shown = book.shown_by(self._name)
        if shown is None or files is None:
            return Conduct(lax=lax)
        change, step = shown
        why = lacking(files, change)
        if why:
            owner = LinkOwner(actor=self._name)
            tell_impossible(change, step, why, owner=owner, recorder=self._premises.recorder)
            return Conduct(lax=lax)
        return Conduct(lax=lax, shown=change, cause=step)

    # answering

    def _hl7(self, request: Hl7Request) -> bytes | None:
        message = Message.parse(request.message)
        keys = message_keys(message)
        self._premises.attend(request.link, request.exchange, keys, keys)
        self._premises.take_time()
        answer = self.actor.receive(message)
        if answer is None:
            return None
        answer = fit_message(answer, self._premises.assignment.character_sets.hl7)
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
        play = self._premises.belonging.here
        thread = "" if play else message.first("PID-3.1")
        applying = book.meeting(self._name, legs, Part.RESPONSE, thread, play)
        if behaviour(applying, Change.SILENCE) or behaviour(applying, Change.NEVER):
            return None
        self._delay(applying)
        wrong = behaviour(applying, Change.WRONG_ANSWER)
        if wrong is not None:
            applying = (*applying, replace(wrong, change=Change.SET, path="MSA-1"))
        return book.amend_message(answer, applying)

    def take_again(self, exchange: Exchange, wire: RecordedWire) -> None:
        """Be handed a recorded request once more; what the actor answers goes nowhere."""
        if exchange.link.kind is LinkKind.MLLP:
            message = wire.content(exchange.request)
            self._hl7(Hl7Request(message=message, link=exchange.link.id, exchange=exchange.id, peer=exchange.link.peer))
            return
        wire.recorded(exchange.link).serve(
            exchange,
            self.actor,
            timeout=self._premises.assignment.times.answer,
            amend=self._amend_response,
            amend_requests=self._amend_requests,
            attend=self._attend,
        )

    def _attend(self, request: DimseRequest) -> None:
        keys = command_keys(request.service, request.sop_instance) | dataset_keys(request.dataset)
        self._premises.attend(request.link, request.exchange, keys, stated_keys(request.service, keys))
        self._premises.take_time()

    def _amend_response(self, request: DimseRequest, response: DimseResponse) -> Sequence[DimseResponse]:
        book = self._premises.deviations
        if response.dataset is not None:
            fit_dataset(response.dataset, self._premises.assignment.character_sets.dicom)
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
        applying = book.meeting(self._name, legs, Part.RESPONSE, str(request.link), self._premises.belonging.here)
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
            play = premises.belonging.here
            thread = "" if play else str(dataset.get("PatientID", "") or dataset.get("TransactionUID", ""))
            return premises.deviations.in_place_of(self._name, legs, dataset, thread, premises.stopping, play)

        return amend

    def _tell(self, kind: EventKind, text: str) -> None:
        wire = self._premises.rebuilding
        if wire is not None and not wire.live:
            if kind is EventKind.INTERNAL_ERROR:
                wire.fail(text.strip().splitlines()[-1])
            return
        if not self._premises.stopping.is_set():
            self._premises.recorder.happened(kind, text, owner=LinkOwner(actor=self._name))
