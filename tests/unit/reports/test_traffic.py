"""The live log: a line for each exchange and each trouble, a count for a flood."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from harness.model.hop import Hop, HopSide
from harness.model.names import ActorName, ExchangeId, LinkId, PlayerName
from harness.model.profile import LinkKind, Service
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Event,
    EventKind,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)
from reports.traffic import LINES_A_SECOND, TrafficLog

HOP = Hop(
    name="orders",
    kind=LinkKind.MLLP,
    accepts=HopSide(player=PlayerName("RIS"), host="127.0.0.1", port=2575),
    leads_to=HopSide(player=PlayerName("PACS"), host="pacs.example.org", port=2575),
)
LINK = Link(
    seq=1,
    time=0.0,
    id=LinkId(1),
    kind=LinkKind.MLLP,
    actor=ActorName("Relay"),
    ours=False,
    local=SocketAddress("127.0.0.1", 2575),
    peer=SocketAddress("127.0.0.1", 40000),
    hop="orders",
)
REQUEST = b"MSH|^~\\&|RIS|H|PACS|H|20260101||ADT^A04^ADT_A01|M1|P|2.5.1\rPID|1||P1^^^H||DOE^JANE\r"
ANSWER = b"MSH|^~\\&|PACS|H|RIS|H|20260101||ACK^A04|A1|P|2.5.1\rMSA|%s|M1\r"


def capture(half: Half, name: str, time: float, command: DimseCommand | None = None) -> Capture:
    return Capture(
        seq=1,
        time=time,
        link=LINK.id,
        exchange=ExchangeId(7),
        half=half,
        direction=Direction.RECEIVED,
        payload=None if command else Payload(name, PayloadKind.HL7, 100),
        command=command,
    )


def exchange(answer: str = "AA", link: Link = LINK, after: float = 0.0125) -> Exchange:
    responses = (capture(Half.RESPONSE, answer, 1000.0 + after),) if answer else ()
    return Exchange(id=ExchangeId(7), link=link, request=capture(Half.REQUEST, "request", 1000.0), responses=responses)


def read(payload: Payload) -> bytes:
    return REQUEST if payload.sha256 == "request" else ANSWER % payload.sha256.encode()


Log = Callable[..., tuple[TrafficLog, Callable[[], str]]]


@pytest.fixture
def log() -> Log:
    def make(**options: object) -> tuple[TrafficLog, Callable[[], str]]:
        stream = io.StringIO()
        console = Console(file=stream, width=200, color_system=None)
        return TrafficLog(console, read, [HOP], **options), stream.getvalue  # type: ignore[arg-type]

    return make


@pytest.mark.parametrize(("answer", "words"), [("AA", "AA"), ("AE", "AE"), ("", "no response")])
def test_an_exchange_is_a_line_with_who_what_and_how_long(log: Log, answer: str, words: str) -> None:
    told, text = log()
    told.exchanged(exchange(answer))
    line = text()
    assert "RIS -> PACS  ADT^A04" in line
    assert f"  {words}" in line
    assert ("12.5 ms" in line) is bool(answer)
    assert line.count("\n") == 1


def test_a_request_of_the_responder_goes_the_other_way(log: Log) -> None:
    told, text = log()
    told.exchanged(exchange(link=replace(LINK, relays=LinkId(9))))
    assert "PACS -> RIS" in text()


def test_an_actor_of_ours_is_named_with_its_peer(log: Log) -> None:
    told, text = log()
    own = replace(LINK, hop="", actor=ActorName("Order Filler"), facts={"calling_ae": "CT1"})
    told.exchanged(exchange(link=own))
    told.exchanged(exchange(link=replace(own, facts={})))
    told.exchanged(exchange(link=replace(own, peer_actor=ActorName("Modality"))))
    by_title, by_address, by_actor = text().splitlines()
    assert "CT1 -> Order Filler" in by_title
    assert "127.0.0.1:40000 -> Order Filler" in by_address
    assert "Modality -> Order Filler" in by_actor


def test_a_dicom_exchange_says_service_class_and_status(log: Log) -> None:
    told, text = log()
    request = DimseCommand(service=Service.C_STORE, message_id=1, sop_class="1.2.840.10008.5.1.4.1.1.2")
    response = DimseCommand(service=Service.C_STORE, message_id=1, status=0xA700)
    one = exchange()
    told.exchanged(
        replace(
            one,
            request=capture(Half.REQUEST, "", 1000.0, request),
            responses=(capture(Half.RESPONSE, "", 1002.5, response),),
        )
    )
    assert "C-STORE CTImageStorage  A700" in text()
    assert "2.50 s" in text()


def event(kind: EventKind, text: str = "what happened", **facts: str) -> Event:
    return Event(seq=1, time=1000.0, kind=kind, text=text, facts=facts)


def test_trouble_is_told_with_its_hop_and_what_to_do(log: Log) -> None:
    told, text = log()
    told.happened(event(EventKind.TLS_FAILED, "no common TLS version", hop="orders", advice="Its side: allow 1.2"))
    assert "RIS -> PACS  TLS failed: no common TLS version. Its side: allow 1.2" in text()


@pytest.mark.parametrize("kind", [EventKind.LINK_CLOSED, EventKind.LISTENING, EventKind.STEP_STARTED])
def test_what_is_as_it_should_be_is_not_told(log: Log, kind: EventKind) -> None:
    told, text = log()
    told.happened(event(kind))
    assert text() == ""


def test_a_flood_is_counted(log: Log) -> None:
    now = [5.0]
    told, text = log(now=lambda: now[0])
    for _ in range(LINES_A_SECOND + 30):
        told.exchanged(exchange())
    assert text().count("\n") == LINES_A_SECOND
    now[0] = 6.2
    told.exchanged(exchange())
    lines = text().splitlines()
    assert lines[LINES_A_SECOND].strip() == "... and 30 more"
    assert "ADT^A04" in lines[LINES_A_SECOND + 1]


def test_what_was_only_counted_is_told_at_the_end(log: Log) -> None:
    told, text = log(now=lambda: 5.0)
    for _ in range(LINES_A_SECOND + 2):
        told.exchanged(exchange())
    told.finish()
    told.finish()
    assert text().splitlines()[-1].strip() == "... and 2 more"
    assert text().count("more") == 1


def test_a_quiet_log_tells_our_own_faults_alone(log: Log) -> None:
    told, text = log(quiet=True)
    told.exchanged(exchange())
    told.happened(event(EventKind.UNREACHABLE))
    told.happened(event(EventKind.INTERNAL_ERROR, "a reader failed"))
    assert text().count("\n") == 1
    assert "internal error: a reader failed" in text()


def test_values_from_the_wire_move_no_cursor(log: Log) -> None:
    told, text = log()
    told.happened(event(EventKind.NOISE, "\x1b[2J\rgone\n[red]x[/red]"))
    assert "\x1b" not in text()
    assert text().count("\n") == 1
    assert "[red]x[/red]" in text()
