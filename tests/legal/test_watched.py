"""Recordings in which everybody keeps to the rules do not fail when a relay has watched any part of them.

What was right with the beginning in sight must not be wrong without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.engine.judging import judge
from harness.engine.unscripted import unscripted_play
from harness.model.run import Run
from harness.model.verdict import Verdict
from tests.legal.judged import EXAMPLES, KNOWLEDGE
from tests.legal.workflow_messages import Case
from tests.legal.workflows import Events, recordings
from tests.watched import Relayed, apart, department

often = settings(
    max_examples=max(20, EXAMPLES // 10),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Every example is judged twice: as what it is, and as what was seen of it."""


def failures(run: Run) -> Iterator[str]:
    """What is held against a system."""
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for one in leg.findings:
                    if one.verdict in (Verdict.FAIL, Verdict.ERROR):
                        found = one.finding
                        yield f"{found.requirement} {found.evidence}: {found.expected} / {found.received}"


@often
@given(recordings(), st.booleans(), st.integers(0, 100), st.integers(0, 100))
def test_what_is_legal_is_so_in_whatever_part_of_it_was_seen(
    recording: tuple[Case, Events], together: bool, begin: int, end: int
) -> None:
    case, events = recording
    plan, transcript, read = unscripted_play(events, KNOWLEDGE, form=case.form)
    relayed = Relayed(judge(plan, transcript, read, KNOWLEDGE), transcript, department if together else apart)
    count = len(relayed.transcript().captures)
    first, last = sorted((count * begin // 100, count * end // 100))
    seen = relayed.transcript(first=first, last=last)
    assert list(failures(judge(relayed.plan, seen, read, KNOWLEDGE))) == []
