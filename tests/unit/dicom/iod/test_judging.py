"""The judgement of one composite object: what is a fault, what is not, and what is left open."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.sequence import Sequence

from harness.dicom.encoding import decode, encode
from harness.dicom.iod import Kind, judge
from harness.model.verdict import Outcome

EXPLICIT = "1.2.840.10008.1.2.1"
Make = Callable[[str], Dataset]


def found(ds: Dataset, transfer_syntax: str = EXPLICIT) -> set[tuple[Kind, str]]:
    """Kind and path of every violation."""
    return {
        (one.kind, one.path) for one in judge(ds, transfer_syntax=transfer_syntax) if one.outcome is Outcome.VIOLATED
    }


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


@pytest.mark.parametrize("kind", ["CT", "MR", "DX", "CR", "OT", "SR"])
def test_what_our_actors_make_has_no_fault(faultless: Make, kind: str) -> None:
    assert found(faultless(kind)) == set()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", EXPLICIT])
def test_converted_or_not_an_object_is_judged_alike(faultless: Make, syntax: str) -> None:
    ds = faultless("CT")
    ds.PatientSex = "F"
    del ds.RescaleSlope
    ds["StudyTime"] = DataElement("StudyTime", "TM", "99", already_converted=True)
    ds["StudyID"] = DataElement("StudyID", "SH", "a number that is too long", already_converted=True)
    content = encode(ds, syntax)
    raw = read_dataset(BytesIO(content), syntax != EXPLICIT, True)
    expected = {(Kind.TYPE_1, "RescaleSlope"), (Kind.VR, "StudyTime"), (Kind.LIMITS, "StudyID")}
    assert found(raw) == found(decode(content, syntax)) == expected


@pytest.mark.parametrize(
    ("keyword", "value", "fault"),
    [
        ("StudyInstanceUID", "", (Kind.TYPE_1, "StudyInstanceUID")),
        ("PatientSex", "X", (Kind.ENUMERATED, "PatientSex")),
        ("ImageType", ["ORIGINAL"], (Kind.ENUMERATED, "ImageType")),
        ("WindowWidth", None, (Kind.TYPE_1, "WindowWidth")),
        ("HighBit", 7, (Kind.PIXELS, "HighBit")),
        ("Rows", 63, (Kind.PIXELS, "PixelData")),
        ("PixelSpacing", ["1"], (Kind.VM, "PixelSpacing")),
        ("PatientIdentityRemoved", "YES", (Kind.CONDITION, "DeidentificationMethod")),
        ("SamplesPerPixel", 3, (Kind.CONDITION, "PlanarConfiguration")),
    ],
)
def test_a_value_breaks_a_rule(faultless: Make, keyword: str, value: object, fault: tuple[Kind, str]) -> None:
    ds = faultless("CT")
    setattr(ds, keyword, value)
    assert fault in found(ds)


def test_a_module_that_is_meant_has_what_it_requires(faultless: Make) -> None:
    ds = faultless("CT")
    del ds.WindowWidth
    assert found(ds) == {(Kind.CONDITION, "WindowWidth")}


def test_a_part_of_an_optional_module_is_weaker(faultless: Make) -> None:
    ds = faultless("CT")
    ds.ContainerIdentifier = "C1"
    faults = found(ds)
    assert {kind for kind, _ in faults} == {Kind.OPTIONAL_MODULE}
    assert (Kind.OPTIONAL_MODULE, "SpecimenDescriptionSequence") in faults


def test_overlays_of_any_group_are_judged(faultless: Make) -> None:
    ds = faultless("CT")
    ds.add_new(0x60020010, "US", 64)
    assert (Kind.OPTIONAL_MODULE, "OverlayColumns") in found(ds)


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00091001, "LO", "private"),
        (0x00101010, "AS", "065Y"),
        (0x0008FFF0, "LO", "in no dictionary"),
        (0x00080001, "UL", 4),
        (0x00280040, "CS", "RECT"),
        (0x00540081, "US", 4),
    ],
)
def test_what_the_iod_does_not_name_is_legal(faultless: Make, tag: int, vr: str, value: object) -> None:
    ds = faultless("CT")
    ds.add_new(tag, vr, value)
    assert found(ds) == set()


def test_items_are_judged_where_they_stand(faultless: Make) -> None:
    ds = faultless("CT")
    ds.RequestAttributesSequence = Sequence([item(RequestedProcedureID="RP1"), item(ScheduledProcedureStepID="")])
    ds.RequestAttributesSequence[0].ScheduledProtocolCodeSequence = Sequence([item(CodeValue="X1", CodeMeaning="x")])
    path = "RequestAttributesSequence[0].ScheduledProtocolCodeSequence[0].CodingSchemeDesignator"
    assert found(ds) == {
        (Kind.CONDITION, path),
        (Kind.TYPE_1, "RequestAttributesSequence[1].ScheduledProcedureStepID"),
    }


def test_replaced_values_need_no_mending(faultless: Make) -> None:
    ds = faultless("CT")
    old = item()
    old.add_new("PatientSex", "CS", "X")
    change = item(
        ModifiedAttributesSequence=Sequence([old]),
        AttributeModificationDateTime="20240305",
        ModifyingSystem="ARCHIVE",
        SourceOfPreviousValues="",
        ReasonForTheAttributeModification="CORRECT",
    )
    ds.OriginalAttributesSequence = Sequence([change])
    assert found(ds) == set()


def test_texts_keep_to_the_character_set(faultless: Make) -> None:
    ds = faultless("CT")
    ds.PatientName = "LINDGREN^ÅSTA"
    assert found(ds) == {(Kind.CHARACTERS, "PatientName")}
    ds.SpecificCharacterSet = "ISO_IR 100"
    assert found(ds) == set()


def test_an_item_may_name_a_character_set_of_its_own(faultless: Make) -> None:
    ds = faultless("CT")
    ds.RequestAttributesSequence = Sequence(
        [item(SpecificCharacterSet="ISO_IR 192", RequestedProcedureDescription="Å")]
    )
    assert found(ds) == set()


def test_a_document_is_no_content_item(faultless: Make) -> None:
    ds = faultless("SR")
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    del ds.ValueType
    assert "ValueType" not in {path for _, path in found(ds)}


def test_what_a_mandatory_module_names_shows_no_other_module(faultless: Make) -> None:
    ds = faultless("CT")
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    ds.ImagerPixelSpacing = [1, 1]
    assert "DetectorType" not in {path for _, path in found(ds)}


def test_bytes_that_do_not_fit_their_vr_are_told(faultless: Make) -> None:
    ds = faultless("CT")
    ds[0x00280010] = DataElement(0x00280010, "UN", b"abc", already_converted=True)
    ds[0x00200013] = DataElement(0x00200013, "UN", b"one ", already_converted=True)
    assert {(Kind.VR, "Rows"), (Kind.VR, "InstanceNumber")} <= found(ds)


def test_another_vr_than_the_dictionarys_is_told(faultless: Make) -> None:
    ds = faultless("CT")
    ds[0x00080060] = DataElement(0x00080060, "LO", "CT", already_converted=True)
    assert found(ds) == {(Kind.VR, "Modality")}


def test_compressed_pixel_data_has_no_length_to_keep(faultless: Make) -> None:
    ds = faultless("CT")
    ds.Rows = 63
    assert found(ds, "1.2.840.10008.1.2.4.90") == set()
    ds.LossyImageCompression = "00"
    assert found(ds, "1.2.840.10008.1.2.4.51") == {(Kind.PIXELS, "LossyImageCompression")}


def test_a_class_without_table_is_judged_for_its_values_alone(faultless: Make) -> None:
    ds = faultless("CT")
    ds.SOPClassUID = "1.2.826.0.1.3680043.2.1"
    del ds.RescaleSlope
    ds["StudyDate"] = DataElement("StudyDate", "DA", "yesterday", already_converted=True)
    assert found(ds) == {(Kind.VR, "StudyDate")}


def test_the_file_meta_information_names_the_same_object(faultless: Make) -> None:
    ds = faultless("CT")
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.999"
    assert found(ds) == {(Kind.SOP_CLASS, "SOPInstanceUID")}
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.2"
    assert found(ds) == {(Kind.SOP_CLASS, "SOPClassUID")}


def test_a_content_item_has_the_value_of_its_type(faultless: Make) -> None:
    ds = faultless("SR")
    section = next(one for one in ds.ContentSequence if one.ValueType == "CONTAINER")
    del section.ContentSequence[0].TextValue
    del section.ContinuityOfContent
    paths = {path.partition(".")[2] for kind, path in found(ds) if kind is Kind.CONDITION}
    assert paths == {"ContinuityOfContent", "ContentSequence[0].TextValue"}


def test_a_verified_report_names_who_verified_it(faultless: Make) -> None:
    ds = faultless("SR")
    del ds.VerifyingObserverSequence
    assert found(ds) == {(Kind.CONDITION, "VerifyingObserverSequence")}


def test_what_the_object_does_not_show_is_left_open(faultless: Make) -> None:
    left = [one for one in judge(faultless("CT")) if one.kind is Kind.OPEN]
    assert {one.outcome for one in left} == {Outcome.UNDECIDED}
    assert "ContentDate" not in {one.path for one in left}
    assert "QueryRetrieveView" in {one.path for one in left}


def frames() -> Iterator[Dataset]:
    for _ in range(2):
        yield item(FrameContentSequence=Sequence([item()]), PlanePositionSequence=Sequence([item()]))


def test_functional_groups_are_shared_or_in_every_frame(faultless: Make) -> None:
    ds = faultless("CT")
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    ds.NumberOfFrames = 2
    shared = ("PixelMeasuresSequence", "PlaneOrientationSequence", "FrameAnatomySequence", "CTImageFrameTypeSequence")
    ds.SharedFunctionalGroupsSequence = Sequence([item(**{name: Sequence([item()]) for name in shared})])
    ds.PerFrameFunctionalGroupsSequence = Sequence(list(frames()))
    wanted = "PerFrameFunctionalGroupsSequence[0].PixelValueTransformationSequence"
    assert {path for kind, path in found(ds) if kind is Kind.MODULE} == {wanted}
    both = copy.deepcopy(ds)
    both.SharedFunctionalGroupsSequence[0].PlanePositionSequence = Sequence([item()])
    both.NumberOfFrames = 3
    modules = {path for kind, path in found(both) if kind is Kind.MODULE}
    assert {
        "SharedFunctionalGroupsSequence[0].PlanePositionSequence",
        "PerFrameFunctionalGroupsSequence",
    } <= modules
