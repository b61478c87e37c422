"""Names of persons as HL7 writes them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.hl7.field_value import FieldValue
from harness.model.scenario import PersonName, Practitioner

ALPHABETIC, IDEOGRAPHIC, PHONETIC = "A", "I", "P"
"""Name representation codes (XPN.8)."""


def xpn(name: PersonName) -> FieldValue:
    """Extended person name: family, given, middle, suffix, prefix (HL7 v2.5.1 2.A.88).

    A name in several kinds of writing is a repetition for each, and XPN.8 tells them apart.
    """
    parts = (name.family, name.given, name.middle, name.suffix, name.prefix)
    others = ((name.ideographic, IDEOGRAPHIC), (name.phonetic, PHONETIC))
    written = [_represented(group, code) for group, code in others if group]
    return [_represented(parts, ALPHABETIC), *written] if written else parts


def _represented(parts: Sequence[str], code: str) -> FieldValue:
    return (*(*parts, "", "", "", "", "")[:5], "", "", code)


def xcn(practitioner: Practitioner) -> FieldValue:
    """Extended composite ID number and name: identifier, then the parts of the name (HL7 v2.5.1 2.A.86)."""
    name = practitioner.name
    return (practitioner.id, name.family, name.given, name.middle, name.suffix, name.prefix)
