"""`swf list`: scenarios, shipped systems, and the reference system's defects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from harness.errors import InputError
from harness.model.applicable import Applicable
from harness.wiring import applicable, workshop


@click.command("list", short_help="List the shipped scenarios, systems, or defects.")
@click.option("--defects", is_flag=True, help="List the faults that the reference system can be given.")
@click.option("--systems", is_flag=True, help="List the shipped system files.")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="Say which scenarios apply to the system, and why.")
@click.option("--json", "as_json", is_flag=True, help="With --sut: as JSON.")
def command(defects: bool, systems: bool, suts: tuple[str, ...], as_json: bool) -> int:
    """List the shipped scenarios (or defects, or systems), one line each.

    With --sut: for each scenario, role and HL7 form whether it is played, what it tests, or why it does not apply.
    """
    if sum((defects, systems, bool(suts))) > 1 or (as_json and not suts):
        raise InputError("--defects, --systems and --sut exclude each other, and --json goes with --sut")
    for line in _applicable(applicable(suts), as_json) if suts else _shipped(defects, systems):
        click.echo(line)
    return 0


def _shipped(defects: bool, systems: bool) -> Iterator[str]:
    rows = list(_rows(defects, systems))
    width = max(len(name) for name, _ in rows)
    return (f"{name:{width}}  {told}" for name, told in rows)


def _rows(defects: bool, systems: bool) -> Iterator[tuple[str, str]]:
    files = workshop().files
    if defects:
        for defect in files.defects():
            seen = defect.detection
            yield defect.id, f"{defect.title}  (noticed in {seen.scenario}/{seen.step} by {seen.requirement})"
    elif systems:
        for system in files.systems():
            claims = "; ".join(f"{claim.profile}: {', '.join(claim.actors)}" for claim in system.claims)
            yield system.path.rsplit("/", 1)[-1].split(".")[0], f"{system.name} {system.version}  {claims}"
    else:
        for scenario in files.scenarios():
            yield scenario.id, f"{', '.join(scenario.forms):12}  {scenario.title}"


def _applicable(cells: Sequence[Applicable], as_json: bool) -> Iterator[str]:
    """A paragraph for each scenario: a line for each role, its forms together where the answer is the same."""
    if as_json:
        yield json.dumps(
            [
                {
                    "scenario": cell.scenario,
                    "system": cell.system,
                    "role": cell.role,
                    "form": cell.form,
                    "applies": cell.applies,
                    "why": cell.why,
                    "tested": list(cell.tested),
                }
                for cell in cells
            ],
            indent=2,
        )
        return
    several = len({cell.system for cell in cells}) > 1
    for scenario, found in groupby(cells, lambda cell: cell.scenario):
        yield scenario
        answers: dict[tuple[str, str], list[str]] = {}
        for cell in found:
            who = f"{cell.role} of {cell.system}" if several else cell.role
            answer = f"tests {', '.join(cell.tested)}" if cell.applies else f"no: {cell.why}"
            answers.setdefault((who, answer), []).append(cell.form)
        for (who, answer), forms in answers.items():
            yield f"  {who:32} {', '.join(forms):13} {answer}"
    played = {(cell.scenario, cell.form) for cell in cells if cell.applies}
    all_ = {cell.scenario for cell in cells}
    yield f"{len({scenario for scenario, _ in played})} of {len(all_)} scenarios apply"
