"""Roles that were proposed for an association on which the SCP is the one that requests it (PS3.4 J.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.dicom.uids import keyword_of
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "dimse.roles"

_FACT = "scp_roles"


@leg_check(CHECK, rows=("role-selection",))
def check(view: LegView) -> Iterator[Finding]:
    """Each report that came on an association of its sender; a record of before does not tell its roles."""
    for exchange in view.exchanges:
        command = exchange.exchange.request.command
        roles = exchange.exchange.link.facts.get(_FACT)
        if command is None or roles is None or not _opened_by_sender(exchange):
            continue
        proposed = {name.strip() for name in roles.split(";")}
        held = keyword_of(command.sop_class) in proposed
        yield from view.ruled(
            CHECK,
            "role-selection",
            Outcome.MET if held else Outcome.VIOLATED,
            exchange.evidence(),
            expected=f"the SCP role for {keyword_of(command.sop_class)}",
            received=roles or "none proposed",
        )


def _opened_by_sender(exchange: ExchangeView) -> bool:
    return exchange.exchange.link.ours is exchange.exchange.sent
