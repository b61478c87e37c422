"""What a system sent by itself, sent again in its place to our own actors, and judged as what was seen.

Our actors stand on loopback, at free ports, and know nothing of what came before. Nothing is sent to the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.engine.department import Department
from harness.engine.replaying import Replay, Sending
from harness.engine.runs import ReadPayload, Setting
from harness.engine.storage import Evidence
from harness.engine.watching import Until, WatchedSession, watched_plan
from harness.errors import InputError
from harness.model.hop import Watching
from harness.model.names import ActorName, ExchangeId
from harness.model.plan import Assignment, Plan
from harness.model.profile import LinkKind
from harness.model.run import Run
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.model.target import Target
from harness.model.tls import TlsMode
from harness.model.transcript import Event, Exchange

_HERE: Final = "127.0.0.1"
_QUIET, _LONGEST = 0.3, 10.0
"""Seconds without traffic after which our actors are done, and after which they are not waited for."""


class _Nobody:
    """Hears nothing of what passes."""

    def exchanged(self, exchange: Exchange) -> None:
        """An exchange ended."""

    def happened(self, event: Event) -> None:
        """Something happened."""


@dataclass(frozen=True, kw_only=True)
class Reenacted:
    """What our actors answered, one text for each request, and what was judged about it."""

    answers: tuple[str, ...]
    run: Run
    read: ReadPayload


def reenact(evidence: Evidence, numbers: Sequence[ExchangeId], setting: Setting, out: Path) -> Reenacted:
    """Send the requests of a run again to actors of ours, in their order; `out` is a new folder for the record.

    InputError when no actor of ours received one of them.
    """
    replay, plan = Replay(evidence, Sending(listen=False)), evidence.plan()
    exchanges = [replay.exchange(number) for number in numbers]
    home = _home(plan, exchanges)
    with WatchedSession(setting, _plan(plan, home, setting, out.name), out, _Nobody()) as session:
        assignment = session.plan.assignments[0]
        with Department(
            assignment,
            knowledge=setting.knowledge,
            recorder=session.recorder,
            clock=session.clock,
            seed=plan.seed,
            procedures=plan.procedures or setting.procedures,
        ) as department:
            session.note(replace(session.plan, assignments=(department.assignment,)))
            answers = []
            for exchange in exchanges:
                party = department.assignment.ours[exchange.link.actor]
                answers.append(replay.send(exchange.id, _target(party, exchange)))
            session.watch(Until(seconds=_LONGEST, quiet=_QUIET))
    return Reenacted(answers=tuple(answers), run=session.judged(), read=session.read)


def _home(plan: Plan, exchanges: Sequence[Exchange]) -> Assignment:
    """The assignment in which we play everybody who received one of the requests."""
    actors = {exchange.link.actor for exchange in exchanges}
    for exchange in exchanges:
        if exchange.link.hop:
            raise InputError(f"exchange {exchange.id} passed through a relay: give the address to send it to with --to")
    fitting = (assignment for assignment in plan.assignments if actors <= set(assignment.ours))
    home = next(fitting, None)
    if home is None:
        raise InputError(f"no actor of ours played {', '.join(sorted(actors))} in that run; give an address with --to")
    return home


def _plan(plan: Plan, home: Assignment, setting: Setting, name: str) -> Plan:
    """The plan of a run that is only watched, with our actors and what is known of the systems that called them."""
    made = watched_plan(
        run=name,
        seed=plan.seed,
        version=plan.harness_version,
        knowledge=setting.knowledge,
        watching=Watching(),
        systems=plan.systems,
        ours=_here(home.ours),
        theirs=tuple(_unreachable(party) for party in home.theirs),
        times=home.times,
        overrides=plan.overrides,
        known=plan.known,
        procedures=plan.procedures,
    )
    (assignment,) = made.assignments
    return replace(made, assignments=(replace(assignment, character_sets=home.character_sets),))


def _here(ours: Mapping[ActorName, Party]) -> Mapping[ActorName, Party]:
    """Our actors at free ports of this machine, without TLS."""
    return {actor: replace(_at(party, _HERE), bind=_HERE) for actor, party in ours.items()}


def _unreachable(party: Party) -> Party:
    """A system by its names alone: nothing of what our actors do in answer may reach it."""
    return _at(party, _HERE)


def _at(party: Party, host: str) -> Party:
    return replace(party, dimse=_free(party.dimse, host), hl7=_free_hl7(party.hl7, host), links={})


def _free(address: DimseAddress | None, host: str) -> DimseAddress | None:
    return replace(address, host=host, port=0, tls=TlsMode.NONE, tls_files=None) if address is not None else None


def _free_hl7(address: Hl7Address | None, host: str) -> Hl7Address | None:
    return replace(address, host=host, port=0, tls=TlsMode.NONE, tls_files=None) if address is not None else None


def _target(party: Party, exchange: Exchange) -> Target:
    address = party.hl7 if exchange.link.kind is LinkKind.MLLP else party.dimse
    if address is None or not address.port:
        raise InputError(f"the simulated {party.actor} does not listen, so exchange {exchange.id} cannot be sent to it")
    title = address.ae_title if isinstance(address, DimseAddress) else ""
    return Target(host=_HERE, port=address.port, ae_title=title)
