"""IHE knowledge as data, one folder for each profile, with its loader. Knows no actor's behaviour and no link."""

from __future__ import annotations

from harness.profiles.knowledge import Knowledge
from harness.profiles.loader import knowledge
from harness.profiles.recognition import form_of, recognise_dimse, recognise_hl7

__all__ = ["Knowledge", "form_of", "knowledge", "recognise_dimse", "recognise_hl7"]
