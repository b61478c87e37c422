"""Binary content that is too large for memory: pieces in files, in memory or computed, read in chunks.

Owns how such content is cut, compared and hashed. It knows no data elements and no messages.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

LARGE = 1 << 23
"""Bytes above which content is kept in files and not in memory."""

CHUNK = 1 << 18
"""Bytes that are in memory at a time."""


class Piece(Protocol):
    """A run of bytes that is read when it is needed, each time the same."""

    @property
    def size(self) -> int:
        """How many bytes."""

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, some at a time; OSError when they cannot be read."""


@dataclass(frozen=True)
class FilePart:
    """A part of a file that nobody changes as long as it is used."""

    path: Path
    start: int
    size: int

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Read from the file; it is open only meanwhile."""
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.start + start)
            left = stop - start
            while left:
                block = file.read(min(left, CHUNK))
                if not block:
                    raise EOFError(f"{self.path} ends before its time")
                left -= len(block)
                yield block


@dataclass(frozen=True)
class Frames:
    """So many frames of one size, each computed from its number (from 0) whenever it is read."""

    count: int
    frame_size: int
    frame: Callable[[int], bytes]

    @property
    def size(self) -> int:
        """The bytes of all frames."""
        return self.count * self.frame_size

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        """Compute the frames that are asked for."""
        while start < stop:
            number, within = divmod(start, self.frame_size)
            block = self.frame(number)[within : within + stop - start]
            start += len(block)
            yield block


@dataclass(frozen=True)
class _Held:
    """A small piece in memory."""

    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    def blocks(self, start: int, stop: int) -> Iterator[bytes]:
        yield self.content[start:stop]


class Bulk:
    """Content made of pieces. Immutable; stands in for `bytes` as a data set or as the value of an element."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, *pieces: bytes | Piece | Bulk) -> None:
        self._pieces: tuple[tuple[Piece, int, int], ...]
        parts: list[tuple[Piece, int, int]] = []
        for piece in pieces:
            if isinstance(piece, Bulk):
                parts += piece._pieces
                continue
            part = _Held(piece) if isinstance(piece, bytes) else piece
            if part.size:
                parts.append((part, 0, part.size))
        self._pieces = tuple(parts)
        self._size = sum(stop - start for _, start, stop in parts)

    @classmethod
    def of_file(cls, path: Path, start: int = 0) -> Bulk:
        """What a file holds from a place on; OSError."""
        return cls(FilePart(path, start, path.stat().st_size - start))

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, bytes):
            other = Bulk(other)
        if not isinstance(other, Bulk):
            return NotImplemented
        if len(self) != len(other):
            return False
        return self._pieces == other._pieces or all(
            one == like for one, like in zip(self.chunks(), other.chunks(), strict=True)
        )

    def __hash__(self) -> int:
        return hash(self._size)

    def __copy__(self) -> Bulk:
        return self

    def __deepcopy__(self, memo: object) -> Bulk:
        return self

    def __repr__(self) -> str:
        return f"<{self._size} bytes>"

    def blocks(self) -> Iterator[bytes]:
        """All bytes, some at a time."""
        for piece, start, stop in self._pieces:
            yield from piece.blocks(start, stop)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All bytes in chunks of exactly that size; the last may be shorter."""
        rest = b""
        for block in self.blocks():
            if rest:
                block = rest + block
            whole = len(block) - len(block) % size
            for place in range(0, whole, size):
                yield block[place : place + size]
            rest = block[whole:]
        if rest:
            yield rest

    def part(self, start: int, stop: int) -> Bulk:
        """The bytes from `start` up to `stop`, still unread."""
        made = Bulk()
        found: list[tuple[Piece, int, int]] = []
        place = 0
        for piece, first, last in self._pieces:
            begin, end = max(start - place, 0), min(stop - place, last - first)
            if begin < end:
                found.append((piece, first + begin, first + end))
            place += last - first
        made._pieces = tuple(found)
        made._size = sum(last - first for _, first, last in found)
        return made

    def read(self, start: int, count: int) -> bytes:
        """So many bytes from a place on, fewer at the end."""
        return b"".join(self.part(start, start + count).blocks())

    def sha256(self) -> str:
        """The hash of all bytes."""
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()

    def write(self, path: Path) -> None:
        """Write all bytes into a file; OSError."""
        with path.open("wb") as file:
            for block in self.blocks():
                file.write(block)

    def open(self) -> io.BufferedReader:
        """The bytes as a file to read and seek in."""
        return io.BufferedReader(_Reader(self), CHUNK)


class _Reader(io.RawIOBase):
    """A file to read over bulk content."""

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: len(self._bulk)}[whence]
        self._place = max(origin + offset, 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # BufferedReader gives nothing else
        block = self._bulk.read(self._place, len(buffer))
        buffer[: len(block)] = block
        self._place += len(block)
        return len(block)
