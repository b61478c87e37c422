"""Makes `tables.json` from the tables that highdicom ships: a tool of development, run where highdicom is installed.

    python -m harness.dicom.iod.generate

Owns what is kept of those tables, and how it is written. A level is one data set or item: its attributes with type,
and for a sequence the number of the level of its items. Equal levels are written once. Attributes of type 3 are left
out, unless something below them is required, or another module requires the attribute.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from harness.dicom.iod.tables import FORMAT
from harness.dicom.uids import uid_of

TARGET = Path(__file__).with_name("tables.json")

SOP_CLASSES = (
    *("ComputedRadiographyImageStorage", "DigitalXRayImageStorageForPresentation"),
    *("DigitalXRayImageStorageForProcessing", "DigitalMammographyXRayImageStorageForPresentation"),
    *("DigitalMammographyXRayImageStorageForProcessing", "DigitalIntraOralXRayImageStorageForPresentation"),
    *("DigitalIntraOralXRayImageStorageForProcessing", "BreastTomosynthesisImageStorage"),
    *("CTImageStorage", "EnhancedCTImageStorage", "LegacyConvertedEnhancedCTImageStorage"),
    *("MRImageStorage", "EnhancedMRImageStorage", "EnhancedMRColorImageStorage"),
    *("LegacyConvertedEnhancedMRImageStorage", "UltrasoundImageStorage", "UltrasoundMultiFrameImageStorage"),
    *("XRayAngiographicImageStorage", "EnhancedXAImageStorage", "XRayRadiofluoroscopicImageStorage"),
    *("EnhancedXRFImageStorage", "XRay3DAngiographicImageStorage", "NuclearMedicineImageStorage"),
    *("PositronEmissionTomographyImageStorage", "EnhancedPETImageStorage"),
    *("LegacyConvertedEnhancedPETImageStorage", "RTImageStorage", "SecondaryCaptureImageStorage"),
    *("MultiFrameSingleBitSecondaryCaptureImageStorage", "MultiFrameGrayscaleByteSecondaryCaptureImageStorage"),
    *("MultiFrameGrayscaleWordSecondaryCaptureImageStorage", "MultiFrameTrueColorSecondaryCaptureImageStorage"),
    *("VLPhotographicImageStorage", "VLEndoscopicImageStorage", "OphthalmicPhotography8BitImageStorage"),
    *("GrayscaleSoftcopyPresentationStateStorage", "ColorSoftcopyPresentationStateStorage"),
    *("KeyObjectSelectionDocumentStorage", "BasicTextSRStorage", "EnhancedSRStorage", "ComprehensiveSRStorage"),
    *("Comprehensive3DSRStorage", "MammographyCADSRStorage", "XRayRadiationDoseSRStorage"),
    *("EncapsulatedPDFStorage", "EncapsulatedCDAStorage"),
)
"""The SOP classes of the table, by the keywords of PS3.6."""

_FUNCTIONAL_GROUPS = frozenset({"SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"})
_OF_EVERY_ITEM = frozenset({"ValueType", "RelationshipType", "ConceptNameCodeSequence"})
_WEAKER = {"1": "1C", "2": "2C"}


@dataclass
class _Node:
    """Attributes by keyword: the type, and what is below."""

    types: dict[str, str] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)

    def add(self, path: Iterable[str], keyword: str, kind: str) -> None:
        node = self
        for part in path:
            node = node.below.setdefault(part, _Node())
        node.types[keyword] = kind


class _Levels:
    """Numbers levels; equal ones get the same number."""

    def __init__(self, required: frozenset[str]) -> None:
        self._required = required
        self.texts: list[str] = []
        self._known: dict[str, int] = {}

    def number(self, node: _Node, above: str = "", within: int | None = None) -> int | None:
        """The number of a level; None when nothing in it is required."""
        recursive = above == "ContentSequence"
        own = len(self.texts) if recursive else None
        if own is not None:
            self.texts.append("")
        parts = [part for keyword in node.types if (part := self._part(node, keyword, above, own, within))]
        if own is not None:
            nested = () if "ContentSequence" in node.types else (f"ContentSequence 3 {own}",)
            self.texts[own] = ";".join((*parts, *nested))
            return own
        if not parts:
            return None
        text = ";".join(parts)
        if text not in self._known:
            self._known[text] = len(self.texts)
            self.texts.append(text)
        return self._known[text]

    def _part(self, node: _Node, keyword: str, above: str, own: int | None, within: int | None) -> str:
        kind = node.types[keyword] if node.types[keyword] != "None" else "3"
        if above in _FUNCTIONAL_GROUPS:
            kind = "3"
        elif "ValueType" in node.types and keyword not in _OF_EVERY_ITEM:
            kind = _WEAKER.get(kind, kind)
        inside = within if own is None else own
        level = inside if keyword == "ContentSequence" and inside is not None else None
        if level is None and keyword in node.below:
            level = self.number(node.below[keyword], keyword, inside)
        if kind == "3" and level is None and (above or keyword not in self._required):
            return ""
        return f"{keyword} {kind}" if level is None else f"{keyword} {kind} {level}"


def tables_from(root: Traversable, source: str, wanted: Iterable[str]) -> Mapping[str, object]:
    """The content of `tables.json` from a folder of highdicom's tables, for some SOP classes by keyword."""
    sop_classes: dict[str, str] = json.loads((root / "sop_class_iod_map.json").read_text())
    iods: dict[str, list[dict[str, str]]] = json.loads((root / "iod_module_map.json").read_text())
    modules: dict[str, list[dict[str, object]]] = json.loads((root / "module_attribute_map.json").read_text())
    kept = {uid: sop_classes[uid] for uid in sorted(map(uid_of, wanted))}
    used = sorted({module["key"] for iod in kept.values() for module in iods[iod]})
    outermost = (row for name in used for row in modules[name] if not row["path"])
    levels = _Levels(frozenset(str(row["keyword"]) for row in outermost if row["type"] not in ("3", "None")))
    return {
        "format": FORMAT,
        "source": source,
        "sop_classes": kept,
        "iods": {iod: [f"{one['key']} {one['usage']}" for one in iods[iod]] for iod in sorted({*kept.values()})},
        "modules": {name: levels.number(_module(modules[name])) for name in used},
        "levels": levels.texts,
    }


def _module(rows: Iterable[Mapping[str, object]]) -> _Node:
    node = _Node()
    for row in rows:
        path = row["path"]
        node.add([str(part) for part in path] if isinstance(path, list) else [], str(row["keyword"]), str(row["type"]))
    return node


def main() -> None:
    """Write the tables beside this module."""
    source = f"highdicom {metadata.version('highdicom')}"
    tables = tables_from(resources.files("highdicom") / "_standard", source, SOP_CLASSES)
    TARGET.write_text(json.dumps(tables, indent=0) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
