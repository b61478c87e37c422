"""The procedure plan that holds with certain systems: the shipped one, with what their sites and code maps say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from harness.errors import InputError
from harness.model.codes import ServiceCodes
from harness.model.names import PlayerName
from harness.model.scenario import PlannedProcedure, PlannedProcedureStep, ProcedurePlan
from harness.model.system import System


def plan_of(shipped: ProcedurePlan, systems: Sequence[System]) -> ProcedurePlan | None:
    """The plan that holds with the systems; None where it is the shipped one.

    InputError when two of them contradict each other: there is one department, and one order for both.
    """
    if not any(system.site_plan is not None or system.codes.services for system in systems):
        return None
    plan = _with_sites(shipped, systems)
    mapped = _merged(systems)
    services = {name: _mapped(planned, mapped.get(name)) for name, planned in plan.services.items()}
    return replace(plan, services=services)


def _with_sites(shipped: ProcedurePlan, systems: Iterable[System]) -> ProcedurePlan:
    plan, whose, default = shipped, dict[str, PlayerName](), ("", "")
    for system in systems:
        site = system.site_plan
        if site is None:
            continue
        for name, planned in site.services.items():
            if name in whose and plan.services[name] != planned:
                raise InputError(
                    f"the procedure plans of {whose[name]} and {system.name} say different things of the service {name}"
                )
            whose[name] = system.name
        if default[0] and default[1] != site.default:
            raise InputError(
                f"the procedure plans of {default[0]} and {system.name} have different defaults: "
                f"{default[1]} and {site.default}"
            )
        default = (system.name, site.default)
        plan = ProcedurePlan(id=site.id, services={**plan.services, **site.services}, default=site.default)
    return plan


def _merged(systems: Iterable[System]) -> Mapping[str, ServiceCodes]:
    """What all code maps say together."""
    found: dict[str, ServiceCodes] = {}
    whose: dict[tuple[str, str], PlayerName] = {}
    for system in systems:
        for name, mapped in system.codes.services.items():
            for one in fields(mapped):
                value, known = getattr(mapped, one.name), getattr(found.get(name, ServiceCodes()), one.name)
                if not value:
                    continue
                if known and known != value:
                    other = whose[name, one.name]
                    raise InputError(
                        f"the code maps of {other} and {system.name} contradict each other in `{one.name}` of {name}: "
                        "there is one department, and an order has one code"
                    )
                whose[name, one.name] = system.name
                found[name] = replace(found.get(name, ServiceCodes()), **{one.name: value})
    return found


def _mapped(planned: PlannedProcedure, mapped: ServiceCodes | None) -> PlannedProcedure:
    if mapped is None:
        return planned
    service = mapped.code or planned.service
    procedure = mapped.procedure
    if procedure is None:
        procedure = service if planned.procedure == planned.service else planned.procedure
    return replace(
        planned,
        service=service,
        procedure=procedure,
        description=planned.description if procedure == planned.procedure else procedure.meaning,
        steps=tuple(_mapped_step(step, mapped) for step in planned.steps),
    )


def _mapped_step(step: PlannedProcedureStep, mapped: ServiceCodes) -> PlannedProcedureStep:
    """A step; its description is the text of its first protocol code, which RAD-4 has one text for (OBR-4.5)."""
    return replace(
        step,
        protocol=mapped.protocol or step.protocol,
        description=mapped.protocol[0].meaning if mapped.protocol else step.description,
        modality=mapped.modality or step.modality,
        station=mapped.station or step.station,
        station_name=mapped.station_name or step.station_name,
    )
