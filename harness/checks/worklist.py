"""Worklist answers against the query that asked for them (PS3.4 K.4.1, K.2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from harness.checks.answers import matches_keys
from harness.checks.attribute_tables import pending
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.dicom.paths import name_of
from harness.model.finding import Finding
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "mwl.matching"

_UNASKED = frozenset(Tag(name) for name in ("SpecificCharacterSet", "TimezoneOffsetFromUTC", "HL7InstanceIdentifier"))
"""What an answer may hold although the query did not ask (PS3.4 K.4.1.1.3.2)."""

_STEPS = "ScheduledProcedureStepSequence"


@leg_check(CHECK, rows=("matches-key", "one-step-per-entry", "only-requested"))
def check(view: LegView) -> Iterator[Finding]:
    """Every entry that came back satisfies every key, holds one step, and nothing that was not asked for."""
    keys = view.knowledge.keys.get("mwl")
    for exchange in view.exchanges:
        identifier = exchange.request_dataset
        if identifier is None:
            continue
        for index, entry in pending(exchange):
            yield from matches_keys(view, CHECK, exchange, index, entry, keys, combined=True)
            yield from _one_step(view, exchange, index, identifier, entry)
            yield from _only_requested(view, exchange, index, identifier, entry)


def _one_step(
    view: LegView, exchange: ExchangeView, index: int, identifier: Dataset, entry: Dataset
) -> Iterator[Finding]:
    if Tag(_STEPS) not in identifier and Tag(_STEPS) not in entry:
        return
    count = len(entry[_STEPS].value) if _STEPS in entry and entry[_STEPS].VR == "SQ" else 0
    yield from view.ruled(
        CHECK,
        "one-step-per-entry",
        Outcome.MET if count == 1 else Outcome.VIOLATED,
        exchange.evidence(_STEPS, Half.RESPONSE, index),
        expected="1 item",
        received=f"{count} items",
    )


def _only_requested(
    view: LegView, exchange: ExchangeView, index: int, identifier: Dataset, entry: Dataset
) -> Iterator[Finding]:
    asked = identifier.keys()
    surplus = [tag for tag in sorted(entry.keys(), key=int) if tag not in asked and tag not in _UNASKED]
    path = name_of(surplus[0]) if surplus else ""
    yield from view.ruled(
        CHECK,
        "only-requested",
        Outcome.VIOLATED if surplus else Outcome.MET,
        exchange.evidence(path, Half.RESPONSE, index),
        expected="requested attributes only",
        received=", ".join(name_of(tag) for tag in surplus[:3]),
    )
