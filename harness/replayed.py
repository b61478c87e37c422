"""`swf replay`, put together: recorded requests once more, to where they went, to another address, or to our actors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bundles import opened_run
from harness.engine.claims import EXIT_FAIL, EXIT_PASS
from harness.engine.reenacting import Reenacted, reenact
from harness.engine.replaying import Replay, Sending
from harness.engine.runs import Setting
from harness.engine.storage import Evidence
from harness.errors import InputError
from harness.model.names import ExchangeId
from harness.model.target import Target
from harness.model.verdict import Verdict
from harness.wiring import Finished, environment, render, workshop
from reports.reproduced import reproduced_lines


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """What the user asked for. `target`: where to send; none: where each request went, or to our own actors.

    `wait`: seconds in which the report of a commitment may come; `out` keeps the record of our own actors.
    """

    run: Path
    exchanges: Sequence[ExchangeId]
    target: Target | None = None
    wait: float = 30.0
    out: Path | None = None


def replay(request: ReplayRequest, show: Callable[[str], object]) -> int:
    """Send, and show what came of it; 1 when our own judgement of what a system sent is that it fails."""
    with opened_run(request.run) as folder:
        evidence = Evidence(folder)
        sender = Replay(evidence, Sending(wait=request.wait))
        targets = [request.target or sender.target(number) for number in request.exchanges]
        known = [target for target in targets if target is not None]
        if known and request.target is None and request.run.is_file():
            raise InputError(
                f"{request.run} is a bundle, and names {known[0]}: say with --to where to send, if it is to be there"
            )
        if known and len(known) != len(targets):
            raise InputError("some of these went to a system, and others came to us: send them apart")
        if not known:
            return _reenacted(request, evidence, show)
        for number, target in zip(request.exchanges, known, strict=True):
            show(_headed(request, number, f"to {target}", sender.send(number, target)))
    return EXIT_PASS


def _headed(request: ReplayRequest, number: ExchangeId, where: str, answer: str) -> str:
    """The answer alone; of several requests, each with its number."""
    return answer if len(request.exchanges) == 1 else f"exchange {number}, {where}:\n{answer}"


def _reenacted(request: ReplayRequest, evidence: Evidence, show: Callable[[str], object]) -> int:
    with TemporaryDirectory(prefix="swf-replay-") as scratch:
        out = request.out or Path(scratch) / "run"
        found = _reenact(request, evidence, out)
        for number, answer in zip(request.exchanges, found.answers, strict=True):
            show(_headed(request, number, "to our own actor", answer))
        if request.out is not None:
            render(Finished(run=found.run, out=request.out, read=found.read))
    for text in reproduced_lines(found.run):
        show(text)
    if request.out is not None:
        show(f"Report: {request.out / 'report.html'}")
    return EXIT_FAIL if found.run.verdict is Verdict.FAIL else EXIT_PASS


def _reenact(request: ReplayRequest, evidence: Evidence, out: Path) -> Reenacted:
    shop = workshop()
    setting = Setting(knowledge=shop.knowledge, procedures=shop.procedures(), environment=environment())
    return reenact(evidence, request.exchanges, setting, out)
