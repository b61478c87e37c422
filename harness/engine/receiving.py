"""What a request brings about besides its answer when it is sent again: the objects of a C-MOVE, a commitment's report.

They come to the address that our actor had in the run, which is the one that the product knows.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from harness.engine.unrecorded import Unrecorded
from harness.errors import PortInUse
from harness.model.plan import Plan
from harness.model.profile import Service
from harness.model.system import Party
from harness.model.transcript import Exchange
from harness.transports.dimse import Arrivals, DimseEndpoint, DimseHandler, DimseRequest, DimseResponse, SupportedClass
from harness.transports.recorder import LinkOwner

WAIT: Final = 30.0
"""Seconds in which the report of a commitment may come."""

_COMMITMENT = "StorageCommitmentPushModel"
_EVENTS = {"1": "every instance is committed", "2": "not every instance is committed"}
"""PS3.4 Table J.3-2."""


class Arriving(DimseHandler):
    """Takes what comes, and counts it. `why` says why nothing can come to us; unless `heard`, nobody wants to know."""

    def __init__(self, why: str = "", *, heard: bool = True) -> None:
        self.why = why
        self._heard = heard
        self._stored = 0
        self._arrivals = Arrivals()
        self._reports: queue.SimpleQueue[DimseRequest] = queue.SimpleQueue()

    def since(self) -> bool:
        """Whether something came since this was asked last: as long as it does, a C-MOVE is waited for."""
        return self._arrivals.since()

    def arriving(self) -> None:
        """More of an object has come."""
        self._arrivals.note()

    def c_store(self, request: DimseRequest) -> DimseResponse:
        """Count an object; it is not kept."""
        self._stored += 1
        return DimseResponse(0x0000)

    def n_event_report(self, request: DimseRequest) -> DimseResponse:
        """Keep a report, wherever it came."""
        return self.report(request)

    def report(self, request: DimseRequest) -> DimseResponse:
        """The same for a report on an association of ours."""
        self._reports.put(request)
        return DimseResponse(0x0000)

    def told(self, service: Service, status: int, wait: float) -> Iterator[str]:
        """What came of a request that had this answer, in words; a report is waited for."""
        if not self._heard:
            return
        if service is Service.C_MOVE:
            yield self.why or f"{self._stored} objects came to us"
        if service is Service.N_ACTION and status == 0:
            if self.why:
                yield self.why
            yield self._report(wait)

    def _report(self, wait: float) -> str:
        try:
            found = self._reports.get(timeout=wait)
        except queue.Empty:
            return f"no N-EVENT-REPORT came within {wait:g} s"
        kind = found.fields.get("EventTypeID", "")
        return f"N-EVENT-REPORT, event type {kind}: {_EVENTS.get(kind, 'of no known meaning')}\n{found.dataset}"


@contextmanager
def arriving(plan: Plan, exchange: Exchange | None) -> Iterator[Arriving]:
    """Listen where our actor listened, if the request is one after which something comes."""
    party = _listener(plan, exchange) if exchange is not None else None
    if party is None or party.dimse is None or not party.dimse.port:
        why = "our actor listened at no port of its own in that run, so that nothing can come to it"
        yield Arriving(why, heard=exchange is not None)
        return
    handler = Arriving()
    endpoint = DimseEndpoint(
        LinkOwner(actor=party.actor),
        ae_title=party.dimse.ae_title,
        bind=party.bind,
        port=party.dimse.port,
        supported=[SupportedClass("Storage"), SupportedClass(_COMMITMENT, requestor_is_scp=True)],
        handler=handler,
        recorder=Unrecorded(),
        peer_of=lambda title: None,
        tls=party.dimse.tls,
        tls_files=party.dimse.tls_files,
    )
    try:
        endpoint.start()
    except PortInUse as fault:
        handler.why = f"nothing can come to us: {fault}"
    try:
        yield handler
    finally:
        endpoint.stop()


def _listener(plan: Plan, exchange: Exchange) -> Party | None:
    """Our actor to which something comes after the request; None when nothing does."""
    command = exchange.request.command
    if command is None or command.service not in (Service.C_MOVE, Service.N_ACTION):
        return None
    title = command.fields.get("MoveDestination") or exchange.link.facts.get("calling_ae", "")
    ours = (party for assignment in plan.assignments for party in assignment.ours.values())
    return next((found for party in ours if (found := party.called(title)) is not None), None)
