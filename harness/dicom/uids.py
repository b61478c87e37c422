"""UIDs by the keywords of the DICOM dictionary (PS3.6 Annex A), and groups of SOP classes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]  # imported there, not declared

IMPLEMENTATION_CLASS_UID = "2.25.282263176358512083937124358157462290385"
"""Ours, constant (PS3.7 D.3.3.2)."""

IMPLEMENTATION_VERSION_NAME = "SWF_HARNESS_1"

_UID_BY_KEYWORD: Mapping[str, str] = MappingProxyType(
    {entry[4]: uid for uid, entry in UID_dictionary.items() if entry[4]}
)

_OTHER_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"ModalityWorklistInformationFind": _UID_BY_KEYWORD["ModalityWorklistInformationModelFind"]}
)
"""Names in wide use that are not the dictionary's keyword."""

_STORAGE_ROOT = _UID_BY_KEYWORD["ComputedRadiographyImageStorage"].rsplit(".", 1)[0] + "."

_FORM = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*\Z")


def _storage_classes() -> frozenset[str]:
    """Composite storage classes: named `Storage`, below the arc of PS3.4 Table B.5-1."""
    return frozenset(
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and uid.startswith(_STORAGE_ROOT) and "Storage" in name
    )


def _image_classes(storage: frozenset[str]) -> frozenset[str]:
    """Storage without structured reports, presentation states and key object selections."""
    other = ("SRStorage", "PresentationStateStorage", "KeyObjectSelectionDocumentStorage")
    return frozenset(uid for uid in storage if not any(part in UID_dictionary[uid][4] for part in other))


GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Storage": _storage_classes(),
        "StructuredReportStorage": frozenset(
            _UID_BY_KEYWORD[f"{kind}SRStorage"] for kind in ("BasicText", "Enhanced", "Comprehensive")
        ),
        "ImageStorage": _image_classes(_storage_classes()),
    }
)
"""Groups of SOP classes by name: `Storage`, `StructuredReportStorage`, `ImageStorage`."""


def uid_of(keyword: str) -> str:
    """The UID of a keyword such as `ModalityWorklistInformationFind`; a UID is returned as it is.

    ValueError names the nearest keyword.
    """
    if keyword in _UID_BY_KEYWORD:
        return _UID_BY_KEYWORD[keyword]
    if keyword in _OTHER_SPELLINGS:
        return _OTHER_SPELLINGS[keyword]
    if is_uid(keyword):
        return keyword
    near = difflib.get_close_matches(keyword, _UID_BY_KEYWORD, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"no UID has the keyword {keyword!r}{hint}")


def keyword_of(uid: str) -> str:
    """The keyword of a UID; the UID itself when the dictionary has none."""
    entry = UID_dictionary.get(uid)
    return entry[4] or uid if entry else uid


def uids_of(name: str) -> tuple[str, ...]:
    """The UIDs that a keyword, UID or group name stands for, sorted; ValueError as for `uid_of`."""
    if name in GROUPS:
        return tuple(sorted(GROUPS[name]))
    return (uid_of(name),)


def is_in(uid: str, sop_classes: Iterable[str]) -> bool:
    """Whether the SOP class is among these keywords, UIDs or groups; ValueError as for `uid_of`."""
    return any(uid in GROUPS[name] if name in GROUPS else uid == uid_of(name) for name in sop_classes)


def is_uid(text: str) -> bool:
    """Whether the text has the form of a UID (PS3.5 9.1)."""
    return len(text) <= 64 and _FORM.match(text) is not None
