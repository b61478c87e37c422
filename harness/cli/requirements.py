"""`swf requirements`: every obligation that the profiles state, and what tests it."""

from __future__ import annotations

import json
from collections.abc import Iterable

import click

from harness.cli._coverage import coverage_data, coverage_lines, total_lines
from harness.cli._obligations import requirement_data, requirement_lines
from harness.cli._selection import Selection
from harness.errors import InputError
from harness.model.profile import Requirement
from harness.model.verdict import Confidence, Strength
from harness.profiles.coverage import Area, Status, claimed_coverage, coverage
from harness.wiring import Workshop, workshop

REQUIREMENTS_FORMAT = "swf-requirements/1"
COVERAGE_FORMAT = "swf-coverage/1"


@click.command("requirements", short_help="List what the profiles demand, with citations; or what tests it.")
@click.option("--confidence", type=click.Choice([one.value for one in Confidence]), help="Only those of it.")
@click.option("--strength", type=click.Choice([one.value for one in Strength]), help="Only those of it.")
@click.option("--transaction", default="", metavar="RAD-N", help="Only those of that transaction.")
@click.option("--actor", default="", metavar="ACTOR", help="Only those of that actor, for example 'Order Filler'.")
@click.option("--profile", default="", metavar="PROFILE", help="Only those of that profile.")
@click.option("--option", "option_name", default="", metavar="OPTION", help="Only what that option of a profile adds.")
@click.option("--check", default="", metavar="CHECK", help="Only those that the check decides, for example hl7.ack.")
@click.option("--text", "words", default="", metavar="WORDS", help="Only those in which these words stand.")
@click.option("--untestable", is_flag=True, help="Only those that no recording can show.")
@click.option("--unexercised", is_flag=True, help="Only those with a check that no shipped scenario exercises.")
@click.option("--places", is_flag=True, help="Show file and line of each row; --confidence shows them, too.")
@click.option("--coverage", "covering", is_flag=True, help="Show by actor and option what tests them.")
@click.option("--sut", default="", metavar="FILE", help="With --coverage: only what the system claims.")
@click.option("--each", is_flag=True, help="With --coverage: each requirement in a line of its own.")
@click.option("--totals", is_flag=True, help="With --coverage: the numbers alone, as YAML.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.argument("patterns", nargs=-1, metavar="[ID]...")
def command(
    confidence: str | None,
    strength: str | None,
    transaction: str,
    actor: str,
    profile: str,
    option_name: str,
    check: str,
    words: str,
    untestable: bool,
    unexercised: bool,
    places: bool,
    covering: bool,
    sut: str,
    each: bool,
    totals: bool,
    as_json: bool,
    patterns: tuple[str, ...],
) -> int:
    """List requirements: strength, confidence, transaction, actor, id, text. An ID may be a pattern.

    \b
    Examples:
      swf requirements 'rad-4.omi-o23/*'                    the rows of a table
      swf requirements --confidence believed                what somebody who holds the text should confirm
      swf requirements --coverage --actor 'Image Manager'   what tests the actor
    """
    if (sut or each or totals) and not covering:
        raise InputError("--sut, --each and --totals go with --coverage")
    wanted = Selection(
        patterns=patterns,
        confidence=confidence or "",
        strength=strength or "",
        transaction=transaction,
        actor=actor,
        check=check,
        words=words,
        profile=profile,
        option=option_name,
        untestable=untestable,
    )
    shop = workshop()
    wanted.must_be_known(shop.knowledge)
    areas = _areas(shop, sut)
    if unexercised:
        areas = tuple(area.only(Status.SPECIMEN) for area in areas)
    if covering:
        _coverage(shop, wanted.areas(areas), each=each, totals=totals, as_json=as_json)
    else:
        narrowed = bool(profile or option_name or unexercised)
        inside = {one.requirement.id for area in wanted.areas(areas) for one in area.covered}
        known = (one for one in shop.knowledge.requirements() if wanted.holds(one))
        found = tuple(one for one in known if not narrowed or one.id in inside)
        _requirements(shop, found, with_places=places or confidence is not None, as_json=as_json)
    return 0


def _areas(shop: Workshop, sut: str) -> tuple[Area, ...]:
    scenarios = shop.files.scenarios()
    if not sut:
        return coverage(shop.knowledge, scenarios)
    system = shop.files.system(sut)
    return claimed_coverage(shop.knowledge, scenarios, system.claims, system.attestations)


def _coverage(shop: Workshop, areas: tuple[Area, ...], *, each: bool, totals: bool, as_json: bool) -> None:
    if as_json:
        _json({"schema": COVERAGE_FORMAT, "areas": coverage_data(areas, shop.knowledge.places)}, shop)
    elif totals:
        _echo(total_lines(areas, len(shop.knowledge.requirements())))
    else:
        _echo(coverage_lines(areas, each=each))


def _requirements(shop: Workshop, found: tuple[Requirement, ...], *, with_places: bool, as_json: bool) -> None:
    places = shop.knowledge.places
    if as_json:
        data = [requirement_data(one, places.get(one.id)) for one in found]
        _json({"schema": REQUIREMENTS_FORMAT, "requirements": data}, shop)
    else:
        _echo(requirement_lines(found, places, with_places=with_places))


def _json(data: dict[str, object], shop: Workshop) -> None:
    click.echo(json.dumps({"rule_set": shop.knowledge.rule_set, **data}, indent=1))


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
