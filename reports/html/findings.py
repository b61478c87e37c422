"""Findings on the page: one card for all findings that say the same, the first of them in its five parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from harness.model.run import JudgedFinding, PlayResult, StepResult
from harness.model.verdict import Owner
from reports.grouping import Group, groups
from reports.html.excerpts import Excerpts, Line
from reports.html.requirements import requirement_anchor
from reports.known import known_words
from reports.overriding import overruled_words
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import (
    compared,
    comparison,
    evidence_words,
    exchange_anchor,
    finding_anchor,
    player_words,
    statement,
    step_anchor,
    subject,
    verdict_words,
    why_words,
)

OTHERS: Final = 40
"""Further findings that a card lists."""

_ALIKE: Final = 3
"""Characters that two values share at their ends before the rest is worth pointing out."""


@dataclass(frozen=True)
class Other:
    """A further finding of a card: its own anchor, its place with a link, and what was compared there."""

    id: str
    place: str
    anchor: str
    comparison: str


@dataclass(frozen=True)
class Compared:
    """`expected` or `received` with its value, in three parts: what differs is the middle one."""

    name: str
    before: str
    differing: str
    after: str


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """Findings that say the same: the first in full, the others by their places. `id` is the anchor of the card."""

    id: str
    word: str
    css: str
    verdict: str
    actor: str
    transaction: str
    subject: str
    name: str
    compared: tuple[Compared, ...]
    excerpt: tuple[Line, ...]
    text: str
    blame: str
    evidence: str
    anchor: str
    citation: str
    confidence: str
    site: str
    requirement: str
    requirement_anchor: str
    condition: str
    source: str
    reproduce: str
    reproduced: str
    look: str = "the exchange"
    where: str
    step: str
    play: str
    where_anchor: str
    count: int
    others: tuple[Other, ...]


@dataclass
class Cards:
    """Makes the cards of one page: every anchor is given once."""

    again: Reproduction
    excerpts: Excerpts
    _given: Counter[str] = field(default_factory=Counter)

    def of_leg(self, play: PlayResult, step: StepResult, findings: Iterable[JudgedFinding]) -> tuple[FindingView, ...]:
        """Cards of one leg, gravest first; quiet ones (warnings, declared deviations) last."""
        found = groups((play, step, judged) for judged in findings)
        cards = [self.of(group) for group in found]
        return tuple(sorted(cards, key=lambda card: card.css == "note"))

    def of(self, group: Group, prefix: str = "") -> FindingView:
        """The card of a group; `prefix` tells a card in a summary from that at the step."""
        judged, requirement = group.judged, group.judged.requirement
        finding, evidence = judged.finding, judged.finding.evidence
        lines, again = self.excerpts.of(judged), self.again.of_finding(group.play, judged)
        return FindingView(
            id=self._id(prefix + finding_anchor(group.play, group.step, judged)),
            word=verdict_words(judged).lower(),
            css="note" if judged.quiet else judged.verdict.value,
            verdict="warning" if judged.quiet else judged.verdict.value,
            actor=printable(finding.actor, 60),
            transaction=printable(group.step.transaction, 20),
            subject=subject(judged),
            name=next((line.row.row.name for line in lines if line.here), ""),
            compared=compared_parts(judged),
            excerpt=lines,
            text=printable(requirement.text),
            blame=_blame(judged),
            evidence=evidence_words(evidence),
            anchor=exchange_anchor(evidence.exchange) if evidence else "",
            citation=printable(requirement.citation.text),
            confidence=requirement.citation.confidence.value,
            site=" ; ".join(words for words in (overruled_words(judged), known_words(judged.known)) if words),
            requirement=printable(requirement.id),
            requirement_anchor=requirement_anchor(requirement),
            condition=printable(requirement.condition),
            source=printable(requirement.citation.source),
            reproduce=again,
            reproduced="send it again" if again.startswith("swf replay") else "play it again",
            where=f"{printable(group.play.play)} / {printable(group.step.step)} [{printable(group.step.transaction)}]",
            step=printable(group.step.step, 60),
            play=printable(group.play.play, 120),
            where_anchor=step_anchor(group.play, group.step),
            count=group.count,
            others=tuple(self._other(group.play, prefix, *member) for member in group.members[1 : OTHERS + 1]),
        )

    def _other(
        self, first: PlayResult, prefix: str, play: PlayResult, step: StepResult, judged: JudgedFinding
    ) -> Other:
        evidence = judged.finding.evidence
        place = evidence_words(evidence)
        if play.play != first.play:
            place = f"{printable(play.play)}: {place}"
        anchor = exchange_anchor(evidence.exchange) if evidence else step_anchor(play, step)
        own = "" if prefix else self._id(finding_anchor(play, step, judged))
        return Other(own, place, anchor, comparison(judged) or statement(judged))

    def _id(self, anchor: str) -> str:
        self._given[anchor] += 1
        count = self._given[anchor]
        return anchor if count == 1 else f"{anchor}~{count}"


def compared_parts(judged: JudgedFinding) -> tuple[Compared, ...]:
    """Expected and received; of two values that share their ends the part that differs stands out."""
    pairs = compared(judged)
    expected, received = (printable(text) for text in (judged.finding.expected, judged.finding.received))
    word = expected.partition(" ")[0]
    same = _common(word, received) if word and received and word != received else None
    if same is None:
        return tuple(Compared(name, value, "", "") for name, value in pairs)
    head, tail = same
    return tuple(_cut(name, value, word if name == "expected" else received, head, tail) for name, value in pairs)


def _cut(name: str, value: str, word: str, head: int, tail: int) -> Compared:
    end = len(word) - tail
    return Compared(name, value[:head], value[head:end], value[end:])


def _common(one: str, other: str) -> tuple[int, int] | None:
    """How many characters two values share at their beginning and at their end; None where that is hardly any."""
    short = min(len(one), len(other))
    head = next((at for at in range(short) if one[at] != other[at]), short)
    rest = short - head
    tail = next((at for at in range(rest) if one[-1 - at] != other[-1 - at]), rest)
    return (head, tail) if head + tail >= max(_ALIKE, short // 2) else None


def _blame(judged: JudgedFinding) -> str:
    player, why = player_words(judged.player), why_words(judged)
    who = player if judged.owner is Owner.HARNESS and not why else f"{player}, {why or judged.owner.value}"
    return f"{printable(judged.finding.actor, 60)} ({who})"
