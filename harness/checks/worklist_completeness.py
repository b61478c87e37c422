"""Whether a worklist answer leaves out an entry that satisfies the keys and is known to be there (PS3.4 K).

Known to be there is what other queries of the play returned: both before and after, or, of the play's own patients,
before with nothing in between that could have changed the schedule. What goes on elsewhere may end the entry of another
patient at any time.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.checks.attribute_tables import pending
from harness.checks.dimse_reply import accepted, final_evidence
from harness.checks.matching import surely_matches, valued_keys
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.dicom.paths import first
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "mwl.completeness"

_STEP_ID = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID"
EntryKey = tuple[str, str, str]
"""Study Instance UID, Requested Procedure ID and Scheduled Procedure Step ID: what tells entries apart."""


@dataclass(frozen=True)
class _Query:
    """One finished query. `returned` are its entries by what tells them apart, as far as they say it; `entries` those
    that say all of it."""

    leg: LegView
    exchange: ExchangeView
    identifier: Dataset
    returned: tuple[tuple[EntryKey, Dataset], ...]

    @cached_property
    def entries(self) -> dict[EntryKey, Dataset]:
        return {key: entry for key, entry in self.returned if all(key)}

    def may_show(self, wanted: EntryKey) -> bool:
        """Whether an entry was returned that nothing tells from the wanted one: not every key is always asked for."""
        return any(all(part in ("", one) for part, one in zip(key, wanted, strict=True)) for key, _ in self.returned)

    @property
    def seq(self) -> int:
        return self.exchange.exchange.request.seq

    @cached_property
    def valued(self) -> tuple[tuple[str, DataElement], ...]:
        """Its keys that have a value."""
        return tuple(valued_keys(self.identifier))


@play_check(CHECK, rules=("complete",))
def check(play: PlayView) -> Iterator[Finding]:
    """Each query of the play against what the others showed."""
    queries = sorted(_queries(play), key=lambda query: query.seq)
    changes = sorted(_changes(play))
    own = frozenset(patient.id for patient in play.play.case.patients.values() if patient.id)
    for query in queries:
        known = _known(query, queries, changes, own)
        due = {key: entry for key, entry in known.items() if _is_due(query, entry)}
        missing = [entry for key, entry in due.items() if not query.may_show(key)]
        for entry in missing:
            yield from query.leg.ruled(
                CHECK,
                "complete",
                Outcome.VIOLATED,
                final_evidence(query.exchange),
                expected=f"the entry of step {first(entry, _STEP_ID)}, patient {first(entry, 'PatientID')}",
                received=f"{len(query.returned)} entries without it",
            )
        if due and not missing:
            yield from query.leg.ruled(CHECK, "complete", Outcome.MET, final_evidence(query.exchange))


def _queries(play: PlayView) -> Iterator[_Query]:
    for leg in play.of("RAD-5"):
        for exchange in leg.exchanges:
            identifier = exchange.request_dataset
            if identifier is not None and accepted(exchange.status):
                returned = tuple((_key(entry), entry) for _, entry in pending(exchange))
                yield _Query(leg, exchange, identifier, returned)


def _key(entry: Dataset) -> EntryKey:
    return first(entry, "StudyInstanceUID"), first(entry, "RequestedProcedureID"), first(entry, _STEP_ID)


def _changes(play: PlayView) -> Iterator[int]:
    """The places in the recording of everything but queries: any of it may change what is scheduled."""
    for leg in play.legs:
        for exchange in leg.exchanges:
            command = exchange.exchange.request.command
            if command is None or command.service not in (Service.C_FIND, Service.C_CANCEL):
                yield exchange.exchange.request.seq


def _known(
    query: _Query, queries: Sequence[_Query], changes: Sequence[int], own: frozenset[str]
) -> dict[EntryKey, Dataset]:
    """The entries that were there when the query was asked; `own` are the play's patients, none when nobody knows."""
    before: dict[EntryKey, Dataset] = {}
    undisturbed: dict[EntryKey, Dataset] = {}
    after: set[EntryKey] = set()
    for other in queries:
        if other.seq > query.seq:
            after |= set(other.entries)
        elif other is not query:
            before.update(other.entries)
            if bisect_right(changes, other.seq) == bisect_left(changes, query.seq):
                undisturbed.update(
                    {key: one for key, one in other.entries.items() if not own or first(one, "PatientID") in own}
                )
    return undisturbed | {key: entry for key, entry in before.items() if key in after}


def _is_due(query: _Query, entry: Dataset) -> bool:
    keys = query.leg.knowledge.keys.get("mwl")
    return surely_matches(query.identifier, query.valued, entry, keys)
