"""What a step of a scenario must bring about: entries, instances, answers, demographics, uncommitted instances.

The same functions decide whether a probe's condition holds while a scenario runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.attribute_tables import pending
from harness.checks.compare import Syntax, Term, equal
from harness.checks.dimse_reply import accepted, final_evidence, hexadecimal
from harness.checks.expecting import deviates
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.dicom.paths import first
from harness.dicom.person import pn
from harness.model.finding import Evidence, Finding
from harness.model.names import ActorName, RequirementId
from harness.model.plan import PlannedStep
from harness.model.profile import Service
from harness.model.scenario import Answer, Patient
from harness.model.tables import Comparison
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "expectations"

_STORED = "stored"
_ACCEPTING = frozenset({"AA", "CA"})

Kind = Callable[[PlannedStep, Sequence[LegView], PlayView], Iterator[Finding]]


@play_check(CHECK)
def check(play: PlayView) -> Iterator[Finding]:
    """Every step of the play that expects something."""
    for step in play.play.steps:
        legs = [view for view in play.legs if view.step.step.id == step.step.id]
        yield from expectation_findings(step, legs, play)


def expectation_findings(
    step: PlannedStep, legs: Sequence[LegView], play: PlayView
) -> Iterator[Finding]:
    """What the step's legs show of what it expects; nothing for legs that never came, which is delivery's business."""
    for decide in _KINDS.values():
        yield from decide(step, legs, play)


def expectation_outcome(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Outcome:
    """Whether the step's expectation holds: violated before undecided before met; undecided when nothing shows it."""
    outcomes = {finding.outcome for finding in expectation_findings(step, legs, play)}
    for outcome in (Outcome.VIOLATED, Outcome.UNDECIDED, Outcome.MET):
        if outcome in outcomes:
            return outcome
    expect = step.step.expect
    nothing = all(
        value is None
        for value in (
            expect.matches, expect.instances, expect.answer, expect.status, expect.patient, expect.uncommitted,
        )
    )
    return Outcome.NOT_APPLICABLE if nothing else Outcome.UNDECIDED


def _decided(
    view: LegView,
    kind: str,
    holds: bool,
    evidence: Evidence | None,
    expected: str,
    received: str,
    actor: ActorName | None = None,
) -> Finding:
    return view.finding(
        CHECK,
        RequirementId(f"expectation/{view.step.transaction.id.lower()}-{kind}"),
        Outcome.MET if holds else Outcome.VIOLATED,
        actor or view.responder,
        evidence,
        expected=expected,
        received=received,
    )


def _of_service(legs: Sequence[LegView], *services: Service) -> list[tuple[LegView, ExchangeView]]:
    """The exchanges of some services in the order of the recording."""
    found = [
        (view, exchange)
        for view in legs
        for exchange in view.exchanges
        if exchange.exchange.request.command is not None
        and exchange.exchange.request.command.service in services
    ]
    return sorted(found, key=lambda one: one[1].exchange.request.seq)


def _top_queries(legs: Sequence[LegView]) -> list[tuple[LegView, ExchangeView]]:
    """The queries whose answers are worklist entries, patients or studies; any query when there are none of these."""
    queries = _of_service(legs, Service.C_FIND)
    top = [
        one
        for one in queries
        if one[1].request_dataset is not None
        and first(one[1].request_dataset, "QueryRetrieveLevel") in ("", "PATIENT", "STUDY")
    ]
    return top or queries


def _patient(step: PlannedStep, play: PlayView) -> Patient | None:
    patients = play.play.case.patients
    return patients.get(step.step.expect.patient or step.step.patient)


def _matches(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The last query returns so many entries for the patient; entries of others are not counted."""
    wanted = step.step.expect.matches
    queries = _top_queries(legs)
    patient = _patient(step, play)
    if wanted is None or not queries or patient is None:
        return
    view, exchange = queries[-1]
    count = sum(first(entry, "PatientID").strip() == patient.id for _, entry in pending(exchange))
    failed = not accepted(exchange.status)
    received = f"status {hexadecimal(exchange.status)}" if failed else str(count)
    holds = count == wanted and not failed
    yield _decided(view, "matches", holds, final_evidence(exchange), str(wanted), received)


def _instances(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The step finds, retrieves or stores exactly the instances stored in this play, or so many."""
    wanted = step.step.expect.instances
    shown = _shown(legs) if wanted is not None else None
    if wanted is None or shown is None:
        return
    view, evidence, got = shown
    if wanted != _STORED:
        yield _decided(view, "instances", str(len(got)) == wanted, evidence, wanted, str(len(got)))
        return
    expected = {one.uid for one in facts.stored(play) if one.taken and _before(one.carrier.seq, legs)}
    missing, extra = sorted(expected - got), sorted(got - expected)
    parts = [f"{len(got)} instances"]
    parts += [f"missing {missing[0]}"] if missing else []
    parts += [f"not stored {extra[0]}"] if extra else []
    yield _decided(
        view, "instances", not missing and not extra, evidence, f"{len(expected)} instances", "; ".join(parts)
    )


def _before(seq: int, legs: Sequence[LegView]) -> bool:
    last = max((one.exchange.request.seq for view in legs for one in view.exchanges), default=0)
    return seq < last


def _shown(legs: Sequence[LegView]) -> tuple[LegView, Evidence, set[str]] | None:
    """The instances that a step shows: answers at image level, else C-STOREs; None when it shows none of these."""
    queries = facts.image_queries(legs)
    if queries:
        view, exchange = queries[-1]
        got = {uid for _, one in queries for uid in facts.found_instances(one)}
        return view, final_evidence(exchange), got
    moves = _of_service(legs, Service.C_MOVE, Service.C_GET)
    stores = facts.stores(legs)
    if moves:
        view, exchange = moves[-1]
        return view, final_evidence(exchange), {one.uid for one in stores}
    if stores:
        last = stores[-1].carrier
        return last.leg, last.evidence(), {one.uid for one in stores if one.taken}
    return _counted(legs)


def _counted(legs: Sequence[LegView]) -> tuple[LegView, Evidence, set[str]] | None:
    """A query above image level that returned nothing shows that there is no instance."""
    queries = _of_service(legs, Service.C_FIND)
    if not queries or any(True for _ in pending(queries[-1][1])):
        return None
    view, exchange = queries[-1]
    return view, final_evidence(exchange), set()


def _own_requests(step: PlannedStep, legs: Sequence[LegView]) -> Iterator[tuple[LegView, ExchangeView]]:
    """The exchanges that an expected answer is about: first legs, or the one that a deviation is made on."""
    deviating = [view for view in legs if deviates(step, view.planned)]
    for view in deviating or legs:
        if not view.planned.leg.reaction:
            for exchange in view.exchanges:
                yield view, exchange


def _answer_of(exchange: ExchangeView) -> tuple[bool | None, str]:
    """Whether the responder took the request, and what it said."""
    if exchange.exchange.request.command is not None:
        status = exchange.status
        return (None if status is None else accepted(status)), hexadecimal(status)
    message = exchange.answer_message
    code = message.first("MSA-1") if message is not None else ""
    return (code in _ACCEPTING if code else None), code or "no answer"


def _answer_evidence(exchange: ExchangeView) -> Evidence:
    if exchange.answer_message is None:
        return final_evidence(exchange)
    return exchange.evidence("MSA-1", Half.RESPONSE, len(exchange.exchange.responses) - 1)


def _answer(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The responder takes the request, or refuses it."""
    wanted = step.step.expect.answer
    if wanted is None:
        return
    for view, exchange in _own_requests(step, legs):
        took, said = _answer_of(exchange)
        holds = took is (wanted is Answer.ACCEPTED)
        yield _decided(view, "answer", holds, _answer_evidence(exchange), wanted.value, said)


def _status(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The responder answers with exactly that status or acknowledgement code."""
    wanted = step.step.expect.status
    if wanted is None:
        return
    for view, exchange in _own_requests(step, legs):
        _, said = _answer_of(exchange)
        yield _decided(view, "status", said == wanted.upper(), _answer_evidence(exchange), wanted, said)


def _demographics(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The answers show the patient as the case has that identity: name, birth date, sex."""
    patient = _patient(step, play)
    if step.step.expect.patient is None or patient is None:
        return
    shown = list(_patients_shown(legs))
    if not shown:
        return
    own = [one for one in shown if first(one[2], "PatientID").strip() == patient.id]
    if not own:
        view, evidence, dataset = shown[-1]
        received = first(dataset, "PatientID") or "absent"
        yield _decided(view, "patient", False, evidence, patient.id, received, _shower(view))
        return
    for view, evidence, dataset in own:
        wrong = [(path, text) for path, kind, text in _identity(patient) if _contradicts(dataset, path, kind, text)]
        path, expected = wrong[0] if wrong else ("PatientID", patient.id)
        where = Evidence(exchange=evidence.exchange, half=evidence.half, response=evidence.response, path=path)
        received = first(dataset, path) or "absent"
        yield _decided(view, "patient", not wrong, where, expected, received, _shower(view))


def _shower(view: LegView) -> ActorName:
    """Who shows the patient: the answering side of a query, the sending side of a retrieved object."""
    dimse = view.dimse
    return view.initiator if dimse is not None and dimse.service is Service.C_STORE else view.responder


def _patients_shown(legs: Sequence[LegView]) -> Iterator[tuple[LegView, Evidence, Dataset]]:
    queries = _top_queries(legs)
    if queries:
        view, exchange = queries[-1]
        found = [(view, exchange.evidence("", Half.RESPONSE, index), entry) for index, entry in pending(exchange)]
        yield from found or [(view, final_evidence(exchange), Dataset())]
    if any(view.planned.leg.reaction for view in legs):
        for one in facts.stores(legs):
            yield one.carrier.leg, one.carrier.evidence(), one.dataset


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
    return not equal(kind, Term(shown, Syntax.DICOM), Term(text, Syntax.DICOM))


def _uncommitted(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The commitment reports list so many instances as failed."""
    wanted = step.step.expect.uncommitted
    reports = facts.reports(legs) if wanted is not None else ()
    if wanted is None or not reports:
        return
    failed = {uid for report in reports for uid in report.failed}
    last = reports[-1].carrier
    yield _decided(
        last.leg,
        "uncommitted",
        len(failed) == wanted,
        last.evidence("FailedSOPSequence"),
        str(wanted),
        str(len(failed)),
        last.leg.initiator,
    )


_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "matches": _matches,
        "instances": _instances,
        "answer": _answer,
        "status": _status,
        "patient": _demographics,
        "uncommitted": _uncommitted,
    }
)
