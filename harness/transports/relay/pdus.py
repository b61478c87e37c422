"""The upper layer's protocol data units out of a stream that comes in any pieces (PS3.8 9.3). No socket, no record.

Association control is held until it is complete, up to a bound; presentation data are handed on as they come, so that
what is held does not depend on how long a PDU is, or says that it is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from harness.transports.tls import heard_tls

LONGEST_CONTROL = 1 << 20
"""Bytes of a PDU of association control that are held: 128 contexts with every transfer syntax there is are fewer."""

_PDU_HEAD = 6
_VALUE_HEAD = 6
_VALUE_OVERHEAD = 2
_COMMAND = 0b01
_LAST = 0b10


class PduType(IntEnum):
    """The PDUs there are (PS3.8 9.3.1)."""

    A_ASSOCIATE_RQ = 1
    A_ASSOCIATE_AC = 2
    A_ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    A_RELEASE_RQ = 5
    A_RELEASE_RP = 6
    A_ABORT = 7

    @property
    def words(self) -> str:
        """The name as the standard spells it."""
        return self.name.replace("_", "-")


_TYPES = frozenset(PduType)


class PduError(ValueError):
    """The stream holds no PDU at this place; what follows cannot be read."""


class TlsHeard(PduError):
    """TLS is spoken where PDUs are expected: whatever passes is hidden in it."""


@dataclass(frozen=True)
class Control:
    """A whole PDU of association control: what comes after its length."""

    type: PduType
    body: bytes


class Fragment(NamedTuple):
    """A piece of a presentation data value, and whether with it the last one of a command or data set ends.

    A value that comes in several pieces is cut where they end; the pieces make the same message as the value.
    """

    context_id: int
    command: bool
    last: bool
    content: memoryview

    @property
    def header(self) -> int:
        """The message control header that a value with just this content would have (PS3.8 Annex E)."""
        return (_COMMAND if self.command else 0) | (_LAST if self.last else 0)


class _Value(NamedTuple):
    """A presentation data value of which some is still to come."""

    context_id: int
    header: int
    left: int


class PduReader:
    """Reads what one side of an association sends; the result does not depend on how the stream was split."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._type: PduType | None = None
        self._left = 0
        self._value: _Value | None = None
        self._offset = 0

    @property
    def held(self) -> int:
        """Bytes kept for what is not complete."""
        return len(self._held)

    @property
    def pending(self) -> bool:
        """Whether a PDU has begun and not ended."""
        return bool(self._held) or self._type is not None

    def feed(self, data: bytes) -> Iterator[Control | Fragment]:
        """What the next bytes of the stream complete, in order; PduError, after which nothing more is to be fed."""
        view = memoryview(data)
        place = 0
        while place < len(view):
            if self._type is None:
                place = self._collect(view, place, _PDU_HEAD)
                if len(self._held) == _PDU_HEAD:
                    self._begin()
            elif self._type is not PduType.P_DATA_TF:
                place = self._collect(view, place, self._left)
            elif self._value is None:
                place = self._collect(view, place, _VALUE_HEAD)
                if len(self._held) == _VALUE_HEAD:
                    value = self._begin_value()
                    if not value.left:
                        yield self._piece(value, view[place:place])
            else:
                end = min(place + self._value.left, len(view))
                self._offset += end - place
                yield self._piece(self._value, view[place:end])
                place = end
            if (control := self._complete()) is not None:
                yield control

    def close(self) -> None:
        """Nothing more will come. PduError when what came begins a PDU and is too short to be read as one."""
        if self._type is None and self._held and self._held[0] not in _TYPES:
            raise self._no_pdu()

    def _collect(self, view: memoryview, place: int, wanted: int) -> int:
        """Hold bytes up to so many; the place behind them."""
        end = min(place + wanted - len(self._held), len(view))
        self._held += view[place:end]
        self._offset += end - place
        return end

    def _begin(self) -> None:
        kind, length = struct.unpack(">BxL", self._held)
        if kind not in _TYPES:
            raise self._no_pdu()
        self._type, self._left = PduType(kind), length
        if self._type is not PduType.P_DATA_TF and length > LONGEST_CONTROL:
            raise PduError(f"an {self._type.words} of {length} bytes at byte {self._offset - _PDU_HEAD}")
        self._held.clear()

    def _no_pdu(self) -> PduError:
        head = bytes(self._held)
        if self._offset == len(head) and heard_tls(head):
            return TlsHeard("TLS on a connection that is relayed in the clear")
        return PduError(f"bytes that begin no PDU, at byte {self._offset - len(head)}: {head.hex(' ')}")

    def _begin_value(self) -> _Value:
        length, context_id, header = struct.unpack(">LBB", self._held)
        if not _VALUE_OVERHEAD <= length <= self._left - 4:
            raise PduError(
                f"a presentation data value of {length} bytes at byte {self._offset - _VALUE_HEAD}, "
                f"where its PDU has room for {self._left - 4}"
            )
        self._held.clear()
        self._left -= 4 + length
        self._value = value = _Value(context_id, header, length - _VALUE_OVERHEAD)
        return value

    def _piece(self, value: _Value, content: memoryview) -> Fragment:
        left = value.left - len(content)
        self._value = _Value(value.context_id, value.header, left) if left else None
        return Fragment(
            context_id=value.context_id,
            command=bool(value.header & _COMMAND),
            last=bool(value.header & _LAST) and not left,
            content=content,
        )

    def _complete(self) -> Control | None:
        """The PDU of association control that is complete now; of presentation data only the end is noted."""
        if self._type is None:
            return None
        if self._type is PduType.P_DATA_TF:
            if not self._left and self._value is None:
                self._type = None
            elif self._value is None and not self._held and self._left < _VALUE_HEAD:
                raise PduError(f"{self._left} bytes behind the last presentation data value, at byte {self._offset}")
            return None
        if len(self._held) < self._left:
            return None
        control = Control(self._type, bytes(self._held))
        self._held.clear()
        self._type = None
        return control
