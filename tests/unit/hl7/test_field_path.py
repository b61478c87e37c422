"""Field paths."""

from __future__ import annotations

import pytest

from harness.hl7 import FieldPath, parse_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("OBR", FieldPath("OBR")),
        ("OBR[2]", FieldPath("OBR", 2)),
        ("PID-3", FieldPath("PID", 0, 3)),
        ("PID-3[2].4.1", FieldPath("PID", 0, 3, 2, 4, 1)),
        ("PV1[1]-19.1", FieldPath("PV1", 1, 19, 0, 1)),
    ],
)
def test_paths_are_read_and_written(text: str, path: FieldPath) -> None:
    assert parse_path(text) == path
    assert str(path) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "begins with a segment name"),
        ("pid-3", "begins with a segment name"),
        ("PIDX-3", "begins with a segment name"),
        ("PID-0", "count from 1"),
        ("PID-3[0]", "count from 1"),
        ("PID.3", "a hyphen stands between"),
        ("PID-3.1.2.3", "expected SEG"),
        ("PID-", "expected SEG"),
        ("PID-3 ", "expected SEG"),
        ("PID-٣", "expected SEG"),
    ],
)
def test_what_is_no_path_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_path(text)


def test_a_path_in_another_occurrence_and_repetition_differs_in_them_alone() -> None:
    path = parse_path("PID[2]-3.4.1")
    assert path.at(3, 2) == FieldPath("PID", 3, 3, 2, 4, 1)
    assert path.at(3, 2) is path.at(3, 2)
    assert path.at(2, 0) is path
