"""The first sentence of the page, and what its parts can be chosen by. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.run import Run
from harness.model.verdict import Verdict
from reports.grouping import Group
from reports.printable import printable
from reports.wording import by_number


@dataclass(frozen=True)
class Choice:
    """What a reader may choose the parts of the page by: a name, and the values that occur."""

    name: str
    values: tuple[str, ...]


def headline_words(run: Run, failures: Sequence[Group]) -> str:
    """What became of the run, in one sentence or two."""
    steps = [step for play in run.plays for step in play.steps]
    failed = sum(step.verdict is Verdict.FAIL for step in steps)
    kinds = len({group.judged.requirement.id for group in failures if group.judged.verdict is Verdict.FAIL})
    tested = _counted(sum(step.verdict is not Verdict.NONE for step in steps), "step")
    where = f"in {_counted(len(run.plays), 'scenario')}"
    sentences = []
    if any(group.judged.verdict is Verdict.ERROR for group in failures) or run.verdict is Verdict.ERROR:
        sentences.append("The harness or one of its simulated actors did wrong: this run is no statement on a system.")
    if failed:
        what = f"{_counted(kinds, 'requirement')} violated, " if kinds else ""
        sentences.append(f"{what}{failed} of {tested} failed {where}.")
    elif not steps:
        sentences.append("Nothing was run.")
    elif run.verdict is Verdict.PASS:
        sentences.append(f"Nothing was violated in {tested} {where}.")
    elif run.verdict is Verdict.NONE:
        sentences.append(f"Nothing was judged {where}.")
    elif run.verdict is Verdict.INCONCLUSIVE:
        open_ = sum(step.verdict is Verdict.INCONCLUSIVE for step in steps)
        sentences.append(f"Nothing was violated, and {open_} of {tested} {where} could not be decided.")
    if run.believed:
        sentences.append(f"{run.believed} of {_counted(run.checks, 'check')} rest on believed requirements.")
    return " ".join(sentences)


def choices_of(run: Run) -> tuple[Choice, ...]:
    """Verdicts, actors and transactions that occur in the run."""
    steps = [step for play in run.plays for step in play.steps]
    actors = dict.fromkeys(end for step in steps for leg in step.legs for end in (leg.initiator, leg.responder))
    transactions = by_number({step.transaction: step.verdict for step in steps})
    return (
        Choice("verdict", tuple(verdict.value for verdict in reversed(Verdict))),
        Choice("actor", tuple(sorted(printable(actor, 60) for actor in actors))),
        Choice("transaction", tuple(printable(transaction, 20) for transaction, _ in transactions)),
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
