"""One element against the dictionary and the enumerated values: VR, multiplicity, form, limits (PS3.5 6, PS3.6 6)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag

from harness.dicom.iod.faults import IodFault, Kind
from harness.dicom.iod.readings import Entry, Reading
from harness.dicom.iod.rules import Values
from harness.dicom.iod.values import CHECKS, OF_CHARACTER_SET
from harness.dicom.paths import name_of
from harness.model.verdict import Outcome

_SHOWN = 64
_REPLACED = "\ufffd"
_BULK = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009, 0x00420011, 0x54001010})
"""Pixel data, encapsulated documents and waveforms: their values are left alone."""


def element_faults(
    tag: int,
    reading: Reading,
    element: DataElement | RawDataElement,
    entry: Entry | None,
    enumerated: tuple[Values, ...],
    path: str,
    *,
    bare: bool,
) -> Iterator[IodFault]:
    """What is wrong with one element; `bare`: the object names no character set."""
    if entry is None or tag in _BULK:
        return
    sent = element.VR
    if sent is not None and sent != "UN" and sent not in entry.vrs and reading.vr not in entry.vrs:
        yield _fault(Kind.VR, path, entry.first_vr, f"VR {sent}", tag, "PS3.5 7.1.2")
    if reading.garbled:
        yield _fault(Kind.VR, path, f"a value of VR {reading.vr}", "other bytes", tag, "PS3.5 6.2")
        return
    if not reading.valued:
        return
    yield from _multiplicity(tag, reading, entry, path)
    check = CHECKS.get(reading.vr)
    if check is not None:
        governed = reading.vr in OF_CHARACTER_SET
        for text in reading.texts:
            if not text:
                continue
            complaint = check(text)
            if complaint is not None:
                yield _fault(complaint[0], path, complaint[1], text, tag, "PS3.5 6.2")
            if governed and not text.isascii() and (bare or _REPLACED in text):
                expected = "SpecificCharacterSet" if bare else "characters of SpecificCharacterSet"
                yield _fault(Kind.CHARACTERS, path, expected, text, tag, "PS3.3 C.12.1.1.2")
    for allowed in enumerated:
        yield from _enumerated(tag, reading, allowed, path)


def _multiplicity(tag: int, reading: Reading, entry: Entry, path: str) -> Iterator[IodFault]:
    count = reading.number
    if count < 0 or reading.vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return
    fits = count >= entry.least and (not entry.most or count <= entry.most)
    if fits and not (entry.step > 1 and count % entry.step):
        return
    high = "n" if not entry.most else str(entry.most)
    low = str(entry.least)
    step = f"{entry.step}n" if entry.step > 1 else high
    expected = low if low == high else f"{low}-{step}"
    yield _fault(Kind.VM, path, f"{expected} values", f"{count} values", tag, "PS3.6 6")


def _enumerated(tag: int, reading: Reading, allowed: Values, path: str) -> Iterator[IodFault]:
    texts = reading.texts if allowed.index is None else reading.texts[allowed.index : allowed.index + 1]
    if allowed.index is not None and not texts:
        texts = ("absent",)
    for text in texts:
        if text not in allowed.allowed:
            kind = Kind.UNSURE if allowed.unsure else Kind.ENUMERATED
            yield _fault(kind, path, allowed.expected, text, tag, allowed.citation)
            return


def _fault(kind: Kind, path: str, expected: str, received: str, tag: int, citation: str) -> IodFault:
    shown = received if len(received) <= _SHOWN else f"{received[:_SHOWN]}..."
    return IodFault(kind, f"{path}{name_of(BaseTag(tag))}", Outcome.VIOLATED, expected, shown, "", citation)
