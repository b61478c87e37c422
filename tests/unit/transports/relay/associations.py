"""PDUs as bytes, written from the standard and by hand, so that no code under test makes what it reads (PS3.8 9.3)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise

from harness.transports.dimse.assembly import Message, fragments
from harness.transports.relay.pdus import PduType

CALLING, CALLED = "MODALITY", "ARCHIVE"
CONTEXT_NAME = b"1.2.840.10008.3.1.1.1"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"
COMMITMENT, WORKLIST = "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.31"

RELEASE_RQ = struct.pack(">BBLL", 5, 0, 4, 0)
RELEASE_RP = struct.pack(">BBLL", 6, 0, 4, 0)


def abort(source: int = 0, reason: int = 0) -> bytes:
    return struct.pack(">BBLBBBB", 7, 0, 4, 0, 0, source, reason)


def rejection(result: int = 1, source: int = 1, reason: int = 7) -> bytes:
    return struct.pack(">BBLBBBB", 3, 0, 4, 0, result, source, reason)


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBL", kind, 0, len(body)) + body


def user(*more: bytes, max_pdu: int = 16384, implementation: bytes = b"1.2.3.4", version: bytes = b"MADE_UP") -> bytes:
    """The user information item."""
    known = item(0x51, struct.pack(">L", max_pdu)) + item(0x52, implementation) + item(0x55, version)
    return item(0x50, known + b"".join(more))


def role(sop_class: str, scu: int, scp: int) -> bytes:
    uid = sop_class.encode()
    return item(0x54, struct.pack(">H", len(uid)) + uid + bytes((scu, scp)))


def proposed(number: int, abstract_syntax: str, *transfer_syntaxes: str) -> bytes:
    syntaxes = b"".join(item(0x40, uid.encode()) for uid in transfer_syntaxes)
    return item(0x20, bytes((number, 0, 0, 0)) + item(0x30, abstract_syntax.encode()) + syntaxes)


def answered(number: int, result: int, transfer_syntax: str = IMPLICIT) -> bytes:
    return item(0x21, bytes((number, 0, result, 0)) + item(0x40, transfer_syntax.encode()))


def associate(
    kind: PduType, *items: bytes, called: str = CALLED, calling: str = CALLING, context_name: bytes = CONTEXT_NAME
) -> bytes:
    """An A-ASSOCIATE-RQ or -AC."""
    head = struct.pack(">HH16s16s32s", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode(), b"")
    return pdu(kind, head + item(0x10, context_name) + b"".join(items))


def request(contexts: Mapping[int, str], *more: bytes, **user_facts: int | bytes) -> bytes:
    """An A-ASSOCIATE-RQ of abstract syntaxes by context number; `more` goes into the user information."""
    asked = [proposed(number, uid, EXPLICIT, IMPLICIT) for number, uid in contexts.items()]
    return associate(PduType.A_ASSOCIATE_RQ, *asked, user(*more, **user_facts))  # type: ignore[arg-type]


def acceptance(results: Mapping[int, int], *more: bytes, syntax: str = EXPLICIT, **user_facts: int | bytes) -> bytes:
    """An A-ASSOCIATE-AC with the result of each context."""
    given = [answered(number, result, syntax) for number, result in results.items()]
    return associate(PduType.A_ASSOCIATE_AC, *given, user(*more, **user_facts))  # type: ignore[arg-type]


def data(*values: tuple[int, bytes]) -> bytes:
    """A P-DATA-TF of presentation data values, control header first."""
    items = [struct.pack(">LB", len(value) + 1, context_id) + value for context_id, value in values]
    return pdu(PduType.P_DATA_TF, b"".join(items))


def sent(message: Message, largest: int = 16384) -> bytes:
    """A message in as many P-DATA-TF PDUs as it takes."""
    return b"".join(data((message.context_id, value)) for value in fragments(message, largest))


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """The stream in pieces."""
    edges = [0, *sorted(places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]
