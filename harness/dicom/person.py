"""Person names as the VR PN writes them (PS3.5 6.2.1.1)."""

from __future__ import annotations

from harness.model.scenario import PersonName


def pn(name: PersonName) -> str:
    """`family^given^middle^prefix^suffix` without trailing delimiters (PS3.5 6.2.1.1)."""
    parts = (name.family, name.given, name.middle, name.prefix, name.suffix)
    return "^".join(parts).rstrip("^")
