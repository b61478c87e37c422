"""Names of persons as HL7 writes them."""

from __future__ import annotations

from harness.hl7.field_value import FieldValue
from harness.model.scenario import PersonName, Practitioner


def xpn(name: PersonName) -> FieldValue:
    """Extended person name: family, given, middle, suffix, prefix (HL7 v2.5.1 2.A.88)."""
    return (name.family, name.given, name.middle, name.suffix, name.prefix)


def xcn(practitioner: Practitioner) -> FieldValue:
    """Extended composite ID number and name: identifier, then the parts of the name (HL7 v2.5.1 2.A.86)."""
    name = practitioner.name
    return (practitioner.id, name.family, name.given, name.middle, name.suffix, name.prefix)
