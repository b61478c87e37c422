"""Modules that several kinds of images share: general image, planes, frames and pixels (PS3.3 C.7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from actors.modality.pixels import COLUMNS, ROWS, frame_maker, phantom
from actors.objects.copying import put
from harness.dicom.bulk import LARGE, Bulk, Frames


@dataclass(frozen=True, kw_only=True)
class Shot:
    """What an image's own modules need to know: its place in the series, and how much is in it.

    `frames` 1 is an image of one frame, in the SOP class for such where there are two.
    """

    number: int
    frame_of_reference: str
    date: str
    time: str
    frames: int = 1
    rows: int = ROWS
    columns: int = COLUMNS


def fill(target: Dataset, values: Mapping[str, object]) -> None:
    """Give attributes their values."""
    for keyword, value in values.items():
        put(target, keyword, value)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A code sequence item (PS3.3 8.8)."""
    item = Dataset()
    fill(item, {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})
    return item


def pixels(target: Dataset, shot: Shot, bits: int) -> None:
    """The image pixel module, monochrome with unsigned values of so many bits (PS3.3 C.7.6.3)."""
    allocated = 8 if bits == 8 else 16
    array = phantom(shot.number, (1 << bits) - 1, shot.rows, shot.columns)
    first_frame = array.astype("<u1" if allocated == 8 else "<u2").tobytes()
    frame = frame_maker(first_frame, allocated // 8)
    if len(first_frame) * shot.frames > LARGE:
        content: bytes | Bulk = Bulk(Frames(shot.frames, len(first_frame), frame))
    else:
        content = b"".join(map(frame, range(shot.frames)))
    fill(
        target,
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": shot.rows,
            "Columns": shot.columns,
            "BitsAllocated": allocated,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": 0,
        },
    )
    if shot.frames > 1:
        put(target, "NumberOfFrames", shot.frames)
    target["PixelData"] = DataElement("PixelData", "OB" if allocated == 8 else "OW", content, already_converted=True)


def cine(target: Dataset, shot: Shot) -> None:
    """Frames one after the other in time (PS3.3 C.7.6.5, C.7.6.6); nothing for an image of one frame."""
    if shot.frames > 1:
        fill(target, {"FrameIncrementPointer": tag_for_keyword("FrameTime"), "FrameTime": "40"})


def general_image(target: Dataset, shot: Shot, image_type: list[str]) -> None:
    """Type, number and time of an image (PS3.3 C.7.6.1)."""
    fill(
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


def plane(target: Dataset, shot: Shot) -> None:
    """Frame of reference and image plane: axial slices 5 mm apart (PS3.3 C.7.4.1, C.7.6.2)."""
    position = -5.0 * (shot.number - 1)
    fill(
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


def full_range(bits: int) -> Mapping[str, object]:
    """A window over all values of so many bits (PS3.3 C.11.2)."""
    return {"WindowCenter": str(1 << (bits - 1)), "WindowWidth": str(1 << bits)}
