"""What a system file says of codes: a site's own procedure plan, and what the product calls single services."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from harness.errors import SourceError
from harness.model.codes import ServiceCodes
from harness.model.scenario import PlannedProcedure, ProcedurePlan
from harness.model.system import System
from harness.scenario_files.cases import MODALITY, check_code, load_procedures
from harness.scenario_files.limits import AE_TITLE, SHORT
from harness.yaml_source import Faults, SourceMapping

At = tuple[str | int, ...]
_GIVEN = "site_plan"
"""What a system has from the harness: the content of the file that `procedures` names."""


def refuse_plan(source: SourceMapping) -> None:
    """A fault for what only the harness may say of a system."""
    if _GIVEN in source:
        faults = Faults()
        faults.add(source.keys_at[_GIVEN], f"unknown key `{_GIVEN}`; did you mean `procedures`?")
        faults.raise_if_any()


def complete_codes(source: SourceMapping, system: System, shipped: ProcedurePlan, faults: Faults) -> System:
    """The system with its site's procedure plan read; a fault for whatever a plan cannot be made of."""
    plan = _site_plan(source, system, shipped, faults)
    known = {**shipped.services, **(plan.services if plan is not None else {})}
    for name, mapped in system.codes.services.items():
        at: At = ("codes", "services", name)
        if faults.name(source.place_of(*at), "service", name, known):
            _service(source, mapped, at, known[name], faults)
    _distinct(source, system, faults)
    return replace(system, site_plan=plan)


def _site_plan(source: SourceMapping, system: System, shipped: ProcedurePlan, faults: Faults) -> ProcedurePlan | None:
    if not system.procedures:
        return None
    path = Path(system.path).parent / system.procedures
    if not path.is_file():
        faults.add(source.place_of("procedures"), f"procedures: there is no file {path}")
        return None
    try:
        return load_procedures(path, beside=shipped)
    except SourceError as error:
        faults.extend(error)
        return None


def _service(source: SourceMapping, mapped: ServiceCodes, at: At, planned: PlannedProcedure, faults: Faults) -> None:
    for key, code in (("code", mapped.code), ("procedure", mapped.procedure)):
        if code is not None:
            check_code(source, code, (*at, key), faults)
    for number, code in enumerate(mapped.protocol):
        check_code(source, code, (*at, "protocol", number), faults)
    if mapped.protocol and len(planned.steps) != 1:
        text = f"protocol: {at[-1]} has {len(planned.steps)} steps; say what each has in a plan of yours (`procedures`)"
        faults.add(source.place_of(*at, "protocol"), text)
    if mapped.modality and MODALITY.fullmatch(mapped.modality) is None:
        faults.add(source.place_of(*at, "modality"), f"modality: `{mapped.modality}` is not a modality code")
    if mapped.station and re.fullmatch(AE_TITLE, mapped.station) is None:
        text = f"station: `{mapped.station}` is not an AE title of 1 to 16 ASCII characters without backslash"
        faults.add(source.place_of(*at, "station"), text)
    if len(mapped.station_name) > SHORT:
        text = f"station_name: `{mapped.station_name}` has more than {SHORT} characters"
        faults.add(source.place_of(*at, "station_name"), text)
    if mapped == ServiceCodes():
        faults.add(source.place_of(*at), f"{at[-1]}: nothing is said of it; leave the service out")


def _distinct(source: SourceMapping, system: System, faults: Faults) -> None:
    """No two services go by one code: an order of it could be either."""
    seen: dict[tuple[str, str], str] = {}
    for name, mapped in system.codes.services.items():
        if mapped.code is None:
            continue
        other = seen.setdefault((mapped.code.value, mapped.code.scheme), name)
        if other != name:
            text = f"code: {other} has the code `{mapped.code.value}`, too: an order of it could be either"
            faults.add(source.place_of("codes", "services", name, "code"), text)
