"""Plays out of traffic: the plan of a record that no scenario drove, and the place of each of its messages.

Which transactions took place, who took part and what belongs together is read off the messages. What was found so is a
plan like any other, so that the same checks judge it and every report shows it. What such a record cannot prove is told
apart afterwards (`seen_proof`). Pure: the same record gives the same plan.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pydicom.dataset import Dataset

from harness.checks.recording import ExchangeView, ReadPayload
from harness.checks.registry import Scope, scopes
from harness.engine.attribution import Attribution
from harness.engine.reading import is_complete
from harness.engine.seen_claims import claims_of
from harness.engine.seen_legs import SeenLegs
from harness.engine.seen_reactions import Reactions
from harness.engine.seen_steps import Met, SeenStep, steps_of
from harness.engine.seen_threads import Part, Thread, threads_of
from harness.engine.sides import Sides
from harness.model.hop import ALL_THAT_FOLLOWS, UNREAD, WATCHED_SCENARIO
from harness.model.names import ActorName, ExchangeId, LegId, LinkId, PlayerName, PlayId, TransactionId
from harness.model.plan import LegState, Plan, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import Leg, Service
from harness.model.scenario import Case, OrderRequest, Patient, PersonName, Practitioner, Scenario, Step, Visit
from harness.model.system import System
from harness.model.transcript import Event, EventKind, Exchange, Transcript
from harness.profiles import Knowledge

_BY = "what was seen"
_FORMS: Mapping[bool, tuple[str, str]] = {True: ("2.5.1", "SWF.b"), False: ("2.3.1", "SWF")}


@dataclass(frozen=True)
class PartView(ExchangeView):
    """A query of which only some answers are about one patient; the others are not there."""

    kept: frozenset[int] = frozenset()

    @cached_property
    def response_datasets(self) -> tuple[Dataset | None, ...]:
        """The data sets of the answers that are kept, each in its place."""
        responses = self.exchange.responses
        return tuple(self._dataset(one) if index in self.kept else None for index, one in enumerate(responses))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What traffic shows: the plan with its plays, and where each exchange is in them.

    `parts` are the exchanges of which a play has only a part, `events` the beginnings and ends of plays and steps.
    `cut` are requests whose answer the record does not reach, `unknown` what is of no transaction that we know. `ends`
    is when the record ended, in seconds since the epoch; `stations` are the devices that sent each request, `called`
    those that it was sent to. `unread`: something passed that a relay could not read.
    """

    plan: Plan
    places: Mapping[ExchangeId, tuple[Attribution, ...]]
    parts: Mapping[tuple[PlayId, ExchangeId], ExchangeView]
    views: Mapping[ExchangeId, ExchangeView]
    events: tuple[Event, ...]
    cut: tuple[ExchangeId, ...]
    unknown: tuple[ExchangeId, ...]
    stations: Mapping[ExchangeId, str]
    called: Mapping[ExchangeId, str]
    ends: float
    unread: bool = False

    def actors(self, play: Play) -> frozenset[ActorName]:
        """The actors that were heard in a play."""
        return frozenset(actor for planned in play.steps for leg in planned.legs for actor in _both(leg.leg))


def see(plan: Plan, transcript: Transcript, read: ReadPayload, knowledge: Knowledge) -> Seen:
    """What a record shows that no scenario drove."""
    decoded: dict[str, Dataset | None] = {}
    views = {exchange.id: ExchangeView(exchange, read, decoded) for exchange in transcript.exchanges}
    return _Watcher(plan, transcript, views, knowledge).seen()


def _both(leg: Leg) -> tuple[ActorName, ActorName]:
    return leg.initiator, leg.responder


@dataclass
class _Finding:
    """What is put together step by step."""

    plays: list[Play] = field(default_factory=list)
    places: dict[ExchangeId, list[Attribution]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[tuple[PlayId, ExchangeId], ExchangeView] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class _Watcher:
    def __init__(
        self, plan: Plan, transcript: Transcript, views: Mapping[ExchangeId, ExchangeView], knowledge: Knowledge
    ) -> None:
        self._plan = plan
        self._transcript = transcript
        self._knowledge = knowledge
        self._views = views
        self._assignment = plan.assignments[0]
        self._last = max([*(one.time for one in transcript.captures), *(one.time for one in transcript.events), 0.0])
        self._bounds = _bounds(transcript)
        self._closed = _closed(transcript.events, transcript)
        self._cut = {view.exchange.id for view in views.values() if self._is_cut(view.exchange)}
        whole = [view for view in views.values() if view.exchange.id not in self._cut]
        self._legs = SeenLegs(whole, Sides(plan, transcript).of, knowledge)

    def seen(self) -> Seen:
        """Everything, put together."""
        found = _Finding()
        known = [self._views[number] for number in self._legs.found]
        stations = {view.exchange.id: self._legs.ends[view.exchange.id].sender.station for view in known}
        asker = {number: f"{self._legs.ends[number].sender.player} {one}".strip() for number, one in stations.items()}
        usual = _form(view for view in known)
        threads = [(thread, [self._met(part) for part in thread.parts]) for thread in threads_of(known, asker)]
        stepped = [(thread, met, steps_of(met)) for thread, met in threads]
        reactions = Reactions((step for _, _, steps in stepped for step in steps), self._assignment.times, self._last)
        for number, (thread, met, steps) in enumerate(stepped, start=1):
            self._add(found, number, thread, met, steps, usual=usual, reactions=reactions)
        plan = self._planned(found.plays)
        return Seen(
            plan=plan,
            places={number: tuple(places) for number, places in found.places.items()},
            parts=found.parts,
            views=self._views,
            events=tuple(found.events),
            cut=tuple(sorted(self._cut)),
            unknown=tuple(sorted(one.id for one in self._transcript.exchanges if self._is_unknown(one))),
            stations=stations,
            called={view.exchange.id: self._legs.ends[view.exchange.id].receiver.station for view in known},
            ends=self._last,
            unread=any(map(_is_unread, self._transcript.events)),
        )

    # one play

    def _add(
        self,
        found: _Finding,
        number: int,
        thread: Thread,
        met: Sequence[Met],
        steps: Sequence[SeenStep],
        *,
        usual: bool,
        reactions: Reactions,
    ) -> None:
        form, profile = _FORMS[_form((part.view for part in thread.parts), usual)]
        name = PlayId(f"{WATCHED_SCENARIO}@{form}#{number}")
        awaited = {step.id: reactions.missing(step) for step in steps}
        planned = tuple(self._planned_step(step, awaited[step.id]) for step in steps)
        case = _case(thread)
        scenario = Scenario(
            id=WATCHED_SCENARIO,
            title=_title(thread, met),
            citation={},
            forms=(form,),
            case=case.id,
            steps=tuple(one.step for one in planned),
        )
        roles = {actor: player for step in planned for leg in step.legs for actor, player in _players(leg)}
        found.plays.append(
            Play(id=name, scenario=scenario, form=form, profile=profile, case=case, steps=planned, roles=roles)
        )
        for step in steps:
            for leg, exchanges in step.legs.items():
                for one in exchanges:
                    self._put(found, name, step, leg, one)
        found.events += self._events(name, steps)
        for step in steps:
            found.events += [self._expired(name, step, leg) for leg in awaited[step.id]]

    def _met(self, part: Part) -> Met:
        number = part.view.exchange.id
        return Met(part, self._legs.found[number], self._legs.ends[number])

    def _put(self, found: _Finding, play: PlayId, step: SeenStep, leg: LegId, met: Met) -> None:
        view = met.view
        found.places[view.exchange.id].append(Attribution(view.exchange.id, play, step.id, leg, _BY))
        if met.part.responses is not None:
            found.parts[play, view.exchange.id] = PartView(view.exchange, view.read, view.decoded, met.part.responses)

    def _planned_step(self, step: SeenStep, awaited: Sequence[PlannedLeg]) -> PlannedStep:
        first = step.first
        legs = tuple(
            PlannedLeg(
                leg=_judged(exchanges[0].leg, partial=step.partial),
                state=LegState.LIVE,
                initiator=exchanges[0].players[0],
                responder=exchanges[0].players[1],
            )
            for exchanges in step.legs.values()
        )
        described = Step(id=step.id, transaction=step.transaction.id, initiator=first.leg.initiator)
        planned = (*legs, *awaited)
        return PlannedStep(step=described, transaction=step.transaction, legs=planned, initiator=first.players[0])

    def _expired(self, play: PlayId, step: SeenStep, leg: PlannedLeg) -> Event:
        """That a reaction had its time and did not come."""
        seconds = f"{self._assignment.times.of(step.transaction.id).act:g}"
        return Event(
            seq=self._bounds[1],
            time=self._last,
            kind=EventKind.LEG_EXPIRED,
            step=StepRef(play, step.id),
            play=play,
            leg=leg.leg.id,
            facts={"seconds": seconds},
        )

    def _events(self, play: PlayId, steps: Sequence[SeenStep]) -> Iterator[Event]:
        """The beginning and the end of a play: that of the record, at the times of its own messages."""
        captures = [
            capture
            for step in steps
            for exchanges in step.legs.values()
            for one in exchanges
            for capture in (one.view.exchange.request, *one.view.exchange.responses)
        ]
        times = [capture.time for capture in captures]
        first, last = self._bounds
        yield Event(seq=first - 1, time=min(times), kind=EventKind.PLAY_STARTED, play=play)
        yield Event(seq=last + 1, time=max(times), kind=EventKind.PLAY_SEALED, play=play)

    # the plan

    def _planned(self, plays: Sequence[Play]) -> Plan:
        serves: dict[ActorName, dict[TransactionId, PlayerName]] = defaultdict(dict)
        for play in plays:
            for step in play.steps:
                for leg in step.legs:
                    for actor, player in _players(leg):
                        serves[actor].setdefault(step.transaction.id, player)
        assignment = replace(self._assignment, serves=serves, plays=tuple(plays))
        return replace(self._plan, systems=self._systems(plays), assignments=(assignment,))

    def _systems(self, plays: Sequence[Play]) -> tuple[System, ...]:
        """The systems that the plan names and those that were found, with claims or what was seen."""
        known = {system.name: system for system in self._plan.systems}
        for play in plays:
            for step in play.steps:
                for leg in step.legs:
                    for player in leg.systems:
                        known.setdefault(player, System(name=player, claims=()))
        return tuple(
            system if system.claims else replace(system, claims=claims_of(system.name, plays, self._knowledge))
            for system in known.values()
        )

    # what is left out

    def _is_unknown(self, exchange: Exchange) -> bool:
        """Whether nobody knows what a message is; that somebody only tests the link is no such message."""
        command = exchange.request.command
        tests = command is not None and command.service in (Service.C_ECHO, Service.C_CANCEL)
        return not tests and exchange.id not in self._cut and exchange.id not in self._legs.found

    def _is_cut(self, exchange: Exchange) -> bool:
        """Whether a request has no end because the record, or its link, ended before the next answer was due."""
        if is_complete(exchange):
            return False
        times = self._assignment.times
        until = min(self._closed.get(exchange.link.id, self._last), self._last)
        last = max(capture.time for capture in (exchange.request, *exchange.responses))
        return until - last < times.answer


def _players(leg: PlannedLeg) -> tuple[tuple[ActorName, PlayerName], tuple[ActorName, PlayerName]]:
    return (leg.leg.initiator, leg.initiator), (leg.leg.responder, leg.responder)


def _judged(leg: Leg, *, partial: bool) -> Leg:
    """The leg as traffic shows it: nothing of it was demanded.

    What rests on more than one exchange is no core: the rest may have passed before, or beside. Of a part, the whole is
    judged elsewhere.
    """
    if partial:
        return replace(leg, required=False, checks=(), core=())
    core = tuple(name for name in leg.core if scopes().get(name) is not Scope.PLAY)
    return replace(leg, required=False, core=core)


def _bounds(transcript: Transcript) -> tuple[int, int]:
    numbers = [*(one.seq for one in transcript.links), *(one.seq for one in transcript.captures)]
    numbers += [one.seq for one in transcript.events]
    return (min(numbers), max(numbers)) if numbers else (1, 1)


def _is_unread(event: Event) -> bool:
    return event.facts.get(UNREAD) == ALL_THAT_FOLLOWS


def _closed(events: Iterable[Event], transcript: Transcript) -> Mapping[LinkId, float]:
    """When each link was closed, or that it was relayed to; one that was read no more is as good as closed."""
    ended: dict[LinkId, float] = {}
    for event in events:
        over = event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST) or _is_unread(event)
        if over and event.link is not None:
            ended[event.link] = min(event.time, ended.get(event.link, event.time))
    for link in transcript.links:
        if link.relays is not None:
            times = [ended[one] for one in (link.id, link.relays) if one in ended]
            if times:
                ended[link.id] = ended[link.relays] = min(times)
    return ended


def _form(views: Iterable[ExchangeView], usual: bool = True) -> bool:
    """Whether messages are of version 2.5.1 rather than of an earlier one; what is usual, where there are none."""
    versions = Counter(
        message.version >= "2.5" for view in views if (message := view.request_message) is not None and message.version
    )
    return versions.most_common(1)[0][0] if versions else usual


def _case(thread: Thread) -> Case:
    """A case that expects nothing: its patients are those that the messages are about."""
    nobody = Practitioner(id="", name=PersonName(family=""))
    patients = {
        "main" if place == 0 else f"patient-{place + 1}": Patient(
            name=PersonName(family=""), birth_date="", sex="", id=number
        )
        for place, number in enumerate(thread.patients)
    }
    return Case(
        id=WATCHED_SCENARIO,
        title="Whoever the messages are about",
        patients=patients,
        visit=Visit(patient_class=""),
        order=OrderRequest(service="", orderer=nobody, entered_by=nobody),
    )


def _title(thread: Thread, met: Sequence[Met]) -> str:
    if thread.asking:
        return f"What {met[0].ends.sender.player} asks about several patients, or about nobody who was seen"
    if not thread.patients:
        return "Messages that name no patient"
    return f"Patient {' = '.join(thread.patients)}"
