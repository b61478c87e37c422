"""Writing a message: segments given as fields in their parts, recommended separators, one character set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.hl7.charset import charset_of
from harness.hl7.delimiters import DEFAULT
from harness.hl7.field_value import FieldValue, render

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)
_UNICODE = "UNICODE UTF-8"
_CHARSET_FIELD = 18


def compose(segments: Iterable[tuple[str, Mapping[int, FieldValue]]], *, encoding: str = "ascii") -> bytes:
    """The bytes of a message; each segment ends with a carriage return.

    MSH-1 and MSH-2 are written here. MSH-18 as given decides the character set, else `encoding` (a name of
    HL7 table 0211) when it is not ASCII, else UTF-8 when the text needs it. ValueError on bad names, numbers
    or nesting, and on text that the given character set lacks.
    """
    rendered = [(name, _rendered(name, fields)) for name, fields in segments]
    header = next((fields for name, fields in rendered if name == "MSH"), None)
    declared = header.get(_CHARSET_FIELD, "") if header is not None else ""
    if not declared and encoding.upper() not in ("", "ASCII"):
        declared = encoding
    if not declared and not all(text.isascii() for _, fields in rendered for text in fields.values()):
        declared = _UNICODE
    if declared and header is not None:
        header[_CHARSET_FIELD] = declared
    charset = charset_of(declared.encode("ascii"), DEFAULT.repetition)
    return b"".join(charset.encode(_line(name, fields)) + b"\r" for name, fields in rendered)


def _rendered(name: str, fields: Mapping[int, FieldValue]) -> dict[int, str]:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no segment name")
    if any(number < 1 for number in fields):
        raise ValueError(f"{name}: fields count from 1")
    if name == "MSH" and (1 in fields or 2 in fields):
        raise ValueError("MSH-1 and MSH-2 are written by compose")
    return {number: text for number, value in fields.items() if (text := render(value))}


def _line(name: str, fields: Mapping[int, str]) -> str:
    separator = DEFAULT.field.decode("ascii")
    last = max(fields, default=0)
    if name == "MSH":
        head = f"MSH{separator}{DEFAULT.encoding_characters.decode('ascii')}"
        return separator.join([head, *(fields.get(number, "") for number in range(3, last + 1))])
    return separator.join([name, *(fields.get(number, "") for number in range(1, max(last, 1) + 1))])
