"""Queries that were taken back by C-CANCEL, and what ended as if they had been (PS3.7 9.3.2.3; PS3.4 C.4.1, K.4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from harness.checks.dimse_reply import final_evidence, hexadecimal
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.statuses import StatusClass, is_pending, is_success, status_class
from harness.model.finding import Finding
from harness.model.names import LinkId
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "dimse.cancel"

_RULES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "RAD-5": ("cancel/worklist-query-ends", "cancel/worklist-query-unasked"),
        "RAD-14": ("cancel/query-ends", "cancel/query-unasked"),
    }
)
"""By transaction: the rule for queries that were cancelled, and the one for those that were not."""


@play_check(CHECK, rules=tuple(rule for pair in _RULES.values() for rule in pair), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Each query that was cancelled, and each that was answered with FE00."""
    for transaction, (ends, unasked) in _RULES.items():
        cancelled = _cancelled(play, transaction)
        for view in play.of(transaction):
            for exchange in view.exchanges:
                if not _is_query(exchange):
                    continue
                if _name(exchange) in cancelled:
                    yield from _ended(play, view, exchange, ends)
                elif exchange.status is not None:
                    yield from _unasked(play, view, exchange, unasked)


def _cancelled(play: PlayView, transaction: str) -> frozenset[tuple[LinkId, int]]:
    """What was taken back, by association and Message ID."""
    return frozenset(
        _name(exchange)
        for view in play.of(transaction)
        for exchange in view.exchanges
        if (command := exchange.exchange.request.command) is not None and command.service is Service.C_CANCEL
    )


def _is_query(exchange: ExchangeView) -> bool:
    command = exchange.exchange.request.command
    return command is not None and command.service is Service.C_FIND


def _name(exchange: ExchangeView) -> tuple[LinkId, int]:
    command = exchange.exchange.request.command
    return exchange.exchange.link.id, command.message_id if command is not None else 0


def _ended(play: PlayView, view: LegView, exchange: ExchangeView, rule: str) -> Iterator[Finding]:
    status = exchange.status
    if status is None or is_pending(status):
        return  # `dimse.reply` says that it has no end
    held = is_success(status) or status_class(status) is StatusClass.CANCEL
    yield from play.ruled(
        rule,
        view,
        Outcome.MET if held else Outcome.VIOLATED,
        view.responder,
        final_evidence(exchange),
        expected="FE00 | 0000",
        received=hexadecimal(status),
    )


def _unasked(play: PlayView, view: LegView, exchange: ExchangeView, rule: str) -> Iterator[Finding]:
    status = exchange.status
    cancelled = status is not None and status_class(status) is StatusClass.CANCEL
    yield from play.ruled(
        rule,
        view,
        Outcome.VIOLATED if cancelled else Outcome.MET,
        view.responder,
        final_evidence(exchange),
        expected="not FE00",
        received=hexadecimal(status),
    )
