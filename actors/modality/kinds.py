"""Kinds of images: the modules that one IOD has beyond patient, study, series and request (PS3.3 A).

A modality type without an IOD of its own here makes secondary captures, which may carry any Modality. Projection
images are in `projections`; presentation states and documents, which are no images, in `documents`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    MRImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    NuclearMedicineImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
)

from actors.modality import projections
from actors.modality.modules import Shot, cine, fill, full_range, general_image, pixels, plane

__all__ = ["Kind", "Shot", "kind_of"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An IOD: its SOP class, and the function that writes its own modules. `frames`: it may have more than one."""

    sop_class: str
    describe: Callable[[Dataset, Shot], None]
    frames: bool = False


def kind_of(modality: str, frames: int = 1) -> Kind:
    """The kind of images of a modality type (PS3.3 C.7.3.1.1.1), for images of so many frames.

    ValueError when it has none with several.
    """
    one = _KINDS.get(modality, _SECONDARY_CAPTURE)
    if frames == 1 or one.frames:
        return one
    several = _OF_FRAMES.get(one.sop_class)
    if several is None:
        raise ValueError(f"an image of {modality} has one frame, not {frames}")
    return several


def _ct(target: Dataset, shot: Shot) -> None:
    general_image(target, shot, ["ORIGINAL", "PRIMARY", "AXIAL"])
    plane(target, shot)
    fill(
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
    pixels(target, shot, 12)


def _mr(target: Dataset, shot: Shot) -> None:
    general_image(target, shot, ["ORIGINAL", "PRIMARY", "OTHER"])
    plane(target, shot)
    fill(
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
            **full_range(12),
        },
    )
    pixels(target, shot, 12)


def _us(target: Dataset, shot: Shot) -> None:
    """Ultrasound, of one frame or a clip (PS3.3 A.6, A.7)."""
    general_image(target, shot, ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"])
    fill(target, {"LossyImageCompression": "00", **full_range(8)})
    cine(target, shot)
    pixels(target, shot, 8)


def _nm(target: Dataset, shot: Shot) -> None:
    """Nuclear medicine (PS3.3 A.5): a static emission image, a frame for each detector."""
    general_image(target, shot, ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"])
    pointers = [tag_for_keyword("EnergyWindowVector"), tag_for_keyword("DetectorVector")]
    fill(
        target,
        {
            "PatientOrientationCodeSequence": [],
            "PatientGantryRelationshipCodeSequence": [],
            "NumberOfFrames": shot.frames,
            "FrameIncrementPointer": pointers,
            "EnergyWindowVector": [1] * shot.frames,
            "NumberOfEnergyWindows": 1,
            "DetectorVector": list(range(1, shot.frames + 1)),
            "NumberOfDetectors": shot.frames,
            "PixelSpacing": ["5", "5"],
            "CountsAccumulated": 100000,
            "ActualFrameDuration": 60000,
            "EnergyWindowInformationSequence": [],
            "RadiopharmaceuticalInformationSequence": [],
            "DetectorInformationSequence": [],
            **full_range(16),
        },
    )
    pixels(target, shot, 16)


def _secondary_capture(target: Dataset, shot: Shot) -> None:
    general_image(target, shot, ["DERIVED", "SECONDARY"])
    fill(target, {"ConversionType": "WSD", "SecondaryCaptureDeviceManufacturer": "SWF harness"})
    pixels(target, shot, 8)


def _multi_frame_secondary_capture(target: Dataset, shot: Shot) -> None:
    """Multi-frame grayscale byte secondary capture (PS3.3 A.8.3)."""
    general_image(target, shot, ["DERIVED", "SECONDARY"])
    fill(
        target,
        {
            "ConversionType": "WSD",
            "SecondaryCaptureDeviceManufacturer": "SWF harness",
            "BurnedInAnnotation": "NO",
            "RescaleIntercept": "0",
            "RescaleSlope": "1",
            "RescaleType": "US",
            "PresentationLUTShape": "IDENTITY",
        },
    )
    cine(target, shot)
    pixels(target, shot, 8)


_SECONDARY_CAPTURE = Kind(sop_class=SecondaryCaptureImageStorage, describe=_secondary_capture)
_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "CT": Kind(sop_class=CTImageStorage, describe=_ct),
        "MR": Kind(sop_class=MRImageStorage, describe=_mr),
        "DX": Kind(sop_class=DigitalXRayImageStorageForPresentation, describe=projections.digital_x_ray),
        "CR": Kind(sop_class=ComputedRadiographyImageStorage, describe=projections.computed_radiography),
        "MG": Kind(sop_class=DigitalMammographyXRayImageStorageForPresentation, describe=projections.mammography),
        "XA": Kind(sop_class=XRayAngiographicImageStorage, describe=projections.angiography, frames=True),
        "US": Kind(sop_class=UltrasoundImageStorage, describe=_us),
        "NM": Kind(sop_class=NuclearMedicineImageStorage, describe=_nm, frames=True),
    }
)
_OF_FRAMES: Mapping[str, Kind] = MappingProxyType(
    {
        UltrasoundImageStorage: Kind(sop_class=UltrasoundMultiFrameImageStorage, describe=_us, frames=True),
        SecondaryCaptureImageStorage: Kind(
            sop_class=MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
            describe=_multi_frame_secondary_capture,
            frames=True,
        ),
    }
)
"""The kind of several frames beside a kind of one."""
