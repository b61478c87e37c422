"""A DICOM hop as its tap sees it: what passes is said, and the record is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import EvidenceWriter
from harness.identifiers import FixedClock
from harness.model.hop import Hop, HopSide
from harness.model.names import PlayerName
from harness.model.profile import LinkKind, Service
from harness.model.transcript import Event, EventKind, Exchange, SocketAddress, Transcript
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.commands import Command
from harness.transports.relay.dimse import DimseTap
from harness.transports.relay.tap import Crossing, Ending, How, Side, Wire
from tests.unit.transports.relay.associations import (
    COMMITMENT,
    CT,
    RELEASE_RP,
    RELEASE_RQ,
    VERIFICATION,
    WORKLIST,
    acceptance,
    request,
    sent,
)

A, B = Side.ACCEPTED, Side.OPENED

CONTEXTS = {1: VERIFICATION, 3: CT, 5: COMMITMENT, 7: WORKLIST}
BASE = 1_700_000_000.0


def command(service: Service | None, number: int, **more: object) -> Command:
    return Command(service=service, message_id=number, **more)  # type: ignore[arg-type]


ECHO = Message(context_id=1, command=command(Service.C_ECHO, 1, sop_class=VERIFICATION))
ECHOED = Message(context_id=1, command=command(Service.C_ECHO, 1, sop_class=VERIFICATION, status=0))
FIND = Message(context_id=7, command=command(Service.C_FIND, 2, sop_class=WORKLIST, has_dataset=True), content=b"key")
CANCEL = Message(context_id=7, command=command(None, 2))
ENDED = Message(context_id=7, command=command(Service.C_FIND, 2, status=0xFE00))


def found(number: int) -> Message:
    return Message(
        context_id=7,
        command=command(Service.C_FIND, 2, status=0xFF00, has_dataset=True),
        content=f"entry {number}".encode(),
    )


def store(number: int, content: bytes = b"an image") -> Message:
    asked = command(Service.C_STORE, number, sop_class=CT, sop_instance=f"1.2.{number}", has_dataset=True)
    return Message(context_id=3, command=asked, content=content)


def stored(number: int, status: int = 0) -> Message:
    return Message(context_id=3, command=command(Service.C_STORE, number, status=status))


@dataclass
class Line:
    """A tap with its record, and a clock of which each piece takes some time to pass."""

    recorder: TranscriptRecorder
    tap: DimseTap
    folder: Path
    now: float = BASE

    def say(self, side: Side, data_: bytes | Message, *, arrives: bool = True) -> None:
        """Something passes from a side: in at one second, out at the next."""
        stream = sent(data_) if isinstance(data_, Message) else data_
        self.now += 2
        self.tap.passed(side, stream, self.now, self.now + 1 if arrives else None)

    def opened(self, *more: bytes, results: Sequence[int] = (0, 0, 0, 0)) -> Line:
        """With an association."""
        self.say(A, request(CONTEXTS, *more, version=b"SENDER"))
        self.say(B, acceptance(dict(zip(CONTEXTS, results, strict=True)), version=b"RECEIVER"))
        return self

    def end(self, first: Side = A, how: How = How.CLOSED, other: How = How.CLOSED) -> None:
        """Both streams end."""
        self.now += 1
        self.tap.ended(first, Ending(how, "closed by the peer", self.now))
        self.tap.ended(first.other, Ending(other, "closed by the peer", self.now + 1))

    def release(self) -> None:
        """In order."""
        self.say(A, RELEASE_RQ)
        self.say(B, RELEASE_RP)
        self.end()

    @property
    def transcript(self) -> Transcript:
        return self.recorder.transcript()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return self.transcript.exchanges

    def events(self, *kinds: EventKind) -> list[Event]:
        return [event for event in self.transcript.events if event.kind in kinds]


ENDS = (EventKind.LINK_CLOSED, EventKind.LINK_LOST)


def made(folder: Path, writer: EvidenceWriter | None) -> Line:
    recorder = TranscriptRecorder(FixedClock(datetime(2026, 1, 1)), writer)
    hop = Hop(
        name="images",
        kind=LinkKind.DIMSE,
        accepts=HopSide(player=PlayerName("CT"), host="127.0.0.1", port=11112),
        leads_to=HopSide(player=PlayerName("PACS"), host="192.0.2.7", port=104),
    )
    crossing = Crossing(
        hop=hop,
        accepted=Wire(
            local=SocketAddress("127.0.0.1", 11112), peer=SocketAddress("127.0.0.1", 40001), at=BASE,
            facts={"tls": "TLSv1.3"},
        ),
        opened=Wire(local=SocketAddress("192.0.2.1", 40002), peer=SocketAddress("192.0.2.7", 104), at=BASE + 1),
        recorder=recorder,
    )  # fmt: skip
    return Line(recorder, DimseTap(crossing), folder)
