"""Judges a composite object against the tables and rules of its IOD (PS3.3 A, C; PS3.5 6.2, 7.4).

One pass over the elements of each data set: what they are, whether they keep to their VR, then what is missing. Legal,
and therefore never a fault: private attributes, attributes that the dictionary does not know, and standard attributes
that the IOD does not name (Standard Extended SOP Class, PS3.2 7.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]  # imported there, not declared

from harness.dicom.iod.elements import element_faults
from harness.dicom.iod.expressions import Readings, tag_of
from harness.dicom.iod.faults import IodFault, Kind
from harness.dicom.iod.groups import group_faults
from harness.dicom.iod.pixels import pixel_faults
from harness.dicom.iod.readings import Reading, entry_of, read
from harness.dicom.iod.rules import module_citation, module_name, values_of
from harness.dicom.iod.tables import Conditional, Iod, Level, Overlay, in_group, iod_of, level_of
from harness.dicom.paths import name_of
from harness.model.verdict import Outcome

_OLD_VALUES = frozenset({tag_of("ModifiedAttributesSequence"), tag_of("NonconformingModifiedAttributesSequence")})
"""Sequences whose items hold what was there before: nobody has to mend that."""
_CHARACTER_SET = tag_of("SpecificCharacterSet")
_IDENTITY = (("SOPClassUID", "MediaStorageSOPClassUID"), ("SOPInstanceUID", "MediaStorageSOPInstanceUID"))
_DEEPEST = 60


def judge(dataset: Dataset, *, transfer_syntax: str = "") -> Iterator[IodFault]:
    """The faults of one composite object, and what could not be decided.

    `transfer_syntax` is that of the pixel data; without it, the length of the pixel data is not judged.
    """
    yield from _sop_class(dataset)
    iod = iod_of(str(dataset.get("SOPClassUID", "")).strip(" \0"))
    yield from _Judgement(dataset, iod, transfer_syntax).faults()


def _sop_class(dataset: Dataset) -> Iterator[IodFault]:
    """SOP Class and Instance UID, and the file meta information that repeats them (PS3.10 7.1)."""
    meta = getattr(dataset, "file_meta", None)
    for keyword, repeated in _IDENTITY:
        value = str(dataset.get(keyword, "") or "").strip(" \0")
        stated = str(meta.get(repeated, "") or "").strip(" \0") if meta is not None else ""
        if not value:
            yield IodFault(Kind.SOP_CLASS, keyword, Outcome.VIOLATED, "a UID", "absent", "", "PS3.3 C.12.1")
        elif stated and stated != value:
            yield IodFault(Kind.SOP_CLASS, keyword, Outcome.VIOLATED, stated, value, "", "PS3.10 7.1")
    sop_class = str(dataset.get("SOPClassUID", "") or "").strip(" \0")
    entry = UID_dictionary.get(sop_class)
    if entry is not None and entry[1] != "SOP Class":
        yield IodFault(
            Kind.SOP_CLASS, "SOPClassUID", Outcome.VIOLATED, "a SOP class", f"{sop_class} ({entry[0]})", "", "PS3.6 A"
        )


class _Judgement:
    """The judgement of one object; `_seen` keeps a fault from being told twice."""

    def __init__(self, dataset: Dataset, iod: Iod | None, transfer_syntax: str) -> None:
        self._dataset = dataset
        self._iod = iod
        self._transfer_syntax = transfer_syntax
        self._name = iod.name if iod is not None else ""
        self._root: Readings = {}
        self._seen: set[tuple[Kind, str]] = set()
        self._root_values = values_of(self._name, at_root=True)
        self._item_values = values_of(self._name, at_root=False)

    def faults(self) -> Iterator[IodFault]:
        for fault in self._all():
            if (fault.kind, fault.path) not in self._seen:
                self._seen.add((fault.kind, fault.path))
                yield fault

    def _all(self) -> Iterator[IodFault]:
        base = (self._iod.base,) if self._iod is not None else ()
        yield from self._data_set(self._dataset, base, "", 0, bare=True)
        yield from pixel_faults(self._dataset, self._root, self._transfer_syntax)
        if self._iod is not None:
            yield from group_faults(self._dataset, self._name)

    def _data_set(
        self, ds: Dataset, levels: tuple[Level, ...], path: str, depth: int, *, bare: bool
    ) -> Iterator[IodFault]:
        """One data set or item; `bare`: nothing around it names a character set."""
        here: dict[int, Reading] = {}
        sequences: list[tuple[int, list[Dataset]]] = []
        if depth == 0:
            self._root = here
        bare = bare and _CHARACTER_SET not in ds
        values = self._item_values if depth else self._root_values
        for key, element in list(ds.items()):
            tag = int(key)
            entry = entry_of(tag)
            if element.VR == "SQ" or (entry is not None and entry.first_vr == "SQ"):
                items = _items(ds, tag)
                here[tag] = Reading("SQ", bool(items), (), 1)
                sequences.append((tag, items))
                continue
            reading = here[tag] = read(ds, key, element)
            if not tag >> 16 & 1:
                yield from element_faults(tag, reading, element, entry, values.get(tag, ()), path, bare=bare)
        for level in levels:
            yield from self._level(level, here, path)
        if depth == 0 and self._iod is not None:
            active, faults = self._overlays(self._iod, here)
            yield from faults
            levels = (*levels, *active)
        for tag, items in sequences:
            if depth < _DEEPEST and tag not in _OLD_VALUES:
                yield from self._sequence(tag, items, levels, path, depth, bare=bare)

    def _sequence(
        self, tag: int, items: list[Dataset], levels: tuple[Level, ...], path: str, depth: int, *, bare: bool
    ) -> Iterator[IodFault]:
        name = name_of(BaseTag(tag))
        inside = {one for level in levels for one in level.below.get(tag, ())}
        below = tuple(level_of(self._name, module, number, name) for module, number in sorted(inside))
        for index, item in enumerate(items):
            yield from self._data_set(item, below, f"{path}{name}[{index}].", depth + 1, bare=bare)

    def _level(self, level: Level, here: Readings, path: str) -> Iterator[IodFault]:
        for one in level.required:
            found = here.get(one.tag)
            if found is None or (one.type == "1" and not found.valued):
                kind = Kind.TYPE_1 if one.type == "1" else Kind.TYPE_2
                yield _missing(kind, path, one.keyword, one.type, found, one.module)
        for other in level.conditional:
            found = here.get(other.tag)
            if found is None:
                yield from self._conditional(other, here, path)
            elif other.type == "1C" and not found.valued:
                yield _missing(Kind.TYPE_1, path, other.keyword, "1C", found, other.module)

    def _conditional(self, one: Conditional, here: Readings, path: str) -> Iterator[IodFault]:
        """A conditional attribute that is not there."""
        rule = one.demand
        wanted: bool | None = None
        if rule is not None:
            wanted = rule.when(here, self._root) if rule.when is not None else None
            if rule.not_when is not None and not wanted:
                wanted = False if rule.not_when(here, self._root) else None
        if wanted is False:
            return
        unsure = rule is not None and rule.unsure
        yield IodFault(
            Kind.OPEN if wanted is None else Kind.UNSURE if unsure else Kind.CONDITION,
            f"{path}{one.keyword}",
            Outcome.UNDECIDED if wanted is None else Outcome.VIOLATED,
            f"type {one.type}" + (f", because {rule.text}" if rule is not None and wanted else ""),
            "absent",
            module_name(one.module),
            rule.citation if rule is not None else module_citation(one.module),
        )

    def _overlays(self, iod: Iod, here: Readings) -> tuple[list[Level], list[IodFault]]:
        """The conditional and optional modules that are meant, and what they lack."""
        active: list[Level] = []
        faults: list[IodFault] = []
        for overlay in iod.overlays:
            wanted = overlay.when(here, self._root) if overlay.when is not None else False
            own = not overlay.own.isdisjoint(here)
            meant = bool(overlay.present is not None and overlay.present(here, self._root))
            if wanted and not own and not meant:
                faults.append(_missing_module(overlay))
                continue
            if not (wanted or meant or (own and overlay.present is None)):
                continue
            sure = bool(wanted or meant)
            active.append(overlay.level)
            for fault in self._level(overlay.level, here, ""):
                faults.append(fault if sure else _weakened(fault))
        faults.extend(self._further_overlays(iod, here))
        return active, faults

    def _further_overlays(self, iod: Iod, here: Readings) -> Iterator[IodFault]:
        """Overlay planes in the groups 6002 to 601E."""
        plane = next((one for one in iod.overlays if one.module == "overlay-plane"), None)
        groups = {tag >> 16 for tag in here if 0x60020000 <= tag < 0x601F0000} if plane is not None else set()
        for group in sorted(groups):
            if plane is not None:
                yield from map(_weakened, self._level(in_group(plane.level, group - 0x6000), here, ""))


def _items(ds: Dataset, tag: int) -> list[Dataset]:
    value = ds[tag].value
    return [item for item in value if isinstance(item, Dataset)] if isinstance(value, Iterable) else []


def _missing(kind: Kind, path: str, keyword: str, type_: str, found: Reading | None, module: str) -> IodFault:
    return IodFault(
        kind,
        f"{path}{keyword}",
        Outcome.VIOLATED,
        f"type {type_}",
        "absent" if found is None else "empty",
        module_name(module),
        module_citation(module),
    )


def _missing_module(overlay: Overlay) -> IodFault:
    names = ", ".join(name_of(BaseTag(tag)) for tag in sorted(overlay.own))
    return IodFault(
        Kind.UNSURE if overlay.unsure else Kind.MODULE,
        name_of(BaseTag(min(overlay.own))) if overlay.own else "",
        Outcome.VIOLATED,
        f"the module {overlay.module}: {names}"[:200],
        "absent",
        module_name(overlay.module),
        module_citation(overlay.module),
    )


def _weakened(fault: IodFault) -> IodFault:
    """What a module lacks of which only a part is there."""
    if fault.outcome is not Outcome.VIOLATED:
        return fault
    return IodFault(
        Kind.OPTIONAL_MODULE, fault.path, fault.outcome, fault.expected, fault.received, fault.module, fault.citation
    )
