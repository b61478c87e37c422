"""The lossless reader."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.hl7 import Message, compose

HEAD = b"MSH|^~\\&|RIS|RAD|PACS|RAD|20240102||ORM^O01|C1|P|2.3.1"


def _in_charset(charset: str, text: bytes) -> Message:
    return Message.parse(HEAD + b"||||||" + charset.encode() + b"\rPID|||1||" + text + b"^B\r")


def test_the_header_is_read(samples: Mapping[str, bytes]) -> None:
    message = Message.parse(samples["O23"])
    assert message.type == "OMI^O23"
    assert message.structure == "OMI_O23"
    assert message.version == "2.5.1"
    assert message.control_id == "RIS000123"
    assert message.segment_names() == ("MSH", "PID", "PV1", "ORC", "TQ1", "OBR", "IPC")
    assert (message.first("MSH-1"), message.first("MSH-2"), message.first("MSH-3")) == ("|", "^~\\&", "RIS")


def test_a_plain_acknowledgement_has_a_type_without_event() -> None:
    assert Message.parse(b"MSH|^~\\&|||||||ACK|1|P|2.3.1\rMSA|AA|1\r").type == "ACK"


def test_raw_bytes_are_untouched(samples: Mapping[str, bytes]) -> None:
    for raw in samples.values():
        message = Message.parse(raw)
        assert message.raw == raw
        assert b"".join(segment.raw + b"\r" for segment in message.segments) == raw
        assert message.faults == ()


def test_every_span_is_its_value(samples: Mapping[str, bytes]) -> None:
    for raw in samples.values():
        message = Message.parse(raw)
        for segment in message.segments:
            for number in range(1, segment.field_count + 1):
                for found in (*segment.field(number), *message.all(f"{segment.name}-{number}.1.1")):
                    assert message.raw[found.start : found.end] == found.raw
                    assert message.all(found.path) == (found,)


def test_components_and_subcomponents(samples: Mapping[str, bytes]) -> None:
    message = Message.parse(samples["O23"])
    assert message.first("PID-3.4") == "HOSP&1.2.3&ISO"
    assert message.first("PID-3.4.2") == "1.2.3"
    assert message.first("PID-3.1.1") == "P1001"
    assert message.first("PID-3") == "P1001^^^HOSP&1.2.3&ISO^MR"
    assert message.first("PID-3.9") == ""
    assert message.first("PID-99") == ""
    assert message.first("ZDS-1") == ""


def test_segments_and_repetitions_are_counted(samples: Mapping[str, bytes]) -> None:
    message = Message.parse(samples["O01 two steps"])
    assert [(hit.path, hit.value) for hit in message.all("OBR-20")] == [
        ("OBR[1]-20", "SPS1"),
        ("OBR[2]-20", "SPS2"),
    ]
    assert message.first("OBR[2]-20") == "SPS2"
    assert message.first("OBR[3]-20") == ""
    repeated = Message.parse(HEAD + b"\rPID|||A^^^X~B~^^^Z\r")
    assert [(hit.path, hit.value) for hit in repeated.all("PID-3.4")] == [
        ("PID-3[1].4", "X"),
        ("PID-3[2].4", ""),
        ("PID-3[3].4", "Z"),
    ]
    assert repeated.first("PID-3[2].1") == "B"
    assert repeated.first("PID-3") == "A^^^X"
    assert repeated.all("PID-3[4]") == ()
    assert [hit.value for hit in repeated.segments[1].field(3)] == ["A^^^X", "B", "^^^Z"]
    assert repeated.segments[1].field(4) == ()


def test_a_segment_is_a_hit(samples: Mapping[str, bytes]) -> None:
    message = Message.parse(samples["O01"])
    assert message.has("ZDS")
    assert not message.has("IPC")
    assert message.all("ZDS")[0].raw == b"ZDS|1.2.3.4.5^RIS^Application^DICOM"


def test_what_counts_as_a_value() -> None:
    message = Message.parse(HEAD + b'\rPID||""|^^~&|  ||x\r')
    assert message.has("PID-2")
    assert not message.has("PID-3")
    assert not message.has("PID-4")
    assert not message.has("PID-5")
    assert message.has("PID-6")
    assert not message.has("PID-7")
    assert message.has("MSH-2")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"A\F\B", "A|B"),
        (rb"A\S\B", "A^B"),
        (rb"A\T\B", "A&B"),
        (rb"A\R\B", "A~B"),
        (rb"A\E\B", "A\\B"),
        (rb"A\X0D0A\B", "A\r\nB"),
        (rb"A\.br\B", "A\nB"),
        (rb"\E\F\E\ ".strip(), "\\F\\"),
        (rb"\H\bold\N\ ".strip(), "\\H\\bold\\N\\"),
        (rb"\Zlocal\\F\ ".strip(), "\\Zlocal\\|"),
        (rb"\X0\ ".strip(), "\\X0\\"),
        (rb"a\b", "a\\b"),
    ],
)
def test_escapes(written: bytes, text: str) -> None:
    assert Message.parse(HEAD + b"\rPID|||||" + written + b"^B\r").first("PID-5.1") == text


def test_a_field_in_parts_keeps_its_escapes() -> None:
    message = Message.parse(HEAD + b"\rPID|||||A\\S\\B^C|A\\S\\B\r")
    assert message.first("PID-5") == "A\\S\\B^C"
    assert message.first("PID-6") == "A^B"


def test_other_separators() -> None:
    raw = b"MSH*!%$@*RIS*RAD*PACS*RAD***ORM!O01*C1*P*2.3.1\rPID***1!!!X@1.2@ISO%2**A$S$B|^!C\r"
    message = Message.parse(raw)
    assert message.faults == ()
    assert message.type == "ORM^O01"
    assert message.first("MSH-2") == "!%$@"
    assert message.first("PID-3.4.2") == "1.2"
    assert message.first("PID-3[2]") == "2"
    assert message.first("PID-5.1") == "A!B|^"


def test_an_undeclared_subcomponent_separator_splits_nothing() -> None:
    message = Message.parse(b"MSH|^~\\|RIS|RAD\rPID|||A&B^C\r")
    assert message.first("PID-3.1.1") == "A&B"
    assert message.first("PID-3.1.2") == ""
    assert [fault.text for fault in message.faults] == ["MSH-2 declares no subcomponent separator"]


@pytest.mark.parametrize(
    ("charset", "written", "text"),
    [
        ("8859/1", "Müller".encode("latin-1"), "Müller"),
        ("8859/5", "Иванов".encode("iso8859_5"), "Иванов"),
        ("UNICODE UTF-8", "Müller 山田".encode(), "Müller 山田"),
        ("UNICODE UTF-8", rb"M\XC3BC\ller", "Müller"),
        ("~ISO IR87", "山田".encode("iso2022_jp"), "山田"),
        ("ISO IR87", "ニ旭".encode("iso2022_jp"), "ニ旭"),
        ("~ISO IR87~ISO IR159", "丂山".encode("iso2022_jp_1"), "丂山"),
        ("ISO IR14~ISO IR87", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        ("ISO IR14~ISO IR87", b"\x1b(I\x54\x4f\x1b(J", "ﾔﾏ"),
        ("KS X 1001", "홍길동".encode("euc_kr"), "홍길동"),
        ("~KS X 1001", b"\x1b$)C" + "홍".encode("euc_kr"), "홍"),
        ("GB 18030-2000", "王丂".encode("gb18030"), "王丂"),
        ("GB 18030-2000", "\u0e01".encode("gb18030"), "\u0e01"),
    ],
)
def test_character_sets(charset: str, written: bytes, text: str) -> None:
    message = _in_charset(charset, written)
    assert message.first("PID-5.1") == text
    assert message.first("PID-5.2") == "B"
    assert message.faults == ()


@pytest.mark.parametrize("codec", ["gb18030", "iso2022_jp"])
def test_a_character_that_holds_a_separator_is_no_separator(codec: str) -> None:
    charset = {"gb18030": "GB 18030-2000", "iso2022_jp": "~ISO IR87"}[codec]
    candidates: list[str] = []
    for code in range(0x4E00, 0x9000):
        try:
            encoded = chr(code).encode(codec)
        except UnicodeEncodeError:
            continue
        if any(mark in encoded for mark in b"|^~\\&"):
            candidates.append(chr(code))
    assert len(candidates) > 50
    text = "".join(candidates)
    message = _in_charset(charset, text.encode(codec))
    assert message.first("PID-5.1") == text
    assert message.first("PID-5.2") == "B"
    assert message.faults == ()


@pytest.mark.parametrize(
    ("charset", "written", "text", "fault"),
    [
        ("", b"M\xfcller", "M\ufffdller", "byte 0xFC cannot be decoded as ASCII, for MSH-18 declares nothing else"),
        ("ASCII", b"M\xfcller", "M\ufffdller", "byte 0xFC cannot be decoded as ASCII"),
        ("UNICODE UTF-8", b"M\xfcller", "M\ufffdller", "byte 0xFC cannot be decoded as UNICODE UTF-8"),
        ("~ISO IR87", b"\x1b$B\x21\x1b(BA", "\ufffdA", "byte 0x21 cannot be decoded as  ISO IR87"),
        ("ISO IR14", b"\xff", "\ufffd", "byte 0xFF cannot be decoded as ISO IR14"),
    ],
)
def test_what_cannot_be_decoded_is_replaced_and_reported(charset: str, written: bytes, text: str, fault: str) -> None:
    message = _in_charset(charset, written)
    assert message.first("PID-5.1") == text
    assert [found.text for found in message.faults] == [fault]
    assert message.raw[message.faults[0].offset] in written


def test_a_charset_that_no_table_knows_is_reported() -> None:
    message = _in_charset("KLINGON", b"A")
    assert [found.text for found in message.faults] == [
        "MSH-18 names 'KLINGON', which is not in table 0211 or not supported"
    ]
    assert _in_charset("UTF-8", "ü".encode()).first("PID-5.1") == "ü"


@pytest.mark.parametrize(
    ("raw", "offset", "text"),
    [
        (b"", 0, "the message is empty"),
        (b"PID|||1\r", 0, "there is no MSH segment"),
        (b"garbage" + b"\r" + HEAD + b"\r", 0, "the message does not begin with MSH"),
        (b"\xef\xbb\xbf" + HEAD + b"\r", 0, "the message begins with a byte order mark"),
        (HEAD + b"\nPID|||1\n", len(HEAD), "a line feed ends a segment instead of CR, or stands bare in text"),
        (HEAD + b"\r\nPID|||1\r\n", len(HEAD), "a segment ends with CR LF instead of CR alone"),
        (HEAD + b"\r\rPID|||1\r", len(HEAD) + 1, "there is a blank segment"),
        (HEAD + b"\rPID|||1", len(HEAD) + 8, "the last segment has no end"),
        (HEAD + b"\rpid|||1\r", len(HEAD) + 1, "'pid' is no segment name"),
        (HEAD + b"\rPID^^^1\r", len(HEAD) + 1, "'PID^^^1' is no segment name"),
        (HEAD + b"\rPID\r", len(HEAD) + 1, "segment PID has no field"),
        (HEAD + b"\rPID|||1\x00\r", len(HEAD) + 8, "control character 0x00 in text"),
        (HEAD + b"\r" + HEAD + b"\r", len(HEAD) + 1, "there is a second MSH segment"),
        (HEAD + b"\rPID|||a\\b\r", len(HEAD) + 8, "an escape character begins no escape sequence"),
        (b"MSH", 0, "MSH-1 is missing or no separator; | is assumed"),
        (b"MSHXabc\r", 0, "MSH-1 is missing or no separator; | is assumed"),
        (b"MSH||RIS\r", 0, "MSH-2 is missing; ^~\\& is assumed"),
        (b"MSH|^^\\&|RIS\r", 0, "MSH-2 declares ^ twice"),
        (b"MSH|a~\\&|RIS\r", 0, "MSH-2 declares 0x61 as component separator"),
        (b"MSH|^~\\&RIS-RAD\r", 0, "MSH-2 has more than the encoding characters"),
    ],
)
def test_malformed_messages_are_read_and_reported(raw: bytes, offset: int, text: str) -> None:
    message = Message.parse(raw)
    assert (offset, text) in [(fault.offset, fault.text) for fault in message.faults]
    assert message.raw == raw


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_segments_are_found_whatever_ends_them(end: bytes) -> None:
    message = Message.parse(HEAD + end + b"PID|||1" + end + b"ZDS|1" + end)
    assert message.segment_names() == ("MSH", "PID", "ZDS")
    assert message.first("PID-3") == "1"
    assert message.first("MSH-12") == "2.3.1"


def test_a_line_feed_within_text_is_text() -> None:
    message = Message.parse(HEAD + b"\rNTE|1||two\nlines\r")
    assert message.first("NTE-3") == "two\nlines"
    assert message.segment_names() == ("MSH", "NTE")


@pytest.mark.parametrize("separator", [b"^", b"~", b"\\", b"&"])
def test_an_assumed_encoding_character_is_never_the_field_separator(separator: bytes) -> None:
    message = Message.parse(b"MSH" + separator * 2 + b"RIS\rPID" + separator + b"1" + separator + b"2\r")
    marks = message.delimiters
    assert separator not in (marks.component, marks.repetition, marks.escape, marks.subcomponent)
    assert message.first("PID-2") == "2"
    assert [fault.text for fault in message.faults] == ["MSH-2 is missing; ^~\\& is assumed"]


def test_a_message_behind_garbage_is_still_read() -> None:
    message = Message.parse(b"\r\nMSH*!%$@*RIS\rPID***A!B\r")
    assert message.first("PID-3.2") == "B"


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_truncated_messages_are_read(samples: Mapping[str, bytes], cut: int) -> None:
    message = Message.parse(samples["O23"][:cut])
    assert message.raw == samples["O23"][:cut]
    assert message.faults


def test_reading_is_bounded() -> None:
    repeated = Message.parse(HEAD + b"\rPID|||" + b"~" * 50_000 + b"\r")
    assert len(repeated.all("PID-3")) == 10_000
    assert "more than 10000 repetition separators; some repetitions may not be read" in [
        fault.text for fault in repeated.faults
    ]
    many = Message.parse(HEAD + b"\r" + b"A\r" * 150_000)
    assert len(many.segments) == 100_000
    assert len(many.faults) == 100


def test_a_field_in_its_parts() -> None:
    raw = HEAD + b"\rPID|||A^^^N&U&ISO~B\\S\\|plain|\r"
    message = Message.parse(raw)
    assert message.field_value("PID-3") == [("A", "", "", ("N", "U", "ISO")), "B^"]
    assert message.field_value("PID-3[1]") == ("A", "", "", ("N", "U", "ISO"))
    assert message.field_value("PID-3.4") == ("N", "U", "ISO")
    assert message.field_value("PID-4") == "plain"
    assert message.field_value("PID-9") == ""
    written = compose([("PID", {3: message.field_value("PID-3"), 4: message.field_value("PID-4")})])
    assert written == b"PID|||A^^^N&U&ISO~B\\S\\|plain\r"


def test_messages_compare_by_their_bytes(samples: Mapping[str, bytes]) -> None:
    assert Message.parse(samples["O01"]) == Message.parse(samples["O01"])
    assert Message.parse(samples["O01"]) != Message.parse(samples["O23"])
    assert len({Message.parse(samples["O01"]), Message.parse(samples["O01"])}) == 1
    assert "ORM^O01" in repr(Message.parse(samples["O01"]))


_PIECES = st.sampled_from(
    [
        b"MSH",
        b"|",
        b"^~\\&",
        b"\r",
        b"\n",
        b"PID",
        b"~",
        b"^",
        b"&",
        b"\\",
        b"\\X",
        b"0D",
        b"\x1b$B",
        b"\x1b(B",
        b"ISO IR87",
        b"GB 18030-2000",
        b"UNICODE UTF-8",
        b"\x00",
        b"\x81",
        b"\xff",
        b"OBR",
        b"||||||||||||||||",
    ]
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.binary(max_size=400), st.lists(_PIECES | st.binary(max_size=4), max_size=60).map(b"".join)))
def test_reading_never_raises(raw: bytes) -> None:
    for content in (raw, HEAD + b"||||||" + raw):
        message = Message.parse(content)
        assert all(0 <= fault.offset <= len(content) for fault in message.faults)
        assert isinstance(message.type + message.structure + message.version + message.control_id, str)
        for segment in message.segments:
            assert segment.raw == content[segment.start : segment.end]
            for number in range(1, segment.field_count + 1):
                for found in segment.field(number):
                    assert found.raw == content[found.start : found.end]
        for path in ("PID", "PID-3", "PID-3.1.2", "MSH-2", "OBR[2]-1[2].1"):
            hits = message.all(path)
            assert message.first(path) == (hits[0].value if hits else "")
            assert isinstance(message.has(path), bool)
