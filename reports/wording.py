"""Findings as sentences: the one place where a decided fact becomes prose.

Every failure has five parts: where, expected and received, evidence, citation, next step. Reports and the
pytest plugin use these words; nothing here decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from harness.model.failing import step_standing
from harness.model.finding import Evidence
from harness.model.known import Standing
from harness.model.names import HARNESS, ExchangeId, PlayerName, PlayId, TransactionId
from harness.model.run import JudgedFinding, LedgerEntry, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Reason, Verdict
from reports.grouping import Group, ReasonGroup, groups, scenario_of
from reports.known import known_words
from reports.overriding import overruled_words
from reports.printable import printable
from reports.reproduction import Reproduction

HTML_REPORT = "report.html"
_HL7_PATH = re.compile(r"[A-Z][A-Z0-9]{2}(\[\d+\])?(-\d.*)?")
_NUMBER = re.compile(r"[0-9]{1,9}")
_SHORT = 120
_MANY = 20
_PLACES = 6


def exchange_anchor(exchange: ExchangeId) -> str:
    """Name of an exchange's place in the HTML report."""
    return f"x{exchange}"


def play_anchor(play: PlayResult) -> str:
    """Name of a play's place in the HTML report."""
    return printable(play.play).replace(" ", "_")


def step_anchor(play: PlayResult, step: StepResult) -> str:
    """Name of a step's place in the HTML report."""
    return f"{play_anchor(play)}/{printable(step.step).replace(' ', '_')}"


def finding_anchor(play: PlayResult, step: StepResult, judged: JudgedFinding) -> str:
    """Name of a finding's place in the HTML report: step, requirement and exchange."""
    evidence = judged.finding.evidence
    at = f"@{exchange_anchor(evidence.exchange)}" if evidence else ""
    return f"{step_anchor(play, step)}/{printable(judged.requirement.id).replace(' ', '_')}{at}"


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
    if judged.consequence:
        return "CONSEQUENCE"
    if judged.warning:
        return "WARNING"
    return f"KNOWN {judged.verdict.value.upper()}" if judged.is_known else judged.verdict.value.upper()


def why_words(judged: JudgedFinding) -> str:
    """Whose a finding is and why, in one line; empty where that goes without saying."""
    why = judged.why
    if why.reason is Reason.OWN_DOING:
        return ""
    by = player_words(why.player) if why.player is not None else ""
    exchange = f"exchange {why.exchange}" if why.exchange is not None else ""
    what = printable(why.requirement or "", _SHORT)
    where = ", ".join(part for part in (by, what, exchange, printable(why.path, _SHORT)) if part)
    return f"{judged.owner.value}: {why.reason.value}" + (f" ({where})" if where else "")


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


def compared(judged: JudgedFinding) -> tuple[tuple[str, str], ...]:
    """`expected` and `received` with their values, and where the expected value was seen first; each only if known."""
    finding = judged.finding
    parts = []
    if finding.expected:
        origin = f" ({printable(finding.origin, _SHORT)})" if finding.origin else ""
        parts.append(("expected", f"{printable(finding.expected)}{origin}"))
    if finding.received or finding.outcome is Outcome.VIOLATED:
        parts.append(("received", printable(finding.received) or "absent"))
    return tuple(parts)


def comparison(judged: JudgedFinding) -> str:
    """Expected and received in one line; empty when neither is known."""
    return ", ".join(f"{name} {value}" for name, value in compared(judged))


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
    """The clause with our confidence in it, what an override did, the known deviation that it is, and the
    requirement's id."""
    citation = judged.requirement.citation
    text = f"{printable(citation.text)} ({citation.confidence.value})"
    site = "".join(f" ; {words}" for words in (overruled_words(judged), known_words(judged.known)) if words)
    return f"{text}{site} ; requirement {printable(judged.requirement.id)}"


def next_step(play: PlayResult, step: StepResult, judged: JudgedFinding, again: Reproduction) -> str:
    """Where to look, and how to see it again."""
    evidence = judged.finding.evidence
    anchor = exchange_anchor(evidence.exchange) if evidence else step_anchor(play, step)
    return f"see {HTML_REPORT}{href(anchor)} ; reproduce: {again.of_finding(play, judged)}"


def where(play: PlayResult, step: StepResult) -> str:
    """The step in its scenario's source, with its transaction."""
    source = printable(play.scenario_path or play.play) + (f":{step.line}" if step.line else "")
    return f"{source}  {printable(step.step)} [{printable(step.transaction)}]"


def failure_text(play: PlayResult, step: StepResult, judged: JudgedFinding, again: Reproduction) -> str:
    """A finding in its parts, one line each: five, and whose it is where that does not go without saying."""
    return "\n".join(
        (
            f"{where(play, step)}  {verdict_words(judged)} ({printable(judged.finding.actor)})",
            f"  {statement(judged)}",
            f"  {evidence_words(judged.finding.evidence, container_only=True)}",
            *(f"  {words}" for words in (why_words(judged),) if words),
            f"  {citation_words(judged)}",
            f"  {next_step(play, step, judged, again)}",
        )
    )


def first_breaks(play: PlayResult) -> tuple[LedgerEntry, ...]:
    """The first broken copy of each identifier of a play."""
    found: dict[str, LedgerEntry] = {}
    for entry in sorted((entry for entry in play.ledger if entry.broken), key=lambda entry: entry.exchange):
        found.setdefault(entry.name, entry)
    return tuple(found.values())


def break_words(entry: LedgerEntry) -> str:
    """Where an identifier broke, and who is charged."""
    charged = f"charged to {printable(entry.charged, _SHORT)}" if entry.charged else ""
    parts = (f"exchange {entry.exchange}", charged, printable(entry.requirement or "", _SHORT))
    where = ", ".join(part for part in parts if part)
    value = printable(entry.value, _SHORT) or "(empty)"
    return f"{printable(entry.name, _SHORT)} first broken at {printable(entry.place, _SHORT)}: {value} ({where})"


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
    """Why the step, or a leg of it, has a verdict that no finding explains; legs of one reason share a line.

    A leg that was not judged explains nothing about a step that was.
    """
    silent = {Verdict.PASS} if step.verdict is Verdict.NONE else {Verdict.PASS, Verdict.NONE}
    by_reason: dict[str, list[str]] = {}
    known: dict[str, str] = {}
    for leg in step.legs:
        if leg.reason and leg.verdict not in silent:
            by_reason.setdefault(printable(leg.reason), []).append(printable(leg.leg))
            known[printable(leg.reason)] = f" ({known_words(leg.known)})" if leg.known is not None else ""
    own = printable(step.reason)
    if own and [own] == list(by_reason) and len(by_reason[own]) == len(step.legs):
        return (f"{own}{known[own]}",)
    legs = tuple(f"{', '.join(names)}: {reason}{known[reason]}" for reason, names in by_reason.items())
    return legs if not own or own in by_reason else (own, *legs)


def step_summary(play: PlayResult, step: StepResult, out: Path | str) -> str:
    """What keeps a step from passing, when nothing is known of the run but its folder."""
    return step_text(play, step, Reproduction(out))


def step_text(play: PlayResult, step: StepResult, again: Reproduction) -> str:
    """Everything that keeps a step from passing, the gravest in full; one line when it passed."""
    found = groups((play, step, judged) for _, judged in decisive(step))
    texts = [group_text(group, again) for group in found[:_MANY]]
    if len(found) > _MANY:
        rest = sum(group.count for group in found[_MANY:])
        texts.append(f"  ... and {rest} more, see {HTML_REPORT}{href(step_anchor(play, step))}")
    if reasons(step) or not texts:
        texts.append(reason_text(play, step, again))
    return "\n\n".join(texts)


def reason_text(play: PlayResult, step: StepResult, again: Reproduction) -> str:
    """A step with its verdict and the reasons that are no findings."""
    explained = reasons(step)
    unexplained = step.verdict.rank > Verdict.PASS.rank and not any(decisive(step))
    known = "KNOWN " if step_standing(play, step) is Standing.KNOWN else ""
    lines = [f"{where(play, step)}  {known}{step.verdict.value.upper()}"]
    lines += [f"  {reason}" for reason in explained or (("no finding says why",) if unexplained else ())]
    if unexplained:
        lines.append(f"  see {HTML_REPORT}{href(step_anchor(play, step))} ; reproduce: {again.again(play)}")
    return "\n".join(lines)


def group_text(group: Group, again: Reproduction) -> str:
    """The first finding of a group in full, and where the others are."""
    text = failure_text(group.play, group.step, group.judged, again)
    return f"{text}\n  {more_words(group)}" if group.count > 1 else text


def more_words(group: Group) -> str:
    """How many findings a group has, and where they are."""
    places = group.places
    shown = ", ".join(place_words(*place) for place in places[:_PLACES])
    more = f", and {len(places) - _PLACES} more exchanges" if len(places) > _PLACES else ""
    return f"{group.count} of this requirement at this step: {shown}{more}"


def place_words(where: tuple[PlayId, ExchangeId | None], count: int) -> str:
    """A play and an exchange in it, with the number of findings when there are several."""
    play, exchange = where
    place = f"exchange {exchange}" if exchange else "no exchange"
    return f"{printable(play)} {place}" + (f" ({count} times)" if count > 1 else "")


def unexplained(run: Run) -> tuple[ReasonGroup, ...]:
    """Steps graver than pass that no finding explains, or not alone, by scenario, step and reason."""
    return _by_reason(
        (play, step)
        for play, step in _steps(run)
        if step.verdict.rank > Verdict.PASS.rank and (reasons(step) or not any(decisive(step)))
    )


def not_judged(run: Run) -> tuple[ReasonGroup, ...]:
    """Steps with the verdict none, by scenario, step and reason."""
    return _by_reason((play, step) for play, step in _steps(run) if step.verdict is Verdict.NONE)


def _steps(run: Run) -> Iterator[tuple[PlayResult, StepResult]]:
    return ((play, step) for play in run.plays for step in play.steps)


def _by_reason(steps: Iterable[tuple[PlayResult, StepResult]]) -> tuple[ReasonGroup, ...]:
    found: dict[tuple[str, str, Verdict, tuple[str, ...]], list[tuple[PlayResult, StepResult]]] = {}
    for play, step in steps:
        found.setdefault((scenario_of(play), step.step, step.verdict, reasons(step)), []).append((play, step))
    ranked = sorted(found.items(), key=lambda item: -item[0][2].rank)
    return tuple(ReasonGroup(verdict, why, tuple(members)) for (_, _, verdict, why), members in ranked)


def plays_words(plays: Iterable[PlayResult]) -> str:
    """The forms and roles of plays of one scenario, in short: `2.3.1, 2.5.1[Modality]`."""
    names = list(dict.fromkeys(printable(play.play.partition("@")[2] or play.play) for play in plays))
    more = f" and {len(names) - _PLACES} more" if len(names) > _PLACES else ""
    return ", ".join(names[:_PLACES]) + more


def claim_words(system: str, profile: str, actor: str) -> str:
    """What the run says about a product; a harness tests and never certifies."""
    return f"{printable(system)}: tested against {printable(profile)} {printable(actor)}"


def by_number(verdicts: Mapping[TransactionId, Verdict]) -> list[tuple[TransactionId, Verdict]]:
    """Transactions with their verdicts as people count: RAD-5 before RAD-10."""

    def key(entry: tuple[TransactionId, Verdict]) -> tuple[str, int, str]:
        head, _, number = entry[0].rpartition("-")
        return head, int(number) if _NUMBER.fullmatch(number) else -1, number

    return sorted(verdicts.items(), key=key)
