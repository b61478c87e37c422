"""How to see again what a run found: the command that sends a request again, or that runs the scenario again.

A request that we sent can be sent again, byte for byte, to a product that is still there. What the product sent,
or what a system showed that the harness starts by itself, needs the scenario.
"""

from __future__ import annotations

import shlex
from functools import cached_property
from pathlib import Path

from harness.model.names import HARNESS, ExchangeId, PlayerName
from harness.model.profile import LinkKind
from harness.model.run import JudgedFinding, PlayResult, Run
from harness.model.system import Launch, System
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
        if evidence is None:
            return self.again(play)
        exchange = self._exchanges.get(evidence.exchange)
        if self._run is None:
            theirs = evidence.half is Half.REQUEST and judged.player != HARNESS
            return self.again(play) if theirs else f"swf replay {self._out} {evidence.exchange} --to ADDRESS"
        if exchange is None or not exchange.sent or self._is_launched(play, exchange):
            return self.again(play)
        return f"swf replay {self._out} {evidence.exchange} --to {_address(exchange)}"

    def again(self, play: PlayResult) -> str:
        """The command that runs the play's scenario again with the same identifiers."""
        if self._run is None:
            return f"swf judge {self._out}"
        plan = self._run.plan
        words = ["swf run"]
        words += [f"--sut {_system(system)}" for system in plan.systems if not _is_bundled(plan.systems, system)]
        words += [] if plan.systems else ["--sut none"]
        words += [f"--seed {plan.seed}"]
        words += [f"--defect {_word(plan.defect)}"] if plan.defect else []
        return " ".join([*words, self._scenario(play)])

    @cached_property
    def _exchanges(self) -> dict[ExchangeId, Exchange]:
        transcript = self._run.transcript if self._run else None
        return {exchange.id: exchange for exchange in transcript.exchanges} if transcript else {}

    @cached_property
    def _launched(self) -> frozenset[PlayerName]:
        systems = self._run.plan.systems if self._run else ()
        return frozenset(system.name for system in systems if system.launch is not None)

    @cached_property
    def _shipped(self) -> frozenset[str]:
        return frozenset(str(file) for file in shipped(Kind.SCENARIO).values())

    def _is_launched(self, play: PlayResult, exchange: Exchange) -> bool:
        """Whether the peer was started by the harness: its address is gone."""
        peer = exchange.link.peer_actor
        return peer is None or play.roles.get(peer) is None or play.roles[peer] in self._launched

    def _scenario(self, play: PlayResult) -> str:
        if not play.scenario_path or play.scenario_path in self._shipped:
            return _word(play.play.partition("@")[0])
        return _word(play.scenario_path)


def _is_bundled(systems: tuple[System, ...], system: System) -> bool:
    """Whether a run without `--sut` starts exactly this system."""
    return len(systems) == 1 and system.launch is Launch.REFERENCE and not system.secured


def _system(system: System) -> str:
    known = {str(file): name for name, file in shipped(Kind.SYSTEM).items()}
    return _word(known.get(system.path, system.path or system.name))


def _address(exchange: Exchange) -> str:
    link = exchange.link
    place = f"{link.peer.host}:{link.peer.port}"
    called = link.facts.get("called_ae", "")
    return _word(f"{called}@{place}" if link.kind is LinkKind.DIMSE and called else place)


def _word(text: str) -> str:
    """One word of a command line; what cannot be shown is not what can be typed."""
    return shlex.quote(printable(text, _PATH_LIMIT))
