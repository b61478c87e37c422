"""Composite objects that are legal and unusual (PS3.3 A, PS3.5), and the exchanges that store them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from actors.modality.kinds import Shot, kind_of
from actors.reporting.document import Instance, ReportedStudy, Statement, basic_text_report
from harness.dicom.uids import uid_of
from harness.engine.unscripted import UnscriptedExchange, dimse_exchange
from harness.model.profile import Service
from tests.legal.datasets import charset_of, codes, people, private, put, take
from tests.specimens import builder

COMMON = {
    "PatientName": "LINDGREN^ASTA",
    "PatientID": "P1001",
    "PatientBirthDate": "19580714",
    "PatientSex": "F",
    "StudyInstanceUID": "1.2.3.4.5",
    "StudyDate": "20240305",
    "StudyTime": "102030",
    "ReferringPhysicianName": "",
    "StudyID": "RP1",
    "AccessionNumber": "ACC1",
    "SeriesNumber": "1",
    "Manufacturer": "SWF",
}
KINDS = ("CT", "MR", "DX", "CR", "OT", "US", "US frames", "SR")
NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
COMPRESSED = (JPEGLosslessSV1, JPEG2000Lossless, RLELossless, JPEGBaseline8Bit)

OPTIONAL: dict[str, tuple[object, ...]] = {
    "StudyDescription": ("CT chest", ""),
    "SeriesDescription": ("a series",),
    "InstitutionName": ("SWF HOSPITAL",),
    "InstitutionAddress": ("ELM STREET 3\r\nLUND",),
    "InstitutionalDepartmentName": ("RADIOLOGY",),
    "StationName": ("CTROOM",),
    "PerformingPhysicianName": ("EK^IDA", ["EK^IDA", "ALM^BO"], ""),
    "OperatorsName": ("", "BERG^BO"),
    "PhysiciansOfRecord": ("HOLM^PETER",),
    "SoftwareVersions": ("1.0", ["1.0", "2.0b"]),
    "DeviceSerialNumber": ("007",),
    "PatientAge": ("065Y", "780M", ""),
    "PatientWeight": ("70.5", "7.05e1", ""),
    "PatientSize": ("1.75",),
    "PatientComments": ("a comment\r\nin two lines\tand a tab",),
    "EthnicGroup": ("X",),
    "OtherPatientNames": ("LIND^ASTA", ["LIND^ASTA", "LINDGREN^A"]),
    "PatientBirthTime": ("1030", "103015.5", ""),
    "AdditionalPatientHistory": ("a \\ b",),
    "SeriesDate": ("20240305", ""),
    "SeriesTime": ("1020", "10", "102030.123456", ""),
    "InstanceCreationDate": ("20240305",),
    "InstanceCreationTime": ("102030.1",),
    "InstanceCreatorUID": ("1.2.3.99",),
    "TimezoneOffsetFromUTC": ("+0100", "-0930"),
    "ContentQualification": ("PRODUCT",),
    "ProtocolName": ("CHEST",),
    "ReferencedStudySequence": ([],),
    "ProcedureCodeSequence": ([builder.code("P1")],),
    "RequestedContrastAgent": ("",),
    "StudyComments": ("old",),
    "AdmissionID": ("V1",),
    "IssuerOfPatientID": ("SWF",),
    "PatientIdentityRemoved": ("NO",),
    "LossyImageCompression": ("00",),
    "IrradiationEventUID": ("1.2.3.77",),
    "PersonIdentificationCodeSequence": ([builder.code("1")],),
}
"""Attributes that any object may have, be they of its IOD or not."""

OF_IMAGES: dict[str, tuple[object, ...]] = {
    "ImageComments": ("a comment",),
    "BurnedInAnnotation": ("NO", "YES"),
    "SmallestImagePixelValue": (0,),
    "LargestImagePixelValue": (255,),
    "QualityControlImage": ("NO",),
    "AcquisitionDateTime": ("20240305102030", "20240305102030.5+0100", "2024"),
    "ContrastBolusAgent": ("", "IODINE"),
    "DerivationDescription": ("resampled",),
    "ReferencedImageSequence": (
        [builder.dataset(ReferencedSOPClassUID=uid_of("CTImageStorage"), ReferencedSOPInstanceUID="1.2.9")],
    ),
    "WindowCenterWidthExplanation": ("SOFT",),
    "PixelPaddingValue": (0, 63),
    "AcquisitionNumber": ("", "3"),
    "InstanceNumber": ("", "7", "+7"),
    "ContentTime": ("1020", "102030.999999"),
}
"""Attributes that any image may have."""


@dataclass(frozen=True)
class Stored:
    """An object on its way into the archive."""

    content: Dataset
    transfer_syntax: str

    def exchange(self) -> UnscriptedExchange:
        """The C-STORE as it was recorded."""
        report = self.content.Modality == "SR"
        return dimse_exchange(
            "RAD-24" if report else "RAD-8",
            "submit" if report else "store",
            Service.C_STORE,
            self.content,
            sop_class=self.content.SOPClassUID,
            sop_instance=self.content.SOPInstanceUID,
            transfer_syntax=self.transfer_syntax,
        )


@st.composite
def stored(draw: st.DrawFn) -> list[Stored]:
    """One object, or several of one study; of one series, or of several."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2))
    if "SR" in kinds:
        kinds = ["SR"]  # its images were stored before anything was recorded
    same = draw(st.booleans())
    name, charset = draw(people())
    found = []
    for number, kind in enumerate(kinds, 1):
        series = 1 if same and kind == kinds[0] else number
        made = _numbered(base(kind), number, series)
        if charset:
            made.SpecificCharacterSet = charset_of(charset)
        made.PatientName = name
        found.append(draw(_varied(made, kind)))
    return found


def _numbered(made: Dataset, number: int, series: int) -> Dataset:
    made.SOPInstanceUID, made.SeriesInstanceUID = f"1.2.3.4.7.{number}", f"1.2.3.4.6.{series}"
    made.SeriesNumber = str(series)
    return made


@st.composite
def _varied(draw: st.DrawFn, made: Dataset, kind: str) -> Stored:
    known = OPTIONAL if kind == "SR" else {**OPTIONAL, **OF_IMAGES}
    for keyword in draw(st.lists(st.sampled_from(sorted(known)), max_size=6, unique=True)):
        put(made, keyword, deepcopy(draw(st.sampled_from(known[keyword]))))
    for keyword in ("StudyID", "AccessionNumber", "StudyDate", "StudyTime", "ReferringPhysicianName", "SeriesNumber"):
        if draw(st.integers(0, 5)) == 5 and (keyword, kind) != ("SeriesNumber", "SR"):
            put(made, keyword, "")
    if draw(st.integers(0, 2)) == 2:
        draw(private(made))
    if draw(st.integers(0, 2)) == 2:
        _requested(draw, made)
    if kind == "SR":
        return Stored(made, draw(st.sampled_from(NATIVE)))
    compressed = draw(st.integers(0, 3)) == 3
    _pixels(draw, made, kind, compressed=compressed)
    transfer_syntax = draw(st.sampled_from(COMPRESSED if compressed else NATIVE))
    if compressed:
        _encapsulated(made, transfer_syntax)
    return Stored(made, transfer_syntax)


def _requested(draw: st.DrawFn, made: Dataset) -> None:
    """What was requested, with the codes in one of their forms."""
    item = builder.dataset(
        RequestedProcedureID="RP1",
        RequestedProcedureDescription="CT chest",
        ScheduledProcedureStepID="SPS1",
        ScheduledProcedureStepDescription=draw(st.sampled_from(("", "plain"))),
        ScheduledProtocolCodeSequence=[draw(codes("X1")) for _ in range(draw(st.integers(1, 2)))],
    )
    if draw(st.booleans()):
        take(item, "ScheduledProcedureStepDescription")
    put(made, "RequestAttributesSequence", [item])


def _pixels(draw: st.DrawFn, made: Dataset, kind: str, *, compressed: bool) -> None:
    """Pixels as the IOD allows them (PS3.3 C.7.6.3)."""
    rows, columns = draw(st.sampled_from(((1, 1), (2, 2), (3, 1), (2, 3))))
    allocated, stored_bits, photometric, signed = _description(draw, kind, compressed=compressed)
    samples = 1 if photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR") else 3
    frames = draw(st.integers(1, 3)) if kind == "US frames" else 1
    made.Rows, made.Columns, made.SamplesPerPixel = rows, columns, samples
    made.PhotometricInterpretation = photometric
    made.BitsAllocated, made.BitsStored, made.HighBit = allocated, stored_bits, stored_bits - 1
    made.PixelRepresentation = signed
    if samples == 3:
        made.PlanarConfiguration = 0 if photometric == "YBR_FULL_422" else draw(st.integers(0, 1))
    if photometric == "PALETTE COLOR":
        for color in ("Red", "Green", "Blue"):
            put(made, f"{color}PaletteColorLookupTableDescriptor", [256, 0, 16])
            put(made, f"{color}PaletteColorLookupTableData", bytes(512))
    if kind == "US frames":
        made.NumberOfFrames = frames
        _timed(draw, made, frames)
    count = rows * columns * samples * frames * allocated // 8
    if photometric == "YBR_FULL_422":
        count = rows * columns * 2 * frames
    take(made, "PixelData")
    made.add_new("PixelData", "OB" if allocated == 8 else "OW", bytes(count + count % 2))
    if kind == "DX" and photometric == "MONOCHROME1":
        made.PresentationLUTShape = "INVERSE"
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
        if keyword in made:
            made[keyword].VR = "SS" if signed else "US"
    if draw(st.integers(0, 3)) == 3 and samples == 1:
        put(made, "WindowCenter", ["40", "50.5"])
        put(made, "WindowWidth", ["400", "1500"])
        take(made, "WindowCenterWidthExplanation")
    elif samples == 3:
        take(made, "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation")


def _description(draw: st.DrawFn, kind: str, *, compressed: bool) -> tuple[int, int, str, int]:
    """Bits allocated and stored, photometric interpretation, and whether values have a sign."""
    monochrome = draw(st.sampled_from(("MONOCHROME2", "MONOCHROME1")))
    if kind in ("CT", "MR"):
        return 16, draw(st.integers(12, 16)), monochrome, draw(st.integers(0, 1))
    if kind == "DX":
        return (*draw(st.sampled_from(((16, 12), (16, 14), (16, 16), (8, 8), (16, 10)))), monochrome, 0)
    if kind == "CR":
        return (*draw(st.sampled_from(((16, 10), (16, 15), (8, 8), (8, 7)))), monochrome, 0)
    if kind.startswith("US"):
        colors = ("MONOCHROME2", "RGB", "PALETTE COLOR", "YBR_FULL", *(("YBR_FULL_422",) if compressed else ()))
        return 8, 8, draw(st.sampled_from(colors)), 0
    colors = (monochrome, "RGB", "PALETTE COLOR", "YBR_FULL")
    return 8, 8, draw(st.sampled_from(colors)), 0


def _timed(draw: st.DrawFn, made: Dataset, frames: int) -> None:
    if draw(st.booleans()):
        made.FrameIncrementPointer, made.FrameTime = 0x00181063, "33.3"
        take(made, "FrameTimeVector")
    else:
        made.FrameIncrementPointer = 0x00181065
        put(made, "FrameTimeVector", ["0", *["33.3"] * (frames - 1)])
        take(made, "FrameTime")


def _encapsulated(made: Dataset, transfer_syntax: str) -> None:
    """Pixel data in fragments, with their offsets (PS3.5 A.4)."""
    frames = int(made.get("NumberOfFrames", 1) or 1)
    take(made, "PixelData")
    made.add_new("PixelData", "OB", encapsulate([b"\xff\xd8\xff\xd9"] * frames))
    made["PixelData"].is_undefined_length = True
    if transfer_syntax == JPEGBaseline8Bit:
        made.LossyImageCompression, made.LossyImageCompressionRatio = "01", "10.5"
        made.LossyImageCompressionMethod = "ISO_10918_1"


def base(kind: str) -> Dataset:
    """A fresh object of a kind, without anything unusual."""
    return deepcopy(_base(kind))


@cache
def _base(kind: str) -> Dataset:
    if kind == "SR":
        return _report()
    modality = kind.partition(" ")[0]
    made = builder.dataset(**COMMON, SOPClassUID=kind_of(modality).sop_class, Modality=modality)
    shot = Shot(number=1, frame_of_reference="1.2.3.4.8", date="20240305", time="102030")
    if modality != "US":
        kind_of(modality).describe(made, shot)
        return made
    made.SOPClassUID = uid_of("UltrasoundMultiFrameImageStorage" if kind == "US frames" else "UltrasoundImageStorage")
    made.ImageType = ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"]
    made.PatientOrientation, made.InstanceNumber = "", "1"
    made.BodyPartExamined = "ABDOMEN"
    return made


def _report() -> Dataset:
    keywords = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate")
    others = ("StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
    made = basic_text_report(
        ReportedStudy(
            study=builder.dataset(**{keyword: COMMON[keyword] for keyword in (*keywords, *others)}),
            requests=(),
            instances=(Instance(uid_of("CTImageStorage"), "1.2.3.4.7.9", "1.2.3.4.6.9", "1.2.3.4.5"),),
        ),
        Statement(findings="Nothing.", impression="Normal.", reader="READER^ANN", organization="HOSPITAL"),
        instance_uid="1.2.3.4.9",
        series_uid="1.2.3.4.10",
        now=datetime(2024, 3, 5, 10, 20, 30),
    )
    made.Modality = "SR"
    return made
