"""Findings on the page: one card for all findings that say the same, the first of them in its five parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.run import JudgedFinding, PlayResult, StepResult
from harness.model.verdict import Owner
from reports.grouping import Group, groups
from reports.html.requirements import requirement_anchor
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import (
    citation_words,
    compared,
    comparison,
    evidence_words,
    exchange_anchor,
    player_words,
    statement,
    step_anchor,
    subject,
    verdict_words,
    why_words,
)

OTHERS = 40
"""Further findings that a card lists."""


@dataclass(frozen=True)
class Other:
    """A further finding of a card: its place with a link, and what was compared there."""

    place: str
    anchor: str
    comparison: str


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """Findings that say the same: the first in full, the others by their places."""

    word: str
    css: str
    subject: str
    compared: tuple[tuple[str, str], ...]
    text: str
    blame: str
    evidence: str
    anchor: str
    citation: str
    requirement: str
    requirement_anchor: str
    condition: str
    source: str
    reproduce: str
    where: str
    where_anchor: str
    count: int
    others: tuple[Other, ...]


def of_leg(
    play: PlayResult, step: StepResult, findings: Iterable[JudgedFinding], again: Reproduction
) -> tuple[FindingView, ...]:
    """Cards of one leg, gravest first; quiet ones (warnings, declared deviations) last."""
    found = groups((play, step, judged) for judged in findings)
    cards = [view_of(group, again) for group in found]
    return tuple(sorted(cards, key=lambda card: card.css == "note"))


def view_of(group: Group, again: Reproduction) -> FindingView:
    """The card of a group."""
    judged, requirement = group.judged, group.judged.requirement
    finding = judged.finding
    quiet = judged.quiet
    return FindingView(
        word=verdict_words(judged).lower(),
        css="note" if quiet else judged.verdict.value,
        subject=subject(judged),
        compared=compared(judged),
        text=printable(requirement.text),
        blame=_blame(judged),
        evidence=evidence_words(finding.evidence),
        anchor=exchange_anchor(finding.evidence.exchange) if finding.evidence else "",
        citation=citation_words(judged).partition(" ; requirement ")[0],
        requirement=printable(requirement.id),
        requirement_anchor=requirement_anchor(requirement),
        condition=printable(requirement.condition),
        source=printable(requirement.citation.source),
        reproduce=again.of_finding(group.play, judged),
        where=f"{printable(group.play.play)} / {printable(group.step.step)} [{printable(group.step.transaction)}]",
        where_anchor=step_anchor(group.play, group.step),
        count=group.count,
        others=tuple(_other(group.play, *member) for member in group.members[1 : OTHERS + 1]),
    )


def _blame(judged: JudgedFinding) -> str:
    player, why = player_words(judged.player), why_words(judged)
    who = player if judged.owner is Owner.HARNESS and not why else f"{player}, {why or judged.owner.value}"
    return f"{printable(judged.finding.actor, 60)} ({who})"


def _other(first: PlayResult, play: PlayResult, step: StepResult, judged: JudgedFinding) -> Other:
    evidence = judged.finding.evidence
    place = evidence_words(evidence)
    if play.play != first.play:
        place = f"{printable(play.play)}: {place}"
    anchor = exchange_anchor(evidence.exchange) if evidence else step_anchor(play, step)
    return Other(place, anchor, comparison(judged) or statement(judged))
