"""`swf plan`: who plays whom, at which addresses, which steps and checks, and what is not observable."""

from __future__ import annotations

from collections.abc import Iterator

import click

from harness.model.names import HARNESS
from harness.model.plan import Assignment, LegState, Plan, Play
from harness.model.system import Party
from harness.wiring import RunRequest, plan_only


@click.command("plan")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="System file, or name of a shipped one.")
@click.argument("scenarios", nargs=-1)
def command(suts: tuple[str, ...], scenarios: tuple[str, ...]) -> int:
    """Print what `swf run` would do. No link is opened."""
    for line in plan_text(plan_only(RunRequest(suts=suts, scenarios=scenarios))):
        click.echo(line)
    return 0


def plan_text(plan: Plan) -> Iterator[str]:
    """The plan in lines."""
    systems = ", ".join(system.name for system in plan.systems) or "none: every actor is simulated"
    yield f"system under test: {systems}"
    yield f"rule set: {plan.rule_set[:12]}"
    for assignment in plan.assignments:
        yield ""
        yield from _assignment(assignment)
    if plan.lost:
        yield ""
        yield "not observable, and not judged:"
        yield from (f"  {line}" for line in plan.lost)


def _assignment(assignment: Assignment) -> Iterator[str]:
    yield f"actors{f' (under test: {assignment.id})' if assignment.id else ''}:"
    for actor, party in sorted(assignment.ours.items()):
        served = assignment.serves.get(actor, {})
        player = ", ".join(sorted(set(served.values()))) or "simulated"
        theirs = next((assignment.party(actor, name) for name in served.values()), None)
        shown = theirs or party
        yield f"  {actor:28} {player:14} {_addresses(shown)}"
        if theirs is not None and len(served) > 0:
            yield f"  {'':28} {'':14} plays {', '.join(sorted(served))}"
    for play in assignment.plays:
        yield ""
        yield from _play(play)


def _addresses(party: Party) -> str:
    parts = []
    if party.dimse is not None:
        parts.append(f"DICOM {party.dimse.ae_title} {party.dimse.host}:{party.dimse.port or 'free port'}")
    if party.hl7 is not None:
        parts.append(
            f"HL7 {party.hl7.application}|{party.hl7.facility} {party.hl7.host}:{party.hl7.port or 'free port'}"
        )
    return ", ".join(parts)


def _play(play: Play) -> Iterator[str]:
    yield f"{play.id}  {play.scenario.title}  ({play.profile})"
    for planned in play.steps:
        yield f"  {planned.step.id:20} {planned.transaction.id:7} {planned.transaction.title}"
        for leg in planned.legs:
            players = " -> ".join(
                f"{actor}{'' if player == HARNESS else f' [{player}]'}"
                for actor, player in ((leg.leg.initiator, leg.initiator), (leg.leg.responder, leg.responder))
            )
            note = "" if leg.state is LegState.LIVE else f"  {leg.state.value}: {leg.reason}"
            yield f"    {leg.leg.id:18} {players}{note}"
            if leg.state in (LegState.LIVE, LegState.NOT_OFFERED):
                yield f"    {'':18} checks: {', '.join(leg.leg.checks)}"
