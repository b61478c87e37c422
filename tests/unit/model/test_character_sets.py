"""What several products support together."""

from __future__ import annotations

from harness.model.character_sets import CharacterSets, common

UNICODE, LATIN, GREEK = "UNICODE UTF-8", "8859/1", "8859/7"


def test_whoever_declares_nothing_limits_nothing() -> None:
    assert common([]) == CharacterSets()
    assert common([CharacterSets(), CharacterSets(hl7=(LATIN,)), CharacterSets()]) == CharacterSets(hl7=(LATIN,))


def test_all_have_to_support_a_set() -> None:
    declared = [CharacterSets(hl7=(LATIN, UNICODE), dicom=("ISO_IR 192",)), CharacterSets(hl7=(UNICODE, GREEK))]
    assert common(declared) == CharacterSets(hl7=(UNICODE,), dicom=("ISO_IR 192",))


def test_everybody_has_ascii() -> None:
    declared = [
        CharacterSets(hl7=(LATIN,), dicom=("ISO_IR 100",)),
        CharacterSets(hl7=(GREEK,), dicom=("ISO_IR 126",)),
    ]
    assert common(declared) == CharacterSets(hl7=("ASCII",), dicom=("ISO_IR 6",))
