from __future__ import annotations

import threading
import warnings
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from harness.dicom import encoding
from harness.dicom.encoding import (
    decode,
    decode_payload,
    encode,
    read_file_meta,
    unwrap_payload,
    wrap_payload,
)
from harness.dicom.paths import first
from harness.dicom.uids import uid_of
from harness.errors import RecordingError

EXPLICIT, IMPLICIT = uid_of("ExplicitVRLittleEndian"), uid_of("ImplicitVRLittleEndian")
BIG, DEFLATED = uid_of("ExplicitVRBigEndian"), uid_of("DeflatedExplicitVRLittleEndian")


def step() -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = "2.25.1"
    item.Modality = "CT"
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Müller^Änne"
    ds.ScheduledStepAttributesSequence = [item]
    ds.NumberOfStudyRelatedInstances = 3
    return ds


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED])
def test_what_is_encoded_is_decoded(transfer_syntax: str) -> None:
    assert decode(encode(step(), transfer_syntax), transfer_syntax) == step()


def test_a_decoded_data_set_is_encoded_in_another_syntax() -> None:
    implicit = decode(encode(step(), IMPLICIT), IMPLICIT)
    assert decode(encode(implicit, EXPLICIT), EXPLICIT) == step()


def test_a_value_that_breaks_its_vr_is_kept_without_a_warning() -> None:
    content = b"\x10\0\x20\0LO\x64\0" + b"x" * 100 + b"\x20\0\x13\0IS\x04\x0012ab" + b"\x08\0\x20\0DA\x06\x00199913"
    ds = decode(content, EXPLICIT)
    assert first(ds, "PatientID") == "x" * 100
    assert first(ds, "InstanceNumber") == "12ab"
    assert first(ds, "StudyDate") == "199913"


def test_an_unknown_character_set_does_not_warn() -> None:
    content = b"\x08\0\x05\0CS\x0a\0ISO_IR 999" + b"\x10\0\x10\0PN\x04\0M\xfcll"
    assert first(decode(content, EXPLICIT), "PatientName") == "Müll"


def test_a_length_that_does_not_fit_the_vr_is_kept_as_bytes() -> None:
    ds = decode(b"\x28\0\x10\0US\x03\0abc", EXPLICIT)
    assert first(ds, "Rows") == "abc"


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    for transfer_syntax in (EXPLICIT, IMPLICIT, BIG, DEFLATED, ""):
        try:
            ds = decode(content, transfer_syntax)
        except RecordingError:
            continue
        assert isinstance(ds, Dataset)
        for element in ds:
            assert element.VR


def test_nesting_without_end_is_refused() -> None:
    sequence = b"\x40\0\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    with pytest.raises(RecordingError, match="recursion"):
        decode(sequence * 5000, EXPLICIT)


def test_a_deflated_data_set_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "LARGEST_INFLATED", 1000)
    deflate = zlib.compressobj(wbits=-15)
    content = deflate.compress(bytes(100_000)) + deflate.flush()
    with pytest.raises(RecordingError, match="larger than 1000 bytes"):
        decode(content, DEFLATED)


def test_a_data_set_that_cannot_be_written_is_refused() -> None:
    ds = Dataset()
    ds["Rows"] = DataElement(0x00280010, "US", "many", validation_mode=config.IGNORE)
    with pytest.raises(RecordingError, match="cannot be encoded"):
        encode(ds, EXPLICIT)


def test_decoding_in_many_threads_leaves_the_filters_alone() -> None:
    before = list(warnings.filters)
    content = encode(step(), EXPLICIT)
    threads = [threading.Thread(target=lambda: [decode(content, EXPLICIT) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert list(warnings.filters) == before


def test_a_payload_keeps_the_bytes_and_is_a_file_that_others_read() -> None:
    content = encode(step(), EXPLICIT)
    payload = wrap_payload(content, EXPLICIT, uid_of("ModalityPerformedProcedureStep"), "2.25.17")
    assert unwrap_payload(payload) == (content, EXPLICIT)
    read = dcmread(BytesIO(payload))
    assert read.file_meta.MediaStorageSOPInstanceUID == "2.25.17"
    assert read.file_meta.TransferSyntaxUID == EXPLICIT
    assert read.file_meta.FileMetaInformationGroupLength == len(payload) - len(content) - 144
    assert read == step()
    assert decode_payload(payload) == step()


def test_a_payload_is_the_same_each_time() -> None:
    assert wrap_payload(b"ab", "", "1.2", "") == wrap_payload(b"ab", IMPLICIT, "1.2", "")


def test_identifiers_from_the_wire_cannot_break_the_file_meta() -> None:
    payload = wrap_payload(b"", EXPLICIT, "ä" * 500, "\0" * 70)
    meta = read_file_meta(payload)
    assert meta.sop_class == "?" * 64
    assert meta.sop_instance == ""
    assert meta.offset == len(payload)


@pytest.mark.parametrize("length", [0, 131, 132, 140, 160])
def test_a_file_that_ends_early_is_refused(length: int) -> None:
    payload = wrap_payload(b"", EXPLICIT, "1.2", "1.3")[:length]
    with pytest.raises(RecordingError):
        read_file_meta(payload)
    assert decode_payload(payload) is None
