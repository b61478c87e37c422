"""DCMTK's tools over TLS against our acceptor, and our requestor against DCMTK's storescp."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import TlsFailed, Unreachable
from harness.model.system import DimseAddress
from harness.model.tls import TlsFiles, TlsMode, TlsTrouble
from harness.model.transcript import EventKind
from harness.transports.dimse import DimseHandler

pytestmark = pytest.mark.product
Listen = Callable[..., DimseAddress]


def tool(name: str) -> str:
    """The tool by absolute path, where it was built with TLS."""
    path = Path("/usr/bin") / name
    if not path.exists():
        pytest.skip(f"DCMTK's {path} is not installed")
    if "--enable-tls" not in subprocess.run([path, "--help"], capture_output=True, text=True, check=False).stdout:
        pytest.skip(f"{path} was built without TLS")
    return str(path)


def secured(files: TlsFiles) -> list[str]:
    """DCMTK's options for mutual authentication."""
    return ["+tls", files.key, files.certificate, "+cf", files.authorities]


def echoscu(address: DimseAddress, *options: str) -> subprocess.CompletedProcess[str]:
    command = [tool("echoscu"), *options, "-aec", address.ae_title, "127.0.0.1", str(address.port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_echoscu(recorder: Any, listen: Listen, answering: DimseHandler, authority: Any) -> None:
    files = authority.issue("pacs", with_rsa=True)
    ended = echoscu(
        listen(answering, tls=TlsMode.MUTUAL, tls_files=files), *secured(authority.issue("scu", with_rsa=True))
    )
    assert ended.returncode == 0, ended.stderr
    (link,) = recorder.links
    assert link.facts["tls"] in ("TLSv1.2", "TLSv1.3")
    assert link.facts["tls_peer"] == "CN=scu"
    recorder.wait_event(EventKind.LINK_CLOSED)
    assert not recorder.events(EventKind.TLS_FAILED)


@pytest.mark.parametrize("how", ["in the clear", "anonymous", "of another authority"])
def test_echoscu_that_is_not_let_in(
    recorder: Any, listen: Listen, answering: DimseHandler, authority: Any, stranger: Any, how: str
) -> None:
    address = listen(answering, tls=TlsMode.MUTUAL, tls_files=authority.issue("pacs", with_rsa=True))
    foreign = stranger.issue("scu", trusting=authority, with_rsa=True)
    options, trouble = {
        "in the clear": ([], TlsTrouble.PLAIN_PEER),
        "anonymous": (["+tla", "+cf", foreign.authorities], TlsTrouble.NO_CERTIFICATE),
        "of another authority": (secured(foreign), TlsTrouble.UNKNOWN_AUTHORITY),
    }[how]
    assert echoscu(address, *options).returncode != 0
    (told,) = recorder.wait_event(EventKind.TLS_FAILED)
    assert told.facts["tls_failure"] == trouble.value
    assert recorder.links == []


@pytest.fixture
def storescp(tmp_path: Path, free_port: int, associate: Any) -> Iterator[Callable[[TlsFiles], DimseAddress]]:
    """Start storescp with mutual authentication."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(files: TlsFiles) -> DimseAddress:
        folder = tmp_path / "stored"
        folder.mkdir()
        command = [tool("storescp"), "-aet", "STORESCP", *secured(files), "-od", str(folder), str(free_port)]
        processes.append(subprocess.Popen(command))
        address = DimseAddress(ae_title="STORESCP", port=free_port, tls=TlsMode.MUTUAL, tls_files=files)
        pause = threading.Event()
        for _ in range(100):
            try:
                with associate(address, "Verification"):
                    return address
            except Unreachable:
                pause.wait(0.05)
        pytest.fail("storescp does not listen")

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_our_requestor_and_storescp(storescp: Any, associate: Any, authority: Any, samples: Any) -> None:
    address = replace(storescp(authority.issue("pacs", with_rsa=True)), tls_files=authority.issue("ct", with_rsa=True))
    with associate(address, "CTImageStorage") as association:
        assert [association.c_store(samples.payload(number, rows=256)).status for number in range(3)] == [0, 0, 0]


def test_storescp_that_does_not_know_us(storescp: Any, associate: Any, authority: Any, stranger: Any) -> None:
    address = storescp(authority.issue("pacs", with_rsa=True))
    mine = replace(address, tls_files=stranger.issue("ct", trusting=authority, with_rsa=True))
    with pytest.raises(TlsFailed, match="refused our certificate"), associate(mine, "Verification"):
        pass
