"""Reading an archive that anybody may have made: its records are read one by one, and what is not plainly a file with a
plain name is refused before a byte of it is written.

Of the formats of tar only ustar headers of regular files are known (IEEE Std 1003.1, pax, ustar Interchange Format): no
links, devices, folders, sparse files or extended headers, so that there is no second way to read the same bytes.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.errors import RecordingError

LARGEST_FILE: Final = 8**11 - 1
"""Bytes of the largest file: the size has eleven octal digits."""

_BLOCK = 512
_CHUNK = 1 << 20
_KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a named pipe",
    b"7": "a contiguous file",
    b"g": "an extended header",
    b"x": "an extended header",
    b"L": "a long name",
    b"K": "a long link",
    b"S": "a sparse file",
}
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(/{_PART}){{1,6}}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, with any extension."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much an archive may hold: files, and bytes of all of them together."""

    files: int = 500_000
    size: int = 16 << 30


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes:
        """So many bytes, or what is left."""


def is_name(name: str) -> bool:
    """Whether a file may be called so: plain parts below one folder, none that means something to a system."""
    parts = name.split("/")
    return _NAME.fullmatch(name) is not None and not any(
        part.endswith(".") or _RESERVED.fullmatch(part) for part in parts
    )


def unpack(path: Path, folder: Path, bounds: Bounds | None = None) -> Path:
    """Unpack an archive into an empty folder, and give the one folder that it holds.

    RecordingError when it is no such archive, when it holds anything but plain files, or more than the bounds allow;
    what was written until then stays, for the caller to throw away.
    """
    bounds = bounds or Bounds()
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            names = list(_files(stream, folder, bounds))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RecordingError(f"{path} is no bundle, or was cut off: {error}") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be unpacked: {error.strerror or error}") from None
    tops = {name.partition("/")[0] for name in names}
    if len(tops) != 1:
        raise RecordingError(f"{path} holds {len(tops)} folders; a bundle holds one")
    return folder / tops.pop()


def _files(stream: _Stream, folder: Path, bounds: Bounds) -> Iterator[str]:
    """Write one file after the other; their names."""
    seen: set[str] = set()
    folders: set[str] = set()
    left = bounds.size
    while any(header := _exactly(stream, _BLOCK, "a header")):
        name, size = _header(header)
        _refuse(name, seen, folders)
        if len(seen) > bounds.files:
            raise RecordingError(f"the archive holds more than {bounds.files} files")
        if size > left:
            raise RecordingError(f"the archive holds more than {bounds.size} bytes; --most allows more")
        left -= size
        _write(stream, folder / name, size)
        if any(_exactly(stream, -size % _BLOCK, "a file's end")):
            raise RecordingError(f"{name!r}: there are bytes behind its end")
        yield name
    if any(stream.read(_CHUNK)) or stream.read(1):
        raise RecordingError("there are bytes behind the end of the archive")


def _refuse(name: str, seen: set[str], folders: set[str]) -> None:
    """Take a name in; RecordingError when a file system could take it for another one."""
    plain = name.lower()
    parents = {plain[:at] for at, character in enumerate(plain) if character == "/"}
    if plain in seen or plain in folders or not parents.isdisjoint(seen):
        raise RecordingError(f"{name!r} stands in the archive twice, or as a file and as a folder")
    seen.add(plain)
    folders |= parents


def _header(header: bytes) -> tuple[str, int]:
    """Name and size of a regular file."""
    if header[257:265] != b"ustar\x0000":
        raise RecordingError("a record of the archive has no ustar header")
    total = sum(header[:148]) + 8 * ord(" ") + sum(header[156:])
    if _octal(header[148:156]) != total:
        raise RecordingError("the checksum of a header is wrong")
    name = _text(header[345:500]) + "/" + _text(header[:100]) if header[345] else _text(header[:100])
    kind = header[156:157]
    if kind != b"0" or any(header[157:257]):
        raise RecordingError(f"{name!r} is {_KINDS.get(kind, 'something')}, and no plain file")
    if not is_name(name):
        raise RecordingError(f"{name!r} is a name that no file of a bundle has")
    return name, _octal(header[124:136])


def _text(field: bytes) -> str:
    text, _, rest = field.partition(b"\0")
    if any(rest):
        raise RecordingError("there are bytes behind the end of a name")
    return text.decode("ascii", "backslashreplace")


def _octal(field: bytes) -> int:
    text = field.rstrip(b"\0 ")
    if not text or any(byte not in b"01234567" for byte in text):
        raise RecordingError("a number in a header is not octal")
    return int(text, 8)


def _exactly(stream: _Stream, size: int, what: str) -> bytes:
    found = stream.read(size) if size else b""
    if len(found) != size:
        raise RecordingError(f"the archive ends in the middle of {what}")
    return found


def _write(stream: _Stream, path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while size:
            block = stream.read(min(size, _CHUNK))
            if not block:
                raise RecordingError("the archive ends in the middle of a file")
            file.write(block)
            size -= len(block)
