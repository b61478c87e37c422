"""Whom the answers of a step show: the patient as the case has that identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.attribute_tables import pending
from harness.checks.compare import Syntax, Term, equal
from harness.checks.dimse_reply import final_evidence
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
from harness.checks.given import never_given
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import first, present
from harness.dicom.person import pn
from harness.model.finding import Evidence, Finding
from harness.model.plan import PlannedStep
from harness.model.scenario import Patient
from harness.model.tables import Comparison
from harness.model.transcript import Half


def demographics(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The answers show the patient as the case has that identity: name, birth date, sex."""
    patient = patient_of(step, play)
    if step.step.expect.patient is None or patient is None:
        return
    shown = list(_patients_shown(legs))
    if not shown:
        yield from _not_asked_for(legs)
        return
    view = shown[-1][0]
    wanted = step.step.expect.patient or step.step.patient
    if not told(step, view, play, lambda earlier: earlier.patient == wanted):
        yield inapplicable(view, "patient", shown[-1][1], pn(patient.name), NOT_TOLD)
        return
    own = [one for one in shown if first(one[2], "PatientID").strip() == patient.id]
    if not own:
        lacking = "" if any(len(one[2]) for one in shown) else never_given(patient, view, play)
        yield _missed(patient, *shown[-1], lacking)
    for view, evidence, dataset in own:
        wrong = [(path, text) for path, kind, text in _identity(patient) if _contradicts(dataset, path, kind, text)]
        path, expected = wrong[0] if wrong else ("PatientID", patient.id)
        where = Evidence(exchange=evidence.exchange, half=evidence.half, response=evidence.response, path=path)
        received = first(dataset, path) or "absent"
        yield decided(view, "patient", not wrong, where, expected, received, shower(view))


def _missed(patient: Patient, view: LegView, evidence: Evidence, dataset: Dataset, lacking: str) -> Finding:
    """Nobody of that identity is shown: a fault, unless there was nothing to show."""
    if lacking:
        return undecided(view, "patient", evidence, patient.id, lacking)
    received = first(dataset, "PatientID") or "absent"
    return decided(view, "patient", False, evidence, patient.id, received, shower(view))


def _not_asked_for(legs: Sequence[LegView]) -> Iterator[Finding]:
    """Queries that do not ask for the name leave open which patient the archive would show."""
    for view, exchange in top_queries(legs)[-1:]:
        yield undecided(
            view, "patient", exchange.evidence("PatientName"), "a query that asks for PatientName", "not asked for"
        )


def _patients_shown(legs: Sequence[LegView]) -> Iterator[tuple[LegView, Evidence, Dataset]]:
    queries = [one for one in top_queries(legs) if _asks_for_the_name(one[1])]
    if queries:
        view, exchange = queries[-1]
        found = [(view, exchange.evidence("", Half.RESPONSE, index), entry) for index, entry in pending(exchange)]
        yield from found or [(view, final_evidence(exchange), Dataset())]
    if any(view.planned.leg.reaction for view in legs):
        for one in facts.stores(legs):
            yield one.carrier.leg, one.carrier.evidence(), one.dataset


def _asks_for_the_name(exchange: ExchangeView) -> bool:
    return exchange.request_dataset is not None and present(exchange.request_dataset, "PatientName")


def _identity(patient: Patient) -> tuple[tuple[str, Comparison, str], ...]:
    return (
        ("PatientName", Comparison.NAME, pn(patient.name)),
        ("PatientBirthDate", Comparison.DATE, patient.birth_date),
        ("PatientSex", Comparison.SEX, patient.sex),
    )


def _contradicts(dataset: Dataset, path: str, kind: Comparison, text: str) -> bool:
    """A name must be there; the rest only where the answer has it."""
    shown = first(dataset, path)
    if not shown and kind is not Comparison.NAME:
        return False
    if kind is Comparison.NAME:
        return _contradicts_name(shown, text)
    return not equal(kind, Term(shown, Syntax.DICOM), Term(text, Syntax.DICOM))


def _contradicts_name(shown: str, text: str) -> bool:
    """A name may be shown in fewer kinds of writing than the hospital knows: the first repetition of PID-5 is what has
    to arrive (RAD TF-2x: B). Each group that is shown has to be right."""
    known = text.split("=")
    groups = [(group, known[place] if place < len(known) else "") for place, group in enumerate(shown.split("="))]
    return any(
        not equal(Comparison.NAME, Term(group, Syntax.DICOM), Term(right, Syntax.DICOM))
        for place, (group, right) in enumerate(groups)
        if place == 0 or (group.strip("^ ") and right)
    )
