"""The content tree of a structured report: value types and relationships that its SOP class allows (PS3.3 A.35).

Of a relationship that is not described here for a class nothing is said. Knows data sets only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.dicom.paths import first
from harness.dicom.uids import keyword_of

_BASIC = frozenset(
    {"TEXT", "CODE", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME", "COMPOSITE", "IMAGE", "WAVEFORM", "CONTAINER"}
)
_VALUE_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"BasicTextSRStorage": _BASIC, "EnhancedSRStorage": _BASIC | {"NUM", "SCOORD", "TCOORD"}}
)
"""Value types by SOP class (PS3.3 A.35.1.3.1, A.35.2.3.1); the others allow all."""

_ANY: frozenset[str] = frozenset()
_ALLOWED: Mapping[str, Mapping[str, tuple[frozenset[str], frozenset[str]]]] = MappingProxyType(
    {
        "BasicTextSRStorage": MappingProxyType(
            {
                "CONTAINS": (frozenset({"CONTAINER"}), _ANY),
                "HAS OBS CONTEXT": (frozenset({"CONTAINER"}), _BASIC - {"IMAGE", "WAVEFORM", "CONTAINER"}),
                "HAS CONCEPT MOD": (_ANY, frozenset({"TEXT", "CODE"})),
                "INFERRED FROM": (frozenset({"TEXT"}), _ANY),
                "HAS PROPERTIES": (frozenset({"TEXT", "PNAME"}), _ANY),
                "HAS ACQ CONTEXT": (frozenset({"CONTAINER", "IMAGE", "WAVEFORM", "COMPOSITE"}), _ANY),
            }
        ),
        "EnhancedSRStorage": MappingProxyType({"INFERRED FROM": (frozenset({"TEXT", "CODE", "NUM"}), _ANY)}),
    }
)
"""Value types that a relationship may come from and go to, by SOP class; an empty set allows any."""


def content_items(root: Dataset) -> Iterator[tuple[Dataset, Dataset]]:
    """Every item of the content tree below the root, each with the one above it."""
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        for item in parent.get("ContentSequence") or ():
            yield parent, item
            waiting.append(item)


def fault(report: Dataset) -> tuple[str, str]:
    """What the first wrong item should be and what it is; empty when there is none."""
    sop_class = keyword_of(first(report, "SOPClassUID"))
    allowed = _VALUE_TYPES.get(sop_class)
    for parent, item in content_items(report):
        kind, relationship = first(item, "ValueType"), first(item, "RelationshipType")
        by_reference = "ReferencedContentItemIdentifier" in item
        if allowed is not None and (by_reference or kind not in allowed):
            return f"a value type of {sop_class}", "by reference" if by_reference else kind or "absent"
        if not relationship:
            return "RelationshipType", "absent"
        sources, targets = _ALLOWED.get(sop_class, {}).get(relationship, (_ANY, _ANY))
        above = first(parent, "ValueType")
        if (sources and above and above not in sources) or (targets and kind not in targets):
            return f"a relationship of {sop_class}", f"{above} {relationship} {kind}"
    return "", ""
