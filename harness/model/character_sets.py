"""Which character sets a product declares to support."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.record import Record

ONLY_ASCII = ("ASCII", "ISO_IR 6")
"""What is left for HL7 and for DICOM where two products have no set in common: everybody has ASCII."""


@dataclass(frozen=True, kw_only=True)
class CharacterSets(Record):
    """Names of HL7 table 0211, Defined Terms of Specific Character Set; none: nothing is declared, all may be used."""

    hl7: tuple[str, ...] = ()
    dicom: tuple[str, ...] = ()


def common(declared: Iterable[CharacterSets]) -> CharacterSets:
    """What all of them support, in the order of the first that says something."""
    hl7: tuple[str, ...] = ()
    dicom: tuple[str, ...] = ()
    for one in declared:
        hl7 = _both(hl7, one.hl7, ONLY_ASCII[0])
        dicom = _both(dicom, one.dicom, ONLY_ASCII[1])
    return CharacterSets(hl7=hl7, dicom=dicom)


def _both(one: tuple[str, ...], other: tuple[str, ...], least: str) -> tuple[str, ...]:
    if not one or not other:
        return one or other
    return tuple(name for name in one if name in other) or (least,)
