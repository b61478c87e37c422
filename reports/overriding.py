"""What a site decided for its systems, in words: overrides with what each one changed, and attestations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.model.override import Override, OverrideUse
from harness.model.run import JudgedFinding, Run
from reports.printable import printable

_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class OverrideText:
    """One override: where it stands, what it says, what it did, and who wants it until when and why."""

    place: str
    says: str
    did: str
    reason: str
    author: str
    expires: str
    citation: str
    expired: bool


@dataclass(frozen=True, kw_only=True)
class AttestationText:
    """What somebody states about a requirement that no recording can show."""

    system: str
    requirement: str
    statement: str
    by: str
    date: str


def override_texts(run: Run) -> tuple[OverrideText, ...]:
    """Every override of the run, the expired ones first."""
    return use_texts(run.overrides)


def use_texts(uses: Iterable[OverrideUse]) -> tuple[OverrideText, ...]:
    """Overrides with what became of them, the expired ones first."""
    return tuple(
        OverrideText(
            place=printable(use.override.place),
            says=says(use.override),
            did=_did(use),
            reason=printable(use.override.reason),
            author=printable(use.override.author),
            expires=printable(use.override.expires),
            citation=printable(use.override.citation),
            expired=use.expired,
        )
        for use in sorted(uses, key=lambda use: not use.expired)
    )


def override_summary(run: Run) -> str:
    """How many overrides there are, how many of them have expired, and the digest over their files."""
    expired = sum(use.expired for use in run.overrides)
    changed = sum(bool(use.changes) for use in run.overrides)
    parts = [f"{len(run.overrides)} in all", f"{changed} changed a verdict"]
    if expired:
        parts.append(f"{expired} EXPIRED and did not apply")
    return f"{', '.join(parts)}; sha256 {printable(run.plan.overrides.sha256)[:_SHORT]}"


def says(override: Override) -> str:
    """What an override demands: `off rad-4.omi-o23/IPC-9 at IPC-9, for Acme RIS`."""
    text = f"{override.effect.value} {printable(override.requirement)}"
    if override.to is not None:
        to = override.to
        parts = {
            "use": to.use,
            "type": to.type,
            "values": ", ".join(to.values) if to.values is not None else None,
            "when": to.when,
        }
        text += f" to {'; '.join(f'{name} {printable(value)}' for name, value in parts.items() if value is not None)}"
    if override.path:
        text += f" at {printable(override.path)}"
    return f"{text}, for {', '.join(map(printable, override.systems))}" if override.systems else text


def _did(use: OverrideUse) -> str:
    if use.expired:
        return f"EXPIRED after {printable(use.override.expires)}: it did not apply"
    if not use.changes:
        return f"changed no verdict ({_counted(use.findings)})"
    changes = ", ".join(f"{one.count} from {one.before.value} to {one.after.value}" for one in use.changes)
    return f"{_counted(use.findings)}: {changes}"


def _counted(count: int) -> str:
    return f"{count} finding{'' if count == 1 else 's'}"


def overruled_words(judged: JudgedFinding) -> str:
    """What a finding would be by the shipped rules; empty when no override concerns it."""
    told = judged.overruled
    return f"by override {printable(told.override)}, else {told.verdict.value.upper()}" if told is not None else ""


def site_properties(run: Run) -> dict[str, str]:
    """Overrides and attestations as properties, for reports that have names and values only."""
    found = {}
    if run.overrides:
        found["overrides"] = override_summary(run)
    for text in override_texts(run):
        found[f"override.{text.place}"] = (
            f"{text.says}: {text.did}; {text.reason} ({text.author}, until {text.expires})"
        )
    for one in attestation_texts(run):
        found[f"attested.{one.system}.{one.requirement}"] = f"{one.statement} ({one.by}, {one.date})"
    return found


def attestation_texts(run: Run) -> tuple[AttestationText, ...]:
    """What is attested about the systems of the run."""
    return tuple(_attested(run))


def _attested(run: Run) -> Iterator[AttestationText]:
    for system in run.plan.systems:
        for one in system.attestations:
            yield AttestationText(
                system=printable(system.name),
                requirement=printable(one.requirement),
                statement=printable(one.statement),
                by=printable(one.by),
                date=printable(one.date),
            )
