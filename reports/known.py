"""Known deviations and the gate in words: what is new, what is known by whom until when, and which entries have had
their day. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from harness.model.failing import step_failures, step_standing
from harness.model.known import EntryState, EntryUse, KnownAs, KnownDeviation, Standing
from harness.model.run import PlayResult, Run, StepResult
from harness.model.verdict import Verdict
from reports.printable import printable

SOON: Final = 14
"""Days before the end of an entry from which on reports warn."""
_SHORT = 12
_DID = {
    EntryState.GONE: "not seen any more: remove it",
    EntryState.NOT_DECIDED: "not decided in this run",
    EntryState.NOT_PLAYED: "not played in this run",
}


@dataclass(frozen=True, kw_only=True)
class KnownText:
    """One entry: where it stands, what is known, what became of it, and whose it is until when and why.

    `alarm`: it has expired; `remark`: something is to be done about it.
    """

    place: str
    says: str
    did: str
    reason: str
    owner: str
    expires: str
    ticket: str
    alarm: bool
    remark: bool


def known_texts(run: Run) -> tuple[KnownText, ...]:
    """Every known deviation of the run: first what has expired, then what asks for something to be done, and at the end
    what was not played."""
    ranked = sorted(run.gate.uses, key=lambda use: use.state is EntryState.NOT_PLAYED)
    return tuple(sorted(map(_text, ranked), key=lambda text: (not text.alarm, not text.remark)))


def _text(use: EntryUse) -> KnownText:
    entry = use.entry
    return KnownText(
        place=printable(entry.place),
        says=entry_words(entry),
        did=_did(use),
        reason=printable(entry.reason),
        owner=printable(entry.owner),
        expires=printable(entry.expires),
        ticket=printable(entry.ticket),
        alarm=use.expired and use.state is EntryState.SEEN,
        remark=use.expired or use.state is EntryState.GONE or use.days <= SOON,
    )


def entry_words(entry: KnownDeviation) -> str:
    """What is known: `swf.scheduled@2.5.1/stored rad-8.store/* at PatientID, for Our PACS`."""
    form = f"@{entry.form}" if entry.form else ""
    leg = f" ({entry.leg})" if entry.leg else ""
    text = f"{entry.scenario}{form}/{entry.step}{leg} {entry.requirement}"
    text += f" at {entry.path}" if entry.path else ""
    text += f" received {entry.received}" if entry.received else ""
    text += " inconclusive" if entry.verdict is Verdict.INCONCLUSIVE else ""
    return printable(f"{text}, for {entry.system}" if entry.system else text)


def _did(use: EntryUse) -> str:
    if use.state is not EntryState.SEEN:
        expired = f"; EXPIRED after {printable(use.entry.expires)}" if use.expired else ""
        return f"{_DID[use.state]}{expired}"
    count = counted(use.failures)
    if use.expired:
        return f"EXPIRED after {printable(use.entry.expires)}: {count}"
    if not use.failures:
        return "known by an earlier entry already"
    return f"{count}, known{_soon(use.days)}"


def _soon(days: int) -> str:
    if days > SOON:
        return ""
    return f"; EXPIRES {'today' if days == 0 else f'in {days} day' if days == 1 else f'in {days} days'}"


def counted(count: int) -> str:
    """`1 failure`, `2 failures`."""
    return f"{count} failure{'' if count == 1 else 's'}"


def gate_words(run: Run) -> str:
    """What of a run is news, in one line; empty when no known deviations were given."""
    gate = run.gate
    if not gate.files:
        return ""
    where = ", ".join(map(printable, gate.files))
    if not gate.known and not gate.expired and not gate.new:
        return f"No failure, known or new; known deviations: {where}"
    if not gate.new and not gate.expired:
        return f"{counted(gate.known)}, all known; see {where}"
    parts = [f"{gate.new} new", f"{gate.expired} expired", f"{gate.known} known"]
    return f"{counted(gate.new + gate.expired + gate.known)}: {', '.join(parts)}; see {where}"


def known_summary(run: Run) -> str:
    """How many entries there are, what became of them, and the digest over their files."""
    uses = run.gate.uses
    parts = [f"{len(uses)} in all", f"{sum(use.state is EntryState.SEEN for use in uses)} seen"]
    gone = sum(use.state is EntryState.GONE for use in uses)
    expired = sum(use.expired for use in uses)
    parts += [f"{gone} not seen any more"] if gone else []
    parts += [f"{expired} EXPIRED"] if expired else []
    return f"{', '.join(parts)}; sha256 {printable(run.gate.sha256)[:_SHORT]}"


def known_words(known: KnownAs | None) -> str:
    """By which entry a failure is known, and until when; empty for what is news."""
    if known is None:
        return ""
    how = "EXPIRED after" if known.expired else "until"
    return f"known deviation {printable(known.entry)}, {how} {printable(known.expires)}"


def step_known_words(known: Iterable[KnownDeviation], play: PlayResult, step: StepResult) -> str:
    """Why a step whose failures are all known is none for a build server: owners, reasons and ends; else empty."""
    if step_standing(play, step) is not Standing.KNOWN:
        return ""
    entries = {entry.place: entry for entry in known}
    places = dict.fromkeys(one.known.entry for one in step_failures(play, step) if one.known is not None)
    return "; ".join(owner_words(entries[place]) for place in places)


def known_tickets(known: Iterable[KnownDeviation], play: PlayResult, step: StepResult) -> tuple[str, ...]:
    """The tickets of the known deviations of a step, each once."""
    entries = {entry.place: entry for entry in known}
    places = (one.known.entry for one in step_failures(play, step) if one.known is not None)
    tickets = (entries[place].ticket for place in places if place in entries)
    return tuple(dict.fromkeys(ticket for ticket in tickets if ticket))


def owner_words(entry: KnownDeviation) -> str:
    """`PACS service, until 2027-01-31: the reason (PACS-17)`."""
    ticket = f" ({printable(entry.ticket)})" if entry.ticket else ""
    return f"{printable(entry.owner)}, until {printable(entry.expires)}: {printable(entry.reason)}{ticket}"


def known_properties(run: Run) -> dict[str, str]:
    """The gate and its entries as properties, for reports that have names and values only."""
    if not run.gate.files:
        return {}
    found = {"gate": gate_words(run), "known deviations": known_summary(run)}
    for text in known_texts(run):
        ticket = f" {text.ticket}" if text.ticket else ""
        found[f"known.{text.place}"] = (
            f"{text.says}: {text.did}; {text.reason} ({text.owner}, until {text.expires}{ticket})"
        )
    return found
