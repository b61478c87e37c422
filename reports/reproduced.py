"""What was judged of requests that were sent again to our own actors, as lines for a person. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.run import Run
from harness.model.verdict import Verdict
from reports.grouping import Group, complaints
from reports.printable import printable
from reports.wording import citation_words, evidence_words, statement, verdict_words


def reproduced_lines(run: Run) -> Iterator[str]:
    """What fails, each with its parts; one line where nothing does."""
    failing = [group for group in complaints(run) if group.judged.verdict is Verdict.FAIL]
    for group in failing:
        yield from _lines(group)
    if not failing:
        yield (
            f"Judged by itself, nothing of it fails ({run.checks} checks). What rests on other messages of the run, or "
            "on an answer of the product, is judged with them: `swf judge`."
        )


def _lines(group: Group) -> Iterator[str]:
    judged = group.judged
    yield f"[{printable(group.step.transaction)}]  {verdict_words(judged)} ({printable(judged.finding.actor)})"
    yield f"  {statement(judged)}"
    yield f"  {evidence_words(judged.finding.evidence, container_only=True)} of this record"
    yield f"  {citation_words(judged)}"
