"""Where a recorded request went, so that it can be sent there again."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.plan import Plan
from harness.model.profile import LinkKind
from harness.model.record import Record
from harness.model.transcript import Exchange, Transcript


@dataclass(frozen=True, kw_only=True)
class Target(Record):
    """Where to send: host and port, and for DICOM the called AE title."""

    host: str
    port: int
    ae_title: str = ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{host}:{self.port}"
        return f"{self.ae_title}@{place}" if self.ae_title else place


def target_of(exchange: Exchange, transcript: Transcript, plan: Plan) -> Target | None:
    """Where a request went: to whom we sent it, or to whom a relay passed it on. None when it came to us, or when it
    went to a listener that is not known.
    """
    link = exchange.link
    called = link.facts.get("called_ae", "") if link.kind is LinkKind.DIMSE else ""
    if exchange.sent and link.ours:
        return Target(host=link.peer.host, port=link.peer.port, ae_title=called)
    if exchange.sent:
        return _listener(link.facts.get("calling_ae", ""), plan)
    onward = next((one for one in transcript.links if link.hop and one.relays == link.id), None)
    if onward is None:
        return None
    return Target(host=onward.peer.host, port=onward.peer.port, ae_title=called)


def _listener(ae_title: str, plan: Plan) -> Target | None:
    """Where a system listens that called us by that AE title."""
    parties = (party for assignment in plan.assignments for party in assignment.theirs)
    found = next((called for party in parties if (called := party.called(ae_title)) is not None), None)
    address = found.dimse if found is not None and ae_title else None
    return Target(host=address.host, port=address.port, ae_title=ae_title) if address and address.port else None
