"""Values and their VR (PS3.5 6.2)."""

from __future__ import annotations

import pytest

from harness.dicom.iod.faults import Kind
from harness.dicom.iod.values import CHECKS


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("AE", "ARCHIVE 1"),
        ("AS", "034Y"),
        ("CS", "AXIAL_2 A"),
        ("DA", "20240229"),
        ("DS", "-1.5E-3"),
        ("DS", " 12 "),
        ("DS", ".5"),
        ("DT", "2024"),
        ("DT", "20240305102030.123456+0100"),
        ("IS", "-12"),
        ("LO", "a" * 64),
        ("LT", "two\r\nlines"),
        ("PN", "A^B^C^D^E=F=G"),
        ("SH", "a" * 16),
        ("TM", "10"),
        ("TM", "235960.5"),
        ("UI", "1.2.840.0.1"),
    ],
)
def test_legal_values(vr: str, value: str) -> None:
    assert CHECKS[vr](value) is None


@pytest.mark.parametrize(
    ("vr", "value", "kind"),
    [
        ("AE", "a" * 17, Kind.LIMITS),
        ("AS", "34Y", Kind.VR),
        ("CS", "axial", Kind.LIMITS),
        ("CS", "A" * 17, Kind.LIMITS),
        ("DA", "2024-03-05", Kind.VR),
        ("DA", "20241305", Kind.VR),
        ("DS", "1,5", Kind.VR),
        ("DS", "1.2345678901234567", Kind.LIMITS),
        ("DT", "2024-03", Kind.VR),
        ("IS", "1.5", Kind.VR),
        ("IS", "3000000000", Kind.VR),
        ("LO", "a" * 65, Kind.LIMITS),
        ("LO", "two\nlines", Kind.LIMITS),
        ("PN", "A^B^C^D^E^F", Kind.VR),
        ("PN", "a" * 65, Kind.LIMITS),
        ("SH", "a" * 17, Kind.LIMITS),
        ("TM", "10:20", Kind.VR),
        ("TM", "2500", Kind.VR),
        ("UI", "1.02.3", Kind.VR),
        ("UI", "1." * 32 + "1", Kind.LIMITS),
    ],
)
def test_what_is_wrong_with_a_value(vr: str, value: str, kind: Kind) -> None:
    complaint = CHECKS[vr](value)
    assert complaint is not None
    assert complaint[0] is kind
