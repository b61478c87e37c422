"""How to see again what a run found: the one command that sends these bytes, or this data set, again.

A request that we sent is sent again to the product that is still there, with the one that it needs before it. What the
product sent by itself is sent again in its place to our own actor, and judged. What nobody sent, or what a system
answered that the harness starts by itself, needs the scenario, and so does what was done with a connection.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from harness.model.names import HARNESS, ExchangeId, PlayerName
from harness.model.profile import Service
from harness.model.run import JudgedFinding, PlayResult, Run
from harness.model.system import Launch, System
from harness.model.target import target_of
from harness.model.tls import TLS_CHECKS
from harness.model.transcript import Exchange, Half
from harness.scenario_files import Kind, shipped
from reports.printable import printable

_PATH_LIMIT = 400


class Reproduction:
    """Makes commands for one run in the folder `out`; without the run, what is not known stays a placeholder."""

    def __init__(self, out: Path | str, run: Run | None = None) -> None:
        self._out = _word(str(out))
        self._run = run

    def of_finding(self, play: PlayResult, judged: JudgedFinding) -> str:
        """The shortest way to see a finding again."""
        evidence = judged.finding.evidence
        if evidence is None or judged.finding.check in TLS_CHECKS:
            return self.again(play)
        if self._run is None:
            theirs = evidence.half is Half.REQUEST and judged.player != HARNESS
            return f"swf replay {self._out} {evidence.exchange}" + ("" if theirs else " --to ADDRESS")
        exchange = self._exchanges.get(evidence.exchange)
        if exchange is None:
            return self.again(play)
        if exchange.sent or exchange.link.hop:
            return self._to_system(play, exchange)
        return self._to_us(judged, exchange)

    def again(self, play: PlayResult) -> str:
        """The command that runs the play's scenario again with the same identifiers."""
        if self._run is None or self._run.plan.watching is not None:
            return f"swf judge {self._out}"
        plan = self._run.plan
        words = ["swf run"]
        words += [f"--sut {_system(system)}" for system in plan.systems if not _is_bundled(plan.systems, system)]
        words += [] if plan.systems else ["--sut none"]
        words += [f"--seed {plan.seed}"]
        words += [f"--defect {_word(plan.defect)}"] if plan.defect else []
        return " ".join([*words, self._scenario(play)])

    def _to_system(self, play: PlayResult, exchange: Exchange) -> str:
        """The request to where it went, after the one without which it makes no sense."""
        transcript = self._run.transcript if self._run is not None else None
        if self._run is None or transcript is None or self._is_launched(play, exchange):
            return self.again(play)
        target = target_of(exchange, transcript, self._run.plan)
        if target is None:
            return self.again(play)
        numbers = [*self._before(exchange), exchange.id]
        return f"swf replay {self._out} {_numbers(numbers)} --to {_word(str(target))}"

    def _to_us(self, judged: JudgedFinding, exchange: Exchange) -> str:
        """The request to our own actor, after the one that it was compared with, if that came to us as well."""
        given = judged.finding.given
        compared = self._exchanges.get(given.exchange) if given is not None else None
        numbers = list(self._before(exchange))
        if compared is not None and not compared.sent and not compared.link.hop and compared.id < exchange.id:
            numbers = [compared.id, *numbers]
        return f"swf replay {self._out} {_numbers([*numbers, exchange.id])}"

    def _before(self, exchange: Exchange) -> Iterator[ExchangeId]:
        """Of an N-SET the N-CREATE of the same instance and the N-SETs since, from the same sender to the same peer."""
        command = exchange.request.command
        if command is None or command.service is not Service.N_SET:
            return
        told = self._told.get((*_between(exchange), command.sop_instance), [])
        yield from (number for number in told if number < exchange.id)

    @cached_property
    def _exchanges(self) -> dict[ExchangeId, Exchange]:
        transcript = self._run.transcript if self._run else None
        return {exchange.id: exchange for exchange in transcript.exchanges} if transcript else {}

    @cached_property
    def _told(self) -> dict[tuple[object, ...], list[ExchangeId]]:
        """What was said of each performed step, by who said it to whom; an N-CREATE may be named by its answer."""
        found: dict[tuple[object, ...], list[ExchangeId]] = {}
        for exchange in self._exchanges.values():
            command = exchange.request.command
            if command is None or command.service not in (Service.N_CREATE, Service.N_SET):
                continue
            final = exchange.final.command if exchange.final is not None else None
            named = {command.sop_instance, final.sop_instance if final is not None else ""} - {""}
            for instance in named:
                found.setdefault((*_between(exchange), instance), []).append(exchange.id)
        return {key: sorted(numbers) for key, numbers in found.items()}

    @cached_property
    def _launched(self) -> frozenset[PlayerName]:
        systems = self._run.plan.systems if self._run else ()
        return frozenset(system.name for system in systems if system.launch is not None)

    @cached_property
    def _shipped(self) -> frozenset[str]:
        return frozenset(str(file) for file in shipped(Kind.SCENARIO).values())

    def _is_launched(self, play: PlayResult, exchange: Exchange) -> bool:
        """Whether the peer was started by the harness: its address is gone."""
        if exchange.link.hop or (self._run is not None and self._run.plan.watching is not None):
            return False
        peer = exchange.link.peer_actor
        return peer is None or play.roles.get(peer) is None or play.roles[peer] in self._launched

    def _scenario(self, play: PlayResult) -> str:
        if not play.scenario_path or play.scenario_path in self._shipped:
            return _word(play.play.partition("@")[0])
        return _word(play.scenario_path)


def _between(exchange: Exchange) -> tuple[object, ...]:
    return exchange.link.actor, exchange.link.peer_actor, exchange.link.hop, exchange.sent


def _is_bundled(systems: tuple[System, ...], system: System) -> bool:
    """Whether a run without `--sut` starts exactly this system."""
    return len(systems) == 1 and system.launch is Launch.REFERENCE and not system.secured


def _system(system: System) -> str:
    known = {str(file): name for name, file in shipped(Kind.SYSTEM).items()}
    return _word(known.get(system.path, system.path or system.name))


def _numbers(numbers: list[ExchangeId]) -> str:
    return " ".join(str(number) for number in dict.fromkeys(numbers))


def _word(text: str) -> str:
    """One word of a command line; what cannot be shown is not what can be typed."""
    return shlex.quote(printable(text, _PATH_LIMIT))
