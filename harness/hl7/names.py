"""Names of segments, fields and components, for people."""

from __future__ import annotations

from harness.hl7.field_path import parse_path
from harness.hl7.standard import field_definition

_SEGMENTS = {
    "AIG": "Appointment Information - General Resource",
    "AIL": "Appointment Information - Location Resource",
    "AIP": "Appointment Information - Personnel Resource",
    "AIS": "Appointment Information - Service",
    "AL1": "Patient Allergy Information",
    "BLG": "Billing",
    "DG1": "Diagnosis",
    "DSC": "Continuation Pointer",
    "ERR": "Error",
    "EVN": "Event Type",
    "GT1": "Guarantor",
    "IN1": "Insurance",
    "IPC": "Imaging Procedure Control",
    "MRG": "Merge Patient Information",
    "MSA": "Message Acknowledgment",
    "MSH": "Message Header",
    "NK1": "Next of Kin",
    "NTE": "Notes and Comments",
    "OBR": "Observation Request",
    "OBX": "Observation/Result",
    "ORC": "Common Order",
    "PD1": "Patient Additional Demographic",
    "PID": "Patient Identification",
    "PV1": "Patient Visit",
    "PV2": "Patient Visit - Additional Information",
    "RGS": "Resource Group",
    "ROL": "Role",
    "SCH": "Scheduling Activity Information",
    "SFT": "Software Segment",
    "TQ1": "Timing/Quantity",
    "TQ2": "Timing/Quantity Relationship",
    "ZDS": "Additional Identification Information",
}
# RAD TF-2: 4.4 (Z segment, so in no base table): the study's identity in the 2.3.1 form.
_LOCAL = {
    ("ZDS", 1): ("Study Instance UID", ("Pointer", "Application ID", "Type of Data", "Subtype")),
}
_LATEST = "2.5.1"


def segment_name(segment: str) -> str:
    """The name of a segment, `""` when it is none of those met in the profiles."""
    return _SEGMENTS.get(segment, "")


def field_name(segment: str, number: int, version: str) -> str:
    """The name of a field in that version, else in 2.5.1; `""` when neither has it."""
    local = _LOCAL.get((segment, number))
    if local is not None:
        return local[0]
    found = field_definition(segment, number, version) or field_definition(segment, number, _LATEST)
    return found.name if found else ""


def component_name(segment: str, number: int, component: int, version: str) -> str:
    """The name of a component in that version, else in 2.5.1; `""` when neither has it."""
    local = _LOCAL.get((segment, number))
    if local is not None:
        return local[1][component - 1] if 1 <= component <= len(local[1]) else ""
    for edition in (version, _LATEST):
        found = field_definition(segment, number, edition)
        if found is not None and 1 <= component <= len(found.components):
            return found.components[component - 1].name
    return ""


def path_name(path: str, version: str) -> str:
    """What a path names, as `Patient Identifier List, Assigning Authority`; ValueError when it is no path."""
    target = parse_path(path)
    if not target.field:
        return segment_name(target.segment)
    names = [field_name(target.segment, target.field, version)]
    if target.component:
        names.append(component_name(target.segment, target.field, target.component, version))
    return ", ".join(name for name in names if name)
