"""The live record of a run: appended by the transports from many threads, written as it grows, waited on by plays.

A payload's file is complete before the record that names it, so an interrupted run is readable up to its last line.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from harness.engine.reading import is_complete, is_sent_on, transcript_of
from harness.engine.storage import EvidenceWriter, link_or_write
from harness.identifiers import Clock
from harness.model.names import ExchangeId, LinkId, PlayId
from harness.model.plan import StepRef
from harness.model.profile import LinkKind
from harness.model.transcript import (
    Capture,
    Event,
    EventKind,
    Exchange,
    Half,
    Link,
    Payload,
    SocketAddress,
    Transcript,
)
from harness.transports.recorder import LinkOwner, Passage


class News(NamedTuple):
    """What was recorded in the meantime; `begun` exchanges have begun by now."""

    exchanges: list[Exchange]
    events: list[Event]
    begun: int


class Taken(NamedTuple):
    """What was let go of: exchanges that have come to their end, in the order of their requests, and events."""

    exchanges: list[Exchange]
    events: list[Event]


class TranscriptRecorder:
    """Implements `Recorder`; `writer` may be None for a record that lives in memory alone (tests, the reference).

    `before` is what was recorded already, when a run is gone on with: numbers go on behind it.
    """

    def __init__(self, clock: Clock, writer: EvidenceWriter | None, before: Transcript | None = None) -> None:
        self._clock = clock
        self._writer = writer
        self._changed = threading.Condition()
        self._seq = 0
        self._version = 0
        self._next_link = 0
        self._next_exchange = 0
        self._links: dict[LinkId, Link] = {}
        self._dialled: dict[tuple[SocketAddress, SocketAddress], Link] = {}
        self._ends: set[tuple[bool, SocketAddress, SocketAddress]] = set()
        self._overheard: list[dict[ExchangeId, Exchange]] = []
        self._closed: dict[LinkId, int] = {}
        self._captures: list[Capture] = []
        self._events: list[Event] = []
        self._exchanges: dict[ExchangeId, Exchange] = {}
        self._begun: list[ExchangeId] = []
        self._memory: dict[str, bytes | Path] = {}
        self._folder: Path | None = None
        if before is not None:
            self._go_on(before)

    def _go_on(self, before: Transcript) -> None:
        for link in before.links:
            self._know(link)
        for capture in before.captures:
            self._captures.append(capture)
            self._assemble(capture)
        for event in before.events:
            self._note(event)
        records: tuple[Link | Capture | Event, ...] = (*before.links, *before.captures, *before.events)
        self._seq = max((one.seq for one in records), default=0)
        self._next_link = max((link.id for link in before.links), default=0)
        self._next_exchange = max((capture.exchange for capture in before.captures), default=0)

    def _know(self, link: Link) -> None:
        self._links[link.id] = link
        self._ends.add((link.ours, link.local, link.peer))
        if link.ours and link.cause is not None:
            self._dialled[link.local, link.peer] = link

    def _note(self, event: Event) -> None:
        self._events.append(event)
        if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST) and event.link is not None:
            self._closed.setdefault(event.link, event.seq)

    # what transports tell

    def link_opened(
        self,
        *,
        kind: LinkKind,
        owner: LinkOwner,
        ours: bool,
        local: SocketAddress,
        peer: SocketAddress,
        facts: Mapping[str, str],
        hop: str = "",
        relays: LinkId | None = None,
        at: float | None = None,
    ) -> LinkId:
        """Record a link and return its number."""
        with self._changed:
            self._next_link += 1
            link = Link(
                seq=self._number(),
                time=self._time(at),
                id=LinkId(self._next_link),
                kind=kind,
                actor=owner.actor,
                ours=ours,
                local=local,
                peer=peer,
                peer_actor=owner.peer_actor,
                cause=owner.cause,
                facts=dict(facts),
                hop=hop,
                relays=relays,
            )
            self._know(link)
        self._write(link)
        self.touch()
        return link.id

    def play_behind(self, link: LinkId) -> PlayId | None:
        """The play for which one of our actors opened a link that another one of them accepted; None for others.

        A port is used again soon after its connection was closed, by whoever comes first.
        """
        with self._changed:
            known = self._links.get(link)
            other = None if known is None or known.ours else self._dialled.get((known.peer, known.local))
            if known is None or other is None or other.cause is None:
                return None
            return other.cause.play if known.seq <= self._closed.get(other.id, known.seq) else None

    def spool(self) -> Path:
        """The folder for large messages: beside the evidence, so that their files can become evidence by a link."""
        with self._changed:
            if self._folder is None:
                if self._writer is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="swf-receiving-"))
                    weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
                else:
                    self._folder = self._writer.spool
            self._folder.mkdir(exist_ok=True)
            return self._folder

    def exchange_opened(self) -> ExchangeId:
        """A new exchange number."""
        with self._changed:
            self._next_exchange += 1
            return ExchangeId(self._next_exchange)

    def passed(self, passage: Passage) -> None:
        """Record a message; returns when its payload is stored and its record written."""
        with self._changed:
            seq, time = self._number(), self._time(passage.at)
        payload = None if passage.content is None else self._keep(passage)
        capture = Capture(
            seq=seq,
            time=time,
            link=passage.link,
            exchange=passage.exchange,
            half=passage.half,
            direction=passage.direction,
            payload=payload,
            command=passage.command,
        )
        self._write(capture)
        with self._changed:
            self._captures.append(capture)
            self._assemble(capture)
        self.touch()

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
        """Record an event."""
        cause = step or (owner.cause if owner else None)
        with self._changed:
            event = Event(
                seq=self._number(),
                time=self._time(at),
                kind=kind,
                text=text,
                link=link,
                actor=owner.actor if owner else None,
                peer_actor=owner.peer_actor if owner else None,
                step=cause,
                play=play or (cause.play if cause else None),
                leg=leg,
                facts=dict(facts or {}),
            )
            self._note(event)
        self._write(event)
        self.touch()

    # what the engine asks

    def read(self, payload: Payload) -> bytes | Path:
        """The content of a recorded payload: its bytes, or of a large object its file."""
        if self._writer is not None:
            return self._writer.read(payload)
        return self._memory[payload.sha256]

    def exchanges(self) -> list[Exchange]:
        """Every exchange that has a request, in order of its request."""
        with self._changed:
            known = list(self._exchanges.values())
        return sorted(known, key=lambda exchange: exchange.request.seq)

    def news(self, begun: int, told: int, unfinished: Iterable[ExchangeId] = ()) -> News:
        """What was recorded since so many exchanges had begun and so many events had happened, and how the unfinished
        ones stand by now."""
        with self._changed:
            fresh = self._begun[begun:]
            exchanges = [self._exchanges[number] for number in (*unfinished, *fresh)]
            return News(exchanges, self._events[told:], begun + len(fresh))

    def let_go(self) -> Taken:
        """What has come to its end, and what happened, since the last call; the record in memory is let go of.

        For a run without a scenario, which may go on for days: what was let go of is in the evidence alone. An exchange
        has come to its end with its final response, or with its link. One between two of our own actors, which both of
        them recorded, is told as its sender recorded it.
        """
        with self._changed:
            events, self._events = self._events, []
            ended = {event.link for event in events if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST)}
            over = [one for one in self._exchanges.values() if one.link.id in ended or is_complete(one)]
            done = [
                one for one in over if one.sent or (not one.link.ours, one.link.peer, one.link.local) not in self._ends
            ]
            for exchange in over:
                del self._exchanges[exchange.id]
            for link in filter(None, ended):
                known = self._links.pop(link, None)
                self._closed.pop(link, None)
                if known is not None:
                    self._dialled.pop((known.local, known.peer), None)
                    self._ends.discard((known.ours, known.local, known.peer))
            self._captures.clear()
            self._begun.clear()
        return Taken(sorted(done, key=lambda exchange: exchange.request.seq), events)

    def _has_twin(self, link: Link) -> bool:
        """Whether both ends of the link are ours, as far as they are still known."""
        return (not link.ours, link.peer, link.local) in self._ends

    @contextmanager
    def overhearing(self) -> Iterator[Mapping[ExchangeId, Exchange]]:
        """What begins inside the block, as it stands, whatever is let go of meanwhile."""
        heard: dict[ExchangeId, Exchange] = {}
        with self._changed:
            self._overheard.append(heard)
        try:
            yield heard
        finally:
            with self._changed:
                self._overheard = [one for one in self._overheard if one is not heard]

    def time_of(self, exchange: ExchangeId) -> float | None:
        """When a request passed, in seconds since the epoch; None when it was not recorded."""
        with self._changed:
            known = self._exchanges.get(exchange)
            return known.request.time if known is not None else None

    def begun(self) -> int:
        """How many exchanges have begun so far."""
        with self._changed:
            return len(self._begun)

    def events(self) -> list[Event]:
        """Every event so far."""
        with self._changed:
            return list(self._events)

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds, re-examined after each record; False when the time is up."""
        deadline = self._clock.seconds() + seconds
        while True:
            with self._changed:
                seen = self._version
            if condition():
                return True
            with self._changed:
                rest = deadline - self._clock.seconds()
                if rest <= 0:
                    return False
                if self._version == seen:
                    self._changed.wait(min(rest, 1.0))

    def transcript(self, begin: int = 0) -> Transcript:
        """The finished record; of messages only those that passed since the record of that number."""
        with self._changed:
            captures = tuple(capture for capture in self._captures if capture.seq >= begin)
            links, events = tuple(self._links.values()), tuple(self._events)
        return transcript_of(links, captures, events)

    def touch(self) -> None:
        """Wake everybody who waits: a record was added, or something else changed that conditions look at."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    # inside

    def _time(self, at: float | None) -> float:
        return self._clock.seconds() if at is None else at

    def _number(self) -> int:
        self._seq += 1
        return self._seq

    def _keep(self, passage: Passage) -> Payload:
        content = passage.content or b""
        file = passage.file
        if isinstance(content, bytes):
            digest = passage.sha256 or hashlib.sha256(content).hexdigest()
        else:
            digest = content.sha256() if file is None else file.sha256
        payload = Payload(digest, passage.kind, len(content))
        path = None if file is None else file.path
        if self._writer is not None:
            self._writer.store(payload, content, path)
        elif isinstance(content, bytes):
            self._memory[digest] = content
        elif digest not in self._memory:
            kept = self.spool() / payload.file_name
            link_or_write(content, path, kept)
            self._memory[digest] = kept
        return payload

    def _assemble(self, capture: Capture) -> None:
        link = self._links.get(capture.link)
        if link is None or is_sent_on(link, capture):
            return
        known = self._exchanges.get(capture.exchange)
        if capture.half is Half.REQUEST:
            if known is None:
                self._begun.append(capture.exchange)
            stands = Exchange(id=capture.exchange, link=link, request=capture)
        elif known is not None:
            stands = Exchange(
                id=known.id, link=known.link, request=known.request, responses=(*known.responses, capture)
            )
        else:
            return
        self._exchanges[capture.exchange] = stands
        for heard in self._overheard:
            if capture.half is Half.REQUEST or capture.exchange in heard:
                heard[capture.exchange] = stands

    def _write(self, record: Link | Capture | Event) -> None:
        if self._writer is not None:
            self._writer.append(record)
