"""Writing messages."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.hl7 import FieldValue, Message, compose, xcn, xpn
from harness.hl7.field_value import render
from harness.model.scenario import PersonName, Practitioner

HEADER: dict[int, FieldValue] = {3: "RIS", 4: "RAD", 9: ("ORM", "O01"), 10: "C1", 11: "P", 12: "2.3.1"}


def test_a_message_is_written() -> None:
    written = compose(
        [
            ("MSH", HEADER),
            ("PID", {3: [("P1", "", "", ("HOSP", "1.2.3", "ISO")), ("P2",)], 5: ("DOE", "JANE", "", ""), 8: ""}),
            ("ZDS", {1: ("1.2.3", "RIS", "Application", "DICOM")}),
        ]
    )
    assert written == (
        b"MSH|^~\\&|RIS|RAD|||||ORM^O01|C1|P|2.3.1\r"
        b"PID|||P1^^^HOSP&1.2.3&ISO~P2||DOE^JANE\r"
        b"ZDS|1.2.3^RIS^Application^DICOM\r"
    )
    assert Message.parse(written).faults == ()


def test_separators_and_controls_in_text_are_escaped() -> None:
    written = compose([("NTE", {3: "a|b^c~d\\e&f\r\n"})])
    assert written == b"NTE|||a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f\\X0D\\\\X0A\\\r"
    assert Message.parse(written).first("NTE-3") == "a|b^c~d\\e&f\r\n"


def test_the_null_value_stays_null() -> None:
    assert compose([("PID", {8: '""'})]) == b'PID||||||||""\r'


def test_text_beyond_ascii_is_declared_and_written_as_utf_8() -> None:
    written = compose([("MSH", HEADER), ("PID", {5: ("Müller", "山田")})])
    message = Message.parse(written)
    assert message.first("MSH-18") == "UNICODE UTF-8"
    assert message.first("PID-5.1") == "Müller"
    assert written.endswith("PID|||||Müller^山田\r".encode())
    assert message.faults == ()


@pytest.mark.parametrize(
    ("charset", "text", "codec"),
    [
        ("8859/1", "Müller", "latin-1"),
        ("KS X 1001", "홍길동", "euc_kr"),
        ("GB 18030-2000", "王丂", "gb18030"),
        (["", "ISO IR87"], "山田", "iso2022_jp"),
    ],
)
def test_the_character_set_given_is_used(charset: FieldValue, text: str, codec: str) -> None:
    written = compose([("MSH", {**HEADER, 18: charset}), ("PID", {5: (text, "B")})])
    assert b"PID|||||" + text.encode(codec) + b"^B\r" in written
    message = Message.parse(written)
    assert message.first("PID-5.1") == text
    assert message.first("PID-5.2") == "B"
    assert message.faults == ()


def test_a_default_encoding_may_be_named() -> None:
    written = compose([("MSH", HEADER), ("PID", {5: "Müller"})], encoding="8859/1")
    assert Message.parse(written).first("MSH-18") == "8859/1"
    assert written.endswith(b"M\xfcller\r")


@pytest.mark.parametrize(
    "segment",
    [
        ("pid", {1: "1"}),
        ("PIDX", {1: "1"}),
        ("PID", {0: "1"}),
        ("MSH", {2: "^~\\&"}),
        ("PID", {3: ((("too deep",),),)}),
        ("PID", {3: (["repetition in a component"],)}),
    ],
)
def test_what_cannot_be_written_is_refused(segment: tuple[str, dict[int, FieldValue]]) -> None:
    with pytest.raises(ValueError, match=r"."):
        compose([segment])


def test_text_that_the_character_set_lacks_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        compose([("MSH", {**HEADER, 18: "8859/1"}), ("PID", {5: "山"})])
    with pytest.raises(ValueError, match="KLINGON"):
        compose([("MSH", {**HEADER, 18: "KLINGON"}), ("PID", {5: "山"})])


def test_persons() -> None:
    name = PersonName(family="DOE", given="JANE", suffix="III", prefix="DR")
    assert render(xpn(name)) == "DOE^JANE^^III^DR"
    assert render(xpn(PersonName(family="DOE"))) == "DOE"
    doctor = Practitioner(id="77", name=PersonName(family="ORDER", given="DOC"))
    assert render(xcn(doctor)) == "77^ORDER^DOC"


def test_an_independent_reader_reads_what_is_written() -> None:
    written = compose(
        [
            ("MSH", HEADER),
            ("PID", {3: [("P1", "", "", ("HOSP", "1.2.3", "ISO")), "P2"], 5: ("O|NEIL", "A^B&C~D\\E"), 7: "19700101"}),
            ("OBR", {2: ("A1", "OP"), 20: "SPS1"}),
            ("OBR", {2: ("A2", "OP"), 20: "SPS2"}),
        ]
    )
    read = hl7.parse(written.decode("ascii"))
    assert str(read) == written.decode("ascii")
    assert read["MSH.F9.R1.C2"] == "O01"
    assert read["PID.F3.R1.C4.S2"] == "1.2.3"
    assert read["PID.F3.R2"] == "P2"
    assert read["PID.F5.R1.C1"] == "O|NEIL"
    assert read["PID.F5.R1.C2"] == "A^B&C~D\\E"
    assert read["OBR2.F20"] == "SPS2"


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@settings(deadline=None, max_examples=300)
@given(_TEXT, _TEXT, _TEXT)
def test_any_text_survives(leaf: str, component: str, subcomponent: str) -> None:
    written = compose(
        [("MSH", HEADER), ("PID", {3: [(component, (subcomponent, leaf)), leaf], 5: leaf}), ("NTE", {3: leaf})]
    )
    message = Message.parse(written)
    assert message.segment_names() == ("MSH", "PID", "NTE")
    assert message.first("PID-5") == leaf
    assert message.first("NTE-3") == leaf
    assert message.first("PID-3[1].1") == component
    assert message.first("PID-3[1].2.1") == subcomponent
    assert message.first("PID-3[1].2.2") == leaf
    assert message.first("PID-3[2].1") == leaf
    assert message.faults == ()
