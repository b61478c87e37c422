"""A crossing without sockets, recorded in memory."""

from __future__ import annotations

from harness.engine.recording import TranscriptRecorder
from harness.identifiers import SystemClock
from harness.model.hop import Hop, HopSide
from harness.model.names import PlayerName
from harness.model.profile import LinkKind
from harness.model.transcript import SocketAddress
from harness.transports.relay import Crossing, Wire

RIS = SocketAddress("192.0.2.1", 40001)
PACS = SocketAddress("192.0.2.2", 2575)
HERE = SocketAddress("192.0.2.9", 2575)
THERE = SocketAddress("192.0.2.9", 50001)


def crossing(kind: LinkKind = LinkKind.MLLP) -> tuple[Crossing, TranscriptRecorder]:
    """From RIS to PACS, opened at 10.0 and 10.1 seconds; and its record."""
    recorder = TranscriptRecorder(SystemClock(), None)
    hop = Hop(
        name="orders",
        kind=kind,
        accepts=HopSide(player=PlayerName("RIS"), host="0.0.0.0", port=2575),
        leads_to=HopSide(player=PlayerName("PACS"), host="pacs.example.org", port=2575),
    )
    made = Crossing(
        hop=hop,
        accepted=Wire(local=HERE, peer=RIS, at=10.0, facts={"tls": "TLSv1.3"}),
        opened=Wire(local=THERE, peer=PACS, at=10.1),
        recorder=recorder,
    )
    return made, recorder
