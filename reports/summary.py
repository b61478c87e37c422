"""The summary of a run in the terminal: what failed in full and once, everything else in tables and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.model.failing import play_standing, step_standing
from harness.model.known import Standing
from harness.model.names import ExchangeId, TransactionId
from harness.model.run import LedgerEntry, PlayResult, Run, StepResult
from harness.model.verdict import Verdict
from reports.grouping import Group, ReasonGroup, complaints, warnings
from reports.known import gate_words, known_summary, known_texts
from reports.overriding import attestation_texts, override_summary, override_texts
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.terminal import STYLES, Row, badge, columns_that_fit, line, table
from reports.wording import (
    HTML_REPORT,
    break_words,
    by_number,
    claim_words,
    first_breaks,
    group_text,
    href,
    not_judged,
    player_words,
    plays_words,
    reason_text,
    statement,
    unexplained,
)

_FAILURES = 20
_BRIEF = 10
_NUMBERS = 20
_DIGITS = 12


def summary(run: Run, out: Path, console: Console) -> None:
    """Print what the run found: failures first in full, then the tables, the counts and where to read on."""
    _print_failures(run, Reproduction(out, run), console)
    _print_plays(run, console)
    _print_claims(run, console)
    _print_warnings(run, console)
    _print_not_judged(run, console)
    _print_unobserved(run, console)
    _print_site(run, console)
    _print_known(run, console)
    _print_counts(run, console)
    _print_gate(run, console)
    if run.interrupted:
        line(console, "The run was interrupted: what is missing was not tested.", STYLES[Verdict.INCONCLUSIVE])
    line(console, f"Report: {printable(str(out / HTML_REPORT))}")


def _print_failures(run: Run, again: Reproduction, console: Console) -> None:
    everything: list[Group | ReasonGroup] = [*complaints(run), *unexplained(run)]
    found = [one for one in everything if not _all_unreached(one)]
    found.sort(key=lambda one: (-_verdict_of(one).rank, _is_known(one)))
    for one in found[:_FAILURES]:
        first, *rest = _failure_lines(one, again)
        line(console, first, STYLES[_verdict_of(one)])
        for text in rest:
            line(console, text)
        line(console, "")
    if len(found) > _FAILURES:
        steps = sum(step.verdict.rank > Verdict.PASS.rank for play in run.plays for step in play.steps)
        more = f"... and {len(found) - _FAILURES} more kinds of failure; {steps} steps did not pass"
        line(console, f"{more}: {HTML_REPORT}{href('attention')}\n", "bold")
    _print_breaks(run, console)
    for play in run.plays:
        missed = [step.step for step in play.steps if _unreached(play, step)]
        if missed:
            text = f"{play.play}  interrupted before {missed[0]}: {len(missed)} steps were not tested"
            line(console, printable(text), STYLES[Verdict.INCONCLUSIVE])
        if play.reason:
            line(console, f"{printable(play.play)}  {play.verdict.value.upper()}", STYLES[play.verdict])
            line(console, f"  {printable(play.reason)}\n")


def _print_breaks(run: Run, console: Console) -> None:
    """The first broken copy of each identifier, once for all plays in which it breaks at the same edge."""
    found: dict[tuple[str, str | None], list[tuple[PlayResult, LedgerEntry]]] = {}
    for play in run.plays:
        for entry in first_breaks(play):
            found.setdefault((entry.name, entry.requirement), []).append((play, entry))
    for members in list(found.values())[:_BRIEF]:
        more = f", and in {len(members) - 1} more plays" if len(members) > 1 else ""
        line(console, f"{printable(members[0][0].play)}  {break_words(members[0][1])}{more}")
    if found:
        line(console, "")


def _unreached(play: PlayResult, step: StepResult) -> bool:
    """Whether an interruption came before anything of the step was seen."""
    return play.interrupted and step.verdict is Verdict.INCONCLUSIVE and not any(leg.exchanges for leg in step.legs)


def _all_unreached(one: Group | ReasonGroup) -> bool:
    return all(_unreached(*member[:2]) for member in one.members)


def _is_known(one: Group | ReasonGroup) -> bool:
    if isinstance(one, Group):
        return one.judged.is_known
    return all(step_standing(*member) is Standing.KNOWN for member in one.members)


def _verdict_of(one: Group | ReasonGroup) -> Verdict:
    return one.judged.verdict if isinstance(one, Group) else one.verdict


def _failure_lines(one: Group | ReasonGroup, again: Reproduction) -> list[str]:
    if isinstance(one, Group):
        return group_text(one, again).splitlines()
    lines = reason_text(*one.members[0], again).splitlines()
    if len(one.members) > 1:
        lines.append(f"  in {len(one.members)} plays: {plays_words(play for play, _ in one.members)}")
    return lines


def _print_plays(run: Run, console: Console) -> None:
    columns = list(dict.fromkeys(_role(play) for play in run.plays))
    if len(columns) > 1:
        _print_matrix(run.plays, columns, console)
        return
    rows = [
        (
            Text(printable(play.play)),
            _verdict(play),
            Text(_counted(Counter(step.verdict for step in play.steps))),
            Text(str(sum(step.checks for step in play.steps))),
            Text(f"{play.seconds:.2f} s"),
        )
        for play in run.plays
    ]
    table(console, "Scenarios", ("scenario", "verdict", "steps", "checks", "time"), rows)


def _verdict(play: PlayResult) -> Text:
    """The verdict, and whether all that keeps the play from passing is known."""
    text = badge(play.verdict)
    if play_standing(play) is Standing.KNOWN:
        text.append(" known", STYLES[Verdict.INCONCLUSIVE])
    return text


def _print_matrix(plays: Sequence[PlayResult], columns: Sequence[str], console: Console) -> None:
    """One line for each scenario and form, one column for each role under test."""
    cells: dict[str, dict[str, PlayResult]] = {}
    for play in plays:
        cells.setdefault(play.play.partition("[")[0], {})[_role(play)] = play
    heads = ("scenario", *(_head(column) for column in columns))
    rows = [
        (Text(printable(name)), *(_cell(by_role.get(column)) for column in columns)) for name, by_role in cells.items()
    ]
    for place, run_of_columns in enumerate(columns_that_fit(console, heads, rows)):
        chosen = (0, *run_of_columns)
        table(
            console,
            "Scenarios by the role of the system under test" if place == 0 else "Scenarios, further roles",
            [heads[column] for column in chosen],
            [[row[column] for column in chosen] for row in rows],
        )


def _role(play: PlayResult) -> str:
    return play.play.partition("[")[2].removesuffix("]")


def _head(role: str) -> str:
    return printable(role or "simulated", 60).replace(" ", "\n")


def _cell(play: PlayResult | None) -> Text:
    if play is None:
        return Text("-", STYLES[Verdict.NONE])
    if play.verdict.rank <= Verdict.PASS.rank:
        return Text(play.verdict.value, STYLES[play.verdict])
    count = sum(step.verdict is play.verdict for step in play.steps)
    known = " known" if play_standing(play) is Standing.KNOWN else ""
    return Text(f"{play.verdict.value.upper()} {count or ''}".rstrip() + known, STYLES[play.verdict])


def _print_claims(run: Run, console: Console) -> None:
    rows: list[Row] = [
        (
            Text(claim_words(player_words(claim.system), claim.profile, claim.actor)),
            badge(claim.verdict),
            Text(str(claim.checks)),
            Text(_transactions(claim.transactions) or claim.reason or "no play judged it"),
        )
        for claim in run.claims
    ]
    if rows:
        table(console, "Claims", ("claim", "verdict", "checks", "transactions"), rows)


def _transactions(verdicts: Mapping[TransactionId, Verdict]) -> str:
    """`fail RAD-8; pass RAD-5, RAD-10`."""
    parts = []
    for verdict in reversed(Verdict):
        names = [name for name, found in by_number(verdicts) if found is verdict]
        if names:
            parts.append(f"{verdict.value} {', '.join(printable(name, 40) for name in names)}")
    return "; ".join(parts)


def _print_warnings(run: Run, console: Console) -> None:
    found = warnings(run)
    if not found:
        return
    line(console, f"Warnings ({sum(group.count for group in found)}), which change no verdict:", "bold")
    for group in found[:_BRIEF]:
        times = f" ({group.count} times)" if group.count > 1 else ""
        place = f"{printable(group.play.play)}/{printable(group.step.step)} [{printable(group.step.transaction)}]"
        actor = printable(group.judged.finding.actor)
        line(console, f"  {place}  {actor}: {statement(group.judged)}{times}")
        line(console, f"    {printable(group.judged.requirement.id)}, {group.judged.requirement.strength.value}")
    _print_rest(console, len(found) - _BRIEF, "warnings")


def _print_not_judged(run: Run, console: Console) -> None:
    found = not_judged(run)
    if not found:
        return
    count = sum(len(group.members) for group in found)
    line(console, f"Not judged ({count} step{'' if count == 1 else 's'} with the verdict none):", "bold")
    for group in found[:_BRIEF]:
        play, step = group.members[0]
        place = f"{printable(play.play.partition('@')[0])}/{printable(step.step)} [{printable(step.transaction)}]"
        why = "; ".join(group.reasons) or "nothing to judge"
        line(console, f"  {place}  {why} ({plays_words(play for play, _ in group.members)})")
    _print_rest(console, len(found) - _BRIEF, "not-judged")


def _print_rest(console: Console, count: int, anchor: str) -> None:
    if count > 0:
        line(console, f"  ... and {count} more: {HTML_REPORT}{href(anchor)}")
    line(console, "")


def _print_unobserved(run: Run, console: Console) -> None:
    if run.plan.lost:
        line(console, "Not observable in this run:", "bold")
        for lost in run.plan.lost:
            line(console, f"  {printable(lost)}")
    for title, exchanges in (("Fits no step", run.orphans), ("Came too late", run.late)):
        if exchanges:
            line(console, f"{title}: exchange {_numbers(exchanges)}")


def _print_site(run: Run, console: Console) -> None:
    """What the site overrides, and what somebody attests: neither is ever silent."""
    if run.overrides:
        line(console, f"Overrides: {override_summary(run)}", "bold")
        for text in override_texts(run):
            line(
                console,
                f"  {text.place}  {text.says}: {text.did}",
                STYLES[Verdict.INCONCLUSIVE] if text.expired else "",
            )
            line(console, f"    {text.reason} ({text.author}, until {text.expires})")
        line(console, "")
    attested = attestation_texts(run)
    if attested:
        line(console, "Attested, because no recording can show it:", "bold")
        for one in attested:
            line(console, f"  {one.system}: {one.requirement}: {one.statement} ({one.by}, {one.date})")
        line(console, "")


def _print_known(run: Run, console: Console) -> None:
    """Every known deviation with owner, reason and end: what is accepted is never silent."""
    if not run.gate.uses:
        return
    line(console, f"Known deviations: {known_summary(run)}", "bold")
    for text in known_texts(run):
        style = STYLES[Verdict.FAIL] if text.alarm else STYLES[Verdict.INCONCLUSIVE] if text.remark else ""
        line(console, f"  {text.place}  {text.says}: {text.did}", style)
        ticket = f", {text.ticket}" if text.ticket else ""
        line(console, f"    {text.reason} ({text.owner}, until {text.expires}{ticket})")
    line(console, "")


def _print_gate(run: Run, console: Console) -> None:
    words = gate_words(run)
    if words:
        line(console, words, STYLES[Verdict.FAIL if run.gate.new or run.gate.expired else Verdict.PASS])


def _numbers(exchanges: Sequence[ExchangeId]) -> str:
    numbers = ", ".join(str(number) for number in exchanges[:_NUMBERS])
    return numbers + (f" and {len(exchanges) - _NUMBERS} more" if len(exchanges) > _NUMBERS else "")


def _print_counts(run: Run, console: Console) -> None:
    steps = Counter(step.verdict for play in run.plays for step in play.steps)
    scenarios = _counted(Counter(play.verdict for play in run.plays))
    text = badge(run.verdict)
    text.append(
        f"  {len(run.plays)} scenarios: {scenarios}; steps: {_counted(steps)}; "
        f"{run.checks} checks executed, {run.believed} of them of believed requirements; "
        f"{_warned(run)}seed {run.plan.seed}; exit code {run.exit_code}; "
        f"rule set {printable(run.plan.rule_set)[:_DIGITS]}",
        "default",
    )
    console.print(text, soft_wrap=True)


def _warned(run: Run) -> str:
    count = sum(group.count for group in warnings(run))
    return f"{count} warning{'' if count == 1 else 's'}; " if count else ""


def _counted(counts: Mapping[Verdict, int]) -> str:
    parts: Iterable[str] = (f"{counts[verdict]} {verdict.value}" for verdict in reversed(Verdict) if counts[verdict])
    return ", ".join(parts) or "none"
