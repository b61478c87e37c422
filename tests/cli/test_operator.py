"""A product that a person operates: asked at a real terminal, and asked again after the run was killed."""

from __future__ import annotations

import itertools
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.engine.launching import ReferenceProcess
from harness.engine.planning import ae_title
from harness.engine.storage import Evidence, adapter
from harness.model.names import HARNESS, ActorName, TransactionId
from harness.model.scenario import PersonName, Step
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.model.transcript import Direction, EventKind, Half, PayloadKind
from harness.transports.hooks import run_hook
from harness.wiring import workshop
from tests.cli.conftest import DEADLINE, Running, python_environment

FILLER = ActorName("Order Filler")
OURS = ("ADT", "Order Placer", "Modality", "PPS Manager", "Image Manager", "Image Display")
SYSTEM = """\
name: Our RIS
claims: [{{profile: SWF.b, actors: [Order Filler]}}]
actors:
  Order Filler:
    hl7: {{application: {hl7.application}, facility: {hl7.facility}, port: {hl7.port}}}
    dimse: {{ae_title: {dimse.ae_title}, port: {dimse.port}}}
    acts: {{RAD-4: {{operator: Schedule the order}}}}
department:
{department}
times: {{act: 30}}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass
class Product:
    """A RIS that lives as long as the test, and does what its operator does."""

    file: Path
    process: ReferenceProcess

    def schedule(self, out: Path) -> None:
        """What the operator does at the RIS."""
        play = Evidence(out).plan().assignments[0].plays[0]
        planned = next(one for one in play.steps if one.transaction.id == "RAD-4")
        patient = play.case.patients[planned.step.patient]
        facts = {
            "play": play.id,
            "step": adapter(Step).dump_python(planned.step, mode="json"),
            "actor": planned.step.initiator,
            "form": play.form,
            "service": play.case.order.service,
            "patient": {
                "id": patient.id,
                "authority": patient.authority,
                "name": adapter(PersonName).dump_python(patient.name, mode="json"),
            },
        }
        hook = self.process.system.actors[FILLER].acts[TransactionId("RAD-4")]
        assert run_hook(hook, facts, base=Path()).ok


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    shop = workshop()
    described = shop.systems(["reference"])[0]
    with ReferenceProcess(described, transactions=shop.knowledge.transactions, seed=5) as process:
        ports = {ActorName(actor): (free_port(), free_port()) for actor in OURS}
        parties = {
            actor: Party(
                actor=actor,
                player=HARNESS,
                dimse=DimseAddress(ae_title=ae_title(actor), port=dimse),
                hl7=Hl7Address(application=ae_title(actor), facility="SWF", port=hl7),
            )
            for actor, (dimse, hl7) in ports.items()
        }
        process.introduce(parties, {})
        filler = process.system.actors[FILLER]
        lines = (f"  {actor}: {{port: {dimse}, hl7_port: {hl7}}}" for actor, (dimse, hl7) in ports.items())
        text = SYSTEM.format(hl7=filler.hl7, dimse=filler.dimse, department="\n".join(lines))
        file = tmp_path / "ris.system.yaml"
        file.write_text(text, encoding="utf-8")
        yield Product(file, process)


def wait_for(path: Path) -> None:
    deadline, nobody = time.monotonic() + DEADLINE, threading.Event()
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} was never written"
        nobody.wait(0.05)


def sent(out: Path) -> Counter[str]:
    """HL7 messages that were sent, by their digest."""
    return Counter(
        capture.payload.sha256
        for capture in Evidence(out).transcript().captures
        if capture.direction is Direction.SENT and capture.half is Half.REQUEST
        if capture.payload is not None and capture.payload.kind is PayloadKind.HL7
    )


def test_a_run_killed_in_an_operators_step_goes_on_and_sends_nothing_twice(
    product: Product, swf_process: Callable[..., Running], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    questions = out / "operator"
    first = swf_process("run", "--sut", str(product.file), "--out", str(out), "--operator", "files", "swf.scheduled")
    wait_for(questions / "question-1.json")
    first.process.send_signal(signal.SIGKILL)
    first.end()
    with (out / "evidence" / "transcript.jsonl").open("ab") as file:
        file.write(b'{"record":"event","is":{"se')
    before = sent(out)

    second = swf_process("run", "--resume", str(out), "--operator", "files", "--operator-name", "HIS team")
    wait_for(questions / "question-2.json")
    (questions / "answer-2.json").write_text('{"answer": "done", "comment": "by hand"}', encoding="utf-8")
    second.wait_for_line("waiting up to")
    product.schedule(out)
    ended = second.end()
    assert ended.code == 0, ended.out
    assert "27 bytes of it are left out" in ended.out
    assert "goes on at its step scheduled" in ended.out
    after = sent(out)
    assert before.keys() <= after.keys()
    assert set(after.values()) == {1}
    events = Evidence(out).transcript().events
    assert [event.seq for event in events] == sorted(event.seq for event in events)
    assert all(one.time <= other.time for one, other in itertools.pairwise(events))
    answered = [event for event in events if event.kind is EventKind.ANSWERED]
    assert [(event.text, event.facts["by"]) for event in answered] == [("by hand", "HIS team")]

    judged = json.loads((out / "run.json").read_text(encoding="utf-8"))["plays"]
    again = swf_process("judge", str(out)).end()
    assert again.code == 0, again.out
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["plays"] == judged


def test_a_run_that_came_to_its_end_is_not_gone_on_with(
    scheduled: tuple[Path, object], swf_process: Callable[..., Running]
) -> None:
    ended = swf_process("run", "--resume", str(scheduled[0])).end()
    assert ended.code == 3
    assert "came to its end" in ended.out


def test_the_operator_answers_at_a_terminal(product: Product, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "harness.cli", "run", "--sut", str(product.file), "--out", str(out)]
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*command, "swf.scheduled"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=tmp_path,
        env={**python_environment(), "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(slave)
        shown = read_until(master, b"left to answer")
        assert b"Schedule the order" in shown
        os.write(master, b"done by hand\n")
        read_until(master, b"waiting up to")
        product.schedule(out)
        read_until(master, b"Report:")
        assert process.wait(DEADLINE) == 0
    os.close(master)


def read_until(handle: int, part: bytes) -> bytes:
    seen = b""
    while part not in seen:
        seen += os.read(handle, 65536)
    return seen
