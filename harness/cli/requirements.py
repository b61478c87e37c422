"""`swf requirements`: every obligation that the profiles state, one line each."""

from __future__ import annotations

import click

from harness.errors import InputError
from harness.model.profile import Requirement
from harness.model.verdict import Confidence
from harness.wiring import workshop
from harness.yaml_source import nearest


@click.command("requirements", short_help="List the obligations that the profiles state, with their citations.")
@click.option(
    "--confidence",
    type=click.Choice([level.value for level in Confidence]),
    default=None,
    help="Only those of that confidence.",
)
@click.option("--transaction", default="", metavar="RAD-N", help="Only those of that transaction.")
@click.option("--actor", default="", metavar="ACTOR", help="Only those of that actor, for example 'Order Filler'.")
def command(confidence: str | None, transaction: str, actor: str) -> int:
    """List requirements: id, transaction, actor, strength, citation with confidence, text."""
    known = workshop().knowledge.requirements()
    _must_be_known("transaction", transaction, {one.transaction for one in known})
    _must_be_known("actor", actor, {one.actor for one in known})
    for requirement in known:
        if confidence not in (None, requirement.citation.confidence.value):
            continue
        if transaction not in ("", requirement.transaction) or actor not in ("", requirement.actor):
            continue
        click.echo(_line(requirement))
    return 0


def _must_be_known(what: str, name: str, names: set[str]) -> None:
    if name and name not in names:
        raise InputError(f"no requirement is of the {what} `{name}`{nearest(name, names)}")


def _line(requirement: Requirement) -> str:
    return (
        f"{requirement.id}  {requirement.transaction}  {requirement.actor}  {requirement.strength.value}  "
        f"[{requirement.citation}]  {requirement.text}"
    )
