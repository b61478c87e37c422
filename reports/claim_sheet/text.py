"""The sheet with what stands behind each claim, as text for a terminal and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from harness.model.claimed import Observation
from reports.claim_sheet.view import ClaimView, Sheet, SystemView, TransactionView
from reports.claim_sheet.words import (
    NOT_A_CERTIFICATE,
    STATES,
    counted_words,
    partners_words,
    remarks,
    tested_words,
    transaction_remark,
    unseen,
    wanted_words,
)
from reports.printable import printable
from reports.sheet import harmless
from reports.wording import citation_words, statement

COLUMNS = (
    "product",
    "version",
    "profile",
    "actor",
    "option",
    "claimed",
    "transaction",
    "title",
    "need",
    "state",
    "observation",
    "partners",
    "other ends",
    "checks",
    "of believed requirements",
    "remark",
)
"""The columns of the CSV form: one line for each transaction of each claim."""

_FINDINGS = 5


def sheet_text(sheet: Sheet) -> Iterator[str]:
    """In lines: for each product its claims with their states, then claim by claim what stands behind them."""
    for system in sheet.systems:
        yield f"{system.title}"
        yield f"  {_tally(system)}; {wanted_words(sheet.partners)}"
        yield ""
        yield from _table(system)
        yield ""
        for claim in (*system.claims, *system.unclaimed):
            yield from _claim(claim)
        for one in system.attestations:
            told = f"{one.requirement}: {one.statement} ({one.by}, {one.date})"
            yield f"  attested, not observed: {printable(told, 400)}"
        if system.attestations:
            yield ""
    if not sheet.systems:
        yield "no system under test: nothing is claimed"
    yield from (f"{name}: {value}" for name, value in tested_words(sheet))
    if sheet.interrupted:
        yield "a run was interrupted: what is missing was not tested"
    yield NOT_A_CERTIFICATE


def _tally(system: SystemView) -> str:
    count = len(system.claims)
    parts = ", ".join(f"{number} {state.value}" for state, number in system.counts)
    return f"{count} claim{'' if count == 1 else 's'}: {parts}" if count else "nothing is claimed"


def _table(system: SystemView) -> Iterator[str]:
    """One line for each claim; options below their actor."""
    rows = [
        (_name(claim), claim.state.value, claim.part.observation.value, partners_words(claim), counted_words(claim))
        for claim in (*system.claims, *system.unclaimed)
    ]
    rows.insert(0, ("claim", "state", "observation", "partners", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)]
        yield f"  {'  '.join([*cells, row[4]])}".rstrip()


def _name(claim: ClaimView) -> str:
    if claim.part.option:
        return f"  option {printable(claim.part.option, 80)}"
    unclaimed = "" if claim.part.claimed else " (not claimed)"
    return printable(f"{claim.part.profile} {claim.part.actor}", 120) + unclaimed


def _claim(claim: ClaimView) -> Iterator[str]:
    unclaimed = "" if claim.part.claimed else " (seen, not claimed)"
    yield f"  {claim.title}{unclaimed}: {claim.part.observation.value} ({claim.state.value}: {STATES[claim.state]})"
    yield from (f"    {remark}" for remark in remarks(claim.part))
    if claim.part.observation is Observation.NOT_OBSERVED:
        yield from (f"    {names}: {remark}" for remark, names in unseen(claim))
    else:
        for view in claim.transactions:
            yield from _transaction(view)
    for row in claim.findings[:_FINDINGS]:
        times = f" ({row.group.count} times)" if row.group.count > 1 else ""
        yield f"    violated: {statement(row.group.judged)}{times}"
        yield f"      {citation_words(row.group.judged)}"
        yield f"      see {row.url}"
    rest = len(claim.findings) - _FINDINGS + claim.more_findings
    if rest > 0:
        yield f"    ... and {rest} more kinds of violation"
    yield from (f"    undecided: {reason}" for reason in claim.undecided)
    yield ""


def _transaction(view: TransactionView) -> Iterator[str]:
    name = f"{printable(view.one.transaction, 40):8} {printable(view.one.title, 60)}"
    remark = transaction_remark(view)
    if remark:
        yield f"    {name}: {Observation.NOT_OBSERVED.value}: {remark}"
        return
    yield f"    {name}: {view.one.observation.value}; {'; '.join(one.words for one in view.opposites)}"


def sheet_csv(sheet: Sheet) -> str:
    """As CSV (RFC 4180); no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for system in sheet.systems:
        for claim in (*system.claims, *system.unclaimed):
            writer.writerows([harmless(cell) for cell in row] for row in _csv_rows(claim))
    return out.getvalue()


def _csv_rows(claim: ClaimView) -> Iterator[tuple[str, ...]]:
    part = claim.part
    head = (part.system, part.version, part.profile, part.actor, part.option, "yes" if part.claimed else "no")
    whole = (claim.state.value, part.observation.value, ", ".join(claim.partners), "")
    yield (*head, "", "", "", *whole, str(part.checks), str(part.believed), "; ".join(remarks(part)))
    for view in claim.transactions:
        one = view.one
        yield (
            *head,
            one.transaction,
            one.title,
            one.need.value,
            view.state.value,
            one.observation.value,
            ", ".join(one.partners),
            "; ".join(opposite.words for opposite in view.opposites),
            str(one.checks),
            str(one.believed),
            transaction_remark(view),
        )
