"""Time stamps in HL7's form."""

from __future__ import annotations

from datetime import datetime


def ts(moment: datetime) -> str:
    """`YYYYMMDDHHMMSS` of the moment's own clock, without fraction or zone (HL7 v2.5.1 2.A.77)."""
    return f"{moment.year:04d}{moment:%m%d%H%M%S}"
