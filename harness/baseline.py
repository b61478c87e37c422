"""`swf baseline`: the failures of a finished run as a file of known deviations, or added to one that exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.engine.gating import accounts_for
from harness.errors import InputError
from harness.model.failing import Failure, failures_of
from harness.model.known import KnownDeviation
from harness.model.plan import scenarios_of
from harness.model.run import Run
from harness.model.verdict import Verdict
from harness.scenario_files.baseline import (
    HEAD,
    Block,
    Signature,
    block,
    blocks_of,
    entries_for,
    file_text,
    indent_of,
    renewed,
)
from harness.scenario_files.known import read_known
from harness.scenario_files.systems import is_day
from harness.wiring import workshop
from reports.json_run import RUN_FILE, read_run

Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class BaselineRequest:
    """What the user asked for. `run` is the folder of a run, `out` a new file or one to add to (none: standard output).

    `inconclusive` takes what is INCONCLUSIVE as well, `renew` gives entries that were seen again the new last day,
    `force` takes a run that was interrupted or has an ERROR.
    """

    run: Path
    signature: Signature
    out: Path | None = None
    inconclusive: bool = False
    renew: bool = False
    force: bool = False


def baseline(request: BaselineRequest, show: Say, note: Say) -> None:
    """Write the file and say what was added, kept and left out; `show` prints a file that has no name."""
    _check(request.signature)
    run = read_run(request.run / RUN_FILE)
    _refuse(run, request)
    failures = [failure for play in run.plays for failure in failures_of(play)]
    wanted = [one for one in failures if one.verdict is Verdict.FAIL or request.inconclusive]
    head, old = _existing(request.out, run)
    known = {one.entry: [failure for failure in wanted if accounts_for(one.entry, failure)] for one in old}
    covered = {id(failure) for found in known.values() for failure in found}
    new = entries_for((failure for failure in wanted if id(failure) not in covered), request.signature)
    kept = [_kept(one, bool(known[one.entry]), request) for one in old]
    indent = indent_of(old)
    text = file_text(head, [*kept, *(block(entry, failure, indent) for entry, failure in new.items())])
    if request.out is None:
        show(text.rstrip("\n"))
    else:
        request.out.write_text(text, encoding="utf-8")
        note(f"{request.out}: {_entries(len(new))} added, {len(old)} kept")
    _tell(run, old, known, len(failures) - len(wanted), request, note)


def _check(signature: Signature) -> None:
    if not is_day(signature.expires):
        raise InputError(f"--expires: `{signature.expires}` is no day written YYYY-MM-DD")
    for name in ("owner", "reason"):
        if not getattr(signature, name).strip():
            raise InputError(f"--{name} is empty: a known deviation says whose it is, and why")


def _refuse(run: Run, request: BaselineRequest) -> None:
    """A run that says less than it should is no baseline."""
    if request.force:
        return
    if run.interrupted:
        raise InputError(f"{request.run} was interrupted: not everything was tested; --force takes it all the same")
    faults = [f"{play.play}/{step.step}" for play in run.plays for step in play.steps if step.verdict is Verdict.ERROR]
    faults += [str(play.play) for play in run.plays if play.verdict is Verdict.ERROR and not faults]
    if faults:
        told = f"{faults[0]}" + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
        raise InputError(f"{request.run} has an ERROR of the harness ({told}); --force takes the run all the same")


def _existing(out: Path | None, run: Run) -> tuple[str, list[Block]]:
    if out is None or not out.exists():
        return HEAD, []
    files = workshop().files
    scenarios = {one.id: one for one in (*files.scenarios(), *scenarios_of(run.plan))}
    return blocks_of(out, read_known(out, files, scenarios))


def _kept(one: Block, seen: bool, request: BaselineRequest) -> Block:
    later = request.renew and seen and one.entry.expires < request.signature.expires
    return renewed(one, request.signature.expires) if later else one


def _tell(
    run: Run,
    old: Iterable[Block],
    known: dict[KnownDeviation, list[Failure]],
    left: int,
    request: BaselineRequest,
    note: Say,
) -> None:
    """What somebody has to look at."""
    if left:
        note(f"{left} inconclusive left out: --inconclusive takes them, too")
    day = run.plan.started[: len("YYYY-MM-DD")]
    for one in old:
        seen = bool(known[one.entry])
        if seen and one.entry.expires < day and not request.renew:
            note(f"{one.entry.place} expired after {one.entry.expires}; --renew gives it the new last day")
        elif not seen:
            note(f"{one.entry.place} was not seen in this run, and is kept")


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"
