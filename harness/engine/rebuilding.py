"""What our actors knew when a run was ended, rebuilt from their own part of the record.

The finished steps of the interrupted play are acted again with the same seed, at the same moments. What an actor sends
is compared with what it had sent and answered as it was answered; what had come is handed to it again. Nothing touches
the network. If anything differs, the play cannot go on.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.engine.breaks import Breaks
from harness.engine.reading import is_complete
from harness.engine.unrecorded import Unrecorded
from harness.errors import CannotAct, CannotRebuild
from harness.model.names import ActorName, LinkId, PlayId, StepId
from harness.model.plan import PlannedStep, Play, StepRef
from harness.model.profile import LinkKind
from harness.model.transcript import Capture, Event, EventKind, Exchange, Half, Link, Payload, Transcript
from harness.transports.dimse.recorded import RecordedAssociation, is_acted
from harness.transports.recorder import LinkOwner

READY_SECONDS = 10.0
"""How long the actors may take for what took no longer when it happened."""

_TROUBLE = frozenset(
    {
        EventKind.UNREACHABLE,
        EventKind.REJECTED,
        EventKind.NO_RESPONSE,
        EventKind.MISUSED,
        EventKind.INTERNAL_ERROR,
        EventKind.TLS_FAILED,
    }
)
"""After which what an actor did cannot be done again without a network."""

ReadPayload = Callable[[Payload], bytes | Path]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A step that had come to its end: when it began, between which records it lay, and how it ended.

    `driven` are the actors whose product a hook, or a person, had been asked to drive or to feed.
    """

    planned: PlannedStep
    moment: float
    begin: int
    end: int
    state: str
    driven: tuple[ActorName, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The record of a play that was under way. `next_step` is where it goes on; empty when every step had ended."""

    play: Play
    steps: tuple[Finished, ...]
    next_step: StepId
    links: tuple[Link, ...]
    exchanges: tuple[Exchange, ...]
    read: ReadPayload


def recorded_play(play: Play, transcript: Transcript, read: ReadPayload) -> Recorded:
    """The play's part of a record; CannotRebuild when that does not suffice."""
    begin = max(one.seq for one in transcript.events if one.kind is EventKind.PLAY_STARTED and one.play == play.id)
    events = [event for event in transcript.events if event.seq > begin]
    for event in events:
        if event.kind in (EventKind.PLAY_STARTED, EventKind.PLAY_SEALED) and event.play != play.id:
            raise CannotRebuild("another play ran at the same time")
    breaks = Breaks.of(transcript.events)
    events = [event for event in events if not breaks.apart(event.seq) and event.seq < breaks.end]
    steps = tuple(_finished(play, events))
    left = [planned.step.id for planned in play.steps if planned.step.id not in {one.planned.step.id for one in steps}]
    next_step = left[0] if left else StepId("")
    links = tuple(link for link in transcript.links if link.seq > begin)
    _no_trouble(events, next_step)
    if any(link.cause == StepRef(play.id, next_step) for link in links):
        raise CannotRebuild(f"our actor had begun to act in {next_step}")
    exchanges = tuple(_exchanges(transcript, begin))
    for exchange in exchanges:
        if exchange.sent and not is_complete(exchange):
            raise CannotRebuild(f"exchange {exchange.id} was not answered: whether it was taken is not known")
    return Recorded(play=play, steps=steps, next_step=next_step, links=links, exchanges=exchanges, read=read)


def _no_trouble(events: list[Event], next_step: StepId) -> None:
    for event in events:
        if event.kind in _TROUBLE and (event.step is None or event.step.step != next_step):
            raise CannotRebuild(f"{event.kind.value}: {event.text.strip().splitlines()[0][:100] if event.text else ''}")


def _finished(play: Play, events: list[Event]) -> list[Finished]:
    planned = {one.step.id: one for one in play.steps}
    begun: dict[StepId, Event] = {}
    driven: dict[StepId, list[ActorName]] = {}
    found: dict[StepId, Finished] = {}
    for event in events:
        if event.step is None or event.step.play != play.id:
            continue
        step = event.step.step
        if event.kind is EventKind.STEP_STARTED:
            begun[step] = event
            driven[step] = []
        elif event.kind in (EventKind.HOOK, EventKind.ASKED) and step in driven:
            driven[step].append(ActorName(event.facts.get("actor", "")))
        elif event.kind is EventKind.STEP_ENDED and step in begun:
            start = begun[step]
            moment = float(start.facts.get("at", start.time))
            found[step] = Finished(
                planned=planned[step],
                moment=moment,
                begin=start.seq,
                end=event.seq,
                state=event.text,
                driven=tuple(dict.fromkeys(driven[step])),
            )
    return list(found.values())


def _exchanges(transcript: Transcript, begin: int) -> list[Exchange]:
    """Every exchange since then, those that both ends recorded at both."""
    links = {link.id: link for link in transcript.links}
    requests: dict[int, Capture] = {}
    responses: dict[int, list[Capture]] = defaultdict(list)
    for capture in transcript.captures:
        if capture.seq <= begin:
            continue
        if capture.half is Half.REQUEST:
            requests[capture.exchange] = capture
        else:
            responses[capture.exchange].append(capture)
    return [
        Exchange(id=one.exchange, link=links[one.link], request=one, responses=tuple(responses[one.exchange]))
        for one in sorted(requests.values(), key=lambda one: one.seq)
    ]


class _Faults(Unrecorded):
    """Keeps nothing, and tells of what an actor did wrong."""

    def __init__(self, fail: Callable[[str], CannotRebuild]) -> None:
        super().__init__()
        self._fail = fail

    def happened(
        self,
        kind: EventKind,
        text: str = "",
        *,
        link: LinkId | None = None,
        owner: LinkOwner | None = None,
        facts: Mapping[str, str] | None = None,
        step: StepRef | None = None,
        play: PlayId | None = None,
        leg: str = "",
        at: float | None = None,
    ) -> None:
        """Only an error of ours is of interest."""
        if kind is EventKind.INTERNAL_ERROR:
            self._fail(text.strip().splitlines()[-1])


class RecordedWire:
    """What stands in the place of the network until the actors know again what they knew. Thread-safe."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._changed = threading.Condition()
        self._nothing = _Faults(self.fail)
        self._acting = threading.local()
        self._live = False
        self._given_up = False
        self.fault = ""
        self._used: set[int] = set()
        self._handed: set[int] = set()
        self._links: dict[tuple[ActorName, ActorName | None, StepRef | None, LinkKind], list[Link]] = defaultdict(list)
        for link in recorded.links:
            if link.ours:
                self._links[link.actor, link.peer_actor, link.cause, link.kind].append(link)
        self._on_link: dict[LinkId, list[Exchange]] = defaultdict(list)
        for exchange in recorded.exchanges:
            self._on_link[exchange.link.id].append(exchange)

    # ---- what an actor sends

    def hl7(self, actor: ActorName, to: ActorName, cause: StepRef | None, message: bytes, copies: int) -> bytes | None:
        """The recorded answer to a message; None when it is to be sent, because that was not done before."""
        link = self._next_link(actor, to, cause, LinkKind.MLLP)
        if link is None:
            return None
        exchanges = [exchange for exchange in self._on_link[link.id] if is_acted(exchange)]
        if len(exchanges) != copies or not exchanges:
            raise self.fail(f"link {link.id} carried {len(exchanges)} messages, not {copies}")
        digest = hashlib.sha256(message).hexdigest()
        for exchange in exchanges:
            payload = exchange.request.payload
            if payload is None or payload.sha256 != digest:
                raise self.fail(f"the message of exchange {exchange.id} was another one")
            self._use(exchange)
        return self.content(exchanges[-1].responses[0])

    def association(self, actor: ActorName, to: ActorName, cause: StepRef | None) -> RecordedAssociation | None:
        """The recorded association; None when it is to be opened, because that was not done before."""
        link = self._next_link(actor, to, cause, LinkKind.DIMSE)
        return self.recorded(link) if link is not None else None

    def recorded(self, link: Link) -> RecordedAssociation:
        """A link with its exchanges."""
        return RecordedAssociation(
            link=link,
            exchanges=tuple(self._on_link[link.id]),
            read=self.content,
            used=self._use,
            recorder=self._nothing,
        )

    def _next_link(self, actor: ActorName, to: ActorName, cause: StepRef | None, kind: LinkKind) -> Link | None:
        with self._changed:
            if self._live:
                return None
            waiting = self._links[actor, to, cause, kind]
            if waiting:
                return waiting.pop(0)
        if getattr(self._acting, "step", None) is not None:
            raise self.fail(f"{actor} sends to {to} what it had not sent in {self._acting.step}")
        with self._changed:  # a reaction that had not been done yet: it is done as soon as there is a network
            if not self._changed.wait_for(lambda: self._live or self._given_up, 6 * READY_SECONDS) or self._given_up:
                raise CannotAct("the run did not go on")
        return None

    def _use(self, exchange: Exchange) -> None:
        """Note that a request was sent again, and wait until what had come before its answer was handed over."""
        with self._changed:
            self._used.add(exchange.id)
            self._changed.notify_all()
            answered = exchange.final.seq if exchange.final is not None else exchange.request.seq
            before = {
                one.id
                for one in self._recorded.exchanges
                if not one.sent
                and one.link.actor == exchange.link.actor
                and one.final is not None
                and one.final.seq < answered
            }
            if not self._changed.wait_for(lambda: before <= self._handed or bool(self.fault), READY_SECONDS):
                raise self.fail(f"what had come before the answer of exchange {exchange.id} did not come again")

    # ---- what the driver says

    def hand(self, exchange: Exchange, give: Callable[[], None]) -> None:
        """Hand a message to its actor, once the actor has sent again what it had sent before it came."""
        before = {
            one.id
            for one in self._recorded.exchanges
            if is_acted(one) and one.link.actor == exchange.link.actor and one.request.seq < exchange.request.seq
        }
        with self._changed:
            if not self._changed.wait_for(lambda: before <= self._used or bool(self.fault), READY_SECONDS):
                raise self.fail(f"what had been sent before exchange {exchange.id} came was not sent again")
        self.check()
        give()
        with self._changed:
            self._handed.add(exchange.id)
            self._changed.notify_all()
        self.check()

    def acting(self, step: StepId | None) -> None:
        """The current thread acts in a finished step."""
        self._acting.step = step

    def left_of(self, cause: StepRef) -> bool:
        """Whether a step had sent more than was sent again."""
        with self._changed:
            return any(links for (_, _, of, _), links in self._links.items() if of == cause)

    def wait_until_used(self) -> None:
        """Wait until everything that had been sent was sent again; CannotRebuild when it is not."""
        wanted = {one.id for one in self._recorded.exchanges if is_acted(one)}
        with self._changed:
            if not self._changed.wait_for(lambda: wanted <= self._used or bool(self.fault), READY_SECONDS):
                raise self.fail(f"exchange {min(wanted - self._used)} was not sent again")

    def content(self, capture: Capture) -> bytes:
        """The bytes of a message; CannotRebuild when it is too large to be handed in again."""
        if capture.payload is None:
            return b""
        found = self._recorded.read(capture.payload)
        if isinstance(found, Path):
            raise self.fail("an object that is too large to be handed in again")
        return found

    def fail(self, why: str) -> CannotRebuild:
        """Note why it cannot be done, for whoever is told by no exception."""
        with self._changed:
            self.fault = self.fault or why
            self._changed.notify_all()
        return CannotRebuild(why)

    @property
    def live(self) -> bool:
        """Whether there is a network."""
        return self._live

    def check(self) -> None:
        """CannotRebuild when anything went wrong on whatever thread."""
        if self.fault:
            raise CannotRebuild(self.fault)

    def go_live(self) -> None:
        """There is a network now: who waits for it goes on."""
        with self._changed:
            self._live = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """There will be none."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()


def timeline(recorded: Recorded) -> list[tuple[int, Finished | Exchange, bool]]:
    """Steps that begin and end (True), and messages that came, in their order."""
    found: list[tuple[int, Finished | Exchange, bool]] = []
    for step in recorded.steps:
        found += [(step.begin, step, False), (step.end, step, True)]
    found += [(one.request.seq, one, False) for one in recorded.exchanges if not one.sent and one.final is not None]
    return sorted(found, key=lambda one: one[0])
