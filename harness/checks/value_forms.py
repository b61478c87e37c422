"""The lexical forms of values that every system has to read alike: dates, times and UIDs (PS3.5 6.2, 9.1).

Knows value representations only. Texts, names and numbers are left to the checks of whole objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

_UID_LENGTH = 64
_TIME = r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?"
_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "DA": re.compile(r"\d{8}"),
        "TM": re.compile(_TIME),
        "DT": re.compile(rf"\d{{4}}(\d{{2}}(\d{{2}}({_TIME})?)?)?([+-]\d{{4}})?"),
        "UI": re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))*"),
    }
)


def well_formed(vr: str, text: str) -> bool:
    """Whether each value has the form of its value representation; True for a representation that is not known here."""
    return vr not in _FORMS or all(_fits(vr, value.strip(" \0")) for value in text.split("\\"))


def _fits(vr: str, value: str) -> bool:
    form = _FORMS.get(vr)
    if form is None or not value:
        return True
    if form.fullmatch(value) is None:
        return False
    if vr == "DA":
        return _is_day(value)
    return vr != "UI" or len(value) <= _UID_LENGTH


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(f"{value[:4]}-{value[4:6]}-{value[6:]}")
    except ValueError:
        return False
    return True
