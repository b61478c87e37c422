from __future__ import annotations

from typing import Any

from pydicom.tag import Tag

from harness.checks.likeness import difference


def test_data_sets_that_say_the_same_have_no_difference(tools: Any) -> None:
    one = tools.dataset(PatientName="DOE^JANE", StudyID="1", SpecificCharacterSet="ISO_IR 100")
    other = tools.dataset(PatientName="DOE^JANE^^^", StudyID="1", SpecificCharacterSet="ISO_IR 192")
    assert difference(one, other) is None


def test_the_first_difference_is_named_with_both_values(tools: Any) -> None:
    one = tools.dataset(PerformedSeriesSequence=[tools.dataset(SeriesInstanceUID="1.2"), tools.dataset()])
    other = tools.dataset(PerformedSeriesSequence=[tools.dataset(SeriesInstanceUID="1.3"), tools.dataset()])
    assert difference(one, other) == ("PerformedSeriesSequence[0].SeriesInstanceUID", "1.2", "1.3")
    short = tools.dataset(PerformedSeriesSequence=[])
    assert difference(one, short) == ("PerformedSeriesSequence", "2 items", "0 items")
    assert difference(one, tools.dataset()) == ("PerformedSeriesSequence", "present", "absent")


def test_some_attributes_and_binary_values_can_be_left_out(tools: Any) -> None:
    one = tools.dataset(PatientID="P1", RedPaletteColorLookupTableData=b"\1\2")
    other = tools.dataset(PatientID="P2", RedPaletteColorLookupTableData=b"\3\4")
    assert difference(one, other, ignoring={Tag("PatientID")}) is not None
    assert difference(one, other, ignoring={Tag("PatientID")}, bulk=False) is None


def test_binary_values_may_be_padded_but_not_cut(tools: Any) -> None:
    whole = tools.dataset(RedPaletteColorLookupTableData=b"\1\2\3\0")
    assert difference(whole, tools.dataset(RedPaletteColorLookupTableData=b"\1\2\3")) is None
    cut = tools.dataset(RedPaletteColorLookupTableData=b"\1\2\3\0\0\0")
    assert difference(whole, cut) == ("RedPaletteColorLookupTableData", "4 bytes", "6 other bytes")
