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
        link = by_id.get(capture.link)
        if link is not None and is_sent_on(link, capture):
            continue
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


def is_sent_on(link: Link, capture: Capture) -> bool:
    """Whether a relay passed the message on here: it counts as what came from its sender, on that link."""
    return bool(link.hop) and capture.direction is Direction.SENT


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


class Twins:
    """Links whose other end is recorded too: open at the same time, with the socket addresses turned round.

    Addresses alone do not tell: a port is used again soon after its connection was closed. Takes links and events in
    any order; what it says is of what it was told so far.
    """

    def __init__(self, links: Iterable[Link] = (), events: Iterable[Event] = ()) -> None:
        self._links: set[LinkId] = set()
        self._closed: dict[LinkId, int] = {}
        self._by_ends: dict[tuple[bool, SocketAddress, SocketAddress], list[Link]] = defaultdict(list)
        self.note(events)
        for link in links:
            self.add(link)

    def add(self, link: Link) -> None:
        """Take a link in; one that is known already changes nothing."""
        if link.id not in self._links:
            self._links.add(link.id)
            self._by_ends[link.ours, link.local, link.peer].append(link)

    def note(self, events: Iterable[Event]) -> None:
        """Take in when links were closed."""
        for event in events:
            if event.kind in (EventKind.LINK_CLOSED, EventKind.LINK_LOST) and event.link is not None:
                self._closed.setdefault(event.link, event.seq)

    def has(self, link: Link) -> bool:
        """Whether the other end of the link is among the links."""
        others = self._by_ends.get((not link.ours, link.peer, link.local), ())
        closed = self._closed
        return any(
            link.seq <= closed.get(other.id, link.seq) and other.seq <= closed.get(link.id, other.seq)
            for other in others
        )


def twins(links: Iterable[Link], events: Iterable[Event]) -> frozenset[LinkId]:
    """The links of which both ends are recorded."""
    links = tuple(links)
    known = Twins(links, events)
    return frozenset(link.id for link in links if known.has(link))


def without_twins(exchanges: Iterable[Exchange], events: Iterable[Event]) -> tuple[Exchange, ...]:
    """Of a message that both ends recorded, keep the record of its sender."""
    exchanges = tuple(exchanges)
    twinned = twins({exchange.link.id: exchange.link for exchange in exchanges}.values(), events)
    return tuple(
        exchange
        for exchange in exchanges
        if exchange.link.id not in twinned or exchange.request.direction is Direction.SENT
    )
