"""Names for people."""

from __future__ import annotations

import pytest

from harness.hl7 import component_name, field_name, path_name, segment_name


def test_names_of_fields() -> None:
    assert field_name("PID", 3, "2.5.1") == "Patient Identifier List"
    assert field_name("PID", 7, "2.3.1") == "Date/Time of Birth"
    assert field_name("IPC", 3, "2.5.1") == "Study Instance UID"
    assert field_name("ZDS", 1, "2.3.1") == "Study Instance UID"
    assert field_name("MSH", 21, "2.3.1") == "Message Profile Identifier"
    assert field_name("PID", 99, "2.5.1") == ""
    assert field_name("XXX", 1, "2.5.1") == ""


def test_names_of_segments_and_components() -> None:
    assert segment_name("IPC") == "Imaging Procedure Control"
    assert segment_name("XXX") == ""
    assert component_name("PID", 3, 4, "2.5.1") == "Assigning Authority"
    assert component_name("ZDS", 1, 1, "2.3.1") == "Pointer"
    assert component_name("ZDS", 1, 9, "2.3.1") == ""
    assert component_name("PID", 3, 99, "2.5.1") == ""


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("PID", "Patient Identification"),
        ("OBR[2]-2", "Placer Order Number"),
        ("PID-3[2].4.1", "Patient Identifier List, Assigning Authority"),
        ("XXX-1.1", ""),
    ],
)
def test_names_of_paths(path: str, name: str) -> None:
    assert path_name(path, "2.5.1") == name
