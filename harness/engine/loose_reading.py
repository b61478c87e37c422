"""Messages in the bytes of a file: HL7 as text, framed or in a batch, DICOM with or without its file header.

Whatever the bytes, reading ends in messages and in what could not be read, with its offset and why. Nothing judges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from harness.dicom.encoding import FileMeta, decode, read_file_meta, wrap_payload
from harness.dicom.paths import first
from harness.dicom.scan import VRS, skeleton
from harness.engine.recognising import Loose
from harness.errors import RecordingError
from harness.transports.mllp.framing import MESSAGE_LIMIT, Frame, Framer

HEAD = 64 * 1024
"""Bytes of a file that tell what it holds."""
_SHOWN = 40
"""So many characters of a file that is neither are shown."""

_BOM = b"\xef\xbb\xbf"
_MSH = re.compile(rb"(?:\A|(?<=[\r\n]))MSH(?=[^A-Za-z0-9\s])")
_HL7 = re.compile(rb"(?:\A|[\r\n\x0b])(?:MSH|FHS|BHS)[^A-Za-z0-9\s]")
_ENVELOPE = re.compile(rb"(?:\A|(?<=[\r\n]))(?:FHS|BHS|BTS|FTS)(?:[^A-Za-z0-9\r\n][^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_MARK = b"DICM"
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        str(ImplicitVRLittleEndian): "Implicit VR Little Endian",
        str(ExplicitVRLittleEndian): "Explicit VR Little Endian",
        str(ExplicitVRBigEndian): "Explicit VR Big Endian",
    }
)
_GROUPS = frozenset({0x0002, 0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040})
"""Groups that a data set of a message begins with."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One message of a file. `line` is the line that its MSH stands on, 0 for DICOM; `meta` what the file says.

    `faults` are offsets in the file with what is wrong there as far as the file itself is concerned.
    """

    loose: Loose
    line: int = 0
    meta: FileMeta | None = None
    faults: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a file holds. `notes` say how it was read; `unread` are offsets with what could not be read, and why."""

    messages: tuple[Found, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()


@dataclass
class _Text:
    """HL7 in a file, on its way to messages."""

    content: bytes
    exact: bool
    found: list[Found] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    unread: list[tuple[int, str]] = field(default_factory=list)

    def contents(self) -> Contents:
        """What came of it."""
        return Contents(messages=tuple(self.found), notes=tuple(self.notes), unread=tuple(self.unread))


def is_readable(head: bytes) -> bool:
    """Whether the beginning of a file looks like HL7 or DICOM."""
    return bool(head[128:132] == _MARK or _HL7.search(head[:HEAD]) or _syntax_of(head) or _has_meta(head))


def read_contents(content: bytes, *, exact: bool = False) -> Contents:
    """The messages in a file's bytes. `exact`: they are from the wire, so that every byte of a message counts."""
    if not content:
        return Contents(unread=((0, "the file is empty"),))
    if content[128:132] == _MARK:
        return _part10(content, 0)
    if _has_meta(content):
        return _part10(bytes(128) + _MARK + content, -132)
    if _HL7.search(content[:HEAD]):
        return _hl7(content, exact)
    syntax = _syntax_of(content)
    if syntax:
        return _bare(content, syntax)
    return Contents(unread=((0, f"neither HL7 nor DICOM: {_beginning(content)}"),))


def _beginning(content: bytes) -> str:
    """How a file begins that is neither, in text where it is text."""
    line = content[:HEAD].lstrip(b"\r\n").split(b"\n")[0].split(b"\r")[0][:_SHOWN]
    text = line.decode("latin-1")
    if not line.isascii() or not text.isprintable() or not text.strip():
        return f"it begins with {content[:16].hex(' ')}"
    missing = "MSH is not at the beginning of a line" if b"MSH" in content[:HEAD] else "an HL7 message begins with MSH"
    return f"it begins with `{text}`; {missing}"


# HL7


def _hl7(content: bytes, exact: bool) -> Contents:
    text = _Text(content, exact)
    if content.startswith(_BOM) and not exact:
        text.notes["a byte order mark before the text was passed over"] = None
        text.content = content[3:]
    if re.search(rb"\x0b(?:MSH|FHS|BHS)", text.content[: HEAD + 4]):
        _framed(text)
    else:
        _plain(text)
    return text.contents()


def _framed(text: _Text) -> None:
    text.notes["framed as MLLP blocks"] = None
    framer = Framer()
    for item in [*framer.feed(text.content), *framer.close()]:
        if isinstance(item, Frame):
            line = _line(text.content, item.offset)
            text.found.append(Found(loose=Loose(content=item.content), line=line))
        else:
            text.unread.append((item.offset, str(item)))


def _line(content: bytes, offset: int) -> int:
    before = content[:offset]
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")


def _plain(text: _Text) -> None:
    content = text.content
    starts = [found.start() for found in _MSH.finditer(content)]
    if not starts:
        text.unread.append((0, "there is no MSH segment"))
        return
    head = _ENVELOPE.sub(b"", content[: starts[0]])
    if _ENVELOPE.search(content):
        text.notes["a batch; its envelope (FHS, BHS, BTS, FTS) is not judged"] = None
    if head.strip():
        text.unread.append((0, f"{starts[0]} bytes before the first MSH"))
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        if end - start > MESSAGE_LIMIT:
            text.unread.append((start, f"a message of {end - start} bytes, longer than {MESSAGE_LIMIT}"))
            continue
        body = _ENVELOPE.sub(b"", content[start:end])
        text.found.append(Found(loose=Loose(content=_with_ends(body, text)), line=_line(content, start)))


def _with_ends(body: bytes, text: _Text) -> bytes:
    """The message with the segment ends of the wire, where the file keeps the line ends of text files."""
    if text.exact:
        return body
    feeds, pairs, returns = body.count(b"\n"), body.count(b"\r\n"), body.count(b"\r")
    if feeds and not returns:
        text.notes["its lines end with LF, as text files keep them; read as CR"] = None
        body = body.replace(b"\n", b"\r")
    elif pairs and pairs == feeds == returns:
        text.notes["its lines end with CR LF, as text files keep them; read as CR"] = None
        body = body.replace(b"\r\n", b"\r")
    return body.rstrip(b"\r\n") + b"\r"


# DICOM


def _part10(content: bytes, shift: int) -> Contents:
    try:
        meta = read_file_meta(content)
    except RecordingError as fault:
        return Contents(unread=((132, str(fault)),))
    notes = ("without preamble, but with file meta information",) if shift else ()
    return _data_set(content, content[meta.offset :], meta, shift, notes)


def _bare(content: bytes, syntax: str) -> Contents:
    notes = (f"a data set without file header, read as {_NAMES[syntax]}",)
    meta = FileMeta("", "", syntax, 0)
    return _data_set(b"", content, meta, 0, notes)


def _data_set(file: bytes, content: bytes, meta: FileMeta, shift: int, notes: tuple[str, ...]) -> Contents:
    faults: list[tuple[int, str]] = []
    if meta.transfer_syntax != DeflatedExplicitVRLittleEndian:
        bones = skeleton(content, meta.transfer_syntax)
        if bones.text:
            faults.append((meta.offset + shift + bones.offset, bones.text))
    try:
        dataset = decode(content, meta.transfer_syntax)
    except RecordingError as fault:
        return Contents(notes=notes, unread=(*faults, (max(meta.offset + shift, 0), str(fault))))
    if not file:
        meta = FileMeta(first(dataset, "SOPClassUID"), first(dataset, "SOPInstanceUID"), meta.transfer_syntax, 0)
        file = wrap_payload(content, meta.transfer_syntax, meta.sop_class, meta.sop_instance)
    loose = Loose(
        content=file,
        dicom=True,
        dataset=dataset,
        sop_class=meta.sop_class,
        sop_instance=meta.sop_instance,
        transfer_syntax=meta.transfer_syntax,
    )
    return Contents(messages=(Found(loose=loose, meta=meta, faults=tuple(faults)),), notes=notes)


def _has_meta(content: bytes) -> bool:
    """Whether file meta information begins the file, without the preamble that should stand before it."""
    return content[:2] == b"\2\0" and content[4:6] in VRS


def _syntax_of(content: bytes) -> str:
    """The transfer syntax of a data set without header, told from its first element; empty when it is none."""
    if len(content) < 8:
        return ""
    if (int.from_bytes(content[:2], "little") in _GROUPS and content[2:4] != b"\0\0") or content[:4] == b"\x08\0\0\0":
        if content[4:6] in VRS:
            return ExplicitVRLittleEndian
        length = int.from_bytes(content[4:8], "little")
        return ImplicitVRLittleEndian if length in (0xFFFFFFFF, 0) or (length < 1024 and length % 2 == 0) else ""
    if int.from_bytes(content[:2], "big") in _GROUPS and content[4:6] in VRS:
        return ExplicitVRBigEndian
    return ""


def lines_of(found: Found) -> Iterator[int]:
    """The line of the file that each segment of a message stands on."""
    raw = found.loose.content
    position, line = 0, found.line
    for segment in found.loose.message.segments:
        between = raw[position : segment.start]
        line += between.count(b"\r") + between.count(b"\n") - between.count(b"\r\n")
        position = segment.start
        yield line
