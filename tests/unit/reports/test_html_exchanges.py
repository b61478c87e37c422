"""Exchanges in report.html: a line for each, messages in blocks, what is judged at its place, nothing over budget."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.model.names import ExchangeId
from harness.model.verdict import Verdict
from reports.html import wire
from reports.html.packing import Packing, unpacked
from reports.html.page import recorded_of
from reports.html.wire import pack_exchanges

Sample = Any  # the fixture's class lives in conftest.py

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "\x1b[31m\x00]]>\u202e",
    "\udc80\ufffe",
    '"><svg onload=alert(1)>',
]


def packed(sample: Sample, budget: int = 1_000_000) -> tuple[dict[str, Any], dict[int, Any], frozenset[ExchangeId]]:
    """The index, every exchange that is on the page, and their numbers as they are told."""
    packing = Packing()
    numbers = pack_exchanges(recorded_of(sample.run, sample.payload), packing, budget)
    parts = {block.id: json.loads(unpacked(block)) for block in packing.blocks}
    index = parts.pop("part-index")
    return index, {int(number): one for part in parts.values() for number, one in part.items()}, numbers


def line(index: dict[str, Any], number: int) -> list[Any]:
    """The line of an exchange."""
    return next(row for row in index["x"] if row[0] == number)


def test_every_exchange_has_a_line_with_its_step_and_verdict(sample: Sample) -> None:
    index, _, _ = packed(sample)
    assert [row[0] for row in index["x"]] == [1, 2, 3, 4]
    number, _, title, answer, sender, receiver, verdict, step, milliseconds, block, kind = line(index, 2)
    assert (number, title, answer) == (2, "C-FIND ModalityWorklistInformationModelFind", "1 pending, 0000")
    assert (sender, receiver, verdict, kind) == ("Modality", "Order Filler", "fail", "")
    assert index["steps"][step][:5] == [
        "swf.scheduled@2.5.1[Order_Filler]/worklist", "worklist", "RAD-5", "fail", 0,
    ]  # fmt: skip
    assert index["steps"][step][5] == ["Modality", "Order Filler"]
    assert milliseconds > 0
    assert block == 0


def test_an_exchange_without_an_answer_has_no_latency(sample: Sample) -> None:
    index, details, _ = packed(sample)
    assert line(index, 3)[8] is None
    assert details[3]["n"] == ["no response was recorded"]
    assert details[3]["w"] == [["request", 0.0]]


def test_what_fits_no_step_or_came_late_says_so(sample: Sample) -> None:
    run = replace(sample.run, plays=(), orphans=(ExchangeId(1),), late=(ExchangeId(3),))
    index, _, _ = packed(replace(sample, run=run))
    assert [(row[0], row[6], row[7], row[10]) for row in index["x"]] == [
        (1, "none", -1, "stray"), (2, "none", -1, ""), (3, "none", -1, "late"), (4, "none", -1, ""),
    ]  # fmt: skip
    assert line(index, 1)[4:6] == ["Order Placer", "Order Filler"]


def test_messages_are_in_named_rows_and_judged_places_carry_their_findings(sample: Sample) -> None:
    _, details, _ = packed(sample)
    request = details[1]["m"][0]
    rows = {row[1]: row for row in request["r"]}
    assert rows["PID-3"][2] == "Patient Identifier List"
    assert rows["PID-5.1"][3] == "Lindqvist"
    assert rows["OBR"][6]  # a heading
    answer = details[2]["m"][1]
    missing = next(row for row in answer["r"] if row[1] == "StudyInstanceUID")
    tone, words, anchor = missing[4][0]
    assert missing[7]  # absent
    assert (tone, words) == ("fail", "fail: expected 2.25.181817384620471923847102938471029384")
    assert anchor == "swf.scheduled@2.5.1[Order_Filler]/worklist/consistency/study-instance-uid@x2"


def test_the_findings_of_an_exchange_stand_above_its_messages_gravest_first(sample: Sample) -> None:
    _, details, _ = packed(sample)
    assert [(one[0], one[1], one[2]) for one in details[2]["j"]] == [
        ("fail", "fail", "StudyInstanceUID"),
        ("inconclusive", "inconclusive", "Modality"),
    ]
    assert details[2]["met"] == 4


def test_the_bytes_are_those_of_the_wire(sample: Sample) -> None:
    _, details, _ = packed(sample)
    message = details[1]["m"][0]
    exchange = sample.run.transcript.exchanges[0]
    assert message["b"].encode("latin-1") == sample.payload(exchange.request.payload)
    assert message["s"] == exchange.request.payload.size
    assert message["p"] == exchange.request.payload.file_name


def test_only_the_beginning_of_a_large_message_is_on_the_page(sample: Sample) -> None:
    _, details, _ = packed(sample)
    message = details[3]["m"][0]
    assert (len(message["b"]), message["s"]) == (4096, 6015)


def test_a_file_is_linked_only_by_a_name_that_is_a_hash(sample: Sample) -> None:
    exchange = sample.run.transcript.exchanges[0]
    odd = replace(exchange.request, payload=replace(exchange.request.payload, sha256="../../etc/passwd"))
    transcript = replace(sample.run.transcript, exchanges=(replace(exchange, request=odd),))
    sample.recording.contents["../../etc/passwd"] = b"MSH|^~\\&|"
    _, details, _ = packed(replace(sample, run=replace(sample.run, transcript=transcript)))
    assert details[1]["m"][0]["p"] == ""


def test_beyond_the_budget_exchanges_keep_their_line_and_the_gravest_are_kept(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CHUNK", 1)
    index, details, numbers = packed(sample, budget=1)
    assert len(index["x"]) == 4
    assert set(details) == numbers
    assert [row[9] for row in index["x"]].count(-1) == 4 - len(numbers)
    assert len(numbers) == 1
    (kept,) = numbers
    assert line(index, kept)[9] == 0
    assert any(mark.violated for mark in recorded_of(sample.run, sample.payload).marks[kept])


def test_a_chunk_names_the_exchanges_that_are_in_it(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CHUNK", 3)
    packing = Packing()
    pack_exchanges(recorded_of(sample.run, sample.payload), packing, 1_000_000)
    parts = {block.id: json.loads(unpacked(block)) for block in packing.blocks}
    for row in parts["part-index"]["x"]:
        assert str(row[0]) in parts[f"part-x{row[9]}"]


def test_without_a_recording_there_is_an_empty_list(sample: Sample) -> None:
    index, details, numbers = packed(replace(sample, run=replace(sample.run, transcript=None)))
    assert (index["x"], details, numbers) == ([], {}, frozenset())


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_are_visible_text_in_every_block(sample_with: Callable[[str], Sample], hostile: str) -> None:
    packing = Packing()
    pack_exchanges(recorded_of(sample_with(hostile).run, sample_with(hostile).payload), packing, 1_000_000)
    for block in packing.blocks:
        assert set(block.text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
        text = unpacked(block)
        assert not any(ord(one) < 32 or one in "\u202e\ufffe" for one in text)
        json.loads(text)


def test_the_verdict_of_an_exchange_leaves_out_what_changes_no_verdict(sample: Sample) -> None:
    known = recorded_of(sample.run, sample.payload)
    assert wire.verdict_of_exchange(known, ExchangeId(1)) is Verdict.PASS  # a warning and a declared deviation
    assert wire.verdict_of_exchange(known, ExchangeId(2)) is Verdict.FAIL
    assert wire.verdict_of_exchange(known, ExchangeId(99)) is Verdict.NONE
