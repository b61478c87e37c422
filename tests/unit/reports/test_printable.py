"""Text that is safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lindqvist^Åsa", "Lindqvist^Åsa"),
        ("山田^太郎", "山田^太郎"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\x00", "a\\r\\nb\\x00"),
        ("abc\u202edef", "abc\\u202edef"),
        ("\udc80", "\\udc80"),
        ("\ufffe", "\\ufffe"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_unsafe_characters_become_visible_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_and_its_length_told() -> None:
    shown = printable("a" * 1_000_000, 10)
    assert shown == "aaaaaaaaaa... (1000000 characters)"


@given(st.text(st.characters(codec=None)))
def test_whatever_comes_out_is_one_encodable_line_without_control_characters(text: str) -> None:
    shown = printable(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
