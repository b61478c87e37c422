"""What one simulated actor may use of the world. Deviations are applied here, between the actor and its transports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from pydicom.dataset import Dataset

from harness.actor import World
from harness.engine.characters import fit_dataset, fit_message
from harness.engine.deviations import behaviour
from harness.engine.keys import Key, dataset_keys, message_keys, stated_keys
from harness.engine.premises import Premises
from harness.errors import CannotAct
from harness.hl7 import Message, acknowledgement
from harness.identifiers import Clock, Identifiers
from harness.model.deviation import TLS_CHANGES, Change, Part
from harness.model.names import ActorName, LegId, PlayId, TransactionId
from harness.model.plan import StepRef
from harness.model.profile import Leg as ProfileLeg
from harness.model.profile import Service
from harness.model.scenario import ProcedurePlan
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.model.tls import Laxity, TlsMode
from harness.transports.dimse import Association, Occasion, associate, misused
from harness.transports.mllp import send, send_badly_secured, send_unterminated
from harness.transports.recorder import LinkOwner

Leg = tuple[TransactionId, LegId]


class ActorWorld(World):
    """What one actor sees of the premises."""

    def __init__(self, premises: Premises, name: ActorName, react: Callable[[Callable[[], None]], None]) -> None:
        self._premises = premises
        self._name = name
        self._react = react

    @property
    def clock(self) -> Clock:
        """The run's clock, which stands still while the actor works on something."""
        return self._premises.moments

    @property
    def identifiers(self) -> Identifiers:
        """The actor's source of identifiers in the play that it works for; a seed repeats them, whatever else runs."""
        here = self._premises.belonging.here
        attempt = f" {number}" if here is not None and (number := self._premises.attempts.get(here)) else ""
        return self._premises.identifiers.stream(f"{self._name} {here or ''}{attempt}")

    @property
    def procedures(self) -> ProcedurePlan:
        """Which procedures and steps an ordered service becomes."""
        return self._premises.procedures

    @property
    def me(self) -> Party:
        """The actor's own addresses."""
        return self._premises.assignment.ours[self._name]

    def knows(self, actor: ActorName) -> bool:
        """Whether anybody plays that actor here; what else a system could play is no part of it."""
        assignment = self._premises.assignment
        return actor in assignment.ours or actor in assignment.serves

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        """Addresses of whoever plays the actor in the transaction."""
        return self._premises.party(actor, transaction)

    def version(self, transaction: TransactionId, to: ActorName, form: str, cause: StepRef | None = None) -> str:
        """The HL7 version that is spoken with whoever plays the actor in the transaction."""
        return self._premises.version(transaction, self._name, to, form, self._play(cause))

    def by_ae_title(self, ae_title: str) -> Party | None:
        """Who has that AE title."""
        return self._premises.by_ae_title(ae_title)

    def decide(self, decision: str, answer: bool) -> bool:
        """The actor's own decision, or what a deviation makes of it."""
        premises = self._premises
        return premises.deviations.decide(self.me.actor, decision, answer, premises.belonging.here)

    def react(self, work: Callable[[], None]) -> None:
        """Do something after the answer that is being given."""
        self._react(self._premises.moments.bound(work))

    def send(self, transaction: TransactionId, to: ActorName, message: bytes, cause: StepRef | None = None) -> Message:
        """Send an HL7 message with the deviations in force, and return the answer."""
        premises = self._premises
        party = premises.party(to, transaction)
        if party.hl7 is None:
            raise CannotAct(f"{party.player} has no HL7 address for {to}")
        message = fit_message(message, premises.assignment.character_sets.hl7)
        book = premises.deviations
        play = self._play(cause)
        parsed = Message.parse(message)
        self._learn(play, message_keys(parsed))
        thread = "" if play else parsed.first("PID-3.1") or str(cause or "")
        applying = book.meeting(self.me.actor, self._legs(transaction, to), Part.REQUEST, thread, play)
        misuse = book.misuse(self.me.actor, self._legs(transaction, to), thread, play)
        timeout = premises.assignment.times.of(transaction).answer
        if misuse is not None:
            self._misuse_hl7(misuse.change, party.hl7, message, to, cause, timeout)
        if behaviour(applying, Change.NEVER):
            return self._believed(message)
        late = behaviour(applying, Change.LATE)
        if late is not None:
            premises.stopping.wait(late.seconds)
        premises.take_time()
        message = book.amend_message(message, applying)
        copies = premises.copies(cause) + (1 if behaviour(applying, Change.TWICE) else 0)
        wire = premises.rebuilding
        recorded = wire.hl7(self.me.actor, to, cause, message, copies) if wire is not None else None
        answer = recorded or send(
            party.hl7,
            message,
            owner=LinkOwner(actor=self.me.actor, peer_actor=to, cause=cause),
            recorder=premises.recorder,
            timeout=timeout,
            copies=copies,
            lax=self._lax(party.hl7),
        )
        return Message.parse(answer)

    def _misuse_hl7(
        self, change: Change, address: Hl7Address, message: bytes, to: ActorName, cause: StepRef | None, timeout: float
    ) -> None:
        """What a deviation does to the peer before the message is sent properly."""
        owner = LinkOwner(actor=self.me.actor, peer_actor=to, cause=cause)
        recorder = self._premises.recorder
        if change not in TLS_CHANGES:
            send_unterminated(address, message, owner=owner, recorder=recorder)
        elif address.tls is not TlsMode.NONE:
            send_badly_secured(address, message, change, owner=owner, recorder=recorder, timeout=timeout)

    def _lax(self, address: Hl7Address | DimseAddress) -> frozenset[Laxity]:
        """What the actor lets pass of whom it calls, although it should not."""
        if address.tls is TlsMode.NONE:
            return frozenset()
        return frozenset(one for one in Laxity if not self.decide(one.value, True))

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
        """Open an association on which the deviations in force apply."""
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
        premises, me = self._premises, self.me
        party = premises.party(to, transaction)
        if party.dimse is None or me.dimse is None:
            raise CannotAct(f"{party.player} has no DICOM address for {to}")
        premises.take_time()
        legs = self._legs(transaction, to)
        play = self._play(cause)
        sets = premises.assignment.character_sets.dicom
        storing = any(leg.dimse is not None and leg.dimse.service is Service.C_STORE for leg in self._told(transaction))

        def amend(service: Service, dataset: Dataset) -> Sequence[Dataset]:
            thread = "" if play else str(dataset.get("PatientID", "") or cause or "")
            self._learn(play, stated_keys(service, dataset_keys(dataset)))
            dataset = fit_dataset(dataset, sets)
            return premises.deviations.in_place_of(me.actor, legs, dataset, thread, premises.stopping, play)

        owner = LinkOwner(actor=me.actor, peer_actor=to if to in premises.actors else None, cause=cause)
        timeout = premises.assignment.times.of(transaction).answer
        amending = amend if not storing or sets or premises.deviations.concern(me.actor) else None
        recorded = premises.rebuilding.association(me.actor, to, cause) if premises.rebuilding is not None else None
        if recorded is not None:
            with recorded.as_requestor(timeout, amending) as again:
                yield again
            return
        with (
            self._misuse(legs, party.dimse, sop_classes, owner, timeout),
            associate(
                party.dimse,
                calling_ae=me.dimse.ae_title,
                sop_classes=sop_classes,
                owner=owner,
                recorder=premises.recorder,
                timeout=timeout,
                transfer_syntaxes=transfer_syntaxes,
                as_scp=as_scp,
                amend=amending,
                lax=self._lax(party.dimse),
            ) as association,
        ):
            yield association

    def _misuse(
        self,
        legs: tuple[Leg, ...],
        address: DimseAddress,
        sop_classes: tuple[str, ...],
        owner: LinkOwner,
        timeout: float,
    ) -> AbstractContextManager[None]:
        """What a deviation does to the peer before the association is requested properly."""
        premises, me = self._premises, self.me
        misuse = premises.deviations.misuse(me.actor, legs, str(owner.cause or ""), self._play(owner.cause))
        if misuse is None or not sop_classes or me.dimse is None:
            return nullcontext()
        if misuse.change in TLS_CHANGES and address.tls is TlsMode.NONE:
            return nullcontext()
        transaction, leg_id = legs[0]
        leg = next(leg for leg in premises.knowledge.transactions[transaction].legs if leg.id == leg_id)
        occasion = Occasion(
            address=address,
            calling_ae=me.dimse.ae_title,
            sop_class=sop_classes[0],
            service=leg.dimse.service if leg.dimse is not None else Service.C_ECHO,
            unknown=self.identifiers.uid(),
            owner=owner,
            recorder=premises.recorder,
            patience=timeout,
        )
        return misused(misuse.change, occasion)

    def _play(self, cause: StepRef | None) -> PlayId | None:
        """The play that something is done for."""
        return cause.play if cause is not None else self._premises.belonging.here

    def _learn(self, play: PlayId | None, keys: Iterable[Key]) -> None:
        if play is not None:
            self._premises.belonging.learn(play, keys)

    def _told(self, transaction: TransactionId) -> Iterable[ProfileLeg]:
        return self._premises.knowledge.transactions[transaction].legs

    def _legs(self, transaction: TransactionId, to: ActorName) -> tuple[Leg, ...]:
        return tuple(
            (transaction, leg.id)
            for leg in self._premises.knowledge.transactions[transaction].legs
            if (leg.initiator, leg.responder) == (self.me.actor, to)
        )
