"""What is in a bundle, and what became of it when it was checked, as lines for a person. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pydantic import TypeAdapter
from rich.console import Console

from harness.model.bundle import BundledRun, BundleFacts, RunVerified, SignatureFound, Signed, Verified
from harness.model.verdict import Verdict
from reports.comparison import comparison_text
from reports.printable import printable
from reports.terminal import STYLES, line

_GOOD, _BAD, _DOUBTFUL = STYLES[Verdict.PASS], STYLES[Verdict.FAIL], STYLES[Verdict.INCONCLUSIVE]
_DIGITS = 12
_FILES = 10


def facts_lines(facts: BundleFacts) -> Iterator[str]:
    """The runs of a bundle."""
    for run in facts.runs:
        yield from _run_lines(run)


def _run_lines(run: BundledRun) -> Iterator[str]:
    name = f"{printable(run.folder)}: " if run.folder else ""
    what = "watched" if run.watched else "run"
    systems = ", ".join(printable(system, 60) for system in run.systems) or "no system"
    yield f"{name}{what} {printable(run.run)} of {printable(run.started)}: {run.verdict.value.upper()}"
    yield (
        f"  {systems}; {run.plays} scenarios, {run.exchanges} exchanges, {run.checks} checks "
        f"({run.believed} on believed requirements); seed {run.seed}"
    )
    versions = ", ".join(f"{printable(key, 40)} {printable(value, 40)}" for key, value in run.environment.items())
    yield f"  judged by rules {printable(run.judged_by)[:_DIGITS]}; {versions}"
    told = [
        (len(run.overrides), "overrides"),
        (len(run.known), "known deviations"),
        (len(run.operator), "steps with answers of an operator"),
    ]
    if any(count for count, _ in told):
        yield "  " + ", ".join(f"{count} {what}" for count, what in told if count)
    if not run.sealed:
        yield "  the evidence was not sealed: the run was ended from outside"
    if run.interrupted:
        yield "  it was interrupted: not everything was tested"


def verified_text(found: Verified, console: Console) -> None:
    """Print what a check of a bundle found."""
    line(console, f"{printable(found.bundle)}: {found.files} files, manifest {printable(found.digest)}")
    if found.altered:
        line(console, f"ALTERED: {_names(found.altered)}", _BAD)
    else:
        line(console, "every file is as the manifest says", _GOOD)
    line(console, *_signature(found.signature))
    if found.facts is None:
        line(console, "nothing was judged", _DOUBTFUL)
        return
    for text in facts_lines(found.facts):
        line(console, text)
    for run in found.runs:
        _verified_run(run, console)


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _FILES} more" if len(names) > _FILES else ""
    return ", ".join(printable(name) for name in names[:_FILES]) + more


def _signature(signature: SignatureFound) -> tuple[str, str]:
    who = f" {printable(signature.signer)}" if signature.signer else ""
    key = f" ({printable(signature.fingerprint)})" if signature.fingerprint else ""
    why = f": {printable(signature.why)}" if signature.why else ""
    needed = "; one of the keys given has to have signed" if signature.wanted and not signature.accepted else ""
    style = _BAD if not signature.accepted else _GOOD if signature.state is Signed.BY_KNOWN else ""
    return f"{signature.state.value}{who}{key}{why}{needed}", style


def _verified_run(run: RunVerified, console: Console) -> None:
    name = f"{printable(run.folder)}: " if run.folder else ""
    told = run.comparison
    if run.altered:
        line(console, f"{name}the evidence was altered since the run was sealed: {_names(run.altered)}", _BAD)
    rules = (printable(told.before.rule_set)[:_DIGITS], printable(told.after.rule_set)[:_DIGITS])
    if rules[0] == rules[1]:
        line(console, f"{name}judged again by the same rules")
    else:
        line(console, f"{name}judged again by other rules: {rules[0]} then, {rules[1]} here", _DOUBTFUL)
    if run.same:
        line(console, f"{name}every verdict and every finding is the same: {told.after.verdict.value.upper()}", _GOOD)
        if told.rules:
            comparison_text(told, console)
        return
    line(console, f"{name}NOT THE SAME: {told.before.verdict.value} then, {told.after.verdict.value} here", _BAD)
    comparison_text(told, console)


def verified_json(found: Verified) -> str:
    """The same as data."""
    return _codec().dump_json(found, indent=1).decode("utf-8")


@cache
def _codec() -> TypeAdapter[Verified]:
    return TypeAdapter(Verified)
