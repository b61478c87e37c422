"""`swf requirements`: every obligation that the profiles state, one line each."""

from __future__ import annotations

import click

from harness.model.profile import Requirement
from harness.model.verdict import Confidence
from harness.wiring import workshop


@click.command("requirements")
@click.option("--confidence", type=click.Choice([level.value for level in Confidence]), default=None)
@click.option("--transaction", default="", metavar="RAD-N")
@click.option("--actor", default="")
def command(confidence: str | None, transaction: str, actor: str) -> int:
    """List requirements: id, transaction, actor, strength, citation with confidence, text."""
    for requirement in workshop().knowledge.requirements():
        if confidence not in (None, requirement.citation.confidence.value):
            continue
        if transaction not in ("", requirement.transaction) or actor not in ("", requirement.actor):
            continue
        click.echo(_line(requirement))
    return 0


def _line(requirement: Requirement) -> str:
    return (
        f"{requirement.id}  {requirement.transaction}  {requirement.actor}  {requirement.strength.value}  "
        f"[{requirement.citation}]  {requirement.text}"
    )
