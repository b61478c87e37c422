"""Findings as sentences: the one place where a decided fact becomes prose.

Every failure has five parts: where, expected and received, evidence, citation, next step. Reports and the
pytest plugin use these words; nothing here decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from harness.model.finding import Evidence
from harness.model.names import HARNESS, ExchangeId, PlayerName
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict
from reports.printable import printable

HTML_REPORT = "report.html"
_HL7_PATH = re.compile(r"[A-Z][A-Z0-9]{2}(\[\d+\])?(-\d.*)?")
_SHORT = 120
_MANY = 20


def exchange_anchor(exchange: ExchangeId) -> str:
    """Name of an exchange's place in the HTML report."""
    return f"x{exchange}"


def play_anchor(play: PlayResult) -> str:
    """Name of a play's place in the HTML report."""
    return printable(play.play).replace(" ", "_")


def step_anchor(play: PlayResult, step: StepResult) -> str:
    """Name of a step's place in the HTML report."""
    return f"{play_anchor(play)}/{printable(step.step).replace(' ', '_')}"


def href(anchor: str) -> str:
    """A place in the HTML report as a fragment that every browser resolves."""
    return "#" + quote(anchor, safe="/@.-_[]")


def player_words(player: PlayerName) -> str:
    """Who plays: the product's name, or that we do."""
    return "simulated" if player == HARNESS else printable(player, _SHORT)


def verdict_words(judged: JudgedFinding) -> str:
    """The verdict as one word; what changes no verdict says so."""
    if judged.declared:
        return "DECLARED DEVIATION"
    if judged.warning:
        return "WARNING"
    return judged.verdict.value.upper()


def _split_path(path: str) -> tuple[str, str]:
    """The part of a path that names the value, and what contains it."""
    if _HL7_PATH.fullmatch(path):
        return path, ""
    container, _, leaf = path.rpartition(".")
    return leaf, container


def subject(judged: JudgedFinding) -> str:
    """What the finding is about: the field or attribute, else the obligation in words."""
    evidence = judged.finding.evidence
    leaf = _split_path(evidence.path)[0] if evidence else ""
    return printable(leaf or judged.requirement.text, _SHORT * 2)


def comparison(judged: JudgedFinding) -> str:
    """Expected and received, with where the expected value was seen first; empty when neither is known."""
    finding = judged.finding
    parts = []
    if finding.expected:
        origin = f" ({printable(finding.origin, _SHORT)})" if finding.origin else ""
        parts.append(f"expected {printable(finding.expected)}{origin}")
    if finding.received or finding.outcome is Outcome.VIOLATED:
        parts.append(f"received {printable(finding.received) or 'absent'}")
    return ", ".join(parts)


def statement(judged: JudgedFinding) -> str:
    """Subject, expected and received in one line."""
    facts = comparison(judged)
    return f"{subject(judged)}: {facts}" if facts else subject(judged)


def evidence_words(evidence: Evidence | None, *, container_only: bool = False) -> str:
    """A pointer into the wire in words; responses count from 1 as people count."""
    if evidence is None:
        return "no exchange"
    path = _split_path(evidence.path)[1] if container_only else evidence.path
    half = f"response {evidence.response + 1}" if evidence.half is Half.RESPONSE else "request"
    return ", ".join(part for part in (f"exchange {evidence.exchange}", half, printable(path)) if part)


def citation_words(judged: JudgedFinding) -> str:
    """The clause with our confidence in it, and the requirement's id."""
    citation = judged.requirement.citation
    text = f"{printable(citation.text)} ({citation.confidence.value})"
    return f"{text} ; requirement {printable(judged.requirement.id)}"


def next_step(play: PlayResult, step: StepResult, evidence: Evidence | None, out: Path | str) -> str:
    """Where to look, and how to see it again."""
    run = printable(str(out))
    if evidence is None:
        return f"see {HTML_REPORT}{href(step_anchor(play, step))} ; judge again: swf judge {run}"
    anchor = href(exchange_anchor(evidence.exchange))
    return f"see {HTML_REPORT}{anchor} ; reproduce: swf replay {run} {evidence.exchange}"


def where(play: PlayResult, step: StepResult) -> str:
    """The step in its scenario's source, with its transaction."""
    source = f"{printable(play.scenario_path or play.play)}:{step.line}"
    return f"{source}  {printable(step.step)} [{printable(step.transaction)}]"


def failure_text(play: PlayResult, step: StepResult, judged: JudgedFinding, out: Path | str) -> str:
    """A finding in five parts, one line each."""
    evidence = judged.finding.evidence
    return "\n".join(
        (
            f"{where(play, step)}  {verdict_words(judged)} ({printable(judged.finding.actor)})",
            f"  {statement(judged)}",
            f"  {evidence_words(evidence, container_only=True)}",
            f"  {citation_words(judged)}",
            f"  {next_step(play, step, evidence, out)}",
        )
    )


def decisive(step: StepResult) -> Iterator[tuple[LegResult, JudgedFinding]]:
    """The findings that keep a step from passing, gravest first, otherwise in the order of the legs."""
    found = [
        (leg, judged)
        for leg in step.legs
        for judged in leg.findings
        if judged.verdict.rank > Verdict.PASS.rank and not judged.declared
    ]
    yield from sorted(found, key=lambda pair: -pair[1].verdict.rank)


def reasons(step: StepResult) -> tuple[str, ...]:
    """Why the step, or a leg of it, has a verdict that no finding explains."""
    legs = [
        f"{printable(leg.leg)}: {printable(leg.reason)}"
        for leg in step.legs
        if leg.reason and leg.verdict is not Verdict.PASS
    ]
    return ((printable(step.reason),) if step.reason else ()) + tuple(legs)


def step_summary(play: PlayResult, step: StepResult, out: Path | str) -> str:
    """Everything that keeps a step from passing, the gravest in full; one line when it passed."""
    found = [judged for _, judged in decisive(step)]
    texts = [failure_text(play, step, judged, out) for judged in found[:_MANY]]
    if len(found) > _MANY:
        texts.append(f"  ... and {len(found) - _MANY} more, see {HTML_REPORT}{href(step_anchor(play, step))}")
    explained = reasons(step)
    unexplained = step.verdict.rank > Verdict.PASS.rank and not texts
    if explained or unexplained or not texts:
        lines = [f"{where(play, step)}  {step.verdict.value.upper()}"]
        lines += [f"  {reason}" for reason in explained or (("no finding says why",) if unexplained else ())]
        if unexplained:
            lines.append(f"  {next_step(play, step, None, out)}")
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def unpassed(run: Run) -> Iterator[tuple[PlayResult, StepResult]]:
    """The steps with a verdict graver than pass, in the order of the run."""
    for play in run.plays:
        for step in play.steps:
            if step.verdict.rank > Verdict.PASS.rank:
                yield play, step


def claim_words(system: str, profile: str, actor: str) -> str:
    """What the run says about a product; a harness tests and never certifies."""
    return f"{printable(system)}: tested against {printable(profile)} {printable(actor)}"
