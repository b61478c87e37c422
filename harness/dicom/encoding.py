"""Data sets to bytes and back, and the Part 10 wrapping of what was on the wire (PS3.5 7, PS3.10 7.1).

Nothing of pydicom's surfaces: no warning, and no exception but RecordingError. Decoding converts every value
at once, so that a decoded data set never fails or warns later; a value that its VR does not allow is kept as
bytes under VR UN.
"""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from harness.dicom.bulk import Bulk
from harness.dicom.excision import fragments_end, head_of, without_large_values
from harness.dicom.paths import known_tag
from harness.dicom.scan import skeleton
from harness.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from harness.errors import RecordingError

LARGEST_INFLATED = 1 << 28
"""Bytes that a deflated data set may grow to."""

LONGEST_META = 1 << 16
"""Bytes at the beginning of a file among which its file meta information is looked for."""

_PREAMBLE = bytes(128) + b"DICM"
_LONG_LENGTH = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_QUIET = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings away; one thread at a time, because the filters belong to the process."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Truncated(Dataset):
    """A data set of which only the first half is written, so that nobody can read it: for deviations."""


@dataclass(frozen=True)
class FileMeta:
    """What a Part 10 file says about its data set, and where the data set begins (PS3.10 7.1)."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    offset: int


def encode(ds: Dataset, transfer_syntax: str) -> bytes:
    """The data set as bytes in that transfer syntax, without file meta; RecordingError if it has none."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = transfer_syntax == ImplicitVRLittleEndian
    buffer.is_little_endian = transfer_syntax != ExplicitVRBigEndian
    try:
        with quiet():
            write_dataset(buffer, ds)
    except _UNREADABLE as fault:
        raise RecordingError(f"the data set cannot be encoded: {fault}") from fault
    content = bytes(buffer.getvalue())
    if isinstance(ds, Truncated):
        content = _half(content, transfer_syntax)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        content = deflate.compress(content) + deflate.flush()
        content += b"\0" * (len(content) % 2)
    return content


def _half(content: bytes, transfer_syntax: str) -> bytes:
    """About the first half of the bytes, cut where no element ends."""
    cut = len(content) // 4 * 2
    while cut and not skeleton(content[:cut], transfer_syntax).text:
        cut -= 2
    return content[:cut]


def encode_large(ds: Dataset, transfer_syntax: str) -> bytes | Bulk:
    """As `encode`, of a data set that may have values of its own that are `Bulk`; they are not read."""
    large = sorted(element.tag for element in ds.values() if isinstance(element.value, Bulk))
    if not large:
        return encode(ds, transfer_syntax)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        raise RecordingError("the data set is too large to be deflated")
    pieces: list[bytes | Bulk] = []
    begin = 0
    for tag in large:
        element = ds[tag]
        fragments = bool(element.is_undefined_length)
        odd = len(element.value) % 2
        length = None if fragments else len(element.value) + odd
        head = head_of(tag, element.VR, length, transfer_syntax)
        end = fragments_end(transfer_syntax) if fragments else b"\0" * odd
        pieces += [encode(_between(ds, begin, tag), transfer_syntax), head, element.value, end]
        begin = tag + 1
    whole = Bulk(*pieces, encode(_between(ds, begin, 1 << 32), transfer_syntax))
    return whole.part(0, len(whole) // 4 * 2) if isinstance(ds, Truncated) else whole


def _between(ds: Dataset, first_tag: int, end: int) -> Dataset:
    part = Dataset()
    for tag, element in ds.items():
        if first_tag <= tag < end:
            part[tag] = element
    return part


def decode(content: bytes | Bulk, transfer_syntax: str) -> Dataset:
    """The data set that the bytes hold, every value converted; RecordingError when they hold none.

    Of bulk content the large values of the data set itself stay `Bulk`, and unread.
    """
    if isinstance(content, Bulk):
        return _decode_large(content, transfer_syntax)
    try:
        if transfer_syntax == DeflatedExplicitVRLittleEndian:
            content = _inflate(content)
        with quiet():
            ds = read_dataset(
                BytesIO(content),
                transfer_syntax in ("", ImplicitVRLittleEndian),
                transfer_syntax != ExplicitVRBigEndian,
            )
            _convert(ds)
    except _UNREADABLE as fault:
        raise RecordingError(f"the data set cannot be decoded: {fault}") from fault
    return ds


def _decode_large(content: Bulk, transfer_syntax: str) -> Dataset:
    try:
        if transfer_syntax == DeflatedExplicitVRLittleEndian:
            if len(content) > LARGEST_INFLATED:
                raise RecordingError(f"the deflated data set is larger than {LARGEST_INFLATED} bytes")
            return decode(content.read(0, len(content)), transfer_syntax)
        small, large = without_large_values(content, transfer_syntax)
    except (OSError, EOFError, struct.error) as fault:
        raise RecordingError(f"the data set cannot be decoded: {fault}") from fault
    ds = decode(small, transfer_syntax)
    for one in large:
        element = DataElement(one.tag, one.vr, one.value, already_converted=True)
        element.is_undefined_length = one.encapsulated
        ds[one.tag] = element
    return ds


def _inflate(content: bytes) -> bytes:
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = inflate.decompress(content, LARGEST_INFLATED)
    if inflate.unconsumed_tail:
        raise RecordingError(f"the deflated data set is larger than {LARGEST_INFLATED} bytes")
    return plain


def _convert(ds: Dataset) -> None:
    """Convert each element; one whose value does not fit its VR becomes UN with its bytes."""
    elements = [_plain(raw) or _converted(ds, raw) for raw in list(ds.values())]
    ds.clear()
    for element in elements:
        ds[element.tag] = element


def _converted(ds: Dataset, raw: DataElement | RawDataElement) -> DataElement:
    """The element as pydicom makes it, with all that is in it."""
    tag = raw.tag
    try:
        element = ds[tag]
        if element.VR == "SQ":
            for item in element.value:
                _convert(item)
    except RecursionError:
        raise
    except _UNREADABLE:
        value = raw.value if isinstance(raw, RawDataElement) else None
        element = DataElement(tag, "UN", value or b"", already_converted=True)
    element.tag = known_tag(tag)
    return element


_PLAIN_TEXT = frozenset({"AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UI", "UT"})
"""Value representations of text in the default repertoire, of which nothing has to be worked out (PS3.5 6.2)."""


def _plain(raw: DataElement | RawDataElement) -> DataElement | None:
    """The element of a single text without characters beyond ASCII, as pydicom makes it; None for all others.

    Most elements are this; converting them here takes a third of the time.
    """
    if not isinstance(raw, RawDataElement) or raw.VR not in _PLAIN_TEXT:
        return None
    value = raw.value or b""
    if not value.isascii() or b"\\" in value or b"\x1b" in value:
        return None
    text = value.decode("ascii").rstrip("\0 ")
    tag, content = known_tag(raw.tag), UID(text) if raw.VR == "UI" else text
    return DataElement(tag, raw.VR, content, raw.value_tell, already_converted=True)


def wrap_payload(content: bytes, transfer_syntax: str, sop_class: str, sop_instance: str) -> bytes:
    """A Part 10 file around the data set's bytes, which are left untouched (PS3.10 7.1)."""
    return payload_head(transfer_syntax, sop_class, sop_instance) + content


def wrap_large(content: bytes | Bulk, transfer_syntax: str, sop_class: str, sop_instance: str) -> bytes | Bulk:
    """As `wrap_payload`, of content that may be bulk."""
    if isinstance(content, bytes):
        return wrap_payload(content, transfer_syntax, sop_class, sop_instance)
    return Bulk(payload_head(transfer_syntax, sop_class, sop_instance), content)


def payload_head(transfer_syntax: str, sop_class: str, sop_instance: str) -> bytes:
    """What stands before the data set in a Part 10 file (PS3.10 7.1)."""
    elements = b"".join(
        (
            _element(0x0001, b"OB", b"\0\1"),
            _element(0x0002, b"UI", _uid_bytes(sop_class)),
            _element(0x0003, b"UI", _uid_bytes(sop_instance)),
            _element(0x0010, b"UI", _uid_bytes(transfer_syntax or ImplicitVRLittleEndian)),
            _element(0x0012, b"UI", _uid_bytes(IMPLEMENTATION_CLASS_UID)),
            _element(0x0013, b"SH", _even(IMPLEMENTATION_VERSION_NAME.encode("ascii"), b" ")),
        )
    )
    length = _element(0x0000, b"UL", struct.pack("<L", len(elements)))
    return b"".join((_PREAMBLE, length, elements))


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    """An element of group 0002, Explicit VR Little Endian (PS3.5 7.1.2)."""
    head = struct.pack("<HH", 0x0002, number) + vr
    if vr in _LONG_LENGTH:
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _uid_bytes(uid: str) -> bytes:
    return _even(uid.encode("ascii", "replace")[:64], b"\0")


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding * (len(value) % 2)


def read_file_meta(payload: bytes) -> FileMeta:
    """The file meta of a Part 10 file; RecordingError when it is none."""
    if payload[128:132] != b"DICM":
        raise RecordingError("no DICOM file: the prefix DICM is missing")
    found: dict[int, bytes] = {}
    offset = 132
    try:
        while len(payload) - offset >= 8 and payload[offset : offset + 2] == b"\2\0":
            number, length, start = _element_head(payload, offset)
            found[number] = payload[start : start + length]
            offset = start + length
    except struct.error as fault:
        raise RecordingError("the file meta information ends early") from fault
    if offset > len(payload) or 0x0010 not in found:
        raise RecordingError("the file meta information is incomplete")
    uids = {number: found.get(number, b"").rstrip(b"\0 ").decode("ascii", "replace") for number in (2, 3, 16)}
    return FileMeta(uids[2], uids[3], uids[16], offset)


def _element_head(payload: bytes, offset: int) -> tuple[int, int, int]:
    """Element number, length and start of the value."""
    number, vr, length = struct.unpack_from("<2xH2sH", payload, offset)
    if vr in _LONG_LENGTH:
        return number, struct.unpack_from("<L", payload, offset + 8)[0], offset + 12
    return number, length, offset + 8


def unwrap_payload(payload: bytes) -> tuple[bytes, str]:
    """The data set's bytes and the transfer syntax of a Part 10 file; RecordingError when it is none."""
    meta = read_file_meta(payload)
    return payload[meta.offset :], meta.transfer_syntax


def unwrap_large(payload: bytes | Path | Bulk) -> tuple[bytes | Bulk, str]:
    """As `unwrap_payload`, of a file's bytes or of the file itself, which is not read."""
    if isinstance(payload, bytes):
        return unwrap_payload(payload)
    try:
        content = payload if isinstance(payload, Bulk) else Bulk.of_file(payload)
        meta = read_file_meta(content.read(0, LONGEST_META))
        return content.part(meta.offset, len(content)), meta.transfer_syntax
    except (OSError, EOFError) as fault:
        raise RecordingError(f"{payload} cannot be read: {fault}") from fault


def decode_payload(payload: bytes | Path | Bulk) -> Dataset | None:
    """The data set of a Part 10 file, given by its bytes or as the file of a large one; None when it cannot be decoded.

    In the data set of a file, or of bulk content, large values are `Bulk`.
    """
    try:
        return decode(*unwrap_large(payload))
    except RecordingError:
        return None
