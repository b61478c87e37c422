"""Requirements on the page: each one once with what became of it in the run, and named in short everywhere else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.names import RequirementId
from harness.model.profile import Requirement
from harness.model.run import JudgedFinding, Run
from harness.model.verdict import Outcome
from reports.grouping import all_findings
from reports.printable import printable

ROW_LIMIT = 4000
_OUTCOMES = (Outcome.MET, Outcome.VIOLATED, Outcome.UNDECIDED, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True)
class RequirementRow:
    """One requirement; `counts` of its findings are in the order met, violated, undecided, not applicable."""

    name: str
    text: str
    actor: str
    strength: str
    citation: str
    confidence: str
    counts: tuple[int, ...]

    @property
    def complaint(self) -> bool:
        """Whether it was violated or could not be decided."""
        return self.counts[1] + self.counts[2] > 0


@dataclass(frozen=True)
class RequirementTable:
    """The requirements of one table of a profile."""

    name: str
    anchor: str
    rows: tuple[RequirementRow, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Brief:
    """Requirements of one outcome, in short: for each table its anchor, its name and the rows of it."""

    outcome: str
    count: int
    tables: tuple[tuple[str, str, str], ...]


def requirement_tables(run: Run) -> tuple[RequirementTable, ...]:
    """Every requirement that the run decided something about, by table; at most ROW_LIMIT."""
    counts: dict[RequirementId, Counter[Outcome]] = defaultdict(Counter)
    known: dict[RequirementId, Requirement] = {}
    for _, _, judged in all_findings(run):
        known.setdefault(judged.requirement.id, judged.requirement)
        counts[judged.requirement.id][judged.finding.outcome] += 1
    tables: dict[str, list[RequirementRow]] = defaultdict(list)
    for id_ in sorted(known)[:ROW_LIMIT]:
        table, name = _parts(id_)
        tables[table].append(_row(name, known[id_], counts[id_]))
    return tuple(RequirementTable(name, table_anchor(name), tuple(rows), _sums(rows)) for name, rows in tables.items())


def _sums(rows: Iterable[RequirementRow]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*(row.counts for row in rows), strict=True))


def table_anchor(table: str) -> str:
    """Name of a table's place on the page."""
    return f"r/{table}".replace(" ", "_")


def requirement_anchor(requirement: Requirement) -> str:
    """Name of the place of a requirement's table."""
    return table_anchor(_parts(requirement.id)[0])


def briefs(findings: Iterable[JudgedFinding]) -> tuple[Brief, ...]:
    """Findings without complaint as counts with the requirements' names."""
    counts: dict[Outcome, Counter[RequirementId]] = defaultdict(Counter)
    for judged in findings:
        counts[judged.finding.outcome][judged.requirement.id] += 1
    return tuple(
        Brief(outcome.value, sum(counts[outcome].values()), _tables(counts[outcome]))
        for outcome in _OUTCOMES
        if outcome in counts
    )


def _tables(counts: Counter[RequirementId]) -> tuple[tuple[str, str, str], ...]:
    tables: dict[str, list[str]] = defaultdict(list)
    for id_, count in counts.items():
        table, name = _parts(id_)
        tables[table].append(f"{name} \u00d7{count}" if count > 1 else name)
    return tuple((table_anchor(table), table, ", ".join(names)) for table, names in tables.items())


def _parts(id_: RequirementId) -> tuple[str, str]:
    table, _, name = id_.partition("/")
    return printable(table, 60), printable(name, 100)


def _row(name: str, requirement: Requirement, counts: Counter[Outcome]) -> RequirementRow:
    return RequirementRow(
        name,
        printable(requirement.text),
        printable(requirement.actor, 60),
        requirement.strength.value,
        printable(requirement.citation.text, 120),
        requirement.citation.confidence.value,
        tuple(counts[outcome] for outcome in _OUTCOMES),
    )
