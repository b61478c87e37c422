"""`swf list`: scenarios, shipped systems, and the reference system's defects."""

from __future__ import annotations

import click

from harness.wiring import workshop


@click.command("list", short_help="List the shipped scenarios, systems, or defects.")
@click.option("--defects", is_flag=True, help="List the faults that the reference system can be given.")
@click.option("--systems", is_flag=True, help="List the shipped system files.")
def command(defects: bool, systems: bool) -> int:
    """List the shipped scenarios (or defects, or systems), one line each."""
    files = workshop().files
    if defects:
        for defect in files.defects():
            seen = defect.detection
            click.echo(f"{defect.id:28} {defect.title}  (noticed in {seen.scenario}/{seen.step} by {seen.requirement})")
    elif systems:
        for system in files.systems():
            claims = "; ".join(f"{claim.profile}: {', '.join(claim.actors)}" for claim in system.claims)
            click.echo(f"{system.path.rsplit('/', 1)[-1].split('.')[0]:28} {system.name} {system.version}  {claims}")
    else:
        for scenario in files.scenarios():
            click.echo(f"{scenario.id:28} {', '.join(scenario.forms):14} {scenario.title}")
    return 0
