from __future__ import annotations

import pytest

from harness.checks.value_forms import well_formed


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "20240102"),
        ("DA", ""),
        ("TM", "11"),
        ("TM", "1115"),
        ("TM", "111560"),
        ("TM", "111500.123456"),
        ("DT", "2024"),
        ("DT", "20240102111500.5+0100"),
        ("UI", "1.2.840.0.1"),
        ("UI", "1.2.3\\1.2.4"),
        ("UI", "1." + "2" * 62),
        ("LO", "anything"),
        ("SQ", ""),
    ],
)
def test_what_is_well_formed(vr: str, text: str) -> None:
    assert well_formed(vr, text)


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "2024-01-02"),
        ("DA", "20241301"),
        ("DA", "20230229"),
        ("TM", "11:15"),
        ("TM", "2415"),
        ("TM", "1"),
        ("TM", "111500.1234567"),
        ("DT", "2024010211150"),
        ("UI", "1.02.3"),
        ("UI", "1..3"),
        ("UI", "1.2."),
        ("UI", "1.2.3\\x"),
        ("UI", "1." + "2" * 63),
    ],
)
def test_what_is_not(vr: str, text: str) -> None:
    assert not well_formed(vr, text)
