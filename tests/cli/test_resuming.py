"""A run that was ended goes on: what our actors knew is rebuilt from its record, or a play begins anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.acting import act_again
from harness.engine.department import Department
from harness.engine.reading import transcript_of
from harness.engine.rebuilding import recorded_play
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence
from harness.errors import CannotRebuild
from harness.identifiers import SystemClock
from harness.model.names import PlayId
from harness.model.transcript import Capture, EventKind, PayloadKind, Transcript
from harness.wiring import workshop
from tests.cli.conftest import Ended, Running

PLAY = PlayId("swf.scheduled@2.3.1")


def until_end_of(out: Path, step: str) -> Transcript:
    """The record of the first play up to the end of a step, with what followed by itself."""
    whole = Evidence(out).transcript()
    own = [event for event in whole.events if event.play == PLAY]
    ended = next(one.seq for one in own if one.kind is EventKind.STEP_ENDED and one.step and one.step.step == step)
    after = (EventKind.STEP_STARTED, EventKind.PLAY_SEALED)
    cut = min(event.seq for event in own if event.seq > ended and event.kind in after)
    return transcript_of(
        tuple(link for link in whole.links if link.seq < cut),
        tuple(capture for capture in whole.captures if capture.seq < cut),
        tuple(event for event in whole.events if event.seq < cut),
    )


def rebuilt(out: Path, transcript: Transcript, *, seed: int | None = None) -> str:
    """Where the play goes on; CannotRebuild when it cannot."""
    plan, evidence, shop = Evidence(out).plan(), Evidence(out), workshop()
    assignment = plan.assignments[0]
    play = next(one for one in assignment.plays if one.id == PLAY)
    department = Department(
        replace(assignment, plays=(play,)),
        knowledge=shop.knowledge,
        recorder=TranscriptRecorder(SystemClock(), None, transcript),
        clock=SystemClock(),
        seed=plan.seed if seed is None else seed,
        procedures=shop.procedures(),
    )
    try:
        recorded = recorded_play(play, transcript, evidence.read)
        act_again(department, recorded)
    finally:
        department.discard()
    return recorded.next_step


@pytest.mark.parametrize(
    ("step", "following"),
    [
        ("register", "order"),
        ("worklist", "started"),
        ("stored", "completed"),
        ("committed", "found"),
        ("retrieved", ""),
    ],
)
def test_what_our_actors_knew_is_rebuilt_without_a_network(
    scheduled: tuple[Path, Ended], step: str, following: str
) -> None:
    out, _ = scheduled
    assert rebuilt(out, until_end_of(out, step)) == following


def test_other_bytes_than_the_recorded_ones_are_no_way_on(scheduled: tuple[Path, Ended]) -> None:
    out, _ = scheduled
    with pytest.raises(CannotRebuild, match="was another one"):
        rebuilt(out, until_end_of(out, "order"), seed=8)


def test_a_message_that_nobody_answered_is_no_way_on(scheduled: tuple[Path, Ended]) -> None:
    out, _ = scheduled
    found = until_end_of(out, "order")

    def is_answer(capture: Capture) -> bool:
        return (
            capture.payload is not None and capture.payload.kind is PayloadKind.HL7 and capture.half.value == "response"
        )

    last = max(capture.seq for capture in found.captures if is_answer(capture))
    kept = tuple(capture for capture in found.captures if capture.seq != last)
    with pytest.raises(CannotRebuild, match="was not answered"):
        rebuilt(out, transcript_of(found.links, kept, found.events))


@pytest.mark.parametrize(("last", "told"), [("event", "goes on at its step stored"), ("link", "anew, attempt 2")])
def test_a_play_goes_on_at_its_step_or_begins_anew_with_another_patient(
    last: str, told: str, scheduled: tuple[Path, Ended], swf_process: Callable[..., Running], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(scheduled[0], out)
    path = out / "evidence" / "transcript.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    head = f'{{"record":"{last}"'.encode()
    cut = next(number for number, line in enumerate(lines) if line.startswith(head) and b'"step":"stored"' in line)
    path.write_bytes(b"".join(lines[: cut + 1]))
    (out / "evidence" / "manifest.sha256").unlink()
    first = Evidence(out).plan().assignments[0].plays[0].case.patients["main"].id
    ended = swf_process("run", "--resume", str(out)).end()
    assert ended.code == 0, ended.out
    assert told in ended.out
    patient = Evidence(out).plan().assignments[0].plays[0].case.patients["main"].id
    assert (patient == first) is (last == "event")
    assert swf_process("judge", str(out)).end().code == 0
