"""Functional groups of multi-frame images: each required one is shared, or stands in every frame (PS3.3 C.7.6.16)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.dicom.iod.faults import IodFault, Kind
from harness.dicom.iod.rules import rules
from harness.model.verdict import Outcome

_SHARED = "SharedFunctionalGroupsSequence"
_MODULE = "multi-frame-functional-groups (PS3.3 C.7.6.16)"
_FRAMES = "PerFrameFunctionalGroupsSequence"


def group_faults(dataset: Dataset, iod: str) -> Iterator[IodFault]:
    """Functional groups that are missing or stand in both places, and a wrong number of frames."""
    if _SHARED not in dataset and _FRAMES not in dataset:
        return
    shared: list[Dataset] = list(dataset.get(_SHARED) or ())
    frames: list[Dataset] = list(dataset.get(_FRAMES) or ())
    number = str(dataset.get("NumberOfFrames", "") or "")
    if number.isdigit() and frames and int(number) != len(frames):
        yield _fault(_FRAMES, f"{number} items (NumberOfFrames)", f"{len(frames)} items", "PS3.3 C.7.6.16")
    row = rules().functional_groups.get(iod)
    for group in row.groups if row is not None else ():
        if any(group in item for item in shared):
            continue
        for index, item in enumerate(frames or [Dataset()]):
            if group not in item:
                path = f"{_FRAMES}[{index}].{group}" if frames else f"{_SHARED}[0].{group}"
                yield _fault(path, "the functional group", "absent", row.citation if row is not None else "")
                break
    for item in shared:
        both = [str(one.keyword) for one in item if frames and one.keyword and one.keyword in frames[0]]
        for group in both:
            yield _fault(f"{_SHARED}[0].{group}", "shared or per frame", "both", "PS3.3 C.7.6.16.1.1")


def _fault(path: str, expected: str, received: str, citation: str) -> IodFault:
    return IodFault(Kind.MODULE, path, Outcome.VIOLATED, expected, received, _MODULE, citation)
