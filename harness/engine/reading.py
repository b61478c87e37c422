"""From records to a transcript: captures paired into exchanges, and twins removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.dicom.statuses import is_pending
from harness.errors import RecordingError
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import Service
from harness.model.transcript import (
    Capture,
    Direction,
    Event,
    EventKind,
    Exchange,
    Half,
    Link,
    SocketAddress,
    Transcript,
)


def transcript_of(links: tuple[Link, ...], captures: tuple[Capture, ...], events: tuple[Event, ...]) -> Transcript:
    """Order the records and pair them; RecordingError when a message names a link that is not among them."""
    ordered = tuple(sorted(captures, key=lambda capture: capture.seq))
    return Transcript(
        links=tuple(sorted(links, key=lambda link: link.seq)),
        captures=ordered,
        events=tuple(sorted(events, key=lambda event: event.seq)),
        exchanges=without_twins(_pair(links, ordered), events),
    )


def _pair(links: tuple[Link, ...], captures: Iterable[Capture]) -> list[Exchange]:
    by_id = {link.id: link for link in links}
    requests: dict[ExchangeId, Capture] = {}
    responses: dict[ExchangeId, list[Capture]] = defaultdict(list)
    for capture in captures:
        if capture.half is Half.REQUEST:
            requests[capture.exchange] = capture
        else:
            responses[capture.exchange].append(capture)
    for number, request in requests.items():
        if request.link not in by_id:
            raise RecordingError(f"exchange {number} passed link {request.link}, which is not in the record")
    return [
        Exchange(id=number, link=by_id[request.link], request=request, responses=tuple(responses[number]))
        for number, request in requests.items()
    ]


def is_complete(exchange: Exchange) -> bool:
    """Whether the final response is there; those with a pending status come before it (PS3.7 9.1.2.1.7).

    A C-CANCEL has no response of its own (PS3.7 9.3.2.3).
    """
    final = exchange.final
    if final is None:
        command = exchange.request.command
        return command is not None and command.service is Service.C_CANCEL
    status = final.command.status if final.command else None
    return status is None or not is_pending(status)


def twins(links: Iterable[Link], events: Iterable[Event]) -> frozenset[LinkId]:
    """Links whose other end is recorded too: open at the same time, with the socket addresses turned round.

    Addresses alone do not tell: a port is used again soon after its connection was closed.
    """
    closed: dict[LinkId, int] = {}
    for event in events:
        if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST) and event.link is not None:
            closed.setdefault(event.link, event.seq)
    accepted: dict[tuple[SocketAddress, SocketAddress], list[Link]] = defaultdict(list)
    dialled = []
    for link in links:
        if link.ours:
            dialled.append(link)
        else:
            accepted[link.peer, link.local].append(link)
    found: set[LinkId] = set()
    for link in dialled:
        for other in accepted.get((link.local, link.peer), ()):
            if link.seq <= closed.get(other.id, link.seq) and other.seq <= closed.get(link.id, other.seq):
                found |= {link.id, other.id}
    return frozenset(found)


def without_twins(exchanges: Iterable[Exchange], events: Iterable[Event]) -> tuple[Exchange, ...]:
    """Of a message that both ends recorded, keep the record of its sender."""
    exchanges = tuple(exchanges)
    twinned = twins({exchange.link.id: exchange.link for exchange in exchanges}.values(), events)
    return tuple(
        exchange
        for exchange in exchanges
        if exchange.link.id not in twinned or exchange.request.direction is Direction.SENT
    )
