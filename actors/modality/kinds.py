"""Kinds of images: the modules that one IOD has beyond patient, study, series and request (PS3.3 A.3, A.4, A.8, A.26).

A modality type without an IOD of its own here makes secondary captures, which may carry any Modality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)

from actors.modality.pixels import COLUMNS, ROWS, phantom
from actors.objects.copying import put


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What an image's own modules need to know: its place in the series and the series' frame of reference."""

    number: int
    frame_of_reference: str
    date: str
    time: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An IOD: its SOP class, and the function that writes its own modules."""

    sop_class: str
    describe: Callable[[Dataset, Shot], None]


def kind_of(modality: str) -> Kind:
    """The kind of images of a modality type (PS3.3 C.7.3.1.1.1)."""
    return _KINDS.get(modality, _SECONDARY_CAPTURE)


def _fill(target: Dataset, values: Mapping[str, object]) -> None:
    for keyword, value in values.items():
        put(target, keyword, value)


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    _fill(item, {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})
    return item


def _pixels(target: Dataset, shot: Shot, bits: int) -> None:
    """The image pixel module, monochrome with unsigned values of so many bits (PS3.3 C.7.6.3)."""
    allocated = 8 if bits == 8 else 16
    array = phantom(shot.number, (1 << bits) - 1)
    content = array.astype("<u1" if allocated == 8 else "<u2").tobytes()
    _fill(
        target,
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": ROWS,
            "Columns": COLUMNS,
            "BitsAllocated": allocated,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": 0,
        },
    )
    target.add_new("PixelData", "OB" if allocated == 8 else "OW", content)


def _general_image(target: Dataset, shot: Shot, image_type: list[str]) -> None:
    _fill(
        target,
        {
            "ImageType": image_type,
            "InstanceNumber": shot.number,
            "PatientOrientation": None,
            "ContentDate": shot.date,
            "ContentTime": shot.time,
            "AcquisitionDate": shot.date,
            "AcquisitionTime": shot.time,
            "AcquisitionNumber": 1,
            "BodyPartExamined": "WHOLEBODY",
        },
    )


def _plane(target: Dataset, shot: Shot) -> None:
    """Frame of reference and image plane: axial slices 5 mm apart (PS3.3 C.7.4.1, C.7.6.2)."""
    position = -5.0 * (shot.number - 1)
    _fill(
        target,
        {
            "FrameOfReferenceUID": shot.frame_of_reference,
            "PositionReferenceIndicator": None,
            "PatientPosition": "HFS",
            "PixelSpacing": ["5", "5"],
            "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
            "ImagePositionPatient": ["-160", "-160", str(position)],
            "SliceThickness": "5",
            "SliceLocation": str(position),
        },
    )


def _ct(target: Dataset, shot: Shot) -> None:
    _general_image(target, shot, ["ORIGINAL", "PRIMARY", "AXIAL"])
    _plane(target, shot)
    _fill(
        target,
        {
            "PatientOrientation": ["L", "P"],
            "KVP": "120",
            "RescaleIntercept": "-1024",
            "RescaleSlope": "1",
            "RescaleType": "HU",
            "WindowCenter": "40",
            "WindowWidth": "400",
        },
    )
    _pixels(target, shot, 12)


def _mr(target: Dataset, shot: Shot) -> None:
    _general_image(target, shot, ["ORIGINAL", "PRIMARY", "OTHER"])
    _plane(target, shot)
    _fill(
        target,
        {
            "PatientOrientation": ["L", "P"],
            "ScanningSequence": "SE",
            "SequenceVariant": "NONE",
            "ScanOptions": None,
            "MRAcquisitionType": "2D",
            "RepetitionTime": "500",
            "EchoTime": "15",
            "EchoTrainLength": "1",
            "MagneticFieldStrength": "1.5",
            "WindowCenter": "2048",
            "WindowWidth": "4096",
        },
    )
    _pixels(target, shot, 12)


def _dx(target: Dataset, shot: Shot) -> None:
    _general_image(target, shot, ["ORIGINAL", "PRIMARY", ""])
    _fill(
        target,
        {
            "PresentationIntentType": "FOR PRESENTATION",
            "PatientOrientation": ["L", "F"],
            "ImageLaterality": "U",
            "AnatomicRegionSequence": [_code("38266002", "SCT", "Entire body")],
            "PixelIntensityRelationship": "LOG",
            "PixelIntensityRelationshipSign": 1,
            "RescaleIntercept": "0",
            "RescaleSlope": "1",
            "RescaleType": "US",
            "PresentationLUTShape": "IDENTITY",
            "LossyImageCompression": "00",
            "BurnedInAnnotation": "NO",
            "DetectorType": "DIRECT",
            "ImagerPixelSpacing": ["5", "5"],
            "PositionerType": "NONE",
            "ViewCodeSequence": [_code("399348003", "SCT", "Antero-posterior projection")],
            "WindowCenter": "2048",
            "WindowWidth": "4096",
            "AcquisitionContextSequence": [],
        },
    )
    _pixels(target, shot, 12)


def _cr(target: Dataset, shot: Shot) -> None:
    _general_image(target, shot, ["ORIGINAL", "PRIMARY"])
    _fill(
        target,
        {
            "ViewPosition": "AP",
            "PatientOrientation": ["L", "F"],
            "WindowCenter": "2048",
            "WindowWidth": "4096",
        },
    )
    _pixels(target, shot, 12)


def _secondary_capture(target: Dataset, shot: Shot) -> None:
    _general_image(target, shot, ["DERIVED", "SECONDARY"])
    _fill(target, {"ConversionType": "WSD", "SecondaryCaptureDeviceManufacturer": "SWF harness"})
    _pixels(target, shot, 8)


_SECONDARY_CAPTURE = Kind(sop_class=SecondaryCaptureImageStorage, describe=_secondary_capture)
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "CT": Kind(sop_class=CTImageStorage, describe=_ct),
        "MR": Kind(sop_class=MRImageStorage, describe=_mr),
        "DX": Kind(sop_class=DigitalXRayImageStorageForPresentation, describe=_dx),
        "CR": Kind(sop_class=ComputedRadiographyImageStorage, describe=_cr),
    }
)
