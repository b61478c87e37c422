"""What the rooms of a department share: who plays whom, where everybody is, the record, and the deviations in force."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count

from harness.engine.belonging import Belonging, patients_of
from harness.engine.deviations import DeviationBook
from harness.engine.keys import Key
from harness.engine.legs import ends
from harness.engine.moments import Moments
from harness.engine.rebuilding import RecordedWire
from harness.engine.recording import TranscriptRecorder
from harness.errors import CannotAct
from harness.identifiers import Clock, Identifiers
from harness.model.deviation import Deviation
from harness.model.names import ActorName, ExchangeId, LinkId, PlayId, TransactionId
from harness.model.plan import Assignment, StepRef
from harness.model.scenario import ProcedurePlan
from harness.model.system import Party
from harness.profiles import Knowledge


class Premises:
    """The shared part of a department; it knows no actor's code.

    `delay` in seconds is taken by each answer and each request, and each `repeat_every`-th HL7 message is sent twice: a
    reference system may be slow and repeat itself. `actors` are those of the profiles: a peer may be known by its
    address alone.
    """

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
        attempts: Mapping[PlayId, int] | None = None,
    ) -> None:
        self.assignment = assignment
        self.knowledge = knowledge
        self.recorder = recorder
        self.clock = clock
        self.procedures = procedures
        self.identifiers = Identifiers(seed, f"department {assignment.id}")
        self.deviations = DeviationBook(deviations, Identifiers(seed, f"deviations {assignment.id}"))
        self.actors = frozenset(
            actor for one in knowledge.transactions.values() for leg in one.legs for actor in ends(leg)
        )
        self.belonging = Belonging(patients_of(assignment.plays))
        self.attempts = attempts or {}
        self.moments = Moments(clock)
        self.rebuilding: RecordedWire | None = None
        self.stopping = threading.Event()
        self.delay = 0.0
        self.repeat_every = 0
        self._messages = count(1)

    def deviate(self, deviations: Iterable[Deviation]) -> None:
        """Put deviations in force for everything that follows."""
        self.deviations.stand(deviations)

    def idle_deviations(self) -> tuple[Deviation, ...]:
        """Deviations in force that changed nothing so far."""
        return self.deviations.idle()

    def bind(self, assignment: Assignment) -> None:
        """Change who plays whom while the endpoints stay open."""
        self.assignment = assignment

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        """Whoever plays the actor in the transaction, as it is reached there; CannotAct when nobody does."""
        player = self.assignment.player(actor, transaction)
        party = self.assignment.party(actor, player)
        if party is None:
            raise CannotAct(f"nobody plays {actor} in {transaction}")
        return party.at(transaction)

    def version(
        self, transaction: TransactionId, initiator: ActorName, responder: ActorName, form: str, play: PlayId | None
    ) -> str:
        """The HL7 version between two actors: what the play says of it, else the responder's link, else the form."""
        for one in self.assignment.plays:
            for leg in (leg for step in one.steps if step.transaction.id == transaction for leg in step.legs):
                if one.id == play and leg.version and (leg.leg.initiator, leg.leg.responder) == (initiator, responder):
                    return leg.version
        party = self.assignment.party(responder, self.assignment.player(responder, transaction))
        address = party.at(transaction).hl7 if party is not None else None
        return (address.version if address is not None else "") or form

    def take_time(self) -> None:
        """What a slow system does before it answers or asks."""
        if self.delay:
            self.stopping.wait(self.delay)

    def copies(self, cause: StepRef | None) -> int:
        """How often the step behind a message wants it sent: the same bytes again are a retransmission."""
        if self.repeat_every and next(self._messages) % self.repeat_every == 0:
            return 2
        if cause is None:
            return 1
        for play in self.assignment.plays:
            if play.id == cause.play:
                return max((planned.step.copies for planned in play.steps if planned.step.id == cause.step), default=1)
        return 1

    def attend(self, link: LinkId, exchange: ExchangeId, keys: Iterable[Key], stated: Iterable[Key]) -> None:
        """The current thread works for the play whose link a request came on, or whose keys it has, as of then.

        Those of the keys that it has stated, and not only asked for, are the play's from now on.
        """
        self.moments.turn_to(self.recorder.time_of(exchange))
        play = self.recorder.play_behind(link) or self.belonging.whose(keys)
        if play is not None:
            self.belonging.learn(play, (key for key in stated if key[0] != "patient"))
        self.belonging.turn_to(play)

    def peer_of(self, ae_title: str) -> ActorName | None:
        """The actor that calls itself so; None when unknown, or when several do."""
        actors = {party.actor for party in self.parties() if party.actor in self.actors and party.called(ae_title)}
        return actors.pop() if len(actors) == 1 else None

    def by_ae_title(self, ae_title: str) -> Party | None:
        """Whoever has that AE title."""
        return next((found for party in self.parties() if (found := party.called(ae_title)) is not None), None)

    def opened(self, party: Party) -> None:
        """Note the port that one of our endpoints really got."""
        self.assignment = replace(self.assignment, ours={**self.assignment.ours, party.actor: party})

    def parties(self) -> tuple[Party, ...]:
        """Everybody: the systems under test and our own actors."""
        return (*self.assignment.theirs, *self.assignment.ours.values())
