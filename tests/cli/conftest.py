"""The command as a user calls it: in this process where it ends by itself, in one of its own where it is ended."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.engine.unrecorded import Unrecorded
from harness.errors import Rejected
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.transports.dimse import associate
from harness.transports.recorder import LinkOwner

DEADLINE = 60.0
"""Seconds for anything that is not measured, on a busy machine."""


@dataclass(frozen=True)
class Ended:
    """How a call of `swf` ended."""

    code: int
    out: str
    err: str


Swf = Callable[..., Ended]


@pytest.fixture
def swf(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Swf:
    """Call `swf` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["swf", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return Ended(int(left.value.code or 0), captured.out, captured.err)

    return call


@dataclass
class Running:
    """`swf` in a process of its own; its lines arrive as they are printed."""

    process: subprocess.Popen[str]
    lines: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    seen: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Collect lines until the process closes its output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def wait_for_line(self, part: str) -> str:
        """The next line with that text; queue.Empty when none comes."""
        while True:
            line = self.lines.get(timeout=DEADLINE)
            self.seen.append(line)
            if part in line:
                return line

    def end(self, seconds: float = DEADLINE) -> Ended:
        """Wait for the end, at most that long."""
        code = self.process.wait(seconds)
        self.reader.join(DEADLINE)
        while not self.lines.empty():
            self.seen.append(self.lines.get())
        return Ended(code, "".join(self.seen), "")

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()


@pytest.fixture
def swf_process(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start `swf` in a process of its own, standard error among its lines; `typed` is its standard input."""
    with ExitStack() as stack:

        def start(*arguments: str, typed: str = "") -> Running:
            given = stack.enter_context(tempfile.TemporaryFile("w+"))
            given.write(typed)
            given.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "harness.cli", *arguments],
                cwd=tmp_path,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=python_environment(),
            )
            running = Running(process)
            stack.callback(process.__exit__, None, None, None)
            stack.callback(process.kill)
            return running

        yield start


def python_environment() -> dict[str, str]:
    """The environment for a child that imports what this process imports, wherever it runs."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.fixture(scope="session")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The box alone, run once with swf.scheduled: its folder, for tests that only read it, and how it ended."""
    out = tmp_path_factory.mktemp("scheduled") / "run"
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "harness.cli",
            "run",
            "--sut",
            "none",
            "--seed",
            "7",
            "--out",
            str(out),
            "swf.scheduled",
        ],
        cwd=out.parent,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=python_environment(),
        check=False,
    )
    return out, Ended(ended.returncode, ended.stdout, ended.stderr)


OVERRIDES = """\
overrides:
  - requirement: rad-2.omg-o19-nw/OBR-2.1
    effect: weaken
    reason: The interface engine copies ORC-3
    author: HIS team
    expires: "2999-12-31"
  - requirement: "rad-2.orm-o01-nw/OBR-2*"
    effect: off
    reason: The interface engine copies ORC-3
    author: HIS team
    expires: "2999-12-31"
"""


@pytest.fixture(scope="session")
def overridden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the reference system with OBR-2 unlike ORC-2, which its site accepts: `site.yaml`, `run`, `told.txt`."""
    folder = tmp_path_factory.mktemp("overridden")
    (folder / "site.yaml").write_text(OVERRIDES, encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", "--defect", "obr2-differs", "--seed", "11"]
    ended = subprocess.run(
        [*command, "--overrides", "site.yaml", "--out", str(folder / "run"), "swf.order-status"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=python_environment(),
        check=False,
    )
    (folder / "told.txt").write_text(f"{ended.returncode}\n{ended.stdout}{ended.stderr}", encoding="utf-8")
    return folder


HOSPITAL = """\
name: Our HIS
launch: reference
binding: each
claims: [{profile: SWF.b, actors: [Order Placer]}]
times: {answer: 5, act: 5, show: 5}
"""


@pytest.fixture(scope="session")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a hospital system with OBR-2 unlike ORC-2: `our.system.yaml`, `run`."""
    folder = tmp_path_factory.mktemp("failed")
    (folder / "our.system.yaml").write_text(HOSPITAL, encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", "--sut", "our.system.yaml", "--defect", "obr2-differs"]
    ended = subprocess.run(
        [*command, "--seed", "11", "--out", "run", "swf.order-status"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=python_environment(),
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return folder


@dataclass
class Mute:
    """Accepts connections and never says a word; tells when somebody came."""

    listener: socket.socket
    came: threading.Event = field(default_factory=threading.Event)
    _held: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.listener.getsockname()[1])

    def accept(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._held.append(connection)
            self.came.set()

    def close(self) -> None:
        """Close everything."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._held:
            connection.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    """A system that never answers."""
    peer = Mute(socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=peer.accept, daemon=True)
    thread.start()
    yield peer
    peer.close()
    thread.join(DEADLINE)


@dataclass(frozen=True)
class Standalone:
    """The reference system in a process of its own, that nobody of the harness started."""

    process: subprocess.Popen[str]
    actors: dict[str, dict[str, dict[str, Any]]]


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[Standalone]:
    """A product made of the reference system, to be killed at will."""
    with subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "reference"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=python_environment(),
    ) as process:
        assert process.stdout is not None
        yield Standalone(process, json.loads(process.stdout.readline())["actors"])
        process.kill()


@pytest.fixture
def free_port() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def system_file(tmp_path: Path) -> Callable[..., str]:
    """Write a system file of one actor with one address for both kinds of link."""

    def write(actor: str, port: int, *, more: str = "", answer: float = 2.0) -> str:
        path = tmp_path / "product.system.yaml"
        path.write_text(
            f"""\
name: Product
claims:
  - {{profile: SWF.b, actors: [{actor}]}}
actors:
  {actor}:
    hl7: {{application: PRODUCT, facility: HOSP, port: {port}}}
    dimse: {{ae_title: PRODUCT, port: {port}}}
times: {{answer: {answer}, act: {answer}}}
{more}""",
            encoding="utf-8",
        )
        return str(path)

    return write


@pytest.fixture
def echo() -> Callable[..., None]:
    """Call a port on this machine with a C-ECHO, from one AE title to another; a rejection is none of its business."""

    def call(port: int, calling: str, called: str) -> None:
        with (
            suppress(Rejected),
            associate(
                DimseAddress(ae_title=called, port=port),
                calling_ae=calling,
                sop_classes=["Verification"],
                owner=LinkOwner(actor=ActorName("Modality")),
                recorder=Unrecorded(),
                timeout=DEADLINE,
            ) as association,
        ):
            association.c_echo()

    return call
