"""The skeleton of a data set: where its bytes stop being one."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harness.dicom.encoding import encode
from harness.dicom.scan import DEEPEST, skeleton

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]


def content() -> Dataset:
    item = Dataset()
    item.CodeValue = "P1"
    item.ConceptNameCodeSequence = []
    made = Dataset()
    made.PatientID = "P1001"
    made.ProcedureCodeSequence = [item, Dataset()]
    made.PixelData = b"\0" * 64
    made["PixelData"].VR = "OW"
    return made


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("undefined", [False, True])
def test_a_whole_data_set(syntax: str, undefined: bool) -> None:
    made = content()
    made["ProcedureCodeSequence"].is_undefined_length = undefined
    encoded = encode(made, syntax)
    bones = skeleton(encoded, syntax)
    assert bones.text == ""
    assert bones.elements == (3 if syntax == ImplicitVRLittleEndian and not undefined else 5)
    assert bones.pixels is not None
    assert skeleton(encoded[: bones.pixels], syntax).text == ""


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_shortened_data_set_is_whole_or_told(syntax: str) -> None:
    encoded = encode(content(), syntax)
    for size in range(len(encoded)):
        bones = skeleton(encoded[:size], syntax)
        assert bones.offset <= size
        if not bones.text:
            assert bones.elements < 5


def test_fragments_are_passed_over() -> None:
    made = Dataset()
    made.PixelData = encapsulate([b"\1\2\3\4", b"\5\6"])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    assert skeleton(encode(made, ExplicitVRLittleEndian), ExplicitVRLittleEndian).text == ""


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (b"\x08\0\x60\0cs\2\0CT", "(0008,0060) has no value representation"),
        (b"\x08\0\x60\0CS\xff\0CT", "announces 255 bytes, of which 2 are there"),
        (b"\xfe\xff\0\xe0\0\0\0\0", "(FFFE,E000) where a data element has to begin"),
        (b"\x08\0\x60\0SQ\0\0\x08\0\0\0\x08\0\x60\0CS\0\0", "where an item of a sequence has to begin"),
        (b"\x08\0\x60\0UT\0\0\xff\xff\xff\xff", ""),
        ((b"\x40\0\0\1SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff") * 99, f"deeper than {DEEPEST}"),
    ],
)
def test_what_is_no_data_set(encoded: bytes, said: str) -> None:
    bones = skeleton(encoded, ExplicitVRLittleEndian)
    assert bones.text
    assert said in bones.text
