"""What a step of a scenario must bring about: entries, instances, answers, demographics, uncommitted instances.

The same functions decide whether a probe's condition holds while a scenario runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.checks import expected_performed
from harness.checks import stored as facts
from harness.checks.attribute_tables import legal, pending
from harness.checks.dimse_reply import accepted, final_evidence, hexadecimal
from harness.checks.expected_patient import demographics
from harness.checks.expected_service import codes
from harness.checks.expected_visit import location
from harness.checks.expecting import (
    CHECK,
    asks_otherwise,
    counted_queries,
    cut_off,
    decided,
    deviates,
    inapplicable,
    of_service,
    patient_of,
    shower,
    undecided,
)
from harness.checks.given import NOTHING_STORED, answer_of, never_given
from harness.checks.queries import LEVEL, UNIQUE_KEYS
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import play_check
from harness.checks.untold import unsent, untold
from harness.dicom.paths import first
from harness.dicom.statuses import is_warning
from harness.dicom.uids import keyword_of
from harness.model.finding import Evidence, Finding
from harness.model.names import ActorName
from harness.model.plan import PlannedStep
from harness.model.profile import Service
from harness.model.scenario import Answer, Expectation, Patient, QueryLevel
from harness.model.transcript import EventKind, Half
from harness.model.verdict import Outcome

_STORED = "stored"
_UNLEVELLED = "a query does not say its level"
_BELOW = "only series and images were asked for, and the step counts studies"

OPEN = "an answer; the standards leave open which"
"""What is expected where a request may be taken or refused."""

Kind = Callable[[PlannedStep, Sequence[LegView], PlayView], Iterator[Finding]]


@play_check(CHECK)
def check(play: PlayView) -> Iterator[Finding]:
    """Every step of the play that expects something."""
    for step in play.play.steps:
        legs = [view for view in play.legs if view.step.step.id == step.step.id]
        yield from expectation_findings(step, legs, play)


def expectation_findings(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """What the step's legs show of what it expects; nothing for legs that never came, which is delivery's business."""
    for decide in _KINDS.values():
        yield from decide(step, legs, play)


def expectation_outcome(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Outcome:
    """Whether the step's expectation holds: violated before undecided before met; undecided when nothing shows it."""
    outcomes = {finding.outcome for finding in expectation_findings(step, legs, play)}
    for outcome in (Outcome.VIOLATED, Outcome.UNDECIDED, Outcome.MET, Outcome.NOT_APPLICABLE):
        if outcome in outcomes:
            return outcome
    nothing = step.step.expect == Expectation()
    return Outcome.NOT_APPLICABLE if nothing else Outcome.UNDECIDED


def _matches(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The last query returns so many entries for the patient, entries of others are not counted; below study level, so
    many entries under the study or series that it names. Where there are too few, one of somebody else is pointed at.
    """
    wanted = step.step.expect.matches
    queries = counted_queries(step, legs)
    patient = patient_of(step, play)
    if wanted is None or not queries or patient is None:
        return
    view, exchange = queries[-1]
    reason = "the system asked with other keys than the step names" if asks_otherwise(step, view, exchange) else ""
    reason = _UNLEVELLED if _names_no_level(legs) else reason
    reason = reason or (_BELOW if _asks_below(step, exchange) else "")
    if reason:
        yield inapplicable(view, "matches", final_evidence(exchange), str(wanted), reason)
        return
    entries = [(one, index, entry) for _, one in queries for index, entry in pending(one)]
    others = [(one, index, entry) for one, index, entry in entries if not _is_counted(one, entry, patient)]
    count = len(entries) - len(others)
    failed = not accepted(exchange.status)
    received = f"status {hexadecimal(exchange.status)}" if failed else str(count)
    lacking = never_given(patient, view, play) if count < wanted and not failed else ""
    if lacking:
        yield undecided(view, "matches", final_evidence(exchange), str(wanted), lacking)
        return
    evidence = final_evidence(exchange)
    if others and count < wanted and not failed:
        one, index, entry = others[-1]
        evidence = one.evidence("PatientID", Half.RESPONSE, index)
        received = f"{count}, and one of {first(entry, 'PatientID').strip() or 'nobody'}"
    holds = count == wanted and not failed
    if not holds and not failed and (excuse := list(_unknown(step, view, play, "matches", count > wanted))):
        yield from excuse
        return
    yield decided(view, "matches", holds, evidence, str(wanted), received)


def _names_no_level(legs: Sequence[LegView]) -> bool:
    """Whether a query of the legs leaves open at which level it is to be answered (PS3.4 C.4.1.1)."""
    return any(
        exchange.request_dataset is not None
        and "QueryRetrieve" in keyword_of(command.sop_class)
        and first(exchange.request_dataset, LEVEL) not in UNIQUE_KEYS
        for _, exchange in of_service(legs, Service.C_FIND)
        if (command := exchange.exchange.request.command) is not None
    )


def _asks_below(step: PlannedStep, exchange: ExchangeView) -> bool:
    """Whether a query is of a level below the study although the step names none of these: its answers are others."""
    below = exchange.request_dataset is not None and first(exchange.request_dataset, LEVEL) in ("SERIES", "IMAGE")
    return below and step.step.level in (None, QueryLevel.STUDY)


def _is_counted(exchange: ExchangeView, entry: Dataset, patient: Patient) -> bool:
    """Whether an entry is about the patient: it says so, or is silent and answers a query for the patient or a study;
    below study level all are."""
    identifier, named = exchange.request_dataset or Dataset(), first(entry, "PatientID").strip()
    if first(identifier, "QueryRetrieveLevel") in ("SERIES", "IMAGE") or named == patient.id:
        return True
    study = first(identifier, "StudyInstanceUID").strip(" \0")
    return not named and (first(identifier, "PatientID").strip() == patient.id or (bool(study) and "\\" not in study))


def _instances(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The step finds, retrieves or stores exactly the instances stored in this play, or so many."""
    wanted = step.step.expect.instances
    shown = _shown(legs) if wanted is not None else None
    if wanted is None or shown is None:
        return
    view, evidence, got = shown
    if any(not legal(leg, one) for leg, one in of_service(legs, Service.C_MOVE, Service.C_GET)):
        yield inapplicable(view, "instances", evidence, wanted, "the retrieve does not say what it wants")
        return
    if _names_no_level(legs):
        yield inapplicable(view, "instances", evidence, wanted, _UNLEVELLED)
        return
    if wanted != _STORED:
        yield decided(view, "instances", str(len(got)) == wanted, evidence, wanted, str(len(got)))
        return
    if facts.storing_hidden(play):
        yield inapplicable(view, "instances", evidence, "instances stored", "what was stored is not observable")
        return
    held = facts.holdings(
        one
        for one in facts.stored(play)
        if _before(one.carrier.seq, legs) and one.carrier.leg.responder == _keeper(view)
    )
    wrong = (one for one in facts.wrong_entries(play) if _before(one.carrier.seq, legs))
    withdrawn = facts.withdrawn(play, wrong)
    held = facts.Holdings(held.sure - withdrawn, held.unsure | withdrawn)
    if not held.sure:
        yield undecided(view, "instances", evidence, "instances stored", NOTHING_STORED)
        return
    missing, extra = sorted(held.sure - got), sorted(got - held.sure - held.unsure)
    if (missing or extra) and (excuse := list(_unknown(step, view, play, "instances", bool(extra)))):
        yield from excuse
        return
    parts = [f"{len(got)} instances"]
    parts += [f"missing {missing[0]}"] if missing else []
    parts += [f"not stored {extra[0]}"] if extra else []
    yield decided(
        view, "instances", not missing and not extra, evidence, f"{len(held.sure)} instances", "; ".join(parts)
    )


def _unknown(step: PlannedStep, view: LegView, play: PlayView, kind: str, surplus: bool) -> Iterator[Finding]:
    """That whoever shows it cannot know of the change that the step expects to see; nothing when it can."""
    where = final_evidence(view.exchanges[-1])
    if reason := untold(step, view, play, surplus=surplus):
        yield inapplicable(view, kind, where, "what was told", reason)
    elif reason := unsent(step, view, play, surplus=surplus):
        yield undecided(view, kind, where, "what was sent", reason)


def _keeper(view: LegView) -> ActorName:
    """Whose instances are shown: the answering side of a query or retrieve, the taking side of a store."""
    return shower(view) if view.planned.leg.reaction else view.responder


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
    moves = of_service(legs, Service.C_MOVE, Service.C_GET)
    stores = facts.stores(legs)
    if moves:
        view, exchange = moves[-1]
        return view, final_evidence(exchange), {one.uid for one in stores}
    if stores:
        last = stores[-1].carrier
        return last.leg, last.evidence(), {one.uid for one in stores if one.taken}
    return _counted(legs)


def _counted(legs: Sequence[LegView]) -> tuple[LegView, Evidence, set[str]] | None:
    """A query above image level that was answered with nothing shows that there is no instance."""
    queries = of_service(legs, Service.C_FIND)
    if not queries or not accepted(queries[-1][1].status) or any(True for _ in pending(queries[-1][1])):
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


def _answer_evidence(exchange: ExchangeView) -> Evidence:
    if exchange.answer_message is None:
        return final_evidence(exchange)
    return exchange.evidence("MSA-1", Half.RESPONSE, len(exchange.exchange.responses) - 1)


def _answer(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The responder takes the request, or refuses it; where that is left open, it answers."""
    wanted = step.step.expect.answer
    if wanted is None:
        return
    for view, exchange in _own_requests(step, legs):
        took, said = answer_of(exchange)
        if took is None and cut_off(step, view.planned) and _ended(exchange, play):
            yield inapplicable(view, "answer", _answer_evidence(exchange), OPEN, "the association was ended instead")
        elif wanted is not Answer.EITHER:
            yield decided(
                view, "answer", _as_wanted(wanted, took, exchange), _answer_evidence(exchange), wanted.value, said
            )
        elif took is not None:
            yield inapplicable(view, "answer", _answer_evidence(exchange), OPEN, said)


def _ended(exchange: ExchangeView, play: PlayView) -> bool:
    """Whether the peer ended the link of a request before it answered."""
    link = exchange.exchange.link.id
    return any(event.kind is EventKind.LINK_LOST and event.link == link for event in play.events)


def _as_wanted(wanted: Answer, took: bool | None, exchange: ExchangeView) -> bool:
    if wanted is Answer.OBJECTED:
        warned = exchange.status is not None and is_warning(exchange.status)
        return took is False or (took is True and warned)
    return took is (wanted is Answer.ACCEPTED)


def _status(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The responder answers with exactly that status or acknowledgement code."""
    wanted = step.step.expect.status
    if wanted is None:
        return
    for view, exchange in _own_requests(step, legs):
        _, said = answer_of(exchange)
        yield decided(view, "status", said == wanted.upper(), _answer_evidence(exchange), wanted, said)


def _uncommitted(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The commitment reports list so many instances as failed."""
    wanted = step.step.expect.uncommitted
    reports = facts.reports(legs) if wanted is not None else ()
    if wanted is None or not reports:
        return
    failed = {uid for report in reports for uid in report.failed}
    last = reports[-1].carrier
    yield decided(
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
        "patient": demographics,
        "uncommitted": _uncommitted,
        "protocol": expected_performed.protocol,
        "billing": expected_performed.billing,
        "entries": expected_performed.entries,
        "visit": location,
        "service": codes,
    }
)
