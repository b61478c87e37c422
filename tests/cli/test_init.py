"""`swf init`: a few questions, or options, and a system file that loads and can be planned."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.cli._answering import MOST
from harness.model.connection import is_loopback
from harness.model.names import ActorName, TransactionId
from harness.model.system import System
from harness.wiring import workshop
from tests.cli.conftest import DEADLINE, python_environment

Swf = Any
KINDS = tuple(workshop().files.kinds())


def loaded(path: Path) -> System:
    """The system of a file."""
    return workshop().files.system(str(path))


@pytest.mark.parametrize("host", ["127.0.0.1", "192.0.2.10"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_loads_fits_together_and_can_be_planned(swf: Swf, tmp_path: Path, kind: str, host: str) -> None:
    given = () if is_loopback(host) else ("--host", host, "--our-address", "192.0.2.20")
    ended = swf("init", "product.system.yaml", "--kind", kind, "--yes", *given)
    assert ended.code == 0, ended.err
    assert "product.system.yaml is written" in ended.out
    for verb in ("sheet", "ping", "run"):
        assert f"swf {verb} --sut product.system.yaml" in ended.out
    system = loaded(tmp_path / "product.system.yaml")
    assert {actor for claim in system.claims for actor in claim.actors} == set(workshop().files.kinds()[kind].actors)
    assert swf("plan", "--sut", "product.system.yaml").code == 0
    sheet = swf("sheet", "--sut", "product.system.yaml")
    assert sheet.code == 0, sheet.out
    ports = [port for ours in system.department.values() for port in (ours.port, ours.hl7_port) if port]
    assert len(ports) == len(set(ports))
    if not is_loopback(host):
        assert all(ours.advertise == "192.0.2.20" for ours in system.department.values())


def variants(text: str) -> Iterator[str]:
    """The file with one of its optional keys put in force, for each of them."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if re.match(r" *# [a-z_]+: ", line):
            yield "\n".join([*lines[:index], line.replace("# ", "", 1), *lines[index + 1 :]])


@pytest.mark.parametrize("kind", ["pacs", "modality", "ris", "report-system", "worklist"])
def test_every_optional_key_loads_without_its_comment_sign(swf: Swf, tmp_path: Path, kind: str) -> None:
    swf("init", "a.system.yaml", "--kind", kind, "--yes")
    text = (tmp_path / "a.system.yaml").read_text(encoding="utf-8")
    found = list(variants(text))
    assert len(found) >= 3
    for number, variant in enumerate(found):
        (tmp_path / f"{number}.system.yaml").write_text(variant, encoding="utf-8")
        loaded(tmp_path / f"{number}.system.yaml")


def test_every_answer_can_be_an_option(swf: Swf, tmp_path: Path) -> None:
    options = {
        "kind": "pacs",
        "transactions": "rad-4, 8; 10 RAD-14",
        "profile": "both",
        "name": 'Röntgen "A": #1',
        "version": "7.2",
        "host": "192.0.2.10",
        "ae-title": "PACS 1",
        "port": "10404",
        "hl7": "PACS|RAD",
        "hl7-port": "10402",
        "our-address": "192.0.2.20",
        "first-port": "20000",
    }
    ended = swf("init", *(word for name, value in options.items() for word in (f"--{name}", value)), "--yes")
    assert ended.code == 0, ended.err
    assert (tmp_path / "rntgen-a-1.system.yaml").is_file()
    system = loaded(tmp_path / "rntgen-a-1.system.yaml")
    assert (system.name, system.version) == ('Röntgen "A": #1', "7.2")
    assert [claim.profile for claim in system.claims] == ["SWF.b", "SWF"]
    assert system.claims[0].transactions == ("RAD-4", "RAD-8", "RAD-10", "RAD-14")
    actor = system.actors[ActorName("Image Manager")]
    assert actor.dimse is not None
    assert (actor.dimse.ae_title, actor.dimse.host, actor.dimse.port) == ("PACS 1", "192.0.2.10", 10404)
    assert actor.hl7 is not None
    assert (actor.hl7.application, actor.hl7.facility, actor.hl7.port) == ("PACS", "RAD", 10402)
    modality = system.department[ActorName("Modality")]
    assert modality.port >= 20000
    assert (modality.bind, modality.advertise) == ("0.0.0.0", "192.0.2.20")


def test_how_it_is_made_to_act(swf: Swf, tmp_path: Path) -> None:
    swf("init", "a.system.yaml", "--kind", "modality", "--yes", "--acts", "./drive.py --now 'a b'")
    acts = loaded(tmp_path / "a.system.yaml").actors[ActorName("Modality")].acts
    assert set(acts) >= {"RAD-5", "RAD-6", "RAD-7", "RAD-8", "RAD-10"}
    assert acts[TransactionId("RAD-5")].command == ("./drive.py", "--now", "a b")
    swf("init", "b.system.yaml", "--kind", "modality", "--yes", "--acts", "person")
    acts = loaded(tmp_path / "b.system.yaml").actors[ActorName("Modality")].acts
    assert (acts[TransactionId("RAD-5")].operator, acts[TransactionId("RAD-5")].seconds) == ("", 3600)


def test_what_a_worklist_is_fed_by(swf: Swf, tmp_path: Path) -> None:
    swf("init", "a.system.yaml", "--kind", "worklist", "--yes", "--feeds", "load.py worklists")
    feeds = loaded(tmp_path / "a.system.yaml").actors[ActorName("Order Filler")].feeds
    assert feeds[TransactionId("RAD-5")].command == ("load.py", "worklists")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--kind", "archiv"), "there is no kind of product `archiv`; did you mean `archive`?"),
        (("--kind", "archive", "--port", "70000"), "--port: `70000` is no TCP port"),
        (("--kind", "archive", "--port", "0"), "--port: 0 is no TCP port: it has to be reached somewhere"),
        (("--kind", "archive", "--ae-title", "SEVENTEEN_LETTERS"), "--ae-title: `SEVENTEEN_LETTERS` is no AE title"),
        (("--kind", "archive", "--transactions", "RAD-5"), "--transactions: `RAD-5` is none of its transactions"),
        (("--kind", "pacs", "--hl7", "PACS"), "--hl7: `PACS` is not application|facility"),
        (("--kind", "pacs", "--profile", "SWF.c"), "--profile: `SWF.c` is none of SWF.b, SWF, both"),
        (("--kind", "archive", "--host", "a b"), "--host: `a b` is no host"),
        (("--kind", "modality", "--acts", "'"), "--acts: No closing quotation"),
        (("--yes",), "--kind is needed"),
    ],
)
def test_an_answer_that_cannot_be_used(swf: Swf, tmp_path: Path, options: Sequence[str], said: str) -> None:
    ended = swf("init", *options, "--yes")
    assert ended.code == 3
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_overwritten_on_purpose_alone(swf: Swf, tmp_path: Path) -> None:
    path = tmp_path / "our-archive.system.yaml"
    path.write_text("mine", encoding="utf-8")
    ended = swf("init", "--kind", "archive", "--yes")
    assert ended.code == 3
    assert "our-archive.system.yaml exists already" in ended.err
    assert path.read_text(encoding="utf-8") == "mine"
    assert swf("init", "--kind", "archive", "--yes", "--force").code == 0
    assert loaded(path).name == "Our archive"


def test_nobody_is_there_to_be_asked(swf: Swf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    ended = swf("init")
    assert ended.code == 3
    assert "standard input is no terminal" in ended.err
    assert "--kind" in ended.err
    assert list(tmp_path.iterdir()) == []


def _sit_before(terminal: int) -> None:
    """The new process takes the terminal, and Ctrl-C as a shell lets it: tests may be run where that is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.login_tty(terminal)


class Terminal:
    """`swf init` in a pseudo-terminal, with a person before it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", "init", *arguments],
            cwd=folder,
            preexec_fn=lambda: _sit_before(slave),
            pass_fds=(slave,),
            env={**python_environment(), "TERM": "dumb", "COLUMNS": "120"},
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> str:
        """What came up to that text, or to the end."""
        start = len(self.seen)
        while text not in self.seen[start:]:
            ready, _, _ = select.select([self._master], [], [], DEADLINE)
            assert ready, f"no `{text}` in\n{self.seen}"
            try:
                self.seen += os.read(self._master, 65536).decode()
            except OSError:  # how a pseudo-terminal says that the other end is closed
                break
        return self.seen[start:]

    def type(self, text: str) -> None:
        """Answer, and press Enter."""
        os.write(self._master, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, and again when it was not heard: one that comes just before a read waits for the next."""
        start = len(self.seen)
        for _ in range(int(DEADLINE)):
            os.write(self._master, b"\x03")
            while select.select([self._master], [], [], 1.0)[0]:
                try:
                    self.seen += os.read(self._master, 65536).decode()
                except OSError:
                    return
                if "interrupted" in self.seen[start:]:
                    return

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.until("\0")
        os.close(self._master)
        return self._process.wait(DEADLINE)


def questions(seen: str) -> list[str]:
    """The numbered questions."""
    return re.findall(r"^(\d+\. .+?)\r?$", seen, re.MULTILINE)


def test_a_person_answers_the_questions(tmp_path: Path, free_port: int) -> None:
    terminal = Terminal(tmp_path)
    answers = ["1", "", "Test archive", "1.2", "localhost", "ARCHIVE", "none", str(free_port)]
    for answer in answers:
        terminal.until("> ")
        terminal.type(answer)
    assert terminal.end() == 0, terminal.seen
    asked = questions(terminal.seen)
    assert len(asked) == 7, terminal.seen
    assert "`none` is no TCP port" in terminal.seen
    assert "note: nothing answers there now" in terminal.seen
    assert "test-archive.system.yaml is written (7 questions)" in terminal.seen
    system = loaded(tmp_path / "test-archive.system.yaml")
    assert system.claims[0].transactions == ("RAD-8", "RAD-10", "RAD-14", "RAD-16", "RAD-18")
    archive = system.actors[ActorName("Image Manager")].dimse
    assert archive is not None
    assert (archive.ae_title, archive.host, archive.port) == ("ARCHIVE", "localhost", free_port)


@pytest.mark.parametrize("kind", ["ris", "modality", "worklist"])
def test_no_kind_needs_more_questions_than_told(tmp_path: Path, kind: str) -> None:
    terminal = Terminal(tmp_path)
    answers = [kind]
    while True:
        terminal.until("> ")
        if "is written" in terminal.seen:
            break
        asked = questions(terminal.seen)[-1] if questions(terminal.seen) else ""
        terminal.type(answers.pop() if answers else "192.0.2.1" if "On which host" in asked else "")
    assert len(questions(terminal.seen)) <= MOST
    assert terminal.end() == 0


def test_leaving_writes_nothing(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.until("> ")
    terminal.type("1")
    terminal.until("> ")
    terminal.interrupt()
    assert terminal.end() == 2
    assert list(tmp_path.iterdir()) == []
