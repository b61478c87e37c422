"""Our verdicts beside those of dciodvfy, over objects that are broken in one place each."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom.encoding import decode_payload, encode, wrap_payload
from harness.dicom.iod import Kind, iod_of, judge
from harness.model.verdict import Outcome

DCIODVFY = Path("/usr/bin/dciodvfy")
EXPLICIT = "1.2.840.10008.1.2.1"
KINDS = ("CT", "MR", "DX", "CR", "OT", "SR", "US*6", "XA*4", "MG", "NM*2")
PLACE = re.compile(r"^Error - <(?P<path>/[^>]*)>", re.MULTILINE)
NAME = re.compile(r"/(\w+)\(")

VALUES = {
    "PatientSex": ("CS", "X"),
    "PatientBirthDate": ("DA", "1958-07-14"),
    "StudyDate": ("DA", "20241305"),
    "StudyTime": ("TM", "25:00"),
    "StudyInstanceUID": ("UI", "1.2.03.4"),
    "SeriesNumber": ("IS", "one"),
    "InstanceNumber": ("IS", "1.5"),
    "PhotometricInterpretation": ("CS", "RGBA"),
    "SamplesPerPixel": ("US", 2),
    "BitsStored": ("US", 32),
    "HighBit": ("US", 3),
    "PixelRepresentation": ("US", 7),
    "RescaleSlope": ("DS", "one"),
    "ImageType": ("CS", "NEW\\PRIMARY"),
    "PresentationIntentType": ("CS", "FOR FUN"),
    "LossyImageCompression": ("CS", "02"),
    "BurnedInAnnotation": ("CS", "MAYBE"),
    "CompletionFlag": ("CS", "DONE"),
    "VerificationFlag": ("CS", "MAYBE"),
    "PixelSpacing": ("DS", "1"),
    "ImageOrientationPatient": ("DS", "1\\0\\0"),
}

ONLY_OURS = {
    ("wrong", "StudyDate"),
    ("wrong", "HighBit"),
    ("absent", "Modality"),
}
"""Broken places that dciodvfy passes over in one kind or another; see docs/iod.md."""


def broken(make: Callable[[str], Dataset], kind: str) -> Iterator[tuple[str, str, Dataset]]:
    """Each required attribute removed, each of type 1 emptied, and some values that are wrong."""
    iod = iod_of(str(make(kind).SOPClassUID))
    assert iod is not None
    for one in iod.base.required:
        if one.keyword in ("SOPClassUID", "PixelData"):
            continue
        ds = make(kind)
        del ds[one.tag]
        yield "absent", one.keyword, ds
        if one.type == "1":
            ds = make(kind)
            ds[one.tag] = DataElement(one.tag, ds[one.tag].VR, [] if ds[one.tag].VR == "SQ" else None)
            yield "empty", one.keyword, ds
    for keyword, (vr, value) in VALUES.items():
        ds = make(kind)
        if keyword in ds:
            ds[keyword] = DataElement(keyword, vr, value, already_converted=True)
            yield "wrong", keyword, ds


def theirs(ds: Dataset, folder: Path) -> set[str]:
    """The attributes that dciodvfy calls wrong."""
    path = folder / "object.dcm"
    path.write_bytes(content(ds))
    run = subprocess.run(
        [str(DCIODVFY), "-new", str(path)], capture_output=True, text=True, errors="replace", check=False
    )
    return {names[-1] for found in PLACE.finditer(run.stderr) if (names := NAME.findall(found["path"]))}


def content(ds: Dataset) -> bytes:
    uid = str(ds.get("SOPInstanceUID", "") or "1.2.3")
    return wrap_payload(encode(ds, EXPLICIT), EXPLICIT, str(ds.SOPClassUID), uid)


def ours(ds: Dataset) -> set[str]:
    """The attributes that we call wrong."""
    decoded = decode_payload(content(ds))
    assert decoded is not None
    return {
        fault.path.rpartition(".")[2]
        for fault in judge(decoded, transfer_syntax=EXPLICIT)
        if fault.outcome is Outcome.VIOLATED and fault.kind is not Kind.UNSURE
    }


@pytest.mark.product
@pytest.mark.skipif(not DCIODVFY.exists(), reason="dicom3tools is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_dciodvfy_finds_no_fault_in_what_our_actors_make(
    faultless: Callable[[str], Dataset], kind: str, tmp_path: Path
) -> None:
    assert theirs(faultless(kind), tmp_path) == set()


@pytest.mark.product
@pytest.mark.skipif(not DCIODVFY.exists(), reason="dicom3tools is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_what_dciodvfy_finds_is_found(faultless: Callable[[str], Dataset], kind: str, tmp_path: Path) -> None:
    missed, alone, count = [], set(), 0
    for how, keyword, ds in broken(faultless, kind):
        found, seen = keyword in theirs(ds, tmp_path), keyword in ours(ds)
        count += 1
        if found and not seen:
            missed.append((how, keyword))
        if seen and not found:
            alone.add((how, keyword))
    assert missed == []
    assert alone <= ONLY_OURS
    assert count > 40


@pytest.mark.parametrize("kind", KINDS)
def test_every_broken_place_is_found(faultless: Callable[[str], Dataset], kind: str) -> None:
    overlooked = [(how, name) for how, name, ds in broken(faultless, kind) if name not in ours(ds)]
    assert set(overlooked) <= {("wrong", "PhotometricInterpretation")}
