"""Findings: facts that a check decided, as data. Sentences are written in the reports."""

from __future__ import annotations

from harness.model.names import ActorName, CheckName, ExchangeId, RequirementId, StepId
from harness.model.record import Record, plentiful
from harness.model.transcript import Half
from harness.model.verdict import Outcome


@plentiful
class Evidence(Record):
    """A pointer into the wire. `path` is an HL7 field path or an attribute path; `response` counts from 0."""

    exchange: ExchangeId
    half: Half = Half.REQUEST
    response: int = 0
    path: str = ""


@plentiful
class Finding(Record):
    """One decided fact.

    `actor` is who is charged. `expected` and `received` are values or short phrases in the standard's words, and
    `origin` says where the expected value was seen first, and `given` points at the value that this one was compared
    with or copied from. A finding without an exchange is placed by `step`.
    """

    check: CheckName
    requirement: RequirementId
    outcome: Outcome
    actor: ActorName
    expected: str = ""
    received: str = ""
    origin: str = ""
    evidence: Evidence | None = None
    given: Evidence | None = None
    step: StepId | None = None
    leg: str = ""
