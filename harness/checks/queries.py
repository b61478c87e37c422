"""Query answers against the query, and the query against the hierarchy of its information model (PS3.4 C.4.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.checks.answers import matches_keys
from harness.checks.attribute_tables import pending
from harness.checks.dimse_reply import final_evidence
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.dicom.paths import first
from harness.dicom.uids import keyword_of
from harness.model.finding import Finding
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "query.matching"

LEVEL = "QueryRetrieveLevel"
UNIQUE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "PATIENT": "PatientID",
        "STUDY": "StudyInstanceUID",
        "SERIES": "SeriesInstanceUID",
        "IMAGE": "SOPInstanceUID",
    }
)
"""Levels from top to bottom, each with its unique key (PS3.4 C.6.1.1)."""

_KEYS: Mapping[str, str] = MappingProxyType(
    {"STUDY": "study-root", "SERIES": "study-root-series", "IMAGE": "study-root-image"}
)
"""The key table of each level."""


@leg_check(CHECK, rows=("matches-key", "level", "hierarchy-refused", "answer-level"))
def check(view: LegView) -> Iterator[Finding]:
    """Each query names one value for every unique key above its level; each answer satisfies it at its level."""
    seen: set[tuple[str, ...]] = set()
    for exchange in view.exchanges:
        identifier = exchange.request_dataset
        if identifier is None or _told_before(exchange, seen):
            continue
        yield from _hierarchy(view, exchange, identifier)
        for index, entry in pending(exchange):
            keys = view.knowledge.keys.get(_KEYS.get(first(identifier, LEVEL), ""))
            yield from matches_keys(view, CHECK, exchange, index, entry, keys)
            yield from _level(view, exchange, index, identifier, entry)


def _told_before(exchange: ExchangeView, seen: set[tuple[str, ...]]) -> bool:
    """Whether the same query had the same answers before: a repeated probe shows nothing new."""
    captures = (exchange.exchange.request, *exchange.exchange.responses)
    content = tuple(capture.payload.sha256 if capture.payload is not None else "" for capture in captures)
    known = content in seen
    seen.add(content)
    return known


def _hierarchy(view: LegView, exchange: ExchangeView, identifier: Dataset) -> Iterator[Finding]:
    level = first(identifier, LEVEL)
    study_root = "StudyRoot" in _sop_class(exchange)
    if level not in UNIQUE_KEYS or (study_root and level == "PATIENT"):
        yield from view.ruled(
            CHECK,
            "level",
            Outcome.VIOLATED,
            exchange.evidence(LEVEL),
            expected=" | ".join(list(UNIQUE_KEYS)[1 if study_root else 0 :]),
            received=level or "absent",
        )
        return
    above = list(UNIQUE_KEYS)[1 if study_root else 0 : list(UNIQUE_KEYS).index(level)]
    bad = [UNIQUE_KEYS[one] for one in above if not _single(first(identifier, UNIQUE_KEYS[one]))]
    yield from view.ruled(
        CHECK,
        "level",
        Outcome.VIOLATED if bad else Outcome.MET,
        exchange.evidence(bad[0] if bad else LEVEL),
        expected="one value",
        received=first(identifier, bad[0]) or "absent" if bad else level,
    )
    if bad and exchange.status is not None:
        returned = sum(1 for _ in pending(exchange))
        yield from view.ruled(
            CHECK,
            "hierarchy-refused",
            Outcome.VIOLATED if returned else Outcome.MET,
            final_evidence(exchange),
            expected="no answer",
            received=f"{returned} answers",
        )


def _sop_class(exchange: ExchangeView) -> str:
    command = exchange.exchange.request.command
    return keyword_of(command.sop_class) if command else ""


def _single(value: str) -> bool:
    return bool(value) and not set(value) & {"\\", "*", "?"}


def _level(view: LegView, exchange: ExchangeView, index: int, identifier: Dataset, entry: Dataset) -> Iterator[Finding]:
    """An answer names the level of the query and has that level's unique key, if it was asked for
    (PS3.4 C.4.1.1.3.2)."""
    level, returned = first(identifier, LEVEL), first(entry, LEVEL)
    unique = UNIQUE_KEYS.get(level, "")
    if returned != level:
        path, expected, received = LEVEL, level, returned or "absent"
    elif unique and unique in identifier and not first(entry, unique):
        path, expected, received = unique, "a value", "absent"
    else:
        path, expected, received = LEVEL, level, ""
    yield from view.ruled(
        CHECK,
        "answer-level",
        Outcome.VIOLATED if received else Outcome.MET,
        exchange.evidence(path, Half.RESPONSE, index),
        expected=expected,
        received=received or returned,
    )
