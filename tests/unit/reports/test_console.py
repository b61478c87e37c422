"""Progress and summary in the terminal."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from harness.model.names import PlayId, RequirementId, StepId, TransactionId
from harness.model.verdict import Verdict
from reports.console import ConsoleProgress, summary

Sample = Any  # the fixture's class lives in conftest.py


def console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    stream = io.StringIO()
    return Console(file=stream, force_terminal=terminal, width=100, color_system=None), stream


def printed(sample: Sample) -> str:
    target, stream = console()
    summary(sample.run, sample.out, target)
    return stream.getvalue()


def test_the_summary_tells_failures_tables_counts_and_the_way_on(sample: Sample) -> None:
    text = printed(sample)
    assert "worklist [RAD-5]  FAIL (Order Filler)" in text
    assert "  see report.html#x2 ; reproduce: swf replay" in text
    assert "Acme RIS: tested against SWF.b Order Filler  FAIL     14      fail RAD-5; pass RAD-2" in text
    assert "RAD-6 to-order-filler: inside Acme RIS" in text
    assert "23 checks executed, 21 of them of believed requirements; 2 warnings; seed 42; exit code 2" in text
    assert text.rstrip().endswith(f"Report: {sample.out}/report.html")
    assert "certif" not in text.lower()


def test_warnings_and_what_was_not_judged_are_told_with_their_reasons(sample: Sample) -> None:
    lines = printed(sample).splitlines()
    warned = lines.index("Warnings (2), which change no verdict:")
    assert lines[warned + 1] == (
        "  swf.scheduled@2.5.1[Order Filler]/order [RAD-2]  Order Filler: "
        "MSH-9.3: expected ACK, received ACK_O19 (2 times)"
    )
    assert lines[warned + 2] == "    rad-2.to-order-filler/ack-code, SHOULD"
    silent = lines.index("Not judged (1 step with the verdict none):")
    assert lines[silent + 1] == (
        "  swf.scheduled/started [RAD-6]  to-order-filler: inside the product (2.5.1[Order Filler])"
    )


def roles(sample: Sample, count: int) -> Sample:
    """The run's plays, played again by further roles of the product."""
    failing, passing = sample.run.plays
    plays = [
        replace(play, play=PlayId(f"{play.play.partition('[')[0]}[Some Role {number}]"))
        for number in range(count)
        for play in (failing, passing)
    ]
    return replace(sample, run=replace(sample.run, plays=tuple(plays)))


def test_several_roles_make_a_matrix_and_one_failure_of_all_of_them(sample: Sample) -> None:
    lines = printed(roles(sample, 3)).splitlines()
    title = lines.index("Scenarios by the role of the system under test")
    assert [line.split() for line in lines[title + 1 : title + 6]] == [
        ["Some", "Some", "Some"],
        ["Role", "Role", "Role"],
        ["scenario", "0", "1", "2"],
        ["swf.scheduled@2.5.1", "ERROR", "1", "ERROR", "1", "ERROR", "1"],
        ["swf.cancelled@2.3.1", "pass", "pass", "pass"],
    ]
    assert sum(line.endswith("worklist [RAD-5]  FAIL (Order Filler)") for line in lines) == 1
    assert any(line.startswith("  3 of this requirement at this step: ") for line in lines)
    assert "  in 3 plays: 2.5.1[Some Role 0], 2.5.1[Some Role 1], 2.5.1[Some Role 2]" in lines


def test_a_matrix_that_is_too_wide_for_the_terminal_is_told_in_parts(sample: Sample) -> None:
    target, stream = console(terminal=True)
    many = roles(sample, 12)
    summary(many.run, many.out, target)
    text = stream.getvalue()
    assert text.count("Scenarios, further roles") == 1
    assert all(len(line) <= 100 for line in text.splitlines() if "swf.cancelled@2.3.1" in line)
    assert sum(line.count("pass") for line in text.splitlines() if "swf.cancelled@2.3.1" in line) == 12


def test_beyond_twenty_kinds_of_failure_they_are_counted(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[1]
    leg = step.legs[0]
    fail = leg.findings[-1]
    findings = tuple(
        replace(fail, requirement=replace(fail.requirement, id=RequirementId(f"mwl-response/{number}")))
        for number in range(25)
    )
    failing = replace(play, steps=(replace(step, legs=(replace(leg, findings=findings),)),))
    text = printed(replace(sample, run=replace(sample.run, plays=(failing,))))
    assert text.count("FAIL (Order Filler)") == 20
    assert "... and 5 more kinds of failure; 1 steps did not pass: report.html#attention" in text


def test_plain_output_has_no_escapes_and_no_lines(sample: Sample) -> None:
    text = printed(sample)
    assert "\x1b" not in text
    assert not set(text) & set("─│┃━")


def test_a_terminal_gets_tables(sample: Sample) -> None:
    target, stream = console(terminal=True)
    summary(sample.run, sample.out, target)
    assert "─" in stream.getvalue()
    assert "swf.scheduled@2.5.1[Order Filler]" in stream.getvalue()


def test_orphans_late_messages_and_an_interruption_are_told(sample: Sample) -> None:
    run = replace(sample.run, orphans=tuple(range(1, 31)), late=(4,), interrupted=True)
    text = printed(replace(sample, run=run))
    assert "Fits no step: exchange 1, 2, 3" in text
    assert "20 and 10 more" in text
    assert "Came too late: exchange 4" in text
    assert "The run was interrupted" in text


def test_a_play_that_could_not_run_says_why(sample: Sample) -> None:
    play = replace(sample.run.plays[1], steps=(), reason="the port is in use")
    text = printed(replace(sample, run=replace(sample.run, plays=(play,))))
    assert "  the port is in use" in text


@pytest.mark.parametrize(
    "hostile", ["[red]markup[/red]", "\x1b[2J\x1b]0;title\x07", "line\r\nline\u202e", "\udc80", "A" * 1_000_000]
)
def test_hostile_values_reach_the_terminal_as_text(sample_with: Callable[[str], Sample], hostile: str) -> None:
    for terminal in (False, True):
        sample = sample_with(hostile)
        target, stream = console(terminal=terminal)
        summary(sample.run, sample.out, target)
        text = stream.getvalue()
        assert "\x1b[2J" not in text
        assert "\x1b]" not in text
        assert "\u202e" not in text
        assert len(text) < 50_000
    if hostile.startswith("[red]"):
        assert "[red]markup[/red]" in text


def test_progress_in_a_log_is_a_line_for_each_play_and_each_step_that_is_not_done(sample: Sample) -> None:
    target, stream = console()
    play = sample.run.plays[1]
    with ConsoleProgress(target, plays=1) as progress:
        progress.play_started(play.play, play.title)
        progress.step_ended(play.play, StepId("order"), TransactionId("RAD-2"), "done", 0.1)
        progress.step_ended(play.play, StepId("again"), TransactionId("RAD-7"), "not applicable", 0.0)
        progress.step_ended(play.play, StepId("sent"), TransactionId("RAD-3"), "timed out", 10.0)
        progress.play_ended(play)
    assert stream.getvalue().splitlines() == [
        "  swf.cancelled@2.3.1  sent [RAD-3] timed out 10.00 s",
        "PASS          swf.cancelled@2.3.1  0.50 s",
    ]


def test_progress_on_a_terminal_shows_what_is_going_on(sample: Sample) -> None:
    target, stream = console(terminal=True)
    play = sample.run.plays[1]
    with ConsoleProgress(target, plays=3) as progress:
        progress.play_started(play.play, "\x1b[5mtitle")
        progress.play_ended(play)
    assert "1 of 3 plays ended" in stream.getvalue()
    assert "\x1b[5m" not in stream.getvalue()


def test_progress_takes_reports_from_several_threads(sample: Sample) -> None:
    target, stream = console()
    progress = ConsoleProgress(target)
    plays = [replace(sample.run.plays[1], play=PlayId(f"play-{number}")) for number in range(20)]
    threads = [threading.Thread(target=progress.play_ended, args=(play,)) for play in plays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert sorted(line.split()[1] for line in lines) == sorted(play.play for play in plays)


def test_steps_that_an_interruption_left_out_are_told_in_one_line(sample: Sample) -> None:
    play = sample.run.plays[0]
    step = play.steps[0]
    unreached = tuple(
        replace(
            step,
            step=StepId(name),
            verdict=Verdict.INCONCLUSIVE,
            reason="the run was interrupted",
            legs=tuple(replace(leg, exchanges=(), findings=(), verdict=Verdict.INCONCLUSIVE) for leg in step.legs),
        )
        for name in ("later", "last")
    )
    cut = replace(play, interrupted=True, verdict=Verdict.INCONCLUSIVE, steps=unreached)
    target, stream = console()
    summary(replace(sample.run, plays=(cut,), interrupted=True), sample.out, target)
    text = stream.getvalue()
    assert "interrupted before later: 2 steps were not tested" in text
    assert "later [RAD-" not in text
