"""`swf relay` between two products that are not ours: python-hl7's client, and its listener."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hl7.client
import hl7.mllp
import pytest

from harness.engine.storage import Evidence
from harness.model.transcript import Direction, EventKind

SOON = 30.0
"""Seconds; a busy machine may need them."""


@dataclass
class Product:
    """python-hl7's listener; what it got and said, and the texts it puts into its answers in place of others."""

    changes: tuple[tuple[str, str], ...] = ()
    got: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    port: int = 0

    async def _serve(self, reader: Any, writer: Any) -> None:
        try:
            while True:
                message = await reader.readmessage()
                self.got.append(str(message).encode("latin-1"))
                answer = str(message.create_ack()).replace("|ACK|", "|ACK^A04^ACK|")
                for old, new in self.changes:
                    answer = answer.replace(old, new)
                self.said.append(answer.encode("latin-1"))
                writer.writeblock(self.said[-1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @contextmanager
    def running(self) -> Iterator[int]:
        loop, ready = asyncio.new_event_loop(), threading.Event()
        until = asyncio.Event()

        async def main() -> None:
            server = await hl7.mllp.start_hl7_server(self._serve, port=0, host="127.0.0.1", encoding="latin-1")
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await until.wait()
            server.close()

        thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
        thread.start()
        assert ready.wait(SOON)
        yield self.port
        loop.call_soon_threadsafe(until.set)
        thread.join(SOON)
        loop.close()


@pytest.fixture(scope="session")
def registration(scheduled: Any) -> bytes:
    """A registration as our own ADT sends it."""
    evidence = Evidence(scheduled[0])
    payloads = [one.request.payload for one in evidence.transcript().exchanges if one.request.command is None]
    messages = [evidence.read(payload) for payload in payloads if payload is not None]
    return next(one for one in messages if isinstance(one, bytes) and b"ADT^A04" in one and b"|2.5.1" in one)


Relayed = Callable[..., tuple[Any, Any]]


@pytest.fixture
def relayed(swf_process: Any, tmp_path: Path) -> Relayed:
    """Start a relay to a port, have messages sent through it, stop it by Ctrl-C; how that ended, and the answers."""

    def run(port: int, *messages: bytes, signal_number: int = signal.SIGINT) -> tuple[Any, Any]:
        running = swf_process("relay", "--hl7", f"0=127.0.0.1:{port}", "--from", "HIS", "--to", "RIS", "--out", "run")
        line = running.wait_for_line("connects to")
        found = re.search(r"HIS connects to 127\.0\.0\.1:(\d+) \(HL7\), which leads to RIS at", line)
        assert found is not None
        with hl7.client.MLLPClient("127.0.0.1", int(found[1])) as client:
            answers = [client.send_message(one) for one in messages]
        running.wait_for_line("HIS -> RIS")
        running.process.send_signal(signal_number)
        return running.end(SOON), answers

    return run


def charged(folder: Path) -> dict[str, set[str]]:
    """The systems with failures, each with the requirements that it failed."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    legs = [leg for play in run["plays"] for step in play["steps"] for leg in step["legs"]]
    for finding in (one for leg in legs for one in leg["findings"] if one["verdict"] == "fail"):
        found.setdefault(finding["player"], set()).add(finding["requirement"])
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_passes_is_shown_recorded_and_judged(
    relayed: Relayed, registration: bytes, swf: Any, tmp_path: Path, number: int
) -> None:
    product = Product()
    with product.running() as port:
        ended, answers = relayed(port, registration, signal_number=number)
    assert product.got == [registration.rstrip(b"\r") + b"\r"]
    assert answers == [b"\x0b" + one + b"\x1c\r" for one in product.said]
    assert "ADT^A04  AA" in ended.out
    assert "swf: stopping; what was recorded is judged then" in ended.out
    assert "interrupted" not in ended.out
    assert "The relay has stopped (stopped by hand): 1 exchanges. Judging them." in ended.out
    assert ended.code in (0, 2)
    assert "FAIL" not in ended.out
    assert "Traceback" not in ended.out
    for name in ("report.html", "run.json", "junit.xml", "evidence/manifest.sha256"):
        assert (tmp_path / "run" / name).is_file()
    judged = swf("judge", "run")
    assert judged.code == ended.code
    assert "altered" not in judged.out


def test_each_system_is_a_partner_of_the_other(relayed: Relayed, registration: bytes, swf: Any, tmp_path: Path) -> None:
    product = Product()
    with product.running() as port:
        relayed(port, registration)
    systems = json.loads(swf("claims", "run", "--format", "json").out)["systems"]
    shown = {
        (system["name"], claim["actor"], one["transaction"]): (one["state"], one["partners"])
        for system in systems
        for claim in system["claims"]
        for one in claim["transactions"]
        if one["evidence"]
    }
    assert shown[("HIS", "ADT", "RAD-1")] == ("verified", ["RIS"])
    assert {partner for _, partners in shown.values() for partner in partners} <= {"HIS", "RIS"}
    assert not any(claim["claimed"] for system in systems for claim in system["claims"])


def test_a_second_signal_quits_at_once_and_what_was_recorded_can_be_judged(
    swf_process: Any, swf: Any, registration: bytes
) -> None:
    with Product().running() as port:
        running = swf_process("relay", "--hl7", f"0=127.0.0.1:{port}", "--from", "HIS", "--to", "RIS", "--out", "run")
        found = re.search(r"127\.0\.0\.1:(\d+) \(HL7\)", running.wait_for_line("connects to"))
        assert found is not None
        with hl7.client.MLLPClient("127.0.0.1", int(found[1])) as client:
            client.send_message(registration)
        running.wait_for_line("HIS -> RIS")
        running.process.send_signal(signal.SIGINT)
        running.wait_for_line("swf: stopping")
        running.process.send_signal(signal.SIGINT)
        running.end(SOON)
    judged = swf("judge", "run")
    assert "1 scenarios" in judged.out
    assert "FAIL" not in judged.out


def test_both_sides_of_the_record_hold_the_same_bytes(relayed: Relayed, registration: bytes, tmp_path: Path) -> None:
    product = Product()
    with product.running() as port:
        relayed(port, registration)
    evidence = Evidence(tmp_path / "run")
    transcript = evidence.transcript()
    ways = {
        way: [evidence.read(one.payload) for one in transcript.captures if one.direction is way and one.payload]
        for way in Direction
    }
    assert ways[Direction.SENT] == ways[Direction.RECEIVED] == [registration, *product.said]
    assert [link.hop for link in transcript.links] == ["hl7", "hl7"]


def test_a_defect_of_the_sender_is_its_own(relayed: Relayed, registration: bytes, tmp_path: Path) -> None:
    defective = re.sub(rb"(PID\|[^|]*\|[^|]*\|)[^|]*", rb"\1", registration, count=1)
    assert defective != registration
    with Product().running() as port:
        ended, _ = relayed(port, defective)
    assert ended.code == 1
    found = charged(tmp_path / "run")
    assert set(found) == {"HIS"}
    assert any("PID-3" in requirement for requirement in found["HIS"])


def test_a_known_defect_fails_no_relay(relayed: Relayed, registration: bytes, swf: Any) -> None:
    """However often it comes."""
    defective = re.sub(rb"(PID\|[^|]*\|[^|]*\|)[^|]*", rb"\1", registration, count=1)
    with Product().running() as port:
        ended, _ = relayed(port, defective, defective)
    assert ended.code == 1
    signed = ("--owner", "HIS team", "--reason", "Repaired in release 5", "--expires", "2999-12-31")
    assert swf("baseline", "run", *signed, "--inconclusive", "--out", "our.known.yaml").code == 0
    judged = swf("judge", "run", "--known", "our.known.yaml")
    assert judged.code == 0
    assert "all known; see our.known.yaml" in judged.out


def test_a_defect_of_the_receiver_is_its_own(relayed: Relayed, registration: bytes, tmp_path: Path) -> None:
    with Product(changes=(("MSA|AA|", "MSA|AA|not-"),)).running() as port:
        ended, _ = relayed(port, registration)
    assert ended.code == 1
    found = charged(tmp_path / "run")
    assert set(found) == {"RIS"}
    assert any("MSA-2" in requirement or "ack" in requirement for requirement in found["RIS"])


def test_a_target_that_is_down_is_told_and_no_failure(swf_process: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    running = swf_process("relay", "--hl7", f"0=127.0.0.1:{port}", "--from", "HIS", "--to", "RIS", "--out", "run")
    found = re.search(r"127\.0\.0\.1:(\d+) \(HL7\)", running.wait_for_line("connects to"))
    assert found is not None
    with socket.create_connection(("127.0.0.1", int(found[1])), SOON) as sock:
        assert sock.recv(1) == b""
    line = running.wait_for_line("unreachable")
    assert f"HIS -> RIS  unreachable: 127.0.0.1:{port}: Connection refused" in line
    running.process.send_signal(signal.SIGINT)
    ended = running.end(SOON)
    assert ended.code == 2
    assert "FAIL" not in ended.out
    kinds = [event.kind for event in Evidence(tmp_path / "run").transcript().events]
    assert EventKind.UNREACHABLE in kinds


def test_a_relay_file_and_an_end_by_itself(swf: Any, tmp_path: Path, registration: bytes) -> None:
    with Product().running() as port:
        (tmp_path / "our.relay.yaml").write_text(
            "hops:\n"
            "  registrations:\n"
            "    protocol: hl7\n"
            "    from: {system: HIS}\n"
            f"    to: {{system: RIS, port: {port}}}\n",
            encoding="utf-8",
        )
        ready = tmp_path / "ready.txt"

        def send() -> None:
            while not ready.exists():
                threading.Event().wait(0.05)
            found = re.search(r"127\.0\.0\.1:(\d+) \(HL7\)", ready.read_text(encoding="utf-8"))
            assert found is not None
            with hl7.client.MLLPClient("127.0.0.1", int(found[1])) as client:
                client.send_message(registration)

        sender = threading.Thread(target=send)
        sender.start()
        ended = swf(
            "relay", "our.relay.yaml", "--out", "run", "--ready", "ready.txt", "--exchanges", "1", "--for", "30"
        )
        sender.join(SOON)
    assert "registrations: HIS connects to" in ended.out
    assert "The relay has stopped (1 exchanges have passed)" in ended.out
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "where to? Give a relay file"),
        (("--from", "A"), "where to?"),
        (("gone.relay.yaml",), "gone.relay.yaml:1:1: cannot be read"),
        (("some.relay.yaml", "--hl7", "1=a:2"), "the ways stand either in a relay file, or in"),
        (("--hl7", "here=there"), "--hl7 here=there: write PORT=HOST:PORT"),
        (("--hl7", "0=pacs:2575", "--sut", "orthanc"), "Orthanc is at no end of the relay"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_written(
    swf: Any, tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    ended = swf("relay", *arguments)
    assert ended.code == 3
    assert text in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken(swf: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = swf("relay", "--hl7", f"{port}=pacs.example.org:2575", "--from", "RIS", "--to", "PACS", "--out", "run")
    assert ended.code == 3
    assert f"hl7: cannot listen on 127.0.0.1:{port}: Address already in use" in ended.err
