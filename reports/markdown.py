"""summary.md: what a pull request should see of a run, in the Markdown of GitHub and GitLab.

Short enough for a comment. Every value stands as code, with its punctuation as character references: nothing in it is
markup, a mention, an address or an image.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from harness.model.claimed import Observation
from harness.model.run import PlayResult, Run, StepResult
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.claim_sheet.view import ClaimView, SystemView, sheet_of, told_run
from reports.grouping import Group, ReasonGroup, complaints, warnings
from reports.known import gate_words
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import group_text, plays_words, reason_text, statement, unexplained

MARKDOWN_FILE: Final = "summary.md"
LIMIT: Final = 60_000
"""Characters: a comment on GitHub holds 65,536."""

_FAILURES = 15
_DETAILS = 8
_CLAIMS = 40
_PLAYS = 30
_SIGNS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.PASS: "\u2705",
        Verdict.FAIL: "\u274c",
        Verdict.ERROR: "\U0001f4a5",
        Verdict.INCONCLUSIVE: "\u2754",
        Verdict.NONE: "\u2796",
    }
)
_MARKUP: Final = re.compile(r"""[&<>"'`*_{}\[\]#|~@\\!$^]|:(?=//)|(?<=www)\.""", re.IGNORECASE)


class Markdown:
    """Writes summary.md."""

    name = "markdown"
    order = 50

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the summary; what does not fit is left out whole, and said to be in the report."""
        (out / MARKDOWN_FILE).write_text(markdown(run, out), encoding="utf-8", errors="backslashreplace")


def markdown(run: Run, out: Path) -> str:
    """The summary as text of at most LIMIT characters."""
    again = Reproduction(out, run)
    text = "\n".join(_head(run)) + "\n"
    for section in (_attention(run, again), _claims(run, out), _plays(run)):
        found = "\n".join(section)
        if found and len(text) + len(found) > LIMIT:
            text += "\n*More is in the report.*\n"
            break
        text += f"\n{found}\n" if found else ""
    return text + "\n".join(["", *_foot(run)]) + "\n"


def literal(text: str, limit: int = 160) -> str:
    """A value as code, nothing of which is markup."""
    return f"<code>{escaped(printable(text, limit))}</code>"


def escaped(text: str) -> str:
    """Text on one line in which no character marks anything up."""
    return _MARKUP.sub(lambda found: f"&#{ord(found.group())};", text)


def _head(run: Run) -> Iterator[str]:
    systems = ", ".join(literal(f"{one.name} {one.version}".strip(), 80) for one in run.plan.systems)
    yield f"## {_SIGNS[run.verdict]} {run.verdict.value.upper()}: {systems or 'simulated department'}"
    yield ""
    steps = Counter(step.verdict for play in run.plays for step in play.steps)
    yield f"{_counted(len(run.plays), 'scenario')}: {_graded(Counter(play.verdict for play in run.plays))}. "
    yield f"Steps: {_graded(steps)}. "
    yield f"{run.checks} checks executed, {run.believed} of them of believed requirements."
    gate = gate_words(run)
    if gate:
        yield ""
        yield f"**{literal(gate, 300)}**"
    if run.interrupted:
        yield ""
        yield "**The run was interrupted: what is missing was not tested.**"


def _attention(run: Run, again: Reproduction) -> Iterator[str]:
    found, reasons = complaints(run), unexplained(run)
    if not found and not reasons:
        return
    yield f"### Needs attention ({len(found) + len(reasons)})"
    yield ""
    yield "| verdict | step | what | clause |"
    yield "|---|---|---|---|"
    rows = [*(_row(group) for group in found), *(_reason_row(group) for group in reasons)]
    yield from rows[:_FAILURES]
    if len(rows) > _FAILURES:
        yield ""
        yield f"and {len(rows) - _FAILURES} more kinds of failure"
    yield ""
    for group in found[:_DETAILS]:
        yield from _details(_name(group.step), statement(group.judged), group_text(group, again))
    for reason in reasons[: max(0, _DETAILS - len(found))]:
        yield from _details(_name(reason.members[0][1]), _why(reason), reason_text(*reason.members[0], again))


def _row(group: Group) -> str:
    judged = group.judged
    word = f"{_SIGNS[judged.verdict]} {judged.verdict.value.upper()}"
    known = " known" if judged.is_known else ""
    times = f" ({group.count} times)" if group.count > 1 else ""
    step = f"{literal(group.step.step, 60)} {escaped(printable(group.step.transaction, 20))}"
    citation = judged.requirement.citation
    clause = f"{escaped(printable(citation.text, 80))} ({citation.confidence.value})"
    return f"| {word}{known} | {step} | {literal(statement(judged), 240)}{times} | {clause} |"


def _reason_row(group: ReasonGroup) -> str:
    step = group.members[0][1]
    word = f"{_SIGNS[group.verdict]} {group.verdict.value.upper()}"
    name = f"{literal(step.step, 60)} {escaped(printable(step.transaction, 20))}"
    plays = plays_words(play for play, _ in group.members)
    return f"| {word} | {name} | {literal(_why(group), 240)} | in {literal(plays, 200)} |"


def _name(step: StepResult) -> str:
    return f"{step.step} [{step.transaction}]"


def _why(group: ReasonGroup) -> str:
    return "; ".join(group.reasons) or "no finding says why"


def _details(name: str, what: str, text: str) -> Iterator[str]:
    """One failure in full, folded."""
    yield f"<details><summary>{literal(name, 80)} {literal(what)}</summary>"
    yield ""
    yield f"<pre>{escaped(text)}</pre>"
    yield ""
    yield "</details>"
    yield ""


def _claims(run: Run, out: Path) -> Iterator[str]:
    for system in sheet_of([told_run(run, out)]).systems:
        yield from _claims_of(system)


def _claims_of(system: SystemView) -> Iterator[str]:
    claims = (*system.claims, *system.unclaimed)
    yield f"### Claims of {literal(system.title, 80)}"
    yield ""
    yield "| claim | observation | state | transactions | checks |"
    yield "|---|---|---|---|---:|"
    ranked = sorted(claims, key=lambda claim: list(_GRAVEST).index(claim.part.observation))
    yield from (_claim_row(claim) for claim in ranked[:_CLAIMS])
    if len(claims) > _CLAIMS:
        yield ""
        yield f"and {len(claims) - _CLAIMS} more claims"
    yield ""


_GRAVEST: Final = (
    Observation.CONTRADICTED,
    Observation.PARTLY_OBSERVED,
    Observation.OBSERVED,
    Observation.NOT_OBSERVED,
)


def _claim_row(claim: ClaimView) -> str:
    sign = {Observation.CONTRADICTED: _SIGNS[Verdict.FAIL], Observation.OBSERVED: _SIGNS[Verdict.PASS]}
    observation = f"{sign.get(claim.part.observation, '')} {claim.part.observation.value}".strip()
    unclaimed = "" if claim.part.claimed else " (not claimed)"
    shown = f"{claim.shown} of {len(claim.transactions)}" if claim.transactions else "none"
    return (
        f"| {literal(claim.title)}{unclaimed} | {observation} | {claim.state.value} | {shown} | {claim.part.checks} |"
    )


def _plays(run: Run) -> Iterator[str]:
    failing = [play for play in run.plays if play.verdict.rank > Verdict.PASS.rank]
    if not failing:
        return
    yield f"<details><summary>Scenarios that did not pass ({len(failing)})</summary>"
    yield ""
    yield "| scenario | verdict | steps |"
    yield "|---|---|---|"
    yield from (_play_row(play) for play in islice(sorted(failing, key=lambda play: -play.verdict.rank), _PLAYS))
    yield ""
    if len(failing) > _PLAYS:
        yield f"and {len(failing) - _PLAYS} more"
        yield ""
    yield "</details>"


def _play_row(play: PlayResult) -> str:
    word = f"{_SIGNS[play.verdict]} {play.verdict.value}"
    return f"| {literal(play.play)} | {word} | {_graded(Counter(step.verdict for step in play.steps))} |"


def _foot(run: Run) -> Iterator[str]:
    plan = run.plan
    warned = sum(group.count for group in warnings(run))
    facts = [
        f"seed {plan.seed}",
        f"exit code {run.exit_code}",
        f"harness {escaped(printable(plan.harness_version, 40))}",
    ]
    facts += [f"rule set {escaped(printable(run.rule_set or plan.rule_set, 12).partition('.')[0])}"]
    facts += [_counted(warned, "warning")] if warned else []
    yield f"<sub>{', '.join(facts)}. Tested against the profiles, and no statement of conformance.</sub>"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _graded(counts: Mapping[Verdict, int]) -> str:
    parts = (f"{counts[verdict]} {verdict.value}" for verdict in reversed(Verdict) if counts.get(verdict))
    return ", ".join(parts) or "none"


REPORT = Markdown()
