"""Acknowledgements, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.hl7 import AckError, Message, acknowledgement
from harness.hl7.acknowledgement import ERROR_CODES
from harness.hl7.standard import table_codes

NOW = datetime(2024, 1, 2, 10, 15, 1)
ERROR = AckError("IPC^1^3^1^1", "101", "Study Instance UID missing")


def _answer(raw: bytes, code: str, error: AckError | None = None) -> bytes:
    return acknowledgement(Message.parse(raw), code, control_id="PACS77", now=NOW, error=error)


def test_accepted_in_version_2_3_1(samples: Mapping[str, bytes]) -> None:
    assert _answer(samples["O01"], "AA") == (
        b"MSH|^~\\&|PACS|RAD|RIS|RAD|20240102101501||ACK|PACS77|P|2.3.1\rMSA|AA|RIS000123\r"
    )


def test_refused_in_version_2_3_1(samples: Mapping[str, bytes]) -> None:
    assert _answer(samples["O01"], "AE", ERROR) == (
        b"MSH|^~\\&|PACS|RAD|RIS|RAD|20240102101501||ACK|PACS77|P|2.3.1\rMSA|AE|RIS000123|Study Instance UID missing\r"
    )


def test_accepted_in_version_2_5_1(samples: Mapping[str, bytes]) -> None:
    assert _answer(samples["O23"], "AA") == (
        b"MSH|^~\\&|PACS|RAD|RIS|RAD|20240102101501||ACK^O23^ACK|PACS77|P|2.5.1\rMSA|AA|RIS000123\r"
    )


def test_refused_in_version_2_5_1(samples: Mapping[str, bytes]) -> None:
    assert _answer(samples["O23"], "AE", ERROR) == (
        b"MSH|^~\\&|PACS|RAD|RIS|RAD|20240102101501||ACK^O23^ACK|PACS77|P|2.5.1\r"
        b"MSA|AE|RIS000123\r"
        b"ERR||IPC^1^3^1^1|101^Required field missing^HL70357|E||||Study Instance UID missing\r"
    )


def test_other_separators_and_composite_names_are_carried_over() -> None:
    request = b"MSH*!%$@*RIS!1.2!ISO*A|B*PACS**20240102**ADT!A04*C^1*T*2.3.1\r"
    answer = Message.parse(_answer(request, "AA"))
    assert answer.first("MSH-5.2") == "1.2"
    assert answer.first("MSH-6") == "A|B"
    assert answer.first("MSA-2") == "C^1"
    assert answer.first("MSH-11") == "T"


@pytest.mark.parametrize(
    ("charset", "written", "kept"),
    [("8859/1", b"M\xfcller", b"M\xfcller"), ("", b"M\xfcller", "M\ufffdller".encode())],
)
def test_the_request_s_character_set_is_kept_where_it_serves(charset: str, written: bytes, kept: bytes) -> None:
    head = b"MSH|^~\\&|" + written + b"|RAD|PACS|RAD|||ORM^O01|C1|P|2.3.1"
    answer = _answer(head + b"||||||" + charset.encode() + b"\r", "AA")
    assert kept in answer
    assert Message.parse(answer).first("MSH-18") == (charset or "UNICODE UTF-8")
    assert Message.parse(answer).faults == ()


@pytest.mark.parametrize("version", ["2.3.1", "2.5.1"])
def test_error_codes_are_those_of_the_standard(version: str) -> None:
    assert sorted(ERROR_CODES) == sorted(table_codes("0357", version))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_request_can_be_answered(raw: bytes) -> None:
    for request in (raw, b"MSH|^~\\&|" + raw, b"MSH|^~\\&|R|" + raw + b"|P|R|||A^B|1|P|2.5.1||||||UNICODE UTF-8\r"):
        answer = Message.parse(_answer(request, "AR", ERROR))
        assert answer.faults == ()
        assert answer.first("MSA-1") == "AR"
        assert answer.control_id == "PACS77"
