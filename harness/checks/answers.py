"""Whether an answer of a query contradicts the keys that it has to match (PS3.4 C.2.2.2, K.4.1.1.3)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.checks.matching import excused, mismatches
from harness.checks.recording import ExchangeView, LegView
from harness.model.finding import Finding
from harness.model.tables import KeyTable
from harness.model.transcript import Half
from harness.model.verdict import Outcome

ROW = "matches-key"

_SOME_KEYS_UNSUPPORTED = 0xFF01


def matches_keys(
    view: LegView,
    check: str,
    exchange: ExchangeView,
    index: int,
    entry: Dataset,
    keys: KeyTable | None,
    *,
    combined: bool = False,
) -> Iterator[Finding]:
    """Each key that the entry of a response contradicts; `combined`: date and time ranges are taken together."""
    loose = _is_loose(exchange, index)
    identifier = exchange.request_dataset or Dataset()
    found = [one for one in mismatches(identifier, entry, combined=combined) if not excused(one, keys, loose=loose)]
    for one in found:
        evidence = exchange.evidence(one.path, Half.RESPONSE, index)
        yield from view.ruled(check, ROW, Outcome.VIOLATED, evidence, expected=one.key, received=one.value or "empty")
    if not found:
        yield from view.ruled(check, ROW, Outcome.MET, exchange.evidence("", Half.RESPONSE, index))


def _is_loose(exchange: ExchangeView, index: int) -> bool:
    """Whether the response says that some optional keys were not matched."""
    command = exchange.exchange.responses[index].command
    return command is not None and command.status == _SOME_KEYS_UNSUPPORTED
