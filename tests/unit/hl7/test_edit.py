"""Byte surgery: the touched span changes, every other byte stays."""

from __future__ import annotations

import pytest

from harness.hl7 import Message, duplicate, remove, reorder, set_value

HEAD = b"MSH|^~\\&|RIS|RAD|PACS|RAD|20240102||ORM^O01|C1|P|2.3.1\r"
TAIL = b"OBR|1|A1^OP||x\\T\\y|||\rOBR|2|A2^OP|\rZDS|1.2^R^Application^DICOM\r"
PID = b"PID|||A^^^H&1&ISO~B||DOE^JANE^^|||F||\r"


def _edited(result: bytes) -> bytes:
    """What stands between the untouched head and tail."""
    assert result.startswith(HEAD)
    assert result.endswith(TAIL)
    return result[len(HEAD) : len(result) - len(TAIL)]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("PID-8", "X", b"PID|||A^^^H&1&ISO~B||DOE^JANE^^|||X||\r"),
        ("PID-5.1", "ROE", b"PID|||A^^^H&1&ISO~B||ROE^JANE^^|||F||\r"),
        ("PID-5", "ROE^JIM", b"PID|||A^^^H&1&ISO~B||ROE^JIM|||F||\r"),
        ("PID-3", "C", b"PID|||C||DOE^JANE^^|||F||\r"),
        ("PID-3.4.2", "9", b"PID|||A^^^H&9&ISO~B||DOE^JANE^^|||F||\r"),
        ("PID-3[2]", "C", b"PID|||A^^^H&1&ISO~C||DOE^JANE^^|||F||\r"),
        ("PID-3[2].4.2", "9", b"PID|||A^^^H&1&ISO~B^^^&9||DOE^JANE^^|||F||\r"),
        ("PID-3[4].2", "9", b"PID|||A^^^H&1&ISO~B~~^9||DOE^JANE^^|||F||\r"),
        ("PID-12.2", "9", b"PID|||A^^^H&1&ISO~B||DOE^JANE^^|||F||||^9\r"),
        ("PID-7", "", PID),
        ("PID", "PID|1", b"PID|1\r"),
    ],
)
def test_set_value(path: str, value: str, expected: bytes) -> None:
    assert _edited(set_value(HEAD + PID + TAIL, path, value)) == expected


def test_set_value_writes_what_is_read_back() -> None:
    for path in ("OBR[2]-20", "OBR-4", "ZDS-1.1", "MSH-10", "PID-30.2.3"):
        assert Message.parse(set_value(HEAD + PID + TAIL, path, "VALUE")).first(path) == "VALUE"


def test_the_header_can_be_changed() -> None:
    assert set_value(b"MSH|^~\\&|A|B\r", "MSH-2", "^~") == b"MSH|^~|A|B\r"
    assert set_value(b"MSH|^~\\&|A|B\r", "MSH-4", "C") == b"MSH|^~\\&|A|C\r"
    assert set_value(b"MSH|^~\\&|A|B\r", "MSH-6", "C") == b"MSH|^~\\&|A|B||C\r"
    assert remove(b"MSH|^~\\&|A|B\r", "MSH-3") == b"MSH|^~\\&||B\r"


def test_text_is_written_in_the_message_s_character_set() -> None:
    message = b"MSH|^~\\&|R||||||A^B|1|P|2.3.1||||||8859/1\rPID|||||X^Y\r"
    assert set_value(message, "PID-5.1", "Müller").endswith(b"PID|||||M\xfcller^Y\r")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("PID", b""),
        ("PID-8", b"PID|||A^^^H&1&ISO~B||DOE^JANE^^|||||\r"),
        ("PID-3", b"PID|||||DOE^JANE^^|||F||\r"),
        ("PID-3[1]", b"PID|||B||DOE^JANE^^|||F||\r"),
        ("PID-3[2]", b"PID|||A^^^H&1&ISO||DOE^JANE^^|||F||\r"),
        ("PID-5[1]", b"PID|||A^^^H&1&ISO~B|||||F||\r"),
        ("PID-3.4", b"PID|||A^^^~B||DOE^JANE^^|||F||\r"),
        ("PID-3.4.1", b"PID|||A^^^&1&ISO~B||DOE^JANE^^|||F||\r"),
    ],
)
def test_remove(path: str, expected: bytes) -> None:
    assert _edited(remove(HEAD + PID + TAIL, path)) == expected


def test_remove_takes_the_segment_s_end_with_it() -> None:
    assert remove(b"MSH|^~\\&|A\r\nPID|1\r\nPV1|1\r\n", "PID") == b"MSH|^~\\&|A\r\nPV1|1\r\n"
    assert remove(HEAD + PID + TAIL, "OBR[2]") == HEAD + PID + TAIL.replace(b"OBR|2|A2^OP|\r", b"")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("PID", PID + PID),
        ("PID-3", b"PID|||A^^^H&1&ISO~A^^^H&1&ISO~B||DOE^JANE^^|||F||\r"),
        ("PID-3[2]", b"PID|||A^^^H&1&ISO~B~B||DOE^JANE^^|||F||\r"),
        ("PID-8", b"PID|||A^^^H&1&ISO~B||DOE^JANE^^|||F~F||\r"),
    ],
)
def test_duplicate(path: str, expected: bytes) -> None:
    assert _edited(duplicate(HEAD + PID + TAIL, path)) == expected


def test_duplicate_ends_the_segment_that_had_no_end() -> None:
    assert duplicate(b"MSH|^~\\&|A\rPID|1", "PID") == b"MSH|^~\\&|A\rPID|1\rPID|1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("PID-3[1]", b"PID|||B~A^^^H&1&ISO||DOE^JANE^^|||F||\r"),
        ("PID-3", b"PID||||A^^^H&1&ISO~B|DOE^JANE^^|||F||\r"),
        ("PID-5.1", b"PID|||A^^^H&1&ISO~B||JANE^DOE^^|||F||\r"),
        ("PID-3.4.1", b"PID|||A^^^1&H&ISO~B||DOE^JANE^^|||F||\r"),
    ],
)
def test_reorder(path: str, expected: bytes) -> None:
    assert _edited(reorder(HEAD + PID + TAIL, path)) == expected


def test_reorder_segments() -> None:
    assert reorder(b"MSH|^~\\&|A\rPID|1\rPV1|22\rORC|3\r", "PID") == b"MSH|^~\\&|A\rPV1|22\rPID|1\rORC|3\r"
    assert reorder(HEAD + PID + TAIL, "OBR").index(b"OBR|2") < len(HEAD) + len(PID) + 5


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (remove, "IPC"),
        (remove, "PID-20"),
        (remove, "PID-8.2"),
        (remove, "OBR[3]-2"),
        (duplicate, "PID-5.1"),
        (duplicate, "PID-20"),
        (duplicate, "MSH-2"),
        (reorder, "ZDS"),
        (reorder, "PID-3[2]"),
        (reorder, "PID-10"),
        (lambda message, path: set_value(message, path, "x"), "IPC-1"),
        (lambda message, path: set_value(message, path, "x"), "MSH-2.2"),
        (lambda message, path: set_value(message, path, "x"), "no path"),
    ],
)
def test_a_path_that_names_nothing_is_refused(operation: object, path: str) -> None:
    assert callable(operation)
    with pytest.raises(ValueError, match=r"."):
        operation(HEAD + PID + TAIL, path)


def test_an_undeclared_separator_is_refused() -> None:
    with pytest.raises(ValueError, match="declares no separator"):
        set_value(b"MSH|^~\\|A\rPID|||A\r", "PID-3.1.2", "x")


def test_spans_hold_where_characters_look_like_separators() -> None:
    name = "".join(chr(code) for code in (0x4E5A, 0x4E5C)) + "山"
    message = b"MSH|^~\\&|R||||||A^B|1|P|2.3.1||||||GB 18030-2000\rPID|||||" + name.encode("gb18030") + b"^Y|Z\r"
    assert set_value(message, "PID-5.2", "Q") == message.replace(b"^Y|Z", b"^Q|Z")
    assert remove(message, "PID-5.1") == message.replace(name.encode("gb18030"), b"")
