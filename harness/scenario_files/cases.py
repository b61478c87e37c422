"""Reads cases and procedure plans."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.model.scenario import Case, Code, PersonName, ProcedurePlan, Visit
from harness.scenario_files.limits import SHORT
from harness.yaml_source import Faults, SourceMapping, read, validate

MAIN = "main"
"""The patient of a case that a step means when it names none."""

_SEXES = ("A", "F", "M", "N", "O", "U")
"""HL7 table 0001."""
_DELIMITERS = frozenset("^~\\&|=\r\n")
_PARTS = 5
"""Family, given, middle, suffix and prefix."""
MODALITY = re.compile(r"[A-Z0-9_]{1,16}")


def load_case(path: Path | Traversable) -> Case:
    """Read a case; SourceError with every fault at its place."""
    source = read(path)
    case = validate(source, Case)
    faults = Faults()
    _identity(source, case.id, faults)
    if MAIN not in case.patients:
        faults.add(source.place_of("patients"), f"a case has a patient called `{MAIN}`")
    for name, patient in case.patients.items():
        at = ("patients", name)
        faults.name(source.place_of(*at, "sex"), "sex of HL7 table 0001", patient.sex, _SEXES)
        if not _is_date(patient.birth_date):
            text = f"birth_date: `{patient.birth_date}` is not a date written YYYYMMDD"
            faults.add(source.place_of(*at, "birth_date"), text)
        _person(source, patient.name, (*at, "name"), faults)
    order = case.order
    _visit(source, case.visit, ("visit",), faults)
    for name, visit in case.visits.items():
        _visit(source, visit, ("visits", name), faults)
    _person(source, order.orderer.name, ("order", "orderer", "name"), faults)
    _person(source, order.entered_by.name, ("order", "entered_by", "name"), faults)
    faults.raise_if_any()
    return case


def load_procedures(path: Path | Traversable, beside: ProcedurePlan | None = None) -> ProcedurePlan:
    """Read a procedure plan; SourceError with every fault at its place.

    A site's plan stands `beside` another: what it does not define itself may be the other's.
    """
    source = read(path)
    for _, service in source.mappings("services"):
        service.rename("with", "further")
    plan = validate(source, ProcedurePlan)
    faults = Faults()
    _identity(source, plan.id, faults)
    known = {**(beside.services if beside is not None else {}), **plan.services}
    faults.name(source.place_of("default"), "service", plan.default, known)
    for name, procedure in plan.services.items():
        at = ("services", name)
        check_code(source, procedure.service, (*at, "service"), faults)
        check_code(source, procedure.procedure, (*at, "procedure"), faults)
        for number, further in enumerate(procedure.further):
            faults.name(source.place_of(*at, "further", number), "service", further, known)
        if not procedure.steps:
            faults.add(source.place_of(*at, "steps"), "a procedure has at least one step")
        for index, step in enumerate(procedure.steps):
            here = (*at, "steps", index)
            for number, code in enumerate(step.protocol):
                check_code(source, code, (*here, "protocol", number), faults)
            if len(step.station_name) > SHORT:
                faults.add(source.place_of(*here, "station_name"), f"station_name: more than {SHORT} characters")
            if MODALITY.fullmatch(step.modality) is None:
                faults.add(source.place_of(*here, "modality"), f"modality: `{step.modality}` is not a modality code")
            if step.duration <= 0:
                faults.add(source.place_of(*here, "duration"), "duration: a step takes at least a minute")
    faults.raise_if_any()
    return plan


def _visit(source: SourceMapping, visit: Visit, at: tuple[str | int, ...], faults: Faults) -> None:
    for role, doctor in (
        ("attending", visit.attending),
        ("referring", visit.referring),
        ("admitting", visit.admitting),
    ):
        if doctor is not None:
            _person(source, doctor.name, (*at, role, "name"), faults)


def _identity(source: SourceMapping, name: str, faults: Faults) -> None:
    place = source.place_of("id")
    file = re.split(r"[/\\]", place.path)[-1].split(".")[0]
    if name != file:
        faults.add(place, f"id: `{name}` is not the name of its file, `{file}`")


def _is_date(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{8}", text)) and datetime.strptime(text, "%Y%m%d") is not None
    except ValueError:
        return False


def _person(source: SourceMapping, name: PersonName, at: tuple[str | int, ...], faults: Faults) -> None:
    for part in ("family", "given", "middle", "suffix", "prefix"):
        text = getattr(name, part)
        if set(text) & _DELIMITERS:
            faults.add(source.place_of(*at, part), f"{part}: `{text}` holds a delimiter of HL7 or DICOM")
    for group in ("ideographic", "phonetic"):
        parts = getattr(name, group)
        if len(parts) > _PARTS or any(set(text) & _DELIMITERS for text in parts):
            faults.add(source.place_of(*at, group), f"{group}: at most {_PARTS} parts, without a delimiter")
    if not name.family:
        faults.add(source.place_of(*at), "a name has a family name")


def check_code(source: SourceMapping, code: Code, at: tuple[str | int, ...], faults: Faults) -> None:
    """A fault for a code that DICOM's SH cannot hold."""
    for key in ("value", "scheme"):
        text = getattr(code, key)
        if not 1 <= len(text) <= SHORT:
            faults.add(source.place_of(*at, key), f"{key}: `{text}` does not have 1 to {SHORT} characters")
