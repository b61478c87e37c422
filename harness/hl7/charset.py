"""Character sets of MSH-18 (HL7 table 0211): decoding, encoding, and hiding multi-byte text from separators.

Knows nothing of segments. In GB 18030, BIG-5 and ISO 2022 the second byte of a character may look like a
separator: `mask` gives bytes of equal length in which such characters are blotted out, so that spans stay
true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_CODECS = {
    "": "ascii",
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
    "ISO IR14": "jis_x_0201",
    "ISO IR87": "ascii",
    "ISO IR159": "ascii",
    "KS X 1001": "euc_kr",
    "GB 18030-2000": "gb18030",
    "BIG-5": "big5",
    "UNICODE": "utf_8",
    "UNICODE UTF-8": "utf_8",
}
NAMES = frozenset(_CODECS) - {""}
"""The names of HL7 table 0211 that text can be written and read in."""

# Spellings that are met in the field and are not in table 0211: understood, and reported.
_MISSPELT = {
    "UTF-8": "utf_8",
    "UTF8": "utf_8",
    "ISO-8859-1": "iso8859_1",
    "ISO IR100": "iso8859_1",
    "ISO IR192": "utf_8",
}
_ESCAPED = frozenset({"ISO IR14", "ISO IR87", "ISO IR159", "KS X 1001"})
_NAME_LIMIT = 40

# Escape sequences of ISO 2022 (PS3.3 C.12.1.1.2 lists the same): what they designate, as G0 or as G1.
_ASCII_G0 = {b"\x1b(B", b"\x1b(J"}
_MULTIBYTE_G0 = {b"\x1b$@", b"\x1b$B", b"\x1b$(D"}
_KATAKANA_G0 = b"\x1b(I"
_G1 = {
    b"\x1b)I": "jis_x_0201",
    b"\x1b$)C": "euc_kr",
    b"\x1b$)A": "gb2312",
    b"\x1b-A": "iso8859_1",
    b"\x1b-B": "iso8859_2",
    b"\x1b-C": "iso8859_3",
    b"\x1b-D": "iso8859_4",
    b"\x1b-F": "iso8859_7",
    b"\x1b-G": "iso8859_6",
    b"\x1b-H": "iso8859_8",
    b"\x1b-L": "iso8859_5",
    b"\x1b-M": "iso8859_9",
}
_SEQUENCE = re.compile(rb"\x1b(?:\$[()][A-Z]|\$[@-B]|[()\-][A-Z])")
_ESCAPED_TEXT = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\(I)[^\x1b\r\n]*|\x1b(?:\$[()][A-Z]|\$[@-B]|[()\-][A-Z])")
_DOUBLE_BYTE = re.compile(rb"[\x81-\xfe](?:[0-9][\x81-\xfe][0-9]|[\x40-\x7e\x80-\xfe])")


class UnknownCharsetError(ValueError):
    """MSH-18 names a character set that text cannot be written in."""


@dataclass(frozen=True)
class Charset:
    """What MSH-18 declares. `names` are its repetitions, `unknown` those that table 0211, or we, do not
    know."""

    names: tuple[str, ...]
    codec: str
    escaped: bool
    unknown: tuple[str, ...] = ()

    def decode(self, raw: bytes) -> str:
        """The text; U+FFFD stands for what cannot be decoded."""
        if raw.isascii() and not (self.escaped and b"\x1b" in raw):
            return raw.decode("ascii")
        return "".join(_decode(chunk, codec, "replace") for _, chunk, codec in self._runs(raw))

    def first_undecodable(self, raw: bytes) -> int | None:
        """Offset of the first byte that cannot be decoded; None when there is none."""
        if raw.isascii() and not (self.escaped and b"\x1b" in raw):
            return None
        for offset, chunk, codec in self._runs(raw):
            try:
                _decode(chunk, codec, "strict")
            except UnicodeDecodeError as fault:
                return offset + max(0, min(fault.start, len(chunk) - 1))
        return None

    def encode(self, text: str) -> bytes:
        """The bytes; UnicodeEncodeError when the set lacks a character, UnknownCharsetError when it is
        unusable."""
        if self.unknown and self.codec == "ascii" and not text.isascii():
            raise UnknownCharsetError(f"character set {self.unknown[0]!r} is not supported")
        if "ISO IR159" in self.names:
            return text.encode("iso2022_jp_1")
        if "ISO IR87" in self.names:
            return text.encode("iso2022_jp")
        if self.codec == "jis_x_0201":
            return _encode_jis_x_0201(text)
        return text.encode(self.codec)

    def mask(self, raw: bytes) -> bytes:
        """Bytes of the same length in which no multi-byte character looks like a separator."""
        if self.codec in ("gb18030", "big5"):
            return _DOUBLE_BYTE.sub(_blot, raw)
        if self.escaped and b"\x1b" in raw:
            return _ESCAPED_TEXT.sub(_blot, raw)
        return raw

    def _runs(self, raw: bytes) -> Iterator[tuple[int, bytes, str]]:
        """Stretches of one code: offset, bytes, codec."""
        if not (self.escaped and b"\x1b" in raw):
            yield 0, raw, self.codec
            return
        g0, g1, position = "", self.codec, 0
        for found in _SEQUENCE.finditer(raw):
            if found.start() > position:
                yield position, raw[position : found.start()], g0 or g1
            sequence, position = found.group(), found.end()
            if sequence in _ASCII_G0:
                g0 = ""
            elif sequence == _KATAKANA_G0 or sequence in _MULTIBYTE_G0:
                g0 = sequence.decode("ascii")
            else:
                g1 = _G1.get(sequence, g1)
        if position < len(raw):
            yield position, raw[position:], g0 or g1


@lru_cache(maxsize=64)
def charset(names: tuple[str, ...]) -> Charset:
    """The character set that the repetitions of MSH-18 declare; the first is in force at the start."""
    known: list[str] = []
    unknown: list[str] = []
    codec = ""
    for position, name in enumerate(name.strip().upper() for name in names):
        if name in _CODECS:
            known.append(name)
            found = _CODECS[name]
        else:
            unknown.append(names[position][:_NAME_LIMIT])
            found = _MISSPELT.get(name, "ascii")
        if position == 0:
            codec = found
    escaped = len(names) > 1 or any(name in _ESCAPED for name in known)
    return Charset(tuple(known), codec or "ascii", escaped, tuple(unknown))


def charset_of(field: bytes, repetition: bytes) -> Charset:
    """The character set of the raw MSH-18."""
    text = field[: _NAME_LIMIT * 8].decode("ascii", "replace")
    return charset(tuple(text.split(repetition.decode("ascii"))) if repetition else (text,))


def _blot(found: re.Match[bytes]) -> bytes:
    return b"\x80" * (found.end() - found.start())


def _decode(raw: bytes, codec: str, errors: str) -> str:
    if codec == "jis_x_0201":
        return _decode_jis_x_0201(raw, errors)
    if codec == "\x1b(I":
        return _decode_jis_x_0201(bytes(byte | 0x80 if byte > 0x20 else byte for byte in raw), errors)
    if codec.startswith("\x1b"):
        prefix = codec.encode("ascii")
        try:
            return (prefix + raw).decode("iso2022_jp_1", errors)
        except UnicodeDecodeError as fault:
            start = max(0, fault.start - len(prefix))
            raise UnicodeDecodeError("iso2022_jp_1", raw, start, start + 1, fault.reason) from None
    return raw.decode(codec, errors)


def _decode_jis_x_0201(raw: bytes, errors: str) -> str:
    """ASCII in the left half, halfwidth katakana in 0xA1 to 0xDF."""
    characters: list[str] = []
    for position, byte in enumerate(raw):
        if byte < 0x80:
            characters.append(chr(byte))
        elif 0xA1 <= byte <= 0xDF:
            characters.append(chr(0xFF61 + byte - 0xA1))
        elif errors == "strict":
            raise UnicodeDecodeError("jis_x_0201", raw, position, position + 1, "not assigned")
        else:
            characters.append("\ufffd")
    return "".join(characters)


def _encode_jis_x_0201(text: str) -> bytes:
    encoded = bytearray()
    for position, character in enumerate(text):
        code = ord(character)
        if code < 0x80:
            encoded.append(code)
        elif 0xFF61 <= code <= 0xFF9F:
            encoded.append(code - 0xFF61 + 0xA1)
        else:
            raise UnicodeEncodeError("jis_x_0201", text, position, position + 1, "not in the set")
    return bytes(encoded)
