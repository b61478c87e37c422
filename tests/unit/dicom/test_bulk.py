from __future__ import annotations

import copy
import hashlib
from pathlib import Path

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from harness.dicom.bulk import CHUNK, Bulk, FilePart, Frames
from harness.dicom.encoding import decode, decode_payload, encode, encode_large, wrap_large
from harness.dicom.excision import LARGE_VALUE
from harness.errors import RecordingError

TEXT = bytes(range(256)) * 40


@pytest.fixture
def bulk(tmp_path: Path) -> Bulk:
    """The same bytes as TEXT, in three kinds of pieces."""
    file = tmp_path / "content"
    file.write_bytes(b"before" + TEXT[1000:5000] + b"after")
    frames = Frames((len(TEXT) - 5000) // 40, 40, lambda number: TEXT[5000 + 40 * number : 5040 + 40 * number])
    return Bulk(TEXT[:1000], FilePart(file, 6, 4000), frames)


@pytest.mark.parametrize("size", [1, 7, 40, 4096, CHUNK])
def test_chunks_have_their_size_wherever_the_pieces_end(bulk: Bulk, size: int) -> None:
    chunks = list(bulk.chunks(size))
    assert b"".join(chunks) == TEXT
    assert {len(chunk) for chunk in chunks[:-1]} <= {size}
    assert len(bulk) == len(TEXT)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (999, 1001), (0, len(TEXT)), (4990, 5011), (len(TEXT) - 1, 10**9)])
def test_a_part_is_what_a_slice_is(bulk: Bulk, start: int, stop: int) -> None:
    part = bulk.part(start, stop)
    assert part == TEXT[start:stop]
    assert part.read(0, len(part)) == TEXT[start:stop]
    assert bulk.part(500, 9000).part(start, stop) == TEXT[500:9000][start:stop]


def test_bulk_is_equal_by_its_bytes_and_hashed_like_them(bulk: Bulk) -> None:
    assert bulk == Bulk(TEXT)
    assert bulk != Bulk(TEXT[:-1] + b"x")
    assert bulk != Bulk(TEXT[:-1])
    assert bulk.sha256() == hashlib.sha256(TEXT).hexdigest()
    assert copy.deepcopy(bulk) is bulk


def test_bulk_is_read_like_a_file(bulk: Bulk) -> None:
    with bulk.open() as file:
        file.seek(990)
        assert file.read(20) == TEXT[990:1010]
        assert file.seek(-4, 2) == len(TEXT) - 4
        assert file.read() == TEXT[-4:]


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    file = tmp_path / "short"
    file.write_bytes(b"12345")
    with pytest.raises(EOFError):
        list(Bulk(FilePart(file, 2, 10)).chunks())


def image() -> Dataset:
    """An image whose pixels, and nothing else, are large; with sequences of both kinds of length before them."""
    made, inner, item = Dataset(), Dataset(), Dataset()
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3"
    made.SpecificCharacterSet, made.PatientName = "ISO_IR 100", "MÜLLER^EVA"
    item.CodeValue = "X"
    inner.PurposeOfReferenceCodeSequence = [item]
    inner.is_undefined_length_sequence_item = True
    made.ReferencedImageSequence = [inner, inner]
    made["ReferencedImageSequence"].is_undefined_length = True
    made.Rows = made.Columns = 1024
    made.BitsAllocated = 16
    made.NumberOfFrames = 1
    made.add_new("PixelData", "OW", bytes(range(256)) * (LARGE_VALUE // 128))
    made.add_new(0xFFFCFFFC, "OB", b"\0\0")
    return made


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_only_the_large_value_stays_bulk(syntax: str, tmp_path: Path) -> None:
    content = encode(image(), syntax)
    file = tmp_path / "image.dcm"
    wrapped = wrap_large(Bulk(content), syntax, "1.2.840.10008.5.1.4.1.1.3.1", "1.2.3")
    assert isinstance(wrapped, Bulk)
    wrapped.write(file)
    found = decode_payload(file)
    assert found is not None
    assert isinstance(found.PixelData, Bulk)
    plain = decode(content, syntax)
    assert found.PixelData == plain.PixelData
    assert (found.PatientName, found.ReferencedImageSequence) == (plain.PatientName, plain.ReferencedImageSequence)
    assert Bulk(FilePart(file, 0, file.stat().st_size)) == wrapped
    assert encode_large(found, syntax) == content


def test_fragments_are_taken_out_without_their_delimiter() -> None:
    made = image()
    fragments = b"\xfe\xff\x00\xe0" + bytes(4) + b"\xfe\xff\x00\xe0\x00\x00\x20\x00" + b"\x07" * 0x200000
    made["PixelData"].value = fragments
    made["PixelData"].is_undefined_length = True
    content = encode(made, RLELossless)
    found = decode(Bulk(content), RLELossless)
    assert found.PixelData == fragments
    assert found["PixelData"].is_undefined_length
    assert encode_large(found, RLELossless) == content


def test_a_large_sequence_is_no_value() -> None:
    made, item = image(), Dataset()
    item.add_new("EncapsulatedDocument", "OB", bytes(LARGE_VALUE))
    made.ReferencedStudySequence = [item, item]
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        found = decode(Bulk(encode(made, syntax)), syntax)
        assert len(found.ReferencedStudySequence) == 2
        assert isinstance(found.PixelData, Bulk)


@pytest.mark.parametrize("cut", [1, 6, 11, 4000])
def test_a_truncated_data_set_cannot_be_decoded(cut: int) -> None:
    content = encode(image(), ExplicitVRLittleEndian)
    with pytest.raises(RecordingError):
        decode(Bulk(content[:-cut]), ExplicitVRLittleEndian)


def test_bulk_is_not_deflated() -> None:
    made = image()
    made["PixelData"] = DataElement("PixelData", "OW", Bulk(made.PixelData), already_converted=True)
    with pytest.raises(RecordingError, match="deflated"):
        encode_large(made, DeflatedExplicitVRLittleEndian)
