"""Person names as the VR PN writes them (PS3.5 6.2.1.1)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.scenario import PersonName


def pn(name: PersonName) -> str:
    """`family^given^middle^prefix^suffix` without trailing delimiters, then the other groups (PS3.5 6.2.1.1)."""
    groups = (alphabetic(name), _group(name.ideographic), _group(name.phonetic))
    return "=".join(groups).rstrip("=")


def alphabetic(name: PersonName) -> str:
    """The first component group alone."""
    return _group((name.family, name.given, name.middle, name.suffix, name.prefix))


def _group(parts: Sequence[str]) -> str:
    """One component group; DICOM writes prefix before suffix, HL7 and our names after."""
    family, given, middle, suffix, prefix = (*parts, "", "", "", "", "")[:5]
    return "^".join((family, given, middle, prefix, suffix)).rstrip("^")
