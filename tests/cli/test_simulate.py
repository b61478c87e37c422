"""`swf simulate` and `swf tell` as somebody uses them: one process stands in, another tells it what to do."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.engine.telling import CONTROL
from harness.engine.unrecorded import Unrecorded
from harness.errors import Rejected
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.transports.dimse import associate
from harness.transports.recorder import LinkOwner
from tests.cli.conftest import DEADLINE, python_environment

if TYPE_CHECKING:
    from tests.cli.conftest import Running, Swf

FREE = ("--dicom-port", "0", "--hl7-port", "0")
ADDRESS = re.compile(r"DICOM AE title +(\S+) +host (\S+)  port (\d+)")
CALLER = LinkOwner(actor=ActorName("Modality"))


@dataclass(frozen=True)
class Told:
    """What came of telling."""

    code: int
    out: str


@dataclass
class Simulation:
    """A running `swf simulate`, with where its actors listen."""

    running: Running
    folder: Path
    actors: dict[str, DimseAddress]

    def tell(self, *words: str) -> Told:
        """Have it do something, by another process."""
        command = [sys.executable, "-m", "harness.cli", "tell", "--run", str(self.folder), *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE, check=False, env=python_environment()
        )
        return Told(done.returncode, done.stdout)


Simulate = Callable[..., Simulation]


@pytest.fixture
def simulate(swf_process: Callable[..., Running], tmp_path: Path) -> Simulate:
    """Start a simulation, and wait until it serves."""

    def start(name: str, *arguments: str) -> Simulation:
        running = swf_process("simulate", *arguments, *FREE, "--out", name)
        running.wait_for_line("Ctrl-C ends it")
        found = ADDRESS.findall("".join(running.seen))
        actors = {title: DimseAddress(ae_title=title, host=host, port=int(port)) for title, host, port in found}
        return Simulation(running, tmp_path / name, actors)

    return start


def _address(simulation: Simulation, title: str) -> str:
    address = simulation.actors[title]
    return f"{title}@{address.host}:{address.port}"


@contextmanager
def _calling(address: DimseAddress, sop_class: str) -> Iterator[Any]:
    with associate(
        address, calling_ae="WHOEVER", sop_classes=[sop_class], owner=CALLER, recorder=Unrecorded(), timeout=DEADLINE
    ) as association:
        yield association


def _plays(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "run.json").read_text(encoding="utf-8"))["plays"]
    return found


def test_a_ris_with_a_worklist_needs_one_command_and_says_what_to_enter(simulate: Simulate) -> None:
    ris = simulate("ris", "ris", "--worklist", "3")
    told = "".join(ris.running.seen)
    assert "Simulated: Order Filler, PPS Manager." in told
    assert {"SWF_ORDER_FILLER", "SWF_PPS_MANAGER"} == set(ris.actors)
    assert "Query Modality Worklist [RAD-5]" in told
    assert len(re.findall(r"^  P\d{8} ", told, re.MULTILINE)) == 3
    with _calling(ris.actors["SWF_ORDER_FILLER"], "Verification") as association:
        assert association.c_echo().status == 0
    ris.running.wait_for_line("WHOEVER -> Order Filler  C-ECHO")
    assert ris.tell("stop").out == "ending\n"
    ended = ris.running.end()
    assert ended.code == 0, ended.out
    assert {play["verdict"] for play in _plays(ris.folder)} == {"pass"}
    assert (ris.folder / "report.html").exists()
    assert not (ris.folder / CONTROL).exists()


def test_a_modality_performs_the_next_entry_when_it_is_told(simulate: Simulate) -> None:
    box = simulate("box", "ris", "pacs", "--worklist", "2", "--seed", "5")
    modality = simulate(
        "modality",
        "modality",
        *("--peer", f"Order Filler={_address(box, 'SWF_ORDER_FILLER')}"),
        *("--peer", f"PPS Manager={_address(box, 'SWF_PPS_MANAGER')}"),
        *("--peer", f"Image Manager={_address(box, 'SWF_IMAG_MANA')}"),
    )
    box.tell("peer", _address(modality, "SWF_MODALITY"))
    done = modality.tell("next", "images=2")
    assert done.code == 0, done.out
    assert "RAD-8 Modality Images Stored: 2 exchanges, accepted" in done.out
    assert "RAD-10 Storage Commitment: 1 exchange, accepted" in done.out
    box.running.wait_for_line("N-SET ModalityPerformedProcedureStep  0000  COMPLETED")
    assert modality.tell("next", "MG").code == 2
    assert modality.tell("sing").code == 2
    for simulation in (modality, box):
        simulation.tell("stop")
    assert modality.running.end().code in (0, 2)
    ended = box.running.end()
    assert ended.code == 0, ended.out
    done_play = max(_plays(box.folder), key=lambda play: len(play["steps"]))
    assert {"RAD-5", "RAD-6", "RAD-7", "RAD-8", "RAD-10"} <= {step["transaction"] for step in done_play["steps"]}
    assert "SWF_MODALITY: tested against SWF" in ended.out


def test_commands_come_by_standard_input_too(swf_process: Callable[..., Running]) -> None:
    running = swf_process("simulate", "ris", "--worklist", "0", *FREE, "--out", "run", typed="order\nstop\n")
    ended = running.end()
    assert "> order" in ended.out
    assert "RAD-2 Placer Order Management: 1 exchange, accepted" in ended.out
    assert ended.code == 0, ended.out


def test_without_a_worklist_or_an_mpps_server_the_modality_stores_what_nobody_scheduled(simulate: Simulate) -> None:
    archive = simulate("archive", "pacs")
    modality = simulate("modality", "modality", "--peer", f"Image Manager={_address(archive, 'SWF_IMAG_MANA')}")
    archive.tell("peer", _address(modality, "SWF_MODALITY"))
    done = modality.tell("next", "images=1")
    assert done.code == 0, done.out
    assert "nobody serves a worklist" in done.out
    assert "RAD-8 Modality Images Stored" in done.out
    assert "RAD-6" not in done.out
    archive.tell("stop")
    assert archive.running.end().code == 0


def test_ctrl_c_is_the_ordinary_end(simulate: Simulate) -> None:
    archive = simulate("archive", "pacs")
    with _calling(archive.actors["SWF_IMAG_MANA"], "Verification") as association:
        association.c_echo()
    archive.running.wait_for_line("C-ECHO")
    archive.running.process.send_signal(signal.SIGINT)
    ended = archive.running.end()
    assert "The simulation has ended (stopped by hand): 1 exchanges." in ended.out
    assert (archive.folder / "run.json").exists()
    assert (archive.folder / "evidence" / "manifest.sha256").exists()


def test_a_wrong_called_title_is_told_with_the_right_one(simulate: Simulate) -> None:
    archive = simulate("archive", "pacs", "--as", "Image Manager=PACS")
    wrong = DimseAddress(ae_title="ANY-SCP", host="127.0.0.1", port=archive.actors["PACS"].port)
    with pytest.raises(Rejected), _calling(wrong, "Verification"):
        pass
    archive.running.wait_for_line("WHOEVER calls ANY-SCP; the Image Manager here is called PACS")
    archive.tell("stop")
    archive.running.end()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rsi",), "nothing called `rsi`"),
        (("pacs", "--worklist", "3"), "--worklist"),
        (("pacs", "--peer", "nowhere"), "HOST:PORT"),
        (("pacs", "--as", "Modality=CT"), "not simulated"),
        (("pacs", "--peer", "Image Manager=A@b:1"), "only one of them"),
        ((), "ACTORS"),
    ],
)
def test_what_cannot_be_simulated_is_told_before_anything_is_written(
    swf: Swf, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    ended = swf("simulate", *arguments, *FREE, "--out", "run")
    assert ended.code == 3
    assert told in ended.err
    assert not (tmp_path / "run").exists()


def test_two_actors_on_one_port_are_told_with_the_way_out(swf: Swf, free_port: int) -> None:
    named = ("--as", f"Order Filler=RIS:{free_port}", "--as", f"PPS Manager=PPS:{free_port}")
    ended = swf("simulate", "ris", *named, *FREE, "--worklist", "0", "--out", "run")
    assert ended.code == 3
    assert "PPS Manager" in ended.err
    assert "--as ACTOR=AE_TITLE:PORT" in ended.err


def test_it_ends_by_itself_after_a_time(swf: Swf) -> None:
    ended = swf("simulate", "his", "ris", *FREE, "--worklist", "1", "--for", "0.2", "--out", "run")
    assert ended.code == 0, ended.out + ended.err
    assert "0.2 s have passed" in ended.out


def test_tell_says_when_nothing_runs(swf: Swf, tmp_path: Path) -> None:
    assert "no simulation runs" in swf("tell", "next").err
    ended = swf("tell", "--run", "elsewhere", "next")
    assert (ended.code, "no simulation runs in elsewhere" in ended.err) == (3, True)
    (tmp_path / "swf-out" / "killed").mkdir(parents=True)
    (tmp_path / "swf-out" / "killed" / CONTROL).write_text("http://127.0.0.1:1/token\n")
    ended = swf("tell", "next")
    assert ended.code == 3
    assert "does not answer" in ended.err
    (tmp_path / "swf-out" / "other").mkdir()
    (tmp_path / "swf-out" / "other" / CONTROL).write_text("http://127.0.0.1:1/token\n")
    assert "more than one" in swf("tell", "next").err
