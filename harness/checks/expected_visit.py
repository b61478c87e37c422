"""Where the answers of a worklist query show the patient to be: at the location of one of the case's visits.

The attribute is a text (PS3.4 Table K.6-1), and how a filler writes a location into it is its own affair: what tells
the visits of the case apart is looked for, and a text that names none of their places leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from harness.checks.attribute_tables import pending
from harness.checks.expecting import (
    NOT_TOLD,
    decided,
    inapplicable,
    patient_of,
    shower,
    told,
    top_queries,
    undecided,
)
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import first, present
from harness.model.finding import Finding
from harness.model.plan import PlannedStep
from harness.model.scenario import Case, Step, Visit
from harness.model.transcript import Half

MAIN = "main"
"""The case's own visit, as an expectation names it."""

_PATH = "CurrentPatientLocation"
_TELLING = ("RAD-1", "RAD-12")


def location(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The last query's entries of the patient show the location of the visit."""
    wanted = step.step.expect.visit
    case, patient, queries = play.play.case, patient_of(step, play), top_queries(legs)
    visit = None if wanted is None else visit_of(case, wanted)
    if wanted is None or visit is None or patient is None or not queries:
        return
    view, exchange = queries[-1]
    expected = "^".join(visit.location)
    here = exchange.evidence(_PATH)
    if not _asked(exchange):
        yield undecided(view, "visit", here, expected, "not asked for")
        return
    if not told(step, view, play, lambda earlier: _tells(earlier, wanted)):
        yield inapplicable(view, "visit", here, expected, NOT_TOLD)
        return
    own = [(index, entry) for index, entry in pending(exchange) if first(entry, "PatientID").strip() == patient.id]
    if not own:
        yield undecided(view, "visit", here, expected, "no entry of the patient")
    for index, entry in own:
        evidence = exchange.evidence(_PATH, Half.RESPONSE, index)
        shown = first(entry, _PATH).strip()
        holds = shows(shown, visit, [one for one in _visits(case) if one is not visit])
        if holds is None:
            yield undecided(view, "visit", evidence, expected, f"{shown}, which is none of the case's places")
        else:
            yield decided(view, "visit", holds, evidence, expected, shown or "absent", shower(view))


def visit_of(case: Case, name: str) -> Visit | None:
    """The case's visit of that name."""
    return case.visit if name == MAIN else case.visits.get(name)


def shows(shown: str, visit: Visit, others: Sequence[Visit]) -> bool | None:
    """Whether a text names the visit's place rather than another's; None when it names none of them."""
    words = _words(shown)
    if not words:
        return False
    own = _words("^".join(visit.location))
    foreign = {word for other in others for word in _words("^".join(other.location))} - own
    if words & foreign:
        return False
    return True if words & own else None


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^0-9A-Z]+", text.upper()) if word}


def _visits(case: Case) -> tuple[Visit, ...]:
    return (case.visit, *case.visits.values())


def _asked(exchange: ExchangeView) -> bool:
    identifier: Dataset | None = exchange.request_dataset
    return identifier is not None and present(identifier, _PATH)


def _tells(step: Step, visit: str) -> bool:
    return step.transaction in _TELLING and (step.visit or MAIN) == visit
