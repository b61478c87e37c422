"""The separators that a message declares in MSH-1 and MSH-2, read from its bytes (HL7 v2.5.1 2.5.4)."""

from __future__ import annotations

from dataclasses import dataclass

_PUNCTUATION = frozenset(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_NAMES = ("component separator", "repetition separator", "escape character", "subcomponent separator")


@dataclass(frozen=True)
class Delimiters:
    """One byte each, all different; one that the message does not declare is empty and never splits anything."""

    field: bytes = b"|"
    component: bytes = b"^"
    repetition: bytes = b"~"
    escape: bytes = b"\\"
    subcomponent: bytes = b"&"

    @property
    def encoding_characters(self) -> bytes:
        """MSH-2 as it is written."""
        return self.component + self.repetition + self.escape + self.subcomponent


DEFAULT = Delimiters()


def read_delimiters(raw: bytes, header: int) -> tuple[Delimiters, tuple[str, ...]]:
    """The separators of the MSH segment that starts at `header` (-1: there is none), and their faults.

    What cannot be used is replaced: by the recommended field separator, and by the recommended encoding
    characters when MSH-2 is empty. An encoding character missing at the end of MSH-2 stays undeclared.
    """
    if header < 0 or raw.startswith(b"MSH|^~\\&|", header):
        return DEFAULT, ()
    faults: list[str] = []
    field = raw[header + 3 : header + 4]
    if not field or field[0] not in _PUNCTUATION:
        faults.append("MSH-1 is missing or no separator; | is assumed")
        return DEFAULT, tuple(faults)
    line = raw[header + 4 : header + 64].split(b"\r", 1)[0].split(b"\n", 1)[0]
    declared = line.split(field, 1)[0]
    if not declared:
        assumed = (mark if mark != field else b"" for mark in (b"^", b"~", b"\\", b"&"))
        return Delimiters(field, *assumed), ("MSH-2 is missing; ^~\\& is assumed",)
    characters: list[bytes] = []
    for position, name in enumerate(_NAMES):
        character = declared[position : position + 1]
        if not character:
            faults.append(f"MSH-2 declares no {name}")
        elif character[0] not in _PUNCTUATION:
            faults.append(f"MSH-2 declares 0x{character[0]:02X} as {name}")
            character = b""
        elif character in (*characters, field):
            faults.append(f"MSH-2 declares {character.decode('ascii')} twice")
            character = b""
        characters.append(character)
    if len(declared) > 5:
        faults.append("MSH-2 has more than the encoding characters")
    return Delimiters(field, *characters), tuple(faults)
