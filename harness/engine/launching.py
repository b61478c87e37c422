"""Starting the reference system in a process of its own, and talking to it over its control link."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from harness.actor import actor_classes
from harness.engine.storage import adapter
from harness.errors import HarnessError
from harness.model.deviation import Deviation
from harness.model.names import ActorName, PlayId, TransactionId
from harness.model.scenario import ProcedurePlan
from harness.model.system import DepartmentActor, Hook, Party, System, SystemActor
from harness.model.tls import TlsMode
from harness.pki import pki_of_process
from harness.transports.hooks import run_hook

START_SECONDS = 60.0
"""How long the process may take until it says where it listens."""


def secured(system: System) -> System:
    """A system whose links are all to have TLS, and the department with it, by certificates made for this process."""
    if not system.secured:
        return system
    told = {name: system.department.get(name, DepartmentActor()) for name in actor_classes()}
    department = {name: replace(one, tls=TlsMode.MUTUAL) for name, one in told.items()}
    return replace(system, tls=pki_of_process(), department=department)


class ReferenceProcess:
    """A running reference system; leave the context and the process ends."""

    def __init__(
        self, described: System, *, transactions: Iterable[TransactionId], seed: int, defect: str = ""
    ) -> None:
        self._described = described
        self._transactions = tuple(transactions)
        self._command = [sys.executable, "-m", "harness.cli", "reference", "--seed", str(seed)]
        if defect:
            self._command += ["--defect", defect]
        if described.strain.delay:
            self._command += ["--delay", str(described.strain.delay)]
        if described.strain.noise:
            self._command += ["--noise"]
        if described.tls is not None:
            files = described.tls
            self._command += ["--tls", files.certificate, files.key, files.authorities]
            self._command += ["--pki", files.pki] if files.pki else []
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process, and is closed with it
        self._control = ""

    def __enter__(self) -> ReferenceProcess:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the harness; the system under test goes on until it is told to end
        )
        try:
            introduction = self._first_line()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._control = introduction["control"]
        self.system = self._with_addresses(introduction["actors"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10.0)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def introduce(
        self,
        parties: Mapping[ActorName, Party],
        patients: Mapping[PlayId, Sequence[str]],
        procedures: ProcedurePlan | None = None,
    ) -> None:
        """Tell it who plays the other actors, which patients belong to one play (its defects count within one), and
        which procedure plan it has, if not the shipped one."""
        told = {actor: adapter(Party).dump_python(party, mode="json") for actor, party in parties.items()}
        body = {"parties": told, "patients": {play: list(numbers) for play, numbers in patients.items()}}
        if procedures is not None:
            body["procedures"] = adapter(ProcedurePlan).dump_python(procedures, mode="json")
        result = run_hook(Hook(http=f"{self._control}/peers", timeout=10.0), body, base=Path())
        if not result.ok:
            raise HarnessError(f"the reference system does not answer: {result.reason} {result.output}{self._tail()}")

    def idle_deviations(self) -> tuple[Deviation, ...]:
        """Deviations of its defect that changed nothing in this run; empty when it does not answer any more."""
        result = run_hook(Hook(http=f"{self._control}/idle", timeout=10.0), {}, base=Path())
        if not result.ok:
            return ()
        idle: tuple[Deviation, ...] = adapter(tuple[Deviation, ...]).validate_python(json.loads(result.output)["idle"])
        return idle

    def _first_line(self) -> dict[str, str]:
        lines: queue.Queue[bytes] = queue.Queue()
        stdout = self._process.stdout
        if stdout is None:
            raise HarnessError("the reference system has no output")
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
            found: dict[str, str] = json.loads(line)
        except (queue.Empty, ValueError):
            raise HarnessError(f"the reference system did not start{self._tail()}") from None
        return found

    def _tail(self) -> str:
        self._log.seek(0)
        text = self._log.read().decode("utf-8", "replace").strip()
        return f": {text[-1500:]}" if text else ""

    def _with_addresses(self, introduced: object) -> System:
        parties = adapter(dict[ActorName, Party]).validate_python(introduced)
        act = Hook(http=f"{self._control}/act", timeout=60.0)
        actors = {
            actor: SystemActor(dimse=party.dimse, hl7=party.hl7, acts=dict.fromkeys(self._transactions, act))
            for actor, party in parties.items()
        }
        return replace(self._described, actors=actors)
