"""Throughput through the relay, as a part of that of the direct link: HL7 over MLLP, and C-STORE of 0.5 MB objects.

`swf relay` runs as a process of its own and records everything to disk. The ends are python-hl7's client and our
listener, and DCMTK's storescu and storescp; receivers keep what they get, as products do, or throw it away, which only
shows how fast the ends are. Rounds are interleaved, so that all ways see the same machine.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import hl7.client
from measuring import side_by_side
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from harness.engine.unrecorded import Unrecorded
from harness.hl7 import Message
from harness.hl7.acknowledgement import acknowledgement
from harness.model.names import ActorName
from harness.transports.mllp import Hl7Request, MllpEndpoint
from harness.transports.recorder import LinkOwner

MESSAGES = 400
CONNECTIONS = 150
OBJECTS = 60
OBJECT_SIZE = 512 * 1024
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
AT_ONCE = {**os.environ, "TCP_NODELAY": "1"}
"""DCMTK sends at once what it has to send: otherwise its own stalls are all that is measured."""

MESSAGE = (
    "MSH|^~\\&|RIS|H|PACS|H|20260101||ADT^A04^ADT_A01|{number}|P|2.5.1\rEVN||20260101\r"
    "PID|1||P1^^^H^PI||DOE^JOHN||19700101|M\rPV1|1|O\r"
)


def respond(folder: str) -> None:
    """A receiver that accepts every message until its input ends; prints its port. `folder`, where there is one, is
    where it keeps each message before it says so."""

    def accept(request: Hl7Request) -> bytes:
        if folder:
            (Path(folder) / f"{request.link}-{request.exchange}.hl7").write_bytes(request.message)
        return acknowledgement(Message.parse(request.message), "AA", control_id="A1", now=datetime.now())

    owner = LinkOwner(actor=ActorName("responder"))
    endpoint = MllpEndpoint(owner, bind="127.0.0.1", port=0, handler=accept, recorder=Unrecorded())
    print(endpoint.start(), flush=True)
    sys.stdin.read()
    endpoint.stop()


@contextmanager
def responder(folder: Path | None) -> Iterator[int]:
    """The receiver of HL7 in a process of its own; its port."""
    command = [sys.executable, __file__, "respond", str(folder or "")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("the streams are pipes")
        yield int(process.stdout.readline())
        process.stdin.close()


@contextmanager
def archive(folder: Path | None) -> Iterator[int]:
    """DCMTK's storescp, which keeps objects in a folder, or none; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    where = ["--output-directory", str(folder)] if folder else ["--ignore"]
    command = ["/usr/bin/storescp", *where, "--aetitle", "PACS", str(port)]
    process = subprocess.Popen(command, env=AT_ONCE, **SILENT)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


class Relayed:
    """`swf relay` as a process of its own, in a folder."""

    def __init__(self, hl7_ports: Sequence[int], dicom_ports: Sequence[int], folder: Path) -> None:
        self._ready, self._log, self._out = folder / "ready", folder / "relay.log", folder / "run"
        self._command = [sys.executable, "-m", "harness.cli", "relay", "--from", "RIS", "--to", "PACS", "--quiet"]
        self._command += [f"--hl7=0=127.0.0.1:{port}" for port in hl7_ports]
        self._command += [f"--dicom=0=127.0.0.1:{port}" for port in dicom_ports]
        self._command += ["--out", str(self._out), "--ready", str(self._ready)]
        self.ports: list[int] = []

    def __enter__(self) -> Relayed:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(self._log.read_text())
            threading.Event().wait(0.05)
        self.ports = [int(found) for found in re.findall(r"127\.0\.0\.1:(\d+) \(", self._ready.read_text())]
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def settle(self) -> None:
        """Wait until everything that passed is recorded."""
        record = self._out / "evidence" / "transcript.jsonl"
        size = -1
        while (now := record.stat().st_size) != size:
            size = now
            threading.Event().wait(0.2)


def talk(port: int) -> Callable[[], int]:
    """Messages over one connection, each after the answer to the one before."""

    def way() -> int:
        with hl7.client.MLLPClient("127.0.0.1", port) as client:
            for number in range(MESSAGES):
                client.send_message(MESSAGE.format(number=number).encode())
        return MESSAGES

    return way


def call(port: int) -> Callable[[], int]:
    """Messages over a connection each."""

    def way() -> int:
        for number in range(CONNECTIONS):
            with hl7.client.MLLPClient("127.0.0.1", port) as client:
                client.send_message(MESSAGE.format(number=number).encode())
        return CONNECTIONS

    return way


def store(port: int, folder: Path) -> Callable[[], int]:
    """Objects over one association."""

    def way() -> int:
        command = ["/usr/bin/storescu", "--aetitle", "CT", "--call", "PACS", "+sd", "127.0.0.1", str(port), str(folder)]
        subprocess.run(command, env=AT_ONCE, check=True, **SILENT)
        return OBJECTS

    return way


def write_objects(folder: Path) -> None:
    """Synthetic CT images of 0.5 MB."""
    folder.mkdir()
    for number in range(OBJECTS):
        image = Dataset()
        image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, generate_uid()
        image.PatientName, image.PatientID = "DOE^JOHN", "P1"
        image.StudyInstanceUID = image.SeriesInstanceUID = "2.25.1"
        image.Rows = image.Columns = 512
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 0, 1
        image.PhotometricInterpretation = "MONOCHROME2"
        image.PixelData = number.to_bytes(2, "little") * (OBJECT_SIZE // 2)
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.file_meta.MediaStorageSOPClassUID = CTImageStorage
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(folder / f"{number}.dcm", enforce_file_format=True)


def main() -> None:
    """Print each rate, direct and through the relay, and their ratio."""
    ways: dict[str, Callable[[], int]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        objects = folder / "objects"
        write_objects(objects)
        (folder / "messages").mkdir()
        (folder / "kept").mkdir()
        hl7_ports = [stack.enter_context(responder(kept)) for kept in (folder / "messages", None)]
        dicom_ports = [stack.enter_context(archive(kept)) for kept in (folder / "kept", None)]
        relay = stack.enter_context(Relayed(hl7_ports, dicom_ports, folder))
        for kind, index in (("kept", 0), ("thrown away", 1)):
            for where, hl7_port, dicom_port in (
                ("direct", hl7_ports[index], dicom_ports[index]),
                ("relay", relay.ports[index], relay.ports[2 + index]),
            ):
                ways[f"HL7, {kind}, {where}"] = talk(hl7_port)
                ways[f"HL7, a connection each, {kind}, {where}"] = call(hl7_port)
                ways[f"C-STORE of 0.5 MB, {kind}, {where}"] = store(dicom_port, objects)
        rates = side_by_side(ways, settle=relay.settle)
    for name in [name.removesuffix(", direct") for name in ways if name.endswith(", direct")]:
        direct, through = rates[f"{name}, direct"], rates[f"{name}, relay"]
        print(f"{name:40} direct {direct:7.0f} /s   relay {through:7.0f} /s   ratio {through / direct:.2f}")


if __name__ == "__main__":
    respond(sys.argv[2]) if sys.argv[1:2] == ["respond"] else main()
