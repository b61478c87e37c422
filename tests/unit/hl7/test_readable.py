from __future__ import annotations

import pytest

from harness.hl7 import Message, unreadable


def message(marks: str = "|^~\\&", version: str = "2.5.1") -> Message:
    separator = marks[0]
    fields = ["", "A", "B", "C", "D", "20260101", "", "ADT^A04", "1", "P", version]
    return Message.parse(f"MSH{marks}{separator.join(fields)}\r".encode())


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5.1", "2.8", "2.7.1", ""])
def test_a_version_of_hl7_v2_is_read(version: str) -> None:
    assert unreadable(message(version=version)) is None


@pytest.mark.parametrize("version", ["1.0", "3.0", "two", "2", "2.x"])
def test_another_version_is_not(version: str) -> None:
    fault = unreadable(message(version=version))
    assert fault is not None
    assert (fault.location, fault.code) == ("MSH^1^12", "203")


@pytest.mark.parametrize("marks", ["|^^^^", "|^^\\&", "|A~\\&"])
def test_separators_that_cannot_be_told_apart(marks: str) -> None:
    fault = unreadable(message(marks))
    assert fault is not None
    assert (fault.location, fault.code) == ("MSH^1^2", "102")


def test_other_separators_are_read() -> None:
    assert unreadable(message("!$*\\@")) is None


def test_a_message_without_header() -> None:
    fault = unreadable(Message.parse(b"PID|1\r"))
    assert fault is not None
    assert fault.code == "100"
