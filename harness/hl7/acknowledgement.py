"""The general acknowledgement in original mode (HL7 v2.5.1 2.9.2, 2.14.1; RAD TF-2: 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from harness.hl7.compose import compose
from harness.hl7.field_value import FieldValue
from harness.hl7.message import Message
from harness.hl7.time import ts

ERROR_CODES = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""HL7 table 0357, the same codes in 2.3.1, 2.4 and 2.5.1."""

_VERSION_WHEN_NONE = "2.5.1"


@dataclass(frozen=True)
class AckError:
    """Why a message is not accepted: `location` as `PID^1^3^1^1` (ERR-2), `code` of table 0357, `text` to be
    read."""

    location: str
    code: str
    text: str


def acknowledgement(
    request: Message, code: str, *, control_id: str, now: datetime, error: AckError | None = None
) -> bytes:
    """The answer to any request, in its version: MSA-1 = `code`, MSA-2 = its MSH-10, parties exchanged.

    From v2.4 MSH-9 is `ACK^event^ACK`. An error is an ERR segment from v2.5, and MSA-3 before.
    """
    version = _version(request.version)
    event = request.first("MSH-9.2")
    header: dict[int, FieldValue] = {
        3: request.field_value("MSH-5"),
        4: request.field_value("MSH-6"),
        5: request.field_value("MSH-3"),
        6: request.field_value("MSH-4"),
        7: ts(now),
        9: ("ACK", event, "ACK") if event and version >= (2, 4) else "ACK",
        10: control_id,
        11: request.field_value("MSH-11") or "P",
        12: request.field_value("MSH-12") or _VERSION_WHEN_NONE,
    }
    answer: dict[int, FieldValue] = {1: code, 2: request.field_value("MSH-10")}
    segments = [("MSH", header), ("MSA", answer)]
    if error is not None and version >= (2, 5):
        segments.append(("ERR", _error(error)))
    elif error is not None:
        answer[3] = error.text
    return _in_charset_of(request, segments)


def _error(error: AckError) -> dict[int, FieldValue]:
    return {
        2: tuple(error.location.split("^")),
        3: (error.code, ERROR_CODES.get(error.code, ""), "HL70357"),
        4: "E",
        8: error.text,
    }


def _in_charset_of(request: Message, segments: list[tuple[str, dict[int, FieldValue]]]) -> bytes:
    """The request's character set where it serves, else what `compose` takes."""
    written = compose(segments)
    if written.isascii() or request.charset.unknown:
        return written
    segments[0][1][18] = request.field_value("MSH-18")
    try:
        return compose(segments)
    except UnicodeEncodeError:
        del segments[0][1][18]
        return written


def _version(text: str) -> tuple[int, ...]:
    parts = text.strip()[:12].split(".")
    if all(part.isascii() and part.isdigit() for part in parts):
        return tuple(map(int, parts))
    return tuple(map(int, _VERSION_WHEN_NONE.split(".")))
