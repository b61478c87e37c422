"""The names that a transaction's DIMSE forms may use for SOP classes: UID keywords, and groups of them.

The groups are those of `harness.dicom.uids`, stated here again because the two packages do not know each other; a
test holds them together.
"""

from __future__ import annotations

from functools import cache

from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]  # imported there, not declared

STORAGE = "Storage"
STRUCTURED_REPORT_STORAGE = "StructuredReportStorage"
IMAGE_STORAGE = "ImageStorage"
GROUPS = (STORAGE, STRUCTURED_REPORT_STORAGE, IMAGE_STORAGE)

_STRUCTURED_REPORTS = ("BasicTextSRStorage", "EnhancedSRStorage", "ComprehensiveSRStorage")
_NO_IMAGES = ("SRStorage", "PresentationStateStorage", "KeyObjectSelectionDocumentStorage")


@cache
def keywords() -> dict[str, str]:
    """UID by keyword, for every SOP class of the dictionary (PS3.6 Annex A)."""
    return {entry[4]: uid for uid, entry in UID_dictionary.items() if entry[1] == "SOP Class" and entry[4]}


@cache
def members(group: str) -> frozenset[str]:
    """UIDs of a group's SOP classes; KeyError for an unknown group."""
    return {
        STORAGE: _storage(),
        STRUCTURED_REPORT_STORAGE: frozenset(keywords()[word] for word in _STRUCTURED_REPORTS),
        IMAGE_STORAGE: frozenset(uid for uid in _storage() if not any(part in _keyword(uid) for part in _NO_IMAGES)),
    }[group]


def is_in(uid: str, names: tuple[str, ...]) -> bool:
    """Whether a SOP Class UID is one of the named classes, or in one of the named groups."""
    return any(uid in members(name) if name in GROUPS else keywords().get(name) == uid for name in names)


@cache
def _storage() -> frozenset[str]:
    """Composite storage classes: named `Storage`, below the arc of PS3.4 Table B.5-1."""
    arc = keywords()["ComputedRadiographyImageStorage"].rsplit(".", 1)[0] + "."
    return frozenset(
        uid
        for uid, (name, kind, *_) in UID_dictionary.items()
        if kind == "SOP Class" and uid.startswith(arc) and "Storage" in name
    )


def _keyword(uid: str) -> str:
    return str(UID_dictionary[uid][4])
