"""How fast recordings are judged: HL7 messages beside hl7apy's validation of the same, worklist answers, whole runs.

The messages and answers are those of a run of every shipped scenario in the box; the large recording is that run
again and again, each time with identifiers of its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message
from measuring import report, side_by_side
from recordings import Multiplied

from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import leg_checks, play_checks
from harness.engine.judging import judge, uncollected
from harness.engine.placing import PlacedRecording
from harness.engine.storage import Evidence
from harness.model.names import CheckName
from harness.model.plan import PlannedStep, Play
from harness.model.run import PlayResult
from harness.wiring import RunRequest, execute, workshop

WANTED = 10_000
"""Exchanges of the large recording."""

_FOR_HL7APY = 200
_HL7 = "hl7."


class Silent:
    """Nobody wants to hear how the run goes on."""

    def play_started(self, play: Play) -> None:
        """A play begins."""

    def waiting(self, play: Play, step: PlannedStep, seconds: float) -> None:
        """Nobody else acts here."""

    def step_ended(self, play: Play, step: PlannedStep, state: str, seconds: float) -> None:
        """A step ended."""

    def play_judged(self, result: PlayResult) -> None:
        """A play has its verdict."""


def views_of(out: Path) -> tuple[PlayView, ...]:
    """The plays of a run as the checks see them, nothing of them decoded yet."""
    evidence = Evidence(out)
    plan, transcript = evidence.plan(), evidence.transcript()
    placed = PlacedRecording(plan, transcript, evidence.read, workshop().knowledge)
    return tuple(placed.view(assignment, play) for assignment in plan.assignments for play in assignment.plays)


def unread(views: Iterable[PlayView]) -> list[PlayView]:
    """The plays with their HL7 exchanges alone, nothing of them read."""
    fresh = []
    for view in views:
        legs = (
            replace(leg, exchanges=tuple(ExchangeView(one.exchange, one.read) for one in leg.exchanges))
            for leg in view.legs
            if leg.planned.leg.messages
        )
        fresh.append(replace(view, legs=tuple(legs)))
    return fresh


def messages_of(views: Iterable[PlayView]) -> list[bytes]:
    """The HL7 messages of the plays, acknowledgements included."""
    return [
        message.raw
        for view in views
        for leg in view.legs
        for exchange in leg.exchanges
        for message in (exchange.request_message, exchange.answer_message)
        if message is not None
    ]


def apply(views: Iterable[PlayView], wanted: Callable[[CheckName], bool]) -> None:
    """Every check that is wanted, on every leg that names it."""
    on_legs, on_plays = leg_checks(), play_checks()
    with uncollected():
        for view in views:
            for name, check in on_plays.items():
                if wanted(name):
                    list(check(view))
            for leg in view.legs:
                for name in leg.planned.leg.checks:
                    if name in on_legs and wanted(name) and leg.exchanges:
                        list(on_legs[name](leg))


def validates(raw: bytes) -> bool:
    """Whether hl7apy parses a message and validates it against the standard, whatever it finds; it cannot take all."""
    try:
        parse_message(raw.decode("latin-1"), find_groups=True).validate()
    except HL7apyException:
        return True
    except AttributeError:
        return False
    return True


def entries_of(leg: LegView) -> int:
    """The worklist entries that a leg returned."""
    return sum(one is not None for exchange in leg.exchanges for one in exchange.response_datasets)


def compare_messages(out: Path) -> None:
    """Messages with all their HL7 rules, beside hl7apy."""
    views = views_of(out)
    messages = messages_of(views)
    sample = [raw for raw in messages[:: max(1, len(messages) // _FOR_HL7APY)] if validates(raw)]

    def ours() -> int:
        apply(unread(views), lambda name: name.startswith(_HL7))
        return len(messages)

    def hl7apy() -> int:
        return sum(validates(raw) for raw in sample)

    title = f"HL7 messages judged with all their rules: {len(messages)} messages, {len(sample)} of them by hl7apy"
    report(title, side_by_side({"ours": ours, "hl7apy, structure alone": hl7apy}, 5, time.process_time), "ours")


def worklist_answers(out: Path) -> None:
    """Worklist entries with all the rules of their legs."""
    seconds, entries = 0.0, 0
    for _ in range(3):
        views = views_of(out)
        legs = [leg for view in views for leg in view.of("RAD-5")]
        begin = time.perf_counter()
        for leg in legs:
            for name in leg.planned.leg.checks:
                if name in leg_checks() and leg.exchanges:
                    list(leg_checks()[name](leg))
        seconds += time.perf_counter() - begin
        entries += sum(entries_of(leg) for leg in legs)
    print(f"worklist answers judged\n  {entries / seconds:41.0f} /s")


def large_recording(out: Path) -> None:
    """Ten thousand exchanges, judged once."""
    times = -(-WANTED // len(Evidence(out).transcript().exchanges))
    large = Multiplied(out, times)
    begin, cpu = time.perf_counter(), time.process_time()
    run = judge(large.plan, large.transcript, large.read, workshop().knowledge)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    count = len(large.transcript.exchanges)
    print(f"{count} exchanges of {len(run.plays)} plays, {run.checks} checks: {run.verdict.value}")
    print(f"  {seconds:.1f} s, {cpu:.1f} s of processor time; {WANTED} in {WANTED * cpu / count:.1f} s")


def main() -> None:
    """Run once, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        execute(RunRequest(suts=("none",), scenarios=(), out=out, seed=1), Silent())
        compare_messages(out)
        worklist_answers(out)
        large_recording(out)


if __name__ == "__main__":
    main()
