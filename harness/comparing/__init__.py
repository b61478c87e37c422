"""Two runs held against each other: verdicts, findings, messages and times. Pure; knows neither files nor words."""

from __future__ import annotations

from harness.comparing.leaves import Leaf
from harness.comparing.messages import NOTHING_KNOWN, Messages, messages_moved
from harness.comparing.pairing import Recorded
from harness.comparing.timing import play_seconds, timings
from harness.comparing.verdicts import findings_moved, moved, pairs_of, rules_moved
from harness.model.comparison import Comparison, Side
from harness.model.names import PlayId
from harness.model.run import Run

__all__ = ["Recorded", "compare"]


def compare(before: Recorded, after: Recorded, names: tuple[str, str], *, messages: bool = True) -> Comparison:
    """The first run against the second one. `messages`: what was on the wire, too, and not the judgement alone."""
    pairs = pairs_of(before.run, after.run)
    found = messages_moved(before, after, pairs) if messages else Messages()

    def same(play: PlayId, one: str, other: str) -> bool:
        known = found.renamings.get(play, NOTHING_KNOWN)
        return known.same_text(one, other) or known.difference(Leaf(one), Leaf(other)) is None

    sides = _side(names[0], before.run), _side(names[1], after.run)
    return Comparison(
        before=sides[0],
        after=sides[1],
        verdicts=moved(before.run, after.run, pairs),
        findings=findings_moved(before.run, after.run, pairs, same),
        rules=rules_moved(before.run, after.run) if sides[0].rule_set != sides[1].rule_set else (),
        fields=tuple(found.fields),
        counts=tuple(found.counts),
        timings=timings(before, after) if messages else (),
        compared=found.compared,
        renamed=sum(known.renamed for known in found.renamings.values()),
        seconds=play_seconds(before, after, pairs) if messages else {},
    )


def _side(name: str, run: Run) -> Side:
    return Side(
        name=name,
        run=run.plan.run,
        started=run.plan.started,
        seed=run.plan.seed,
        harness_version=run.plan.harness_version,
        rule_set=run.rule_set or run.plan.rule_set,
        systems=tuple(system.name for system in run.plan.systems),
        verdict=run.verdict,
        exit_code=run.exit_code,
        plays=len(run.plays),
        interrupted=run.interrupted,
        watched=run.plan.watching is not None,
    )
