"""Kinds of projection images: CR, DX, MG and XA (PS3.3 A.2, A.14, A.26, A.27)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from actors.modality.modules import Shot, cine, code, fill, full_range, general_image, pixels


def computed_radiography(target: Dataset, shot: Shot) -> None:
    """CR image (PS3.3 A.2)."""
    general_image(target, shot, ["ORIGINAL", "PRIMARY"])
    fill(target, {"ViewPosition": "AP", "PatientOrientation": ["L", "F"], **full_range(12)})
    pixels(target, shot, 12)


def digital_x_ray(target: Dataset, shot: Shot) -> None:
    """DX image for presentation (PS3.3 A.26)."""
    _digital(target, shot)
    fill(
        target,
        {
            "ImageLaterality": "U",
            "AnatomicRegionSequence": [code("38266002", "SCT", "Entire body")],
            "PositionerType": "NONE",
            "ViewCodeSequence": [code("399348003", "SCT", "Antero-posterior projection")],
        },
    )
    pixels(target, shot, 12)


def mammography(target: Dataset, shot: Shot) -> None:
    """Digital mammography image for presentation (PS3.3 A.27): cranio-caudal, right and left in turn."""
    _digital(target, shot)
    view = code("399162004", "SCT", "cranio-caudal")
    view.ViewModifierCodeSequence = []
    fill(
        target,
        {
            "BodyPartExamined": "BREAST",
            "PatientOrientation": ["A", "L"] if shot.number % 2 else ["P", "R"],
            "ImageLaterality": "R" if shot.number % 2 else "L",
            "AnatomicRegionSequence": [code("76752008", "SCT", "Breast")],
            "PositionerType": "NONE",
            "OrganExposed": "BREAST",
            "BreastImplantPresent": "NO",
            "PartialView": "NO",
            "ViewCodeSequence": [view],
        },
    )
    pixels(target, shot, 12)


def _digital(target: Dataset, shot: Shot) -> None:
    """What all IODs of digital X-ray detectors share (PS3.3 C.8.11)."""
    general_image(target, shot, ["ORIGINAL", "PRIMARY", ""])
    fill(
        target,
        {
            "PresentationIntentType": "FOR PRESENTATION",
            "PatientOrientation": ["L", "F"],
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
            "AcquisitionContextSequence": [],
            **full_range(12),
        },
    )


def angiography(target: Dataset, shot: Shot) -> None:
    """X-ray angiographic image (PS3.3 A.14): one plane, at rest, a run when it has several frames."""
    general_image(target, shot, ["ORIGINAL", "PRIMARY", "SINGLE PLANE"])
    fill(
        target,
        {
            "PixelIntensityRelationship": "LIN",
            "LossyImageCompression": "00",
            "KVP": "75",
            "RadiationSetting": "GR",
            "XRayTubeCurrent": "400",
            "ExposureTime": "6",
            "PositionerPrimaryAngle": "30",
            "PositionerSecondaryAngle": "0",
            **full_range(8),
        },
    )
    cine(target, shot)
    if shot.frames > 1:
        fill(target, {"PositionerMotion": "STATIC"})
    pixels(target, shot, 8)
