"""Separators read from the header."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.hl7.delimiters import DEFAULT, Delimiters, read_delimiters


def test_the_recommended_separators() -> None:
    assert read_delimiters(b"MSH|^~\\&|RIS", 0) == (DEFAULT, ())
    assert DEFAULT.encoding_characters == b"^~\\&"


def test_a_fifth_encoding_character_is_legal() -> None:
    assert read_delimiters(b"MSH|^~\\&#|RIS", 0) == (DEFAULT, ())


def test_other_separators() -> None:
    assert read_delimiters(b"xxMSH*!%$@*RIS", 2) == (Delimiters(b"*", b"!", b"%", b"$", b"@"), ())


@given(st.binary(max_size=8) | st.text("|^~\\&-#]", max_size=8).map(str.encode))
def test_separators_are_one_byte_and_differ(declared: bytes) -> None:
    marks, _ = read_delimiters(b"MSH" + declared, 0)
    used = [mark for mark in (marks.field, marks.component, marks.repetition, marks.escape, marks.subcomponent) if mark]
    assert marks.field
    assert len(set(used)) == len(used)
    assert all(len(mark) == 1 for mark in used)
