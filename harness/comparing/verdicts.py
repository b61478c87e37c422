"""Which verdicts and findings of two runs differ, by names that stay the same from run to run. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from operator import attrgetter
from typing import Final

from harness.model.comparison import FindingChange, Level, Moved, News, RuleChange, Said
from harness.model.finding import Evidence
from harness.model.names import ActorName, LegId, PlayId, RequirementId, StepId
from harness.model.profile import Requirement
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict

Same = Callable[[PlayId, str, str], bool]
"""Whether two values say the same in a play (of the first run), each run's own identifiers and times apart."""

Pairs = Mapping[PlayId, PlayId]
"""Plays of the first run with those of the second one that they are compared with."""

_INDEX = re.compile(r"\[\d+\]")
_WORDING: Final = {
    "strength": attrgetter("strength.value"),
    "confidence": attrgetter("citation.confidence.value"),
    "citation": attrgetter("citation.text"),
    "text": attrgetter("text"),
    "condition": attrgetter("condition"),
    "actor": attrgetter("actor"),
    "transaction": attrgetter("transaction"),
}


@dataclass(frozen=True)
class _Key:
    step: StepId
    leg: LegId
    requirement: RequirementId
    actor: ActorName
    path: str
    half: Half


@dataclass(frozen=True)
class _Held:
    """What one run says at a key, with a finding to tell who and what it is about."""

    said: Said
    judged: JudgedFinding
    step: StepResult


def pairs_of(before: Run, after: Run) -> Pairs:
    """Plays that have the same name in both runs; what was found in traffic has only numbers for names, and is paired
    by what happened in it."""
    if before.plan.watching is not None and after.plan.watching is not None:
        return _pairs_by_content(before.plays, after.plays)
    names = {play.play for play in after.plays}
    return {play.play: play.play for play in before.plays if play.play in names}


def _pairs_by_content(before: Sequence[PlayResult], after: Sequence[PlayResult]) -> Pairs:
    """The plays of two watched runs: those of the same transactions in their order, then the rest of the same form."""
    then, now = [_content(play) for play in before], [_content(play) for play in after]
    blocks = SequenceMatcher(None, then, now, autojunk=False).get_matching_blocks()
    pairs = {before[one.a + at].play: after[one.b + at].play for one in blocks for at in range(one.size)}
    taken = set(pairs.values())
    left = [play for play in after if play.play not in taken]
    for play in before:
        found = next((one for one in left if one.form == play.form), None) if play.play not in pairs else None
        if found is not None:
            left.remove(found)
            pairs[play.play] = found.play
    return pairs


def _content(play: PlayResult) -> tuple[str, ...]:
    return play.form, *(step.transaction for step in play.steps)


def moved(before: Run, after: Run, pairs: Pairs) -> tuple[Moved, ...]:
    """Verdicts of run, claims, scenarios and steps that differ."""
    found = [_moved(Level.RUN, "run", before.verdict, after.verdict)]
    claims, claims_now = _claims(before), _claims(after)
    for name in dict.fromkeys((*claims, *claims_now)):
        found.append(_moved(Level.CLAIM, name, claims.get(name), claims_now.get(name)))
    plays_now = {play.play: play for play in after.plays}
    for play in before.plays:
        found += _play(play, plays_now.pop(pairs.get(play.play, PlayId("")), None))
    for play in plays_now.values():
        found += _play(None, play)
    return tuple(one for one in found if one is not None)


def _claims(run: Run) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    for claim in run.claims:
        name = f"{claim.system}: {claim.profile} {claim.actor}"
        found[name] = claim.verdict
        found |= {f"{name} {transaction}": verdict for transaction, verdict in claim.transactions.items()}
    return found


def _play(before: PlayResult | None, after: PlayResult | None) -> Iterator[Moved | None]:
    name = (before or after).play if before or after else ""  # type: ignore[union-attr]
    yield _moved(
        Level.PLAY, name, before.verdict if before else None, after.verdict if after else None, reason=_reason(after)
    )
    if before is None or after is None:
        return
    now = {step.step: step for step in after.steps}
    for step in before.steps:
        yield _step(name, step, now.pop(step.step, None))
    for step in now.values():
        yield _step(name, None, step)


def _step(play: str, before: StepResult | None, after: StepResult | None) -> Moved | None:
    one = after or before
    if one is None:
        return None
    found = _moved(
        Level.STEP,
        f"{play}/{one.step}",
        before.verdict if before else None,
        after.verdict if after else None,
        reason=_reason(after),
    )
    return replace(found, transaction=one.transaction) if found is not None else None


def _reason(one: PlayResult | StepResult | None) -> str:
    if isinstance(one, StepResult) and not one.reason:
        return next((leg.reason for leg in one.legs if leg.reason and leg.verdict is one.verdict), "")
    return one.reason if one is not None else ""


def _moved(level: Level, name: str, before: Verdict | None, after: Verdict | None, *, reason: str = "") -> Moved | None:
    if before is after:
        return None
    return Moved(level=level, id=name, news=_news(before, after), before=before, after=after, reason=reason)


def _news(before: Verdict | None, after: Verdict | None) -> News:
    """What a verdict that moved means."""
    if after is None or (after is Verdict.NONE and before is not None):
        return News.GONE
    if after.rank > Verdict.PASS.rank and (before is None or after.rank > before.rank):
        return News.NEW
    return News.FIXED if after is Verdict.PASS and before is not None and before.rank > after.rank else News.CHANGED


def findings_moved(before: Run, after: Run, pairs: Pairs, same: Same) -> tuple[FindingChange, ...]:
    """Findings that differ in the plays that both runs have, and those of plays that are new."""
    was = {play.play: play for play in before.plays}
    back = {now: then for then, now in pairs.items()}
    found: list[FindingChange] = []
    for play in after.plays:
        old = was.get(back.get(play.play, PlayId("")))
        found += _findings(old, play, same)
    return tuple(found)


def _findings(before: PlayResult | None, after: PlayResult, same: Same) -> Iterator[FindingChange]:
    then = _held(before) if before is not None else {}
    now = _held(after)
    name = before.play if before is not None else after.play
    for key in dict.fromkeys((*then, *now)):
        old, new = then.get(key), now.get(key)
        news = _finding_news(old.said if old else None, new.said if new else None, name, same)
        one = new or old
        if news is None or one is None:
            continue
        yield FindingChange(
            news=news,
            play=after.play,
            step=key.step,
            leg=key.leg,
            transaction=one.step.transaction,
            requirement=one.judged.requirement,
            actor=key.actor,
            player=one.judged.player,
            path=key.path,
            before=old.said if old else None,
            after=new.said if new else None,
        )


def _finding_news(before: Said | None, after: Said | None, play: PlayId, same: Same) -> News | None:
    was, now = _is_bad(before), _is_bad(after)
    if now and not was:
        return News.NEW
    if was and not now:
        if after is None or after.outcome in (Outcome.UNDECIDED, Outcome.NOT_APPLICABLE):
            return News.GONE
        return News.FIXED if after.outcome is Outcome.MET else News.CHANGED
    if before is None or after is None:
        return News.CHANGED if _is_violated(before) or _is_violated(after) else None
    if was:
        if before.outcome is Outcome.VIOLATED and after.outcome is Outcome.UNDECIDED:
            return News.GONE
        if before.verdict is not after.verdict:
            return News.NEW if after.verdict.rank > before.verdict.rank else News.CHANGED
        said = same(play, before.expected, after.expected) and same(play, before.received, after.received)
        return None if said and before.outcome is after.outcome else News.CHANGED
    return News.CHANGED if _is_violated(before) != _is_violated(after) else None


def _is_bad(said: Said | None) -> bool:
    return said is not None and said.verdict.rank > Verdict.PASS.rank


def _is_violated(said: Said | None) -> bool:
    return said is not None and said.outcome is Outcome.VIOLATED


def _held(play: PlayResult) -> dict[_Key, _Held]:
    """What a play says of each requirement at each place: the gravest finding, the first where several are."""
    held: dict[_Key, _Held] = {}
    for step, leg, judged in findings_of(play):
        evidence = judged.finding.evidence
        key = _Key(
            step.step,
            leg.leg,
            judged.requirement.id,
            judged.finding.actor,
            _INDEX.sub("[*]", evidence.path) if evidence is not None else "",
            evidence.half if evidence is not None else Half.REQUEST,
        )
        violated = judged.finding.outcome is Outcome.VIOLATED
        old = held.get(key)
        if old is None or _weight(judged) > _weight(old.judged):
            count = (old.said.violated if old is not None else 0) + violated
            held[key] = _Held(_said(judged, count, evidence), judged, step)
        elif violated:
            held[key] = replace(old, said=replace(old.said, violated=old.said.violated + 1))
    return held


def _weight(judged: JudgedFinding) -> tuple[int, bool, bool]:
    decided = judged.finding.outcome in (Outcome.MET, Outcome.VIOLATED)
    return judged.verdict.rank, judged.finding.outcome is Outcome.VIOLATED, decided


def _said(judged: JudgedFinding, violated: int, evidence: Evidence | None) -> Said:
    finding = judged.finding
    return Said(
        outcome=finding.outcome,
        verdict=judged.verdict,
        violated=violated,
        expected=finding.expected,
        received=finding.received,
        exchange=evidence.exchange if evidence is not None else None,
        known=judged.is_known,
    )


def findings_of(play: PlayResult) -> Iterator[tuple[StepResult, LegResult, JudgedFinding]]:
    """Every finding of a play with its step and leg."""
    for step in play.steps:
        for leg in step.legs:
            for judged in leg.findings:
                yield step, leg, judged


def rules_moved(before: Run, after: Run) -> tuple[RuleChange, ...]:
    """Requirements that were judged in both runs in other words, or in one of them alone."""
    then, now = _requirements(before.plays), _requirements(after.plays)
    found = []
    for name in sorted(then.keys() | now.keys()):
        old, new = then.get(name), now.get(name)
        if old is None or new is None:
            found.append(RuleChange(before=old, after=new))
            continue
        what = tuple(word for word, value in _WORDING.items() if value(old) != value(new))
        if what:
            found.append(RuleChange(before=old, after=new, what=what))
    return tuple(found)


def _requirements(plays: Iterable[PlayResult]) -> dict[RequirementId, Requirement]:
    return {judged.requirement.id: judged.requirement for play in plays for _, _, judged in findings_of(play)}
