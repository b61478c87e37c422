"""Which codes, stations, modalities and character sets hold in a plan, where they are not the usual ones."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.plan import Plan
from harness.model.scenario import Code, PlannedProcedure, ProcedurePlan


def codes_of(plan: Plan) -> Iterator[str]:
    """A line for each service of the plan that a system knows otherwise, and one for those that are as shipped."""
    procedures = plan.procedures
    if procedures is None:
        return
    played = _played(plan, procedures)
    told = {name for one in plan.systems for name in one.codes.services}
    told |= {name for one in plan.systems if one.site_plan is not None for name in one.site_plan.services}
    whose = ", ".join(one.name for one in plan.systems if one.codes.services or one.site_plan is not None)
    yield ""
    yield f"Codes that hold, as {whose} has them:"
    for name in sorted(played & told):
        yield f"  {name:16} {_service(procedures.services[name])}"
    if played - told:
        yield f"  as shipped: {', '.join(sorted(played - told))}"


def character_sets_of(plan: Plan) -> Iterator[str]:
    """The character sets in which our actors write, where the systems declare which they support."""
    for sets in dict.fromkeys(assignment.character_sets for assignment in plan.assignments):
        told = [f"{kind}: {', '.join(names)}" for kind, names in (("HL7", sets.hl7), ("DICOM", sets.dicom)) if names]
        if told:
            yield ""
            yield f"Character sets that are declared, and that our actors keep to: {'; '.join(told)}"


def _played(plan: Plan, procedures: ProcedurePlan) -> set[str]:
    """The services that the scenarios order, or have done."""
    plays = [play for assignment in plan.assignments for play in assignment.plays]
    named = {play.case.order.service for play in plays}
    named |= {name for play in plays for one in play.steps for name in (one.step.service, one.step.performed) if name}
    known = {name if name in procedures.services else procedures.default for name in named}
    return known | {further for name in known for further in procedures.services[name].further}


def _service(planned: PlannedProcedure) -> str:
    parts = [f"order {_code(planned.service)}"]
    if planned.procedure != planned.service:
        parts.append(f"procedure {_code(planned.procedure)}")
    for step in planned.steps:
        codes = ", ".join(_code(code) for code in step.protocol) or "no code"
        station = f" at {step.station}" if step.station else ""
        named = f" ({step.station_name})" if step.station_name else ""
        parts.append(f"step {codes} on {step.modality}{station}{named}")
    return "; ".join(parts)


def _code(code: Code) -> str:
    return f"{code.value} ({code.scheme}) {code.meaning}".strip()
