"""Whatever stands on the wire, the checks judge it and raise nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks.identifiers import ledger

GARBAGE = {
    "nothing": lambda content: b"",
    "noise": lambda content: bytes(range(256)) * 4,
    "cut short": lambda content: content[: len(content) // 2],
    "header alone": lambda content: content[:4],
    "bits turned": lambda content: bytes(byte ^ 0x55 if index % 7 == 6 else byte for index, byte in enumerate(content)),
    "doubled": lambda content: content + content,
    "other separators": lambda content: content.replace(b"|", b"^").replace(b"~", b"|"),
}


@pytest.mark.parametrize("kind", list(GARBAGE))
def test_garbage_is_judged(kind: str, tools: Any, real: Any, workflow: Any) -> None:
    spoilt = 0
    for number in range(list(GARBAGE).index(kind) % 3, 24, 3):
        recording = workflow.Workflow(tools, real, "2.5.1", {}).record()
        digest = list(recording.payloads)[number % len(recording.payloads)]
        recording.payloads[digest] = GARBAGE[kind](recording.payloads[digest])
        play = recording.play()
        findings = tools.findings_of(play)
        assert findings
        assert ledger(play, findings)
        spoilt += bool(tools.violated(findings))
    assert spoilt


def test_a_play_without_messages_is_judged(tools: Any, real: Any) -> None:
    recording = tools.Recording(real)
    recording.leg("RAD-5", "query", "worklist")
    assert tools.findings_of(recording.play()) == []
    assert ledger(recording.play()) == ()


def test_findings_of_one_recording_are_always_the_same(record: Callable[..., Any], tools: Any) -> None:
    assert tools.findings_of(record("2.5.1")) == tools.findings_of(record("2.5.1"))
