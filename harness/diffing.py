"""`swf diff`, put together: two runs, or bundles of runs, held against each other by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from harness.bundles import opened_run
from harness.comparing import Recorded, compare
from harness.engine.claims import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED
from harness.engine.judging import Strictness
from harness.engine.runs import judge_again
from harness.engine.storage import Evidence
from harness.errors import RecordingError
from harness.model.comparison import Comparison, Level, News
from harness.model.run import Run
from harness.model.verdict import Verdict
from harness.wiring import environment, workshop
from reports.json_run import RUN_FILE, read_run


class Threshold(Enum):
    """What makes `swf diff` end with a code of its own."""

    WORSE = "worse"
    VERDICTS = "verdicts"
    ANY = "any"


@dataclass(frozen=True, kw_only=True)
class DiffRequest:
    """What the user asked for: two folders or bundles. `as_recorded`: no judging, whatever rules were used."""

    before: Path
    after: Path
    messages: bool = True
    as_recorded: bool = False
    threshold: Threshold = Threshold.WORSE


@contextmanager
def compared(request: DiffRequest) -> Iterator[tuple[Comparison, int]]:
    """The comparison with its exit code; what was unpacked for it is there meanwhile."""
    with opened_run(request.before) as one, opened_run(request.after) as other:
        runs = _recorded(one), _recorded(other)
        notes = []
        if runs[0] is None or runs[1] is None or (_rules(runs[0]) != _rules(runs[1]) and not request.as_recorded):
            before, after = _judged(one, runs[1]), _judged(other, runs[1])
            notes.append("both were judged anew, by the rules of this harness: their own judgements were by others")
        else:
            before, after = _with_wire(one, runs[0]), _with_wire(other, runs[1])
        notes += _notes(before.run, after.run, request)
        names = str(request.before), str(request.after)
        found = replace(compare(before, after, names, messages=request.messages), notes=tuple(notes))
        yield found, exit_code(found, request.threshold)


def _recorded(folder: Path) -> Run | None:
    """The judgement that a folder holds; None where there is none, or one of an older layout."""
    Evidence(folder)
    try:
        return read_run(folder / RUN_FILE)
    except RecordingError:
        return None


def _rules(run: Run) -> tuple[object, ...]:
    return run.rule_set, run.strict, run.least


def _judged(folder: Path, severity: Run | None) -> Recorded:
    strictness = Strictness(strict=severity.strict, least=severity.least) if severity is not None else Strictness()
    run, read, _ = judge_again(folder, workshop().knowledge, strictness, environment())
    return Recorded(run=run, read=read)


def _with_wire(folder: Path, run: Run) -> Recorded:
    evidence = Evidence(folder)
    return Recorded(run=replace(run, transcript=evidence.transcript()), read=evidence.read)


def _notes(before: Run, after: Run, request: DiffRequest) -> Iterator[str]:
    if _rules(before) != _rules(after):
        yield "the two were judged by different rules, or not as severely: a verdict may differ for that alone"
    if before.plan.overrides.sha256 != after.plan.overrides.sha256:
        yield "the two were judged with different overrides"
    for path, run in ((request.before, before), (request.after, after)):
        if run.interrupted:
            yield f"{path} was interrupted: not everything was tested"
    if not {play.play for play in before.plays} & {play.play for play in after.plays}:
        yield "the two have no scenario in common"


def exit_code(found: Comparison, threshold: Threshold) -> int:
    """1 for what fails and did not before, else 2 for what is undecided now, else what the threshold says."""
    fresh = [one for one in found.of(News.NEW) if one.after is not None and not one.after.known]
    steps = [one for one in found.verdicts if one.level is Level.STEP and one.news is News.NEW]
    verdicts = {one.after.verdict for one in fresh if one.after is not None}
    verdicts |= {one.after for one in steps if one.after is not None} if not _all_known(found) else set()
    if Verdict.FAIL in verdicts:
        return EXIT_FAIL
    missing = any(one.news is News.GONE for one in found.verdicts if one.level in (Level.PLAY, Level.STEP))
    nothing_common = found.before.plays and found.after.plays and not found.seconds and found.compared
    if verdicts or missing or found.after.interrupted or nothing_common:
        return EXIT_UNDECIDED
    other = not found.same_verdicts or (threshold is Threshold.ANY and bool(found.fields or found.counts))
    return EXIT_FAIL if threshold is not Threshold.WORSE and other else EXIT_PASS


def _all_known(found: Comparison) -> bool:
    """Whether everything that is new is a known deviation."""
    fresh = found.of(News.NEW)
    return bool(fresh) and all(one.after is not None and one.after.known for one in fresh)
