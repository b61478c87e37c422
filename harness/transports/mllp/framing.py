"""MLLP framing without a socket: bytes in, frames and noise out.

A block is `VT message FS CR` (RAD TF-2: 2.4). What a peer gets wrong is reported as noise, and reading goes
on at the next VT. It must not know HL7, sockets or the recorder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

VT = 0x0B
FS = 0x1C
CR = 0x0D

MESSAGE_LIMIT = 16 * 1024 * 1024
"""Longest message taken, in bytes."""

_HEAD = 64
_START = bytes([VT])
_END = bytes([FS, CR])
_CONTROL = re.compile(rb"[\x0b\x1c]")
_SEPARATORS = b"\r\n"


def wrap(message: bytes) -> bytes:
    """The MLLP block that carries the message."""
    return _START + message + _END


class NoiseKind(Enum):
    """What is wrong with bytes that are no part of a well-formed block; the value is how people say it."""

    OUTSIDE = "bytes outside a block"
    UNFINISHED = "block without end (0x1C)"
    NO_CARRIAGE_RETURN = "end of block (0x1C) not followed by 0x0D"
    OVERSIZE = "message longer than the limit"


@dataclass(frozen=True)
class Frame:
    """A message; `offset` is the place of its VT in the stream. The CR behind its FS is not in `size`."""

    offset: int
    content: bytes

    @property
    def size(self) -> int:
        """Bytes from VT to FS, both included."""
        return len(self.content) + 2


@dataclass(frozen=True)
class Noise:
    """Bytes that carry no message: where they began in the stream, how many, and the first 64 of them.

    After an end of block without CR, these are the bytes up to the next VT, perhaps none.
    """

    kind: NoiseKind
    offset: int
    size: int
    head: bytes

    def __str__(self) -> str:
        text = f"{self.kind.value}: {self.size} bytes at offset {self.offset}"
        return f"{text}, first {self.head.hex(' ')}" if self.head else text


class _Run:
    """Bytes that are counted and not kept, but for their head."""

    def __init__(self, offset: int, head: bytes = b"", size: int = 0) -> None:
        self.offset = offset
        self.size = size
        self.head = head[:_HEAD]
        self.quiet = True

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.head += piece[: _HEAD - len(self.head)]
        self.quiet = self.quiet and not piece.strip(_SEPARATORS)

    def noise(self, kind: NoiseKind) -> Noise:
        return Noise(kind, self.offset, self.size, self.head)


class _State(Enum):
    BETWEEN = "between blocks"
    INSIDE = "inside a block"
    SKIPPING = "inside a block that is too long"


class Framer:
    """Cuts a stream into frames and noise; the result does not depend on how the stream was split.

    A frame is delivered as soon as its FS is there. CR and LF between blocks are not noise. Never holds more
    than `limit` bytes.
    """

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self._limit = limit
        self._state = _State.BETWEEN
        self._body = bytearray()
        self._run = _Run(0)
        self._cr_due = False
        self._cr_missing = False
        self._offset = 0
        self._start = 0

    @property
    def held(self) -> int:
        """Bytes kept for a message that is not complete."""
        return len(self._body)

    @property
    def inside(self) -> bool:
        """Whether a block has begun and not ended."""
        return self._state is not _State.BETWEEN

    @property
    def pending(self) -> bool:
        """Whether bytes came that belong to no delivered frame."""
        return self.inside or not self._run.quiet

    def feed(self, data: bytes) -> list[Frame | Noise]:
        """Take the next bytes of the stream and return what they complete, in order."""
        found: list[Frame | Noise] = []
        position = 0
        while position < len(data):
            if self._state is _State.BETWEEN:
                position = self._between(data, position, found)
            else:
                position = self._within(data, position, found)
        return found

    def close(self, *, certain: bool = True) -> list[Noise]:
        """Nothing more will be read: what was left unfinished.

        `certain`: the peer had its say. Otherwise we stopped first, and a CR still to come is not missing.
        """
        found: list[Frame | Noise] = []
        if self._state is _State.BETWEEN:
            self._cr_missing = self._cr_missing or (self._cr_due and certain)
            self._end_run(found)
        else:
            self._break_off(found)
        self._state = _State.BETWEEN
        self._begin_run(cr_due=False)
        return [item for item in found if isinstance(item, Noise)]

    def _between(self, data: bytes, position: int, found: list[Frame | Noise]) -> int:
        if self._cr_due:
            self._cr_due = False
            if data[position] == CR:
                self._offset += 1
                self._run = _Run(self._offset)
                return position + 1
            self._cr_missing = True
        start = data.find(_START, position)
        end = len(data) if start < 0 else start
        self._run.add(data[position:end])
        self._offset += end - position
        if start < 0:
            return end
        self._end_run(found)
        self._begin_block()
        return start + 1

    def _within(self, data: bytes, position: int, found: list[Frame | Noise]) -> int:
        match = _CONTROL.search(data, position)
        end = match.start() if match else len(data)
        self._keep(data[position:end])
        self._offset += end - position
        if match is None:
            return end
        if data[end] == VT:
            self._break_off(found)
            self._begin_block()
        else:
            self._end_block(found)
        return end + 1

    def _keep(self, piece: bytes) -> None:
        if self._state is _State.INSIDE and len(self._body) + len(piece) > self._limit:
            self._state = _State.SKIPPING
            self._run = _Run(self._start, bytes([VT, *self._body[:_HEAD]]), 1 + len(self._body))
            self._body = bytearray()
        if self._state is _State.SKIPPING:
            self._run.add(piece)
        else:
            self._body += piece

    def _begin_block(self) -> None:
        self._state = _State.INSIDE
        self._start = self._offset
        self._offset += 1
        self._body = bytearray()

    def _end_block(self, found: list[Frame | Noise]) -> None:
        if self._state is _State.SKIPPING:
            self._run.add(bytes([FS]))
            found.append(self._run.noise(NoiseKind.OVERSIZE))
        else:
            found.append(Frame(self._start, bytes(self._body)))
        self._offset += 1
        self._begin_run(cr_due=self._state is _State.INSIDE)
        self._state = _State.BETWEEN
        self._body = bytearray()

    def _break_off(self, found: list[Frame | Noise]) -> None:
        """A new VT, or the end of the stream, inside a block: what came so far is no message."""
        if self._state is _State.SKIPPING:
            found.append(self._run.noise(NoiseKind.OVERSIZE))
        else:
            head = bytes([VT, *self._body[: _HEAD - 1]])
            found.append(Noise(NoiseKind.UNFINISHED, self._start, 1 + len(self._body), head))
        self._body = bytearray()

    def _begin_run(self, *, cr_due: bool) -> None:
        self._run = _Run(self._offset)
        self._cr_due = cr_due
        self._cr_missing = False

    def _end_run(self, found: list[Frame | Noise]) -> None:
        if self._cr_missing:
            found.append(self._run.noise(NoiseKind.NO_CARRIAGE_RETURN))
        elif not self._run.quiet:
            found.append(self._run.noise(NoiseKind.OUTSIDE))
        self._begin_run(cr_due=False)
