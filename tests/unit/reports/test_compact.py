"""Exchanges as plain text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reports.compact import LINES, RESPONSES, compact_text

Sample = Any  # the fixture's class lives in conftest.py


def test_a_message_is_shown_as_it_is_on_the_wire(sample: Sample) -> None:
    lines = compact_text(sample.run.transcript.exchanges[0], sample.payload, 0.0).splitlines()
    assert lines[0].startswith("request, sent, +")
    assert lines[1].startswith("MSH|^~\\&|SWF_OP|HOSP|RIS|HOSP|")
    assert "MSA|AA|OP00000017" in lines


def test_a_data_set_is_shown_by_keywords_with_the_status(sample: Sample) -> None:
    text = compact_text(sample.run.transcript.exchanges[1], sample.payload, 0.0)
    assert "(0010,0020) PatientID PAT83719" in text.splitlines()
    assert "  (0008,0060) Modality CT" in text.splitlines()
    assert ", FF00 " in text
    assert ", 0000 " in text


def test_many_responses_and_many_lines_are_counted(sample: Sample) -> None:
    exchange = sample.run.transcript.exchanges[1]
    many = replace(exchange, responses=(exchange.responses[0],) * 49 + (exchange.responses[-1],))
    text = compact_text(many, sample.payload, 0.0)
    assert text.count("response ") == RESPONSES
    assert "response 50, " in text
    assert "6 of 50 responses; the evidence holds all" in text
    long = b"MSH|^~\\&|A\r" + b"NTE|1\r" * 100
    shown = compact_text(sample.run.transcript.exchanges[0], lambda _: long, 0.0)
    assert shown.count("... 31 more lines; evidence/payload/") == 2
    assert shown.count("NTE|1") == (LINES - 1) * 2


def test_what_cannot_be_decoded_says_so(sample: Sample) -> None:
    text = compact_text(sample.run.transcript.exchanges[2], sample.payload, 0.0)
    assert "the data set cannot be decoded" in text


def test_hostile_bytes_stay_on_their_line(sample: Sample) -> None:
    hostile = b"MSH|^~\\&|\x1b[2J\x00\nX|\xff\r" + b"A" * 100_000
    text = compact_text(sample.run.transcript.exchanges[0], lambda _: hostile, 0.0)
    assert "\x1b" not in text
    assert "\x00" not in text
    assert len(text) < 3000
