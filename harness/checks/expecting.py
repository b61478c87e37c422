"""What a step says about its own answer, and how a finding on what it expects is made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from harness.checks.matching import valued_keys
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import first
from harness.model.deviation import MISUSES, Change, Part
from harness.model.finding import Evidence, Finding
from harness.model.names import HARNESS, ActorName, RequirementId
from harness.model.plan import PlannedLeg, PlannedStep
from harness.model.profile import Service
from harness.model.scenario import Answer, Patient, QueryLevel, Step
from harness.model.verdict import Outcome

CHECK = "expectations"


def may_be_refused(view: LegView) -> bool:
    """Whether a refusal on this leg is for the expectations to judge: expected, or provoked by a deviation."""
    expect = view.step.step.expect
    if expect.answer is Answer.ACCEPTED:
        return False
    return (
        view.step.step.illegal
        or expect.answer is not None
        or expect.status is not None
        or deviates(view.step, view.planned)
    )


def deviates(step: PlannedStep, leg: PlannedLeg) -> bool:
    """Whether the step declares a deviation of the request that this leg carries."""
    deviation = step.step.deviation
    return (
        deviation is not None
        and deviation.change not in MISUSES
        and deviation.part is Part.REQUEST
        and deviation.transaction in (None, step.transaction.id)
        and deviation.leg in (None, leg.leg.id)
    )


def cut_off(step: PlannedStep, leg: PlannedLeg) -> bool:
    """Whether the step has the request of this leg end in its middle, so that nothing can be said of its content."""
    deviation = step.step.deviation
    return deviation is not None and deviation.change is Change.TRUNCATE and deviates(step, leg)


def decided(
    view: LegView,
    kind: str,
    holds: bool,
    evidence: Evidence | None,
    expected: str,
    received: str,
    actor: ActorName | None = None,
) -> Finding:
    """A finding on an expectation of that kind, charged to the leg's responder unless another actor is named."""
    return view.finding(
        CHECK,
        RequirementId(f"expectation/{view.step.transaction.id.lower()}-{kind}"),
        Outcome.MET if holds else Outcome.VIOLATED,
        actor or view.responder,
        evidence,
        expected=expected,
        received=received,
    )


def undecided(view: LegView, kind: str, evidence: Evidence, expected: str, reason: str) -> Finding:
    """A finding that leaves an expectation open, with the reason."""
    return _open(view, kind, Outcome.UNDECIDED, evidence, expected, reason)


def inapplicable(view: LegView, kind: str, evidence: Evidence, expected: str, reason: str) -> Finding:
    """A finding that an expectation cannot be had of whoever answers, with the reason."""
    return _open(view, kind, Outcome.NOT_APPLICABLE, evidence, expected, reason)


def _open(view: LegView, kind: str, outcome: Outcome, evidence: Evidence, expected: str, reason: str) -> Finding:
    return view.finding(
        CHECK,
        RequirementId(f"expectation/{view.step.transaction.id.lower()}-{kind}"),
        outcome,
        shower(view),
        evidence,
        expected=expected,
        received=reason,
    )


def shower(view: LegView) -> ActorName:
    """Who shows the patient: the answering side of a query, the sending side of a retrieved object."""
    dimse = view.dimse
    return view.initiator if dimse is not None and dimse.service is Service.C_STORE else view.responder


_ASKING = frozenset({Service.C_FIND, Service.C_MOVE, Service.C_GET, Service.C_CANCEL, Service.C_ECHO, Service.N_GET})
NOT_TOLD = "whoever shows it takes no message that would have told it"


def told(step: PlannedStep, shown: LegView, play: PlayView, tells: Callable[[Step], bool]) -> bool:
    """Whether the product that shows something was also told of it by an earlier step, or claims to be.

    A product that plays a part of an actor cannot show what only our stand-in for the other part was told, nor our
    stand-in what only the product was.
    """
    actor = shower(shown)
    player = shown.planned.initiator if actor == shown.initiator else shown.planned.responder
    if shown.planned.fed:
        return True
    telling = [
        leg
        for earlier in itertools.takewhile(lambda one: one.step.id != step.step.id, play.play.steps)
        if tells(earlier.step)
        for leg in earlier.legs
        if leg.leg.responder == actor and not _asks(leg)
    ]
    if player == HARNESS and not telling:
        return True
    return any(player in (leg.responder, leg.claimed_by) for leg in telling)


def _asks(leg: PlannedLeg) -> bool:
    """Whether the leg asks, or takes a question back, which tells its responder nothing."""
    return leg.leg.dimse is not None and leg.leg.dimse.service in _ASKING


def of_service(legs: Sequence[LegView], *services: Service) -> list[tuple[LegView, ExchangeView]]:
    """The exchanges of some services in the order of the recording."""
    found = [
        (view, exchange)
        for view in legs
        for exchange in view.exchanges
        if exchange.exchange.request.command is not None and exchange.exchange.request.command.service in services
    ]
    return sorted(found, key=lambda one: one[1].exchange.request.seq)


def top_queries(legs: Sequence[LegView]) -> list[tuple[LegView, ExchangeView]]:
    """The queries whose answers are worklist entries, patients or studies; any query when there are none of these."""
    queries = of_service(legs, Service.C_FIND)
    top = [
        one
        for one in queries
        if one[1].request_dataset is not None
        and first(one[1].request_dataset, "QueryRetrieveLevel") not in ("SERIES", "IMAGE")
    ]
    return top or queries


def counted_queries(step: PlannedStep, legs: Sequence[LegView]) -> list[tuple[LegView, ExchangeView]]:
    """The queries whose answers a step counts: the last one of the level at the top; where the step names a level below
    the study, the last of each identifier of that level."""
    level = step.step.level
    if level in (None, QueryLevel.STUDY):
        return top_queries(legs)[-1:]
    last: dict[str, tuple[LegView, ExchangeView]] = {}
    for view, exchange in of_service(legs, Service.C_FIND):
        identifier, payload = exchange.request_dataset, exchange.exchange.request.payload
        if identifier is not None and payload and first(identifier, "QueryRetrieveLevel") == level.name:
            last[payload.sha256] = (view, exchange)
    return list(last.values())


def asks_otherwise(step: PlannedStep, view: LegView, exchange: ExchangeView) -> bool:
    """Whether a system, whose keys no scenario can choose, asked without one that the step names."""
    if view.planned.initiator == HARNESS or exchange.request_dataset is None:
        return False
    asked = {path.rpartition(".")[2] for path, _ in valued_keys(exchange.request_dataset)}
    return not set(step.step.keys) <= asked


def patient_of(step: PlannedStep, play: PlayView) -> Patient | None:
    """The case's patient whom a step expects something of; None when the case has no such patient."""
    patients = play.play.case.patients
    return patients.get(step.step.expect.patient or step.step.patient)


def refused(view: LegView) -> Outcome:
    """A refusal without a fault that our tables see: the responder's, unless we refuse a system. Then who is wrong
    cannot be told from the answer."""
    ours_refuses_a_system = view.planned.responder == HARNESS and view.planned.initiator != HARNESS
    return Outcome.UNDECIDED if ours_refuses_a_system else Outcome.VIOLATED
