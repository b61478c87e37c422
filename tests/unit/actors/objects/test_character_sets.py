from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from actors.objects.character_sets import declare, of_message
from harness.dicom.encoding import decode, encode
from harness.dicom.uids import uid_of

EXPLICIT = uid_of("ExplicitVRLittleEndian")


@pytest.mark.parametrize(
    ("names", "sets"),
    [
        (("8859/1",), ("ISO_IR 100",)),
        (("", "ISO IR87"), ("", "ISO 2022 IR 87")),
        (("KS X 1001",), ("", "ISO 2022 IR 149")),
        (("GB 18030-2000",), ("GB18030",)),
        (("UNICODE UTF-8",), ("ISO_IR 192",)),
        (("ASCII 1977",), ()),
        ((), ()),
    ],
)
def test_the_sets_of_a_message(names: tuple[str, ...], sets: tuple[str, ...]) -> None:
    assert of_message(names) == sets


NAMES = [
    ("SØRENSEN^ÅSE", ("ISO_IR 100",)),
    ("ΚΑΛΛΗΣ^ΜΆΡΚΟΣ", ("ISO_IR 126",)),
    ("KISARAGI^MIDORI=如月^緑=きさらぎ^みどり", ("", "ISO 2022 IR 87")),
    ("SEON^HANEUL=宣^河乙=선^하늘", ("", "ISO 2022 IR 149")),
    ("OUYANG^QINGHE=欧阳^清荷", ("GB18030",)),
    ("ЛЕБЕДЕВА^ЯНА", ("ISO_IR 192",)),
]


@pytest.mark.parametrize(("name", "sets"), NAMES)
def test_a_name_comes_back_as_it_went(name: str, sets: tuple[str, ...]) -> None:
    ds = Dataset()
    ds.PatientName = name
    declare(ds, sets)
    assert str(decode(encode(ds, EXPLICIT), EXPLICIT).PatientName) == name
    declared = ds.SpecificCharacterSet
    assert (declared,) == sets or tuple(declared) == sets


@pytest.mark.parametrize(("name", "expected"), [("SØRENSEN", "ISO_IR 100"), ("ΚΑΛΛΗΣ", "ISO_IR 192")])
def test_sets_that_do_not_hold_the_name_are_not_declared(name: str, expected: str) -> None:
    ds = Dataset()
    ds.PatientName = name
    declare(ds, ("ISO_IR 144",))
    assert ds.SpecificCharacterSet == expected
