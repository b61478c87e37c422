"""`swf run --resume`, put together: a run that was ended goes on from its own folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from harness.engine.asking import must_be_asked, operator_steps
from harness.engine.judging import Strictness
from harness.engine.resumption import ResumedSession, hooks_of, read_before, with_addresses
from harness.engine.runs import RunProgress, Setting
from harness.engine.storage import Evidence
from harness.errors import InputError
from harness.model.plan import Plan
from harness.model.system import System
from harness.operating import DeskMaker, LiveProgress, desk_at_console
from harness.wiring import Finished, conclude, environment, launched_systems, workshop
from reports.console import ConsoleProgress


@dataclass(frozen=True, kw_only=True)
class ResumeRequest:
    """What the user asked for: the folder of a run, and the files of its systems where those have hooks."""

    out: Path
    suts: Sequence[str] = ()
    jobs: int = 1
    operator: str = ""
    operator_name: str = ""
    strictness: Strictness = field(default_factory=Strictness)


def resume(request: ResumeRequest, console: Console) -> int:
    """Go on with a run, judge it as a whole, render and summarise; returns the exit code."""
    with ConsoleProgress(console) as shown:
        desk = desk_at_console(request.operator, shown)
        with _session(request, LiveProgress(shown), desk) as (opened, plan):
            for text in opened.told:
                shown.tell(text)
            opened.heard = shown.tell
            opened.run(1 if operator_steps(plan) else request.jobs)
    finished = Finished(run=opened.judged(), out=request.out, read=opened.read)
    return conclude(finished, console)


@contextmanager
def _session(request: ResumeRequest, progress: RunProgress, desk: DeskMaker) -> Iterator[tuple[ResumedSession, Plan]]:
    shop = workshop()
    given = _given(request, Evidence(request.out).plan())
    plan, before, cut = read_before(request.out)
    own = {system.name for system in given}
    started = tuple(system for system in plan.systems if system.launch is not None and system.name not in own)
    with launched_systems((*given, *started), plan.seed, plan.defect) as (ready, processes):
        plan = with_addresses(plan, ready)
        must_be_asked(plan, True)
        setting = Setting(
            knowledge=shop.knowledge,
            procedures=shop.procedures(),
            launched=processes,
            strictness=request.strictness,
            environment=environment(),
        )
        with ResumedSession(
            setting, plan, request.out, progress, desk(request.out), request.operator_name, before
        ) as opened:
            opened.begin(cut)
            yield opened, plan


def _given(request: ResumeRequest, plan: Plan) -> tuple[System, ...]:
    """The systems as their files describe them now: what a program or a request does is never taken from evidence."""
    given = workshop().systems(request.suts) if request.suts else ()
    names = {system.name for system in plan.systems}
    for system in given:
        if system.name not in names:
            raise InputError(f"{system.name} takes no part in the run in {request.out}")
    missing = set(hooks_of(plan)) - {system.name for system in given}
    if missing:
        raise InputError(
            f"{', '.join(sorted(missing))} is driven by hooks, which are not taken from the folder of a run: give the "
            "system file again with --sut"
        )
    return given
