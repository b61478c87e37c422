"""`swf plan`: who plays whom, at which addresses, which steps and checks, and what is not tested and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli._codes import character_sets_of, codes_of
from harness.cli._options import overrides_option
from harness.engine.asking import operator_steps
from harness.model.names import HARNESS, ActorName, PlayerName, TransactionId
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play
from harness.model.system import PPS_MANAGER, SIMULATED, DimseAddress, Hl7Address, Party, System, Times
from harness.model.tls import TlsMode
from harness.wiring import RunRequest, plan_only
from reports.overriding import says

_NOTES = {
    LegState.LIVE: "not tested",
    LegState.NOT_APPLICABLE: "not applicable",
    LegState.NOT_OBSERVABLE: "not observable",
    LegState.NOT_OFFERED: "not offered, which fails",
}


@click.command("plan", short_help="Show who plays whom, where, and what is judged; no link is opened.")
@click.option("--sut", "suts", multiple=True, metavar="FILE", help="System file, or name of a shipped one.")
@overrides_option
@click.option("--checks", is_flag=True, help="Show the checks of each leg.")
@click.argument("scenarios", nargs=-1)
def command(suts: tuple[str, ...], overrides: tuple[Path, ...], checks: bool, scenarios: tuple[str, ...]) -> int:
    """Print what `swf run` would do with the same SCENARIOs (ids or files; default: all that apply).

    No link is opened and nothing is started.
    """
    plan = plan_only(RunRequest(suts=suts, scenarios=scenarios, overrides=overrides))
    brief = len(plan.assignments) > 1 and not scenarios and not checks
    for line in plan_text(plan, brief=brief, checks=checks):
        click.echo(line)
    return 0


def plan_text(plan: Plan, *, brief: bool, checks: bool) -> Iterator[str]:
    """The plan in lines. `brief`: of each scenario only the steps in which a system takes part, in one line."""
    names = ", ".join(f"{system.name} {system.version}".strip() for system in plan.systems)
    plays = sum(len(assignment.plays) for assignment in plan.assignments)
    departments = len(plan.assignments)
    yield f"System under test: {names or 'none, every actor is simulated'}"
    yield (
        f"{_counted(plays, 'play')} in {_counted(departments, 'department')}{_in_turn(departments)}; "
        f"rule set {plan.rule_set[:12]}"
    )
    yield from _operated(plan)
    alike = len({str(assignment.times) for assignment in plan.assignments}) == 1
    if plan.systems and alike:
        yield from _times(plan.assignments[0].times)
    for assignment in plan.assignments:
        yield ""
        yield from _department(assignment)
        yield from _active_pps_manager(assignment, plan.systems)
        if plan.systems and not alike:
            yield from _times(assignment.times)
        for same in _alike(assignment.plays):
            yield from _brief(same) if brief else _steps(same, checks)
    yield from codes_of(plan)
    yield from character_sets_of(plan)
    yield from _untested(plan)
    yield from _of_the_site(plan)
    if brief:
        yield ""
        yield "Name a scenario to see its steps: swf plan swf.scheduled"


def _operated(plan: Plan) -> Iterator[str]:
    """How often a person is needed; that forces one scenario at a time."""
    steps = operator_steps(plan)
    if steps:
        yield f"{_counted(len(steps), 'operator step')}, the first: {steps[0]}; one scenario at a time"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _in_turn(departments: int) -> str:
    return ", one after the other" if departments > 1 else ""


def _department(assignment: Assignment) -> Iterator[str]:
    """The actors with their players and addresses; those of ours that nobody was told about share a line."""
    yield f"Department: {assignment.id} under test" if assignment.id else "Department"
    unnamed = []
    for actor, party in sorted(assignment.ours.items()):
        served = assignment.serves.get(actor, {})
        for player in sorted(set(served.values())):
            part = _sorted(transaction for transaction, name in served.items() if name == player)
            yield f"  {actor:16} {player:16} {_address_of(assignment, actor, player)}"
            yield f"  {'':16} {'':16} plays {', '.join(part)}"
            yield from (f"  {'':16} {'':16} {line}" for line in _links(assignment, actor, player, part))
        if _is_fixed(party):
            yield f"  {actor:16} {'simulated':16} {_addresses(party)}"
        elif not served:
            unnamed.append(actor)
    if unnamed:
        yield f"  simulated, at free ports of {_hosts(assignment)}: {', '.join(unnamed)}"


def _links(assignment: Assignment, actor: ActorName, player: PlayerName, played: Sequence[str]) -> Iterator[str]:
    """The addresses of transactions that have others than the actor, and HL7 versions that links speak."""
    party = assignment.party(actor, player)
    if party is None:
        return
    for name in _sorted(name for name in party.links if name in played):
        there = party.at(TransactionId(name))
        dimse, hl7 = (party.links[TransactionId(name)].dimse, party.links[TransactionId(name)].hl7)
        yield f"{name} at {_addresses(replace(there, dimse=dimse and there.dimse, hl7=hl7 and there.hl7))}"


def _active_pps_manager(assignment: Assignment, systems: Sequence[System]) -> Iterator[str]:
    """Whose PPS Manager is the active one, where one takes part, and whose is switched off."""
    players = list(dict.fromkeys(assignment.serves.get(PPS_MANAGER, {}).values()))
    if not players and PPS_MANAGER not in assignment.ours:
        return
    active = "simulated"
    for system in (system for system in systems if system.name in players):
        part_of = system.pps_manager if system.pps_manager not in ("", PPS_MANAGER) else ""
        active = f"that of {system.name}{f', part of its {part_of}' if part_of else ''}"
    off = [
        system.name
        for system in systems
        if system.pps_manager == SIMULATED and any(PPS_MANAGER in claim.actors for claim in system.claims)
    ]
    rest = f"; switched off and not tested: that of {', '.join(off)}" if off else ""
    yield f"  active {PPS_MANAGER}: {active}{rest}"


def _times(times: Times) -> Iterator[str]:
    """The declared times, and those of single transactions where they differ."""
    yield f"Declared times: {_said(times)}"
    for name in _sorted(times.transactions):
        own = times.of(TransactionId(name))
        if _said(own) != _said(times):
            yield f"  in {name}: {_said(own)}"


def _said(times: Times) -> str:
    return f"answer {times.answer:g} s, act {times.act:g} s, show {times.show:g} s"


def _address_of(assignment: Assignment, actor: ActorName, player: PlayerName) -> str:
    party = assignment.party(actor, player)
    return (_addresses(party) if party else "") or "started by the harness, at free ports"


def _is_fixed(party: Party) -> bool:
    return any(address is not None and address.port for address in (party.dimse, party.hl7))


def _hosts(assignment: Assignment) -> str:
    return ", ".join(sorted({party.bind for party in assignment.ours.values()}))


def _addresses(party: Party) -> str:
    parts = []
    if party.dimse is not None:
        parts.append(f"DICOM {party.dimse.ae_title}{_at(party.dimse.host, party.dimse.port)}{_secured(party.dimse)}")
    if party.hl7 is not None and (party.hl7.port or party.hl7.version):
        version = f" in HL7 {party.hl7.version}" if party.hl7.version else ""
        at = _at(party.hl7.host, party.hl7.port)
        parts.append(f"HL7 {party.hl7.application}|{party.hl7.facility}{at}{_secured(party.hl7)}{version}")
    return ", ".join(parts)


def _secured(address: DimseAddress | Hl7Address) -> str:
    return f" with TLS ({address.tls.value})" if address.tls is not TlsMode.NONE else ""


def _at(host: str, port: int) -> str:
    place = f"[{host}]" if ":" in host else host
    return f" {place}:{port}" if port else " (calls only)"


def _alike(plays: Sequence[Play]) -> Iterator[Sequence[Play]]:
    """Plays of one scenario whose forms differ in nothing that is shown."""
    groups: dict[tuple[object, ...], list[Play]] = {}
    for play in plays:
        shown = tuple((planned.step.id, *(_leg(play, leg) for leg in planned.legs)) for planned in play.steps)
        groups.setdefault((play.scenario.id, shown), []).append(play)
    yield from groups.values()


def _title(alike: Sequence[Play]) -> str:
    return f"{alike[0].scenario.id}@{', '.join(play.form for play in alike)}"


def _brief(alike: Sequence[Play]) -> Iterator[str]:
    tested = [step for step in alike[0].steps if any(leg.systems and _is_judged(leg) for leg in step.legs)]
    steps = ", ".join(f"{planned.step.id} [{planned.transaction.id}]" for planned in tested)
    yield f"  {_title(alike)}: {steps or 'no step is judged'}"


def _steps(alike: Sequence[Play], checks: bool) -> Iterator[str]:
    profiles = ", ".join(dict.fromkeys(play.profile for play in alike))
    yield ""
    yield f"{_title(alike)}  {alike[0].scenario.title}  ({profiles})"
    for planned in alike[0].steps:
        links = "; ".join(dict.fromkeys(_leg(alike[0], leg) for leg in planned.legs))
        yield f"  {planned.step.id:18} {planned.transaction.id:7} {links}"
        if checks:
            yield from _checks(planned)


def _leg(play: Play, leg: PlannedLeg) -> str:
    """`ADT -> Order Filler [Acme RIS]`: the players that are systems are named, and another HL7 version than the
    play's."""
    ends = " -> ".join(
        actor if player == HARNESS else f"{actor} [{player}]"
        for actor, player in ((leg.leg.initiator, leg.initiator), (leg.leg.responder, leg.responder))
    )
    if leg.version not in ("", play.form):
        ends += f" in HL7 {leg.version}"
    noted = leg.state is not LegState.LIVE or leg.reason
    return f"{ends} ({_NOTES[leg.state]})" if noted else ends


def _checks(planned: PlannedStep) -> Iterator[str]:
    for leg in planned.legs:
        if _is_judged(leg):
            yield f"  {'':18} {'':7}   {leg.leg.id}: {', '.join(leg.leg.checks)}"


def _is_judged(leg: PlannedLeg) -> bool:
    return leg.state in (LegState.LIVE, LegState.NOT_OFFERED)


def _untested(plan: Plan) -> Iterator[str]:
    reasons = dict.fromkeys(
        f"{planned.transaction.id} {leg.leg.initiator} -> {leg.leg.responder}: {reason}"
        for assignment in plan.assignments
        for play in assignment.plays
        for planned in play.steps
        for leg in planned.legs
        for reason in (leg.reason, leg.unshown)
        if reason
    )
    if reasons:
        yield ""
        yield "Not tested, and why:"
        yield from (f"  {reason}" for reason in _sorted(reasons))


def _of_the_site(plan: Plan) -> Iterator[str]:
    """What is attested instead of tested, and the rules that do not hold as shipped."""
    attested = [(system, one) for system in plan.systems for one in system.attestations]
    if attested:
        yield ""
        yield "Attested, because no recording can show it:"
    for system, one in attested:
        yield f"  {system.name}: {one.requirement}: {one.statement} ({one.by}, {one.date})"
    if plan.overrides.entries:
        yield ""
        yield f"Overrides, sha256 {plan.overrides.sha256[:12]}:"
    for entry in plan.overrides.entries:
        expired = "EXPIRED, does not apply: " if plan.overrides.has_expired(entry) else ""
        yield f"  {entry.place}  {expired}{says(entry)} ({entry.author}, until {entry.expires}): {entry.reason}"


def _sorted(names: Iterable[str]) -> list[str]:
    """In the order of the numbers in them: RAD-8 before RAD-10."""
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])
