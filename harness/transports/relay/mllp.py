"""The tap of an MLLP relay: messages out of the bytes of both directions, each with the answer that belongs to it.

It reads of a message only what pairing needs: MSH-10 and MSA-2. What is no message is recorded as noise; a stream with
too much of it, or one that speaks TLS, is read no more.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from harness.model.hop import ALL_THAT_FOLLOWS, UNREAD
from harness.model.names import ExchangeId
from harness.model.transcript import Direction, EventKind, Half, PayloadKind
from harness.transports.mllp.framing import MESSAGE_LIMIT, Frame, Framer, Noise
from harness.transports.recorder import Passage
from harness.transports.relay.held import HELD_LIMIT, Held
from harness.transports.relay.tap import OWNER, Crossing, Ending, How, Links, Side
from harness.transports.tls import heard_tls

_NOISE_LIMIT = 100
_UNANSWERED = 1000
"""Requests of one side for which an answer is awaited; the oldest is given up beyond that."""

_HEADER = re.compile(rb"MSH(.)[^\r\n]*", re.DOTALL)
_ACKNOWLEDGMENT = re.compile(rb"[\r\n]MSA([^\r\n]*)")


@dataclass(frozen=True)
class _Asked:
    """A request that has had no answer yet."""

    exchange: ExchangeId
    control_id: bytes


@dataclass
class _Voice:
    """What one side says."""

    framer: Framer
    asked: deque[_Asked] = field(default_factory=lambda: deque(maxlen=_UNANSWERED))
    answered: _Asked | None = None
    noises: int = 0
    heard: bool = False
    ending: Ending | None = None


@dataclass(frozen=True)
class _Moment:
    """When bytes came, and when they had been sent on; None: they were not."""

    received_at: float
    sent_at: float | None


class MllpTap:
    """Reads along on one MLLP connection through the relay. `limit` is the longest message in bytes."""

    def __init__(self, crossing: Crossing, held: Held | None = None, limit: int = MESSAGE_LIMIT) -> None:
        self._crossing = crossing
        self._recorder = crossing.recorder
        self._held = held or Held()
        self._known: Links | None = None
        self._voices = {side: _Voice(Framer(limit)) for side in Side}
        self._deaf = False

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        """Find the messages that these bytes complete, and record them."""
        voice = self._voices[side]
        moment = _Moment(received_at, sent_at)
        if not self._deaf and not voice.heard and heard_tls(data):
            self._stop_reading(side, "TLS is spoken through the relay, which then cannot read what passes", moment)
        voice.heard = True
        if self._deaf or voice.noises > _NOISE_LIMIT:
            return
        before = voice.framer.held
        found = voice.framer.feed(data)
        self._held.size += voice.framer.held - before
        for item in found:
            if isinstance(item, Frame):
                self._message(side, item.content, moment)
            else:
                self._noise(side, item, moment.received_at)
        if self._held.size > HELD_LIMIT:
            self._stop_reading(side, f"more than {HELD_LIMIT >> 20} MB of unfinished messages are held", moment)

    def ended(self, side: Side, ending: Ending) -> None:
        """What is left unfinished; after the second, how both links ended."""
        voice = self._voices[side]
        voice.ending = ending
        if not self._deaf:
            self._held.size -= voice.framer.held
            for noise in voice.framer.close(certain=ending.how is How.CLOSED):
                self._noise(side, noise, ending.at)
        endings = {one: known.ending for one, known in self._voices.items() if known.ending is not None}
        if len(endings) == len(self._voices):
            self._silence(endings)
            self._crossing.record_endings(self._links, endings)

    @property
    def _links(self) -> Links:
        """The links, recorded with the first thing that is: not while a connection is being made."""
        if self._known is None:
            self._known = self._crossing.record_links()
        return self._known

    # messages

    def _message(self, side: Side, content: bytes, moment: _Moment) -> None:
        asked = self._answered_by(side, content)
        if asked is not None:
            self._record(side, asked.exchange, Half.RESPONSE, content, moment)
            return
        request = _Asked(self._recorder.exchange_opened(), _control_id(content))
        self._record(side, request.exchange, Half.REQUEST, content, moment)
        self._voices[side].asked.append(request)

    def _answered_by(self, side: Side, content: bytes) -> _Asked | None:
        """The request that a message answers: that of its MSA-2, else the oldest that awaits one.

        Whoever was connected to answers, whatever it says; whoever connected does so where an MSA says that it does.
        """
        asking = self._voices[side.other]
        named = _answered_id(content)
        if asking.asked and (named is not None or side is Side.OPENED):
            asked = next((one for one in asking.asked if one.control_id == named), asking.asked[0])
            asking.asked.remove(asked)
            asking.answered = asked
            return asked
        last = asking.answered
        if last is None or named is None or named not in (last.control_id, b""):
            return None
        text = f"a further answer to one message: {len(content)} bytes"
        self._recorder.happened(EventKind.NOISE, text, link=self._links.of(side), owner=OWNER)
        return last

    def _record(self, side: Side, exchange: ExchangeId, half: Half, content: bytes, moment: _Moment) -> None:
        """Record a message as it came, and as it was sent on."""
        self._pass(side, exchange, half, Direction.RECEIVED, content, moment.received_at)
        if moment.sent_at is not None:
            self._pass(side.other, exchange, half, Direction.SENT, content, moment.sent_at)

    def _pass(
        self, side: Side, exchange: ExchangeId, half: Half, direction: Direction, content: bytes, at: float
    ) -> None:
        self._recorder.passed(
            Passage(
                link=self._links.of(side),
                exchange=exchange,
                half=half,
                direction=direction,
                content=content,
                kind=PayloadKind.HL7,
                at=at,
            )
        )

    # what is none

    def _noise(self, side: Side, noise: Noise, at: float) -> None:
        voice = self._voices[side]
        voice.noises += 1
        text = str(noise)
        if voice.noises > _NOISE_LIMIT:
            text = f"more than {_NOISE_LIMIT} pieces of noise: what follows passes, and is not read"
            self._held.size -= voice.framer.held
            voice.framer = Framer(0)
        if voice.noises <= _NOISE_LIMIT + 1:
            facts = {UNREAD: ALL_THAT_FOLLOWS} if voice.noises > _NOISE_LIMIT else {}
            self._recorder.happened(EventKind.NOISE, text, link=self._links.of(side), owner=OWNER, facts=facts, at=at)

    def _stop_reading(self, side: Side, why: str, moment: _Moment) -> None:
        """Read nothing more of either side; it goes on passing."""
        self._deaf = True
        self._held.size -= sum(voice.framer.held for voice in self._voices.values())
        link = self._links.of(side)
        facts = {UNREAD: ALL_THAT_FOLLOWS}
        self._recorder.happened(EventKind.NOISE, why, link=link, owner=OWNER, facts=facts, at=moment.received_at)

    def _silence(self, endings: dict[Side, Ending]) -> None:
        """Say which requests get no answer because whoever had to give it ended the connection first.

        Where their sender was first it may have lost its patience; nobody knows what would have come.
        """
        if self._deaf:
            return
        for side, voice in self._voices.items():
            own, responders = endings[side], endings[side.other]
            if responders.how is How.CUT or (own.how is not How.CUT and own.at <= responders.at):
                continue
            for _ in voice.asked:
                text = f"no answer: {responders.text}"
                self._crossing.record_silence(self._links.of(side), text, responders.at)


def _fields(segment: bytes, separator: bytes) -> list[bytes]:
    return segment.split(separator, 11)


def _control_id(content: bytes) -> bytes:
    """MSH-10; empty when there is none."""
    header = _HEADER.search(content)
    fields = _fields(header[0], header[1]) if header else []
    return fields[9] if len(fields) > 9 else b""


def _answered_id(content: bytes) -> bytes | None:
    """MSA-2; None when there is no MSA."""
    found = _ACKNOWLEDGMENT.search(content)
    header = _HEADER.search(content)
    if found is None or header is None:
        return None
    fields = _fields(found[1], header[1])
    return fields[2] if len(fields) > 2 else b""
