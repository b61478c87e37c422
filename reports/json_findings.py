"""Findings in run.json: a plainly met requirement is one short row, everything else is an object.

`met` holds the rows, in the columns of `MetRow`; `findings` holds the rest, each with the place `at` which it
stands among all findings of its leg. Requirements are named, not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from harness.model.finding import Evidence, Finding
from harness.model.known import KnownAs
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    StepId,
)
from harness.model.override import Overruled
from harness.model.profile import Requirement
from harness.model.record import Record
from harness.model.run import JudgedFinding, LegResult, Why
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Owner, Verdict
from reports.json_tables import Table, entry


class MetRow(NamedTuple):
    """A requirement that was met. `response` counts from 0; it is None when the request was judged.

    The check is the requirement's own, the step and the leg are those that the row stands in.
    """

    requirement: str
    actor: ActorName
    exchange: ExchangeId
    response: int | None
    path: str
    expected: str
    received: str
    origin: str


@dataclass(frozen=True, kw_only=True)
class StoredFinding(Record):
    """Any other finding; what has its default value is left out of the file."""

    at: int
    requirement: str
    outcome: Outcome
    verdict: Verdict
    actor: ActorName
    player: PlayerName
    owner: Owner
    why: Why = field(default_factory=Why)
    evidence: Evidence | None = None
    given: Evidence | None = None
    expected: str = ""
    received: str = ""
    origin: str = ""
    declared: bool = False
    warning: bool = False
    overruled: Overruled | None = None
    known: KnownAs | None = None
    check: CheckName
    step: StepId | None
    leg: str


MET_COLUMNS: Final = MetRow._fields
_PLAIN: Final = Why()
_STORED: Final = TypeAdapter(list[StoredFinding])
_MET: Final = TypeAdapter(list[MetRow])


def stored_findings(step: StepId, leg: LegResult, requirements: Table[Requirement]) -> dict[str, Any]:
    """The findings of a leg as they stand in run.json; their requirements are added to the table."""
    met: list[MetRow] = []
    other: list[StoredFinding] = []
    for at, judged in enumerate(leg.findings):
        name = requirements.add(judged.requirement.id, judged.requirement)
        if _is_plain(judged, step, leg):
            met.append(_met_row(name, judged))
        else:
            other.append(_stored(at, name, judged))
    data: dict[str, Any] = {}
    if other:
        data["findings"] = _STORED.dump_python(other, mode="json", exclude_defaults=True)
    if met:
        data["met"] = met
    return data


def read_findings(
    data: Mapping[str, Any], step: StepId, leg: LegResult, requirements: Mapping[str, Requirement]
) -> tuple[JudgedFinding, ...]:
    """The findings of a leg in their order. ValidationError or RecordingError when they cannot be read."""
    met = iter(_MET.validate_python(data.get("met", [])))
    findings: list[JudgedFinding] = []
    for stored in _STORED.validate_python(data.get("findings", [])):
        while len(findings) < stored.at and (row := next(met, None)) is not None:
            findings.append(_from_row(row, step, leg, requirements))
        findings.append(_from_stored(stored, requirements))
    findings += [_from_row(row, step, leg, requirements) for row in met]
    return tuple(findings)


def _is_plain(judged: JudgedFinding, step: StepId, leg: LegResult) -> bool:
    """Whether a row of `met` says all of it."""
    finding = judged.finding
    evidence = finding.evidence
    return (
        finding.outcome is Outcome.MET
        and judged.verdict is Verdict.PASS
        and not judged.warning
        and not judged.declared
        and judged.why == _PLAIN
        and finding.given is None
        and judged.overruled is None
        and evidence is not None
        and (evidence.half is Half.RESPONSE or evidence.response == 0)
        and finding.check == judged.requirement.check
        and (finding.step, finding.leg) == (step, leg.leg)
        and judged.player == _player(leg, finding.actor)
        and judged.owner is _owner(judged.player)
    )


def _player(leg: LegResult, actor: ActorName) -> PlayerName | None:
    if actor == leg.initiator:
        return leg.initiator_player
    return leg.responder_player if actor == leg.responder else None


def _owner(player: PlayerName) -> Owner:
    return Owner.HARNESS if player == HARNESS else Owner.SYSTEM


def _met_row(name: str, judged: JudgedFinding) -> MetRow:
    finding = judged.finding
    evidence = finding.evidence or Evidence(exchange=ExchangeId(0))
    return MetRow(
        name,
        finding.actor,
        evidence.exchange,
        evidence.response if evidence.half is Half.RESPONSE else None,
        evidence.path,
        finding.expected,
        finding.received,
        finding.origin,
    )


def _from_row(row: MetRow, step: StepId, leg: LegResult, requirements: Mapping[str, Requirement]) -> JudgedFinding:
    requirement: Requirement = entry(requirements, row.requirement)
    player = _player(leg, row.actor) or HARNESS
    half = Half.REQUEST if row.response is None else Half.RESPONSE
    return JudgedFinding(
        finding=Finding(
            check=requirement.check or CheckName(""),
            requirement=requirement.id,
            outcome=Outcome.MET,
            actor=row.actor,
            expected=row.expected,
            received=row.received,
            origin=row.origin,
            evidence=Evidence(exchange=row.exchange, half=half, response=row.response or 0, path=row.path),
            step=step,
            leg=LegId(leg.leg),
        ),
        requirement=requirement,
        player=player,
        owner=_owner(player),
        why=_PLAIN,
        verdict=Verdict.PASS,
    )


def _stored(at: int, name: str, judged: JudgedFinding) -> StoredFinding:
    finding = judged.finding
    return StoredFinding(
        at=at,
        requirement=name,
        outcome=finding.outcome,
        verdict=judged.verdict,
        actor=finding.actor,
        player=judged.player,
        owner=judged.owner,
        why=judged.why,
        evidence=finding.evidence,
        given=finding.given,
        expected=finding.expected,
        received=finding.received,
        origin=finding.origin,
        declared=judged.declared,
        warning=judged.warning,
        overruled=judged.overruled,
        known=judged.known,
        check=finding.check,
        step=finding.step,
        leg=finding.leg,
    )


def _from_stored(stored: StoredFinding, requirements: Mapping[str, Requirement]) -> JudgedFinding:
    requirement: Requirement = entry(requirements, stored.requirement)
    return JudgedFinding(
        finding=Finding(
            check=stored.check,
            requirement=requirement.id,
            outcome=stored.outcome,
            actor=stored.actor,
            expected=stored.expected,
            received=stored.received,
            origin=stored.origin,
            evidence=stored.evidence,
            given=stored.given,
            step=stored.step,
            leg=stored.leg,
        ),
        requirement=requirement,
        player=stored.player,
        owner=stored.owner,
        why=stored.why,
        verdict=stored.verdict,
        declared=stored.declared,
        warning=stored.warning,
        overruled=stored.overruled,
        known=stored.known,
    )
