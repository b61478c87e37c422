"""Which play, step and leg a message belongs to.

Strong keys join, weak ones never do alone. What we sent for a step is known by its cause. The rest is found by keys
that the play has collected so far, then by association, then by being the only play that awaits such a leg; what
remains is an orphan. The same code serves the live waits and the judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.checks.recording import ExchangeView
from harness.dicom.statuses import StatusClass, status_class
from harness.engine.keys import Key, answer_keys, matching_keys, request_keys, stated_keys
from harness.hl7 import Message
from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, LinkId, PlayId, StepId, TransactionId
from harness.model.plan import LegState, PlannedStep, Play
from harness.model.profile import Service
from harness.model.scenario import KeyMatch
from harness.model.transcript import Event, EventKind, Exchange
from harness.profiles import Knowledge
from harness.profiles.recognition import recognise_dimse, recognise_hl7


@dataclass(frozen=True)
class Attribution:
    """Where an exchange belongs. `by` says how it was found."""

    exchange: ExchangeId
    play: PlayId
    step: StepId
    leg: LegId
    by: str


@dataclass
class _Progress:
    """What a play has shown so far; `number` is its place in the plan, `current` the step that it is in.

    `committing` is the step of each storage commitment by its Transaction UID: a report may come, or come again, late.
    """

    number: int
    play: Play
    keys: set[Key] = field(default_factory=set)
    started: list[StepId] = field(default_factory=list)
    filled: set[tuple[StepId, LegId]] = field(default_factory=set)
    current: StepId | None = None
    committing: dict[str, StepId] = field(default_factory=dict)


Candidate = tuple[TransactionId, LegId]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What plays have shown so far: their keys, and the links that their messages came on."""

    keys: Mapping[PlayId, Collection[Key]]
    links: Mapping[LinkId, Collection[PlayId]]


class Attributor:
    """Attributes exchanges one after the other, learning keys as it goes."""

    def __init__(self, knowledge: Knowledge, plays: Iterable[Play], learnt: Learnt | None = None) -> None:
        self._transactions = tuple(knowledge.transactions.values())
        self._plays = {play.id: _Progress(number, play) for number, play in enumerate(plays)}
        self._by_key: dict[Key, list[_Progress]] = defaultdict(list)
        self._by_link: dict[LinkId, list[_Progress]] = defaultdict(list)
        self._active: list[PlayId] = []
        for progress in self._plays.values():
            self._learn(progress, _own_keys(progress.play))
        if learnt is not None:
            self._take(learnt)

    def learnt(self, but: PlayId) -> Learnt:
        """What all plays but one have shown, for one who sees only a part of the recording."""
        links = {link: tuple({one.play.id for one in shown} - {but}) for link, shown in self._by_link.items()}
        return Learnt(
            keys={play: tuple(progress.keys) for play, progress in self._plays.items() if play != but}, links=links
        )

    def _take(self, learnt: Learnt) -> None:
        for play, keys in learnt.keys.items():
            if play in self._plays:
                self._learn(self._plays[play], keys)
        for link, plays in learnt.links.items():
            self._by_link[link] += [self._plays[play] for play in plays if play in self._plays]

    def note(self, event: Event) -> None:
        """Learn that a play or step started or ended."""
        if event.kind is EventKind.STEP_STARTED and event.step is not None and event.step.play in self._plays:
            self._plays[event.step.play].started.append(event.step.step)
            self._plays[event.step.play].current = event.step.step
        elif event.kind is EventKind.STEP_ENDED and event.step is not None and event.step.play in self._plays:
            self._plays[event.step.play].current = None
        elif event.kind is EventKind.PLAY_STARTED and event.play in self._plays:
            self._active.append(event.play)
        elif event.kind is EventKind.PLAY_SEALED and event.play in self._active:
            self._active.remove(event.play)
        elif event.kind is EventKind.PLAY_ABANDONED and event.play in self._plays:
            self._forget(event.play)

    def _forget(self, play: PlayId) -> None:
        """The play begins anew: what it has shown so far says nothing of what comes."""
        before = self._plays[play]
        for owners in (*self._by_key.values(), *self._by_link.values()):
            owners[:] = [one for one in owners if one is not before]
        self._active = [one for one in self._active if one != play]
        self._plays[play] = _Progress(before.number, before.play)
        self._learn(self._plays[play], _own_keys(before.play))

    def attribute(self, view: ExchangeView) -> tuple[Attribution, ...]:
        """Where the exchange belongs: usually one place, several for a broad query, none for an orphan."""
        exchange = view.exchange
        cause, settled = exchange.link.cause, exchange.link.leg
        progress = self._plays.get(cause.play) if cause is not None else None
        if cause is not None and progress is not None and settled is not None:
            return (self._place(progress, progress.play.step(cause.step), settled, view, "cause"),)
        candidates = self.candidates(view)
        if cause is not None:
            if progress is None:
                return ()
            planned = progress.play.step(cause.step)
            for transaction, leg in candidates:
                if planned.transaction.id == transaction:
                    return (self._place(progress, planned, leg, view, "cause"),)
            meant = _meant(planned, view)
            if meant is not None:
                return (self._place(progress, planned, meant, view, "cause"),)
        if not candidates:
            return ()
        for by, owners in self._owners(view):
            found = tuple(
                self._place(progress, planned, leg, view, by)
                for progress in owners
                for planned, leg in self._step_for(progress, candidates, view)
            )
            if found:
                return found
        return ()

    def candidates(self, view: ExchangeView) -> tuple[Candidate, ...]:
        """Transactions and legs that the exchange looks like."""
        exchange = view.exchange
        initiator, responder = ends(exchange)
        message = view.request_message
        if message is not None:
            hits = recognise_hl7(
                message.type, message.version, message.first("ORC-1"), initiator, responder, self._transactions
            )
            return tuple((transaction.id, leg.id) for transaction, leg, _ in hits)
        command = exchange.request.command
        if command is None:
            return ()
        return tuple(
            (transaction.id, leg.id)
            for transaction, leg in recognise_dimse(
                command.service, command.sop_class, initiator, responder, self._transactions
            )
        )

    def _owners(self, view: ExchangeView) -> Iterable[tuple[str, Sequence[_Progress]]]:
        keys = request_keys(view)
        patients = {key for key in keys if key[0] == "patient"}
        strong = self._known_by(keys)
        if patients and strong:
            own = [progress for progress in strong if progress.keys & patients]
            strong = own or strong
        yield "keys", strong
        running = [self._plays[play] for play in self._active]
        answered = self._known_by(key for entry in answer_keys(view) for key in entry)
        asking = [progress for progress in running if _asks_so(progress, view)]
        asking = [progress for progress in asking if _wants_nothing(progress) is not any(answer_keys(view))] or asking
        named = [] if _is_cut_short(view) else [progress for progress in asking if progress in answered]
        yield "step that asks so", named or asking
        yield "answers", [progress for progress in answered if progress in running]
        yield "association", _in_order(self._by_link.get(view.exchange.link.id, ()))
        waiting = [progress for progress in running if self._step_for(progress, self.candidates(view), view)]
        yield "only play that awaits it", waiting if len(waiting) == 1 else ()
        yield (
            "answers",
            answered,
        )  # of plays that are over: a query that was cut short may show nothing but their entries

    def _known_by(self, keys: Iterable[Key]) -> list[_Progress]:
        """The plays that have shown any of the keys, in the order of the plan."""
        return _in_order(progress for key in keys for progress in self._by_key.get(key, ()))

    def _learn(self, progress: _Progress, keys: Iterable[Key]) -> None:
        for key in keys:
            if key not in progress.keys:
                progress.keys.add(key)
                self._by_key[key].append(progress)

    def _step_for(
        self, progress: _Progress, candidates: Sequence[Candidate], view: ExchangeView
    ) -> list[tuple[PlannedStep, LegId]]:
        fitting = [
            (planned, leg)
            for planned in progress.play.steps
            for transaction, leg in candidates
            if planned.transaction.id == transaction
            and _live(planned, leg, view.exchange)
            and _agrees(planned, view.request_message)
        ]
        asked = progress.committing.get(_reported(view))
        fitting = [entry for entry in fitting if asked is None or entry[0].step.id == asked] or fitting
        if not fitting:
            return []
        started = [entry for entry in fitting if entry[0].step.id in progress.started]
        if started:
            return [max(started, key=lambda entry: _last(progress.started, entry[0].step.id))]
        unfilled = [entry for entry in fitting if (entry[0].step.id, entry[1]) not in progress.filled]
        return [(unfilled or fitting)[0]]

    def _place(self, progress: _Progress, planned: PlannedStep, leg: LegId, view: ExchangeView, by: str) -> Attribution:
        progress.filled.add((planned.step.id, leg))
        command = view.exchange.request.command
        if command is not None and command.service is Service.N_ACTION and view.request_dataset is not None:
            progress.committing[str(view.request_dataset.get("TransactionUID", ""))] = planned.step.id
        self._by_link[view.exchange.link.id].append(progress)
        own = {key for key in progress.keys if key[0] == "patient"}
        # a patient whom nobody knows, and whom one of our actors names for a step, is that play's: a wrong identifier
        self._learn(
            progress,
            (key for key in _stated(view) if key[0] != "patient" or (by == "cause" and key not in self._by_key)),
        )
        for entry in answer_keys(view):
            if entry & progress.keys and (not any(key[0] == "patient" for key in entry) or entry & own):
                self._learn(progress, entry)
        return Attribution(view.exchange.id, progress.play.id, planned.step.id, leg, by)


def _stated(view: ExchangeView) -> frozenset[Key]:
    """The keys of a request that it does not only ask for."""
    command = view.exchange.request.command
    return stated_keys(command.service, request_keys(view)) if command is not None else request_keys(view)


def _meant(planned: PlannedStep, view: ExchangeView) -> LegId | None:
    """The leg that a message of ours was sent for, although the step's deviation has made it unrecognisable."""
    if view.request_message is None or planned.step.deviation is None:
        return None
    between = ends(view.exchange)
    legs = (leg.leg for leg in planned.legs if leg.leg.messages)
    return next((leg.id for leg in legs if (leg.initiator, leg.responder) == between), None)


def ends(exchange: Exchange) -> tuple[ActorName | None, ActorName | None]:
    """Initiator and responder of an exchange, as far as the link names them."""
    link = exchange.link
    return (link.actor, link.peer_actor) if exchange.sent else (link.peer_actor, link.actor)


def _in_order(plays: Iterable[_Progress]) -> list[_Progress]:
    return sorted({progress.number: progress for progress in plays}.values(), key=lambda progress: progress.number)


def _own_keys(play: Play) -> set[Key]:
    return {("patient", patient.id) for patient in play.case.patients.values() if patient.id}


def _reported(view: ExchangeView) -> str:
    """The Transaction UID of a storage commitment report; empty for everything else."""
    command, dataset = view.exchange.request.command, view.request_dataset
    if command is None or command.service is not Service.N_EVENT_REPORT or dataset is None:
        return ""
    return str(dataset.get("TransactionUID", ""))


def _asks_so(progress: _Progress, view: ExchangeView) -> bool:
    """Whether a query has exactly the matching keys that the step names in which the play is."""
    if progress.current is None:
        return False
    wanted = progress.play.step(progress.current).step.keys
    return bool(wanted) and set(wanted) == view.once(matching_keys)


def _is_cut_short(view: ExchangeView) -> bool:
    """Whether a query was taken back before all its answers had come: whom they do not name they may have left out."""
    return view.status is not None and status_class(view.status) is StatusClass.CANCEL


def _wants_nothing(progress: _Progress) -> bool:
    """Whether the play is in a step that asks for what is not there."""
    keys = progress.play.step(progress.current).step.keys if progress.current is not None else {}
    return KeyMatch.NOTHING in keys.values()


def _live(planned: PlannedStep, leg_id: LegId, exchange: Exchange) -> bool:
    """Whether the plan has the leg, sent from the side that the message came from: by us, or by a system."""
    return any(
        leg.leg.id == leg_id
        and leg.state in (LegState.LIVE, LegState.NOT_OFFERED)
        and (leg.initiator == HARNESS) == exchange.sent
        for leg in planned.legs
    )


def _agrees(planned: PlannedStep, message: Message | None) -> bool:
    """Whether an HL7 message has the event, order control and status that the step names."""
    if message is None:
        return True
    step = planned.step
    wanted = (
        (step.trigger, message.type.partition("^")[2]),
        (step.control, message.first("ORC-1")),
        (step.status, message.first("ORC-5")),
    )
    return all(not value or value == received for value, received in wanted)


def _last(items: Sequence[StepId], item: StepId) -> int:
    return len(items) - 1 - items[::-1].index(item)


def attribute_all(
    knowledge: Knowledge,
    plays: Iterable[Play],
    views: Iterable[ExchangeView],
    events: Iterable[Event],
    learnt: Learnt | None = None,
) -> dict[ExchangeId, tuple[Attribution, ...]]:
    """Attribute a finished recording, in the order of its records; `learnt` is known from what it leaves out."""
    attributor = Attributor(knowledge, plays, learnt)
    pending = sorted(events, key=lambda event: event.seq)
    placed: dict[ExchangeId, tuple[Attribution, ...]] = {}
    position = 0
    for view in sorted(views, key=lambda view: view.exchange.request.seq):
        while position < len(pending) and pending[position].seq < view.exchange.request.seq:
            attributor.note(pending[position])
            position += 1
        placed[view.exchange.id] = attributor.attribute(view)
    return placed
