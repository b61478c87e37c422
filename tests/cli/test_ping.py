"""`swf ping`: for each link in plain words whether it works, and whose side it is on when it does not."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engine.unrecorded import Unrecorded
from harness.model.names import ActorName
from harness.model.tls import TlsFiles, TlsMode
from harness.transports.dimse import DimseEndpoint, DimseHandler, SupportedClass
from harness.transports.recorder import LinkOwner

Swf = Any


def archive(tmp_path: Path, *, title: str, dimse: int, hl7: int = 0, host: str = "127.0.0.1", more: str = "") -> str:
    """A system file of an archive with different ports for its links; our listeners have free ports."""
    path = tmp_path / "archive.system.yaml"
    hl7_line = f"    hl7: {{application: PACS, facility: HOSP, host: {host}, port: {hl7}}}\n" if hl7 else ""
    transactions = "" if hl7 else ", transactions: [RAD-8, RAD-14]"
    path.write_text(
        f"""\
name: Archive
claims:
  - {{profile: SWF.b, actors: [Image Manager]{transactions}}}
actors:
  Image Manager:
    dimse: {{ae_title: {title}, host: {host}, port: {dimse}}}
{hl7_line}times: {{answer: 1}}
{more}""",
        encoding="utf-8",
    )
    return str(path)


def link(out: str, ends: str) -> str:
    """What was told of the link between these two: from its line to the next link."""
    lines = out.splitlines()
    start = next(index for index, line in enumerate(lines) if ends in line)
    rest = [index for index in range(start + 1, len(lines)) if not lines[index].startswith("      ")]
    return "\n".join(lines[start : rest[0] if rest else len(lines)])


# from us


def test_a_system_that_works(swf: Swf) -> None:
    ended = swf("ping", "--sut", "reference")
    assert ended.code == 0
    assert "FAIL" not in ended.out
    stored = link(ended.out, "our Modality -> Image Manager of reference, DICOM REF_IMAG_MANA at 127.0.0.1:")
    assert stored.startswith("ok    ")
    assert "[RAD-8, RAD-10]" in stored
    assert "C-ECHO answered with 0000; RAD-8 193 of 193 SOP classes accepted" in stored
    assert "RAD-10 StorageCommitmentPushModel accepted" in stored
    ordered = link(ended.out, "our Order Placer -> Order Filler of reference, HL7 ")
    assert "Accepts connections (no message was sent)" in ordered
    only = link(ended.out, "ADT of reference, DICOM REF_ADT")
    assert only.startswith("-     ")
    assert "Only calls, is never called: nothing to try" in only


def test_a_harmless_message_is_sent_when_allowed(swf: Swf) -> None:
    ended = swf("ping", "--sut", "reference", "--message")
    assert ended.code == 0
    told = link(ended.out, "our Order Placer -> Order Filler of reference, HL7 ")
    assert "NMQ^N01 was answered with AR (Unsupported message type)" in told
    assert "a refusal proves the link as well" in told


def test_nothing_listens(swf: Swf, tmp_path: Path, free_port: int) -> None:
    ended = swf("ping", "--sut", archive(tmp_path, title="PACS", dimse=free_port, hl7=free_port))
    assert ended.code == 2
    for ends in ("our Modality -> Image Manager", "our Order Filler -> Image Manager"):
        told = link(ended.out, ends)
        assert told.startswith("FAIL  ")
        assert f"127.0.0.1:{free_port}" in told
        assert "Refused: Connection refused" in told
        assert "Its side: nothing listens there: is Archive running" in told


def test_a_host_that_nobody_knows(swf: Swf, tmp_path: Path) -> None:
    ended = swf("ping", "--sut", archive(tmp_path, title="PACS", dimse=104, host="pacs.invalid"))
    assert ended.code == 2
    told = link(ended.out, "our Modality -> Image Manager")
    assert "Unknown host: " in told
    assert "Our side: no name server knows pacs.invalid: mend `host` in the system file" in told


def test_another_ae_title_than_its_own(swf: Swf, standalone: Any, tmp_path: Path) -> None:
    port = standalone.actors["Image Manager"]["dimse"]["port"]
    ended = swf("ping", "--sut", archive(tmp_path, title="NOT_ITS_OWN", dimse=port))
    assert ended.code == 2
    told = link(ended.out, "our Modality -> Image Manager")
    assert "Rejects the association: Called AE title not recognised" in told
    assert "Archive does not call itself NOT_ITS_OWN: write its own AE title as `ae_title` in the system file" in told


def test_a_service_that_it_lacks(swf: Swf, standalone: Any, tmp_path: Path) -> None:
    address = standalone.actors["Modality"]["dimse"]
    ended = swf("ping", "--sut", archive(tmp_path, title=address["ae_title"], dimse=address["port"]))
    assert ended.code == 2
    told = link(ended.out, "our Image Display -> Image Manager")
    assert "C-ECHO answered with 0000; refused: RAD-14 StudyRootQueryRetrieveInformationModelFind" in told
    assert "Its side: enable what is refused in Archive, or leave RAD-14 out of `claims`" in told


def test_a_port_that_does_not_speak_dicom(swf: Swf, standalone: Any, tmp_path: Path) -> None:
    addresses = standalone.actors["Image Manager"]
    path = archive(tmp_path, title="PACS", dimse=addresses["hl7"]["port"], hl7=addresses["dimse"]["port"])
    ended = swf("ping", "--sut", path, "--message")
    assert ended.code == 2
    told = link(ended.out, "our Modality -> Image Manager")
    assert f"HL7 over MLLP answers at port {addresses['hl7']['port']}, and not DICOM" in told
    told = link(ended.out, "our Order Filler -> Image Manager")
    assert told.startswith("FAIL  ")
    assert "Accepts the connection and closes it" in told
    assert "is not HL7 over MLLP" in told


def test_a_system_that_says_nothing(swf: Swf, mute: Any, tmp_path: Path) -> None:
    ended = swf("ping", "--sut", archive(tmp_path, title="PACS", dimse=mute.port))
    assert ended.code == 2
    assert "Accepts the connection and says nothing" in ended.out
    assert "no answer to the association request within 1 s" in ended.out
    assert "does not speak DICOM (a port of another protocol, or one that wants TLS)" in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_a_system_with_nothing_to_try_says_so(swf: Swf) -> None:
    ended = swf("ping", "--sut", "dcmtk-modality")
    assert ended.code == 0
    assert "nothing to try" in ended.out


def test_a_product_whose_hook_opens_its_port_is_not_tried(swf: Swf) -> None:
    told = link(swf("ping", "--sut", "dcmtk-display").out, "-> Image Display of DCMTK display")
    assert told.startswith("-     ")
    assert "the hook for RAD-16 may open it" in told


def test_an_address_that_is_missing(swf: Swf, tmp_path: Path) -> None:
    path = tmp_path / "a.system.yaml"
    path.write_text(
        "name: A\nclaims: [{profile: SWF.b, actors: [Image Manager], transactions: [RAD-8]}]\n"
        "actors: {Image Manager: {dimse: {ae_title: A}}}\n",
        encoding="utf-8",
    )
    ended = swf("ping", "--sut", str(path))
    assert ended.code == 2
    assert "Our side: give `actors: Image Manager: dimse` a host and a port in the system file" in ended.out


def test_the_same_as_json(swf: Swf, tmp_path: Path, free_port: int) -> None:
    ended = swf("ping", "--sut", archive(tmp_path, title="PACS", dimse=free_port), "--json")
    assert ended.code == 2
    told = json.loads(ended.out)
    assert told["schema"] == "swf-ping/1"
    first = told["links"][0]
    assert (first["direction"], first["protocol"], first["ours"], first["theirs"]) == (
        "outward",
        "dimse",
        "Modality",
        ["Image Manager"],
    )
    assert (first["state"], first["side"], first["transactions"]) == ("broken", "product", ["RAD-8"])


# to us


def with_listener(tmp_path: Path, port: int, bind: str = "127.0.0.1", host: str = "127.0.0.1") -> str:
    """A modality that calls our archive at that port, and is called by nobody."""
    path = tmp_path / "ct.system.yaml"
    path.write_text(
        f"""\
name: CT
claims:
  - {{profile: SWF.b, actors: [Modality], transactions: [RAD-8]}}
actors:
  Modality:
    dimse: {{ae_title: CT, host: {host}}}
department:
  Image Manager: {{ae_title: ARCHIVE, port: {port}, bind: {bind}}}
""",
        encoding="utf-8",
    )
    return str(path)


def test_a_port_of_ours_that_is_taken(swf: Swf, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = with_listener(tmp_path, taken.getsockname()[1])
        for more in ((), ("--listen", "5")):
            ended = swf("ping", "--sut", path, *more)
            assert ended.code == 2
            told = link(ended.out, "Modality of CT -> our Image Manager, DICOM ARCHIVE at 127.0.0.1:")
            assert "Address already in use" in told
            assert "Our side: end what uses the port" in told


def test_a_listener_that_a_product_elsewhere_cannot_reach(swf: Swf, tmp_path: Path, free_port: int) -> None:
    path = tmp_path / "ct.system.yaml"
    with_listener(tmp_path, free_port, host="192.0.2.10")
    path.write_text(
        path.read_text(encoding="utf-8").replace("host: 192.0.2.10", "host: 192.0.2.10, port: 104"), encoding="utf-8"
    )
    ended = swf("sheet", "--sut", str(path))
    assert ended.code == 2
    assert "set `department: Image Manager: bind` to 0.0.0.0" in ended.out
    assert "set `department: Image Manager: advertise` to this machine's address" in ended.out


def test_nobody_calls(swf: Swf, tmp_path: Path, free_port: int) -> None:
    ended = swf("ping", "--sut", with_listener(tmp_path, free_port), "--listen", "0.2")
    assert ended.code == 2
    assert (
        f"CT: verify (C-ECHO, often called test, ping or verify) the AE title ARCHIVE at 127.0.0.1, port {free_port}"
        in (ended.out)
    )
    told = link(ended.out, "Modality of CT -> our Image Manager")
    assert "Nobody called" in told
    assert "The settings of one side or the other: was it asked to?" in told


Calling = Callable[[int], None]


@pytest.fixture
def listening(swf_process: Callable[..., Any], tmp_path: Path, free_port: int) -> Callable[[Calling], str]:
    """Let somebody call our archive while `swf ping --listen` runs; what it printed in the end."""

    def run(call: Calling) -> str:
        running = swf_process("ping", "--sut", with_listener(tmp_path, free_port), "--listen", "20")
        running.wait_for_line("CT: verify")
        call(free_port)
        return str(running.end().out)

    return run


def test_the_product_calls(listening: Any, echo: Callable[..., None]) -> None:
    out = listening(lambda port: echo(port, "CT", "ARCHIVE"))
    told = link(out, "Modality of CT -> our Image Manager")
    assert told.startswith("ok    ")
    assert "CT from 127.0.0.1 sent a C-ECHO" in told
    assert "note" not in told


def test_the_product_calls_under_another_name(listening: Any, echo: Callable[..., None]) -> None:
    told = link(listening(lambda port: echo(port, "OTHER", "ARCHIVE")), "Modality of CT -> our Image Manager")
    assert told.startswith("ok    ")
    assert "note: it calls itself OTHER, and the system file says CT" in told


def test_the_product_calls_somebody_else_first(listening: Any, echo: Callable[..., None]) -> None:
    def call(port: int) -> None:
        echo(port, "CT", "WRONG")
        with socket.create_connection(("127.0.0.1", port)) as browser:
            browser.sendall(b"GET / HTTP/1.0\r\n\r\n")
            browser.recv(100)
        echo(port, "CT", "ARCHIVE")

    out = listening(call)
    assert "CT from 127.0.0.1 asked for AE title WRONG; it calls us WRONG, which is not our AE title" in out
    assert "sent what is not DICOM" in out
    assert link(out, "Modality of CT -> our Image Manager").startswith("ok    ")


# TLS


@pytest.fixture
def secured(authority: Any) -> Iterator[int]:
    """An archive that takes TLS alone; its port."""
    endpoint = DimseEndpoint(
        LinkOwner(actor=ActorName("Image Manager")),
        ae_title="PACS",
        bind="127.0.0.1",
        port=0,
        supported=(SupportedClass("Verification"), SupportedClass("CTImageStorage")),
        handler=DimseHandler(),
        recorder=Unrecorded(),
        peer_of=lambda title: None,
        tls=TlsMode.MUTUAL,
        tls_files=authority.issue("pacs"),
    )
    yield endpoint.start()
    endpoint.stop()


def storage(tmp_path: Path, port: int, tls: str = "", files: TlsFiles | None = None) -> str:
    """An archive that stores and does nothing else."""
    path = tmp_path / "storage.system.yaml"
    ours = (
        f"tls: {{certificate: {files.certificate}, key: {files.key}, authorities: {files.authorities}}}\n"
        if files
        else ""
    )
    path.write_text(
        f"""\
name: Archive
claims:
  - {{profile: SWF.b, actors: [Image Manager], transactions: [RAD-8]}}
{ours}actors:
  Image Manager:
    dimse: {{ae_title: PACS, port: {port}{tls}}}
times: {{answer: 2}}
""",
        encoding="utf-8",
    )
    return str(path)


def test_who_answers_with_tls_is_told(swf: Swf, tmp_path: Path, secured: int, authority: Any) -> None:
    ended = swf("ping", "--sut", storage(tmp_path, secured, ", tls: mutual", authority.issue("harness")))
    assert ended.code == 0, ended.out
    told = link(ended.out, "our Modality -> Image Manager")
    assert "RAD-8 1 of 193 SOP classes accepted" in told
    assert "note: TLSv1.3 with " in told
    assert "it is CN=pacs" in told


def test_a_plain_call_to_a_port_that_takes_tls_alone(swf: Swf, tmp_path: Path, secured: int) -> None:
    ended = swf("ping", "--sut", storage(tmp_path, secured))
    assert ended.code == 2
    told = link(ended.out, "our Modality -> Image Manager")
    assert "TLS" in told
    assert "The settings of one side or the other: " in told


def test_a_peer_whose_authority_is_not_ours(swf: Swf, tmp_path: Path, secured: int, stranger: Any) -> None:
    files = stranger.issue("harness")
    ended = swf("ping", "--sut", storage(tmp_path, secured, ", tls: mutual", files))
    assert ended.code == 2
    told = link(ended.out, "our Modality -> Image Manager")
    assert "TLS: the peer's certificate was issued by an authority that we do not know" in told


def test_a_product_that_calls_our_tls_listener_in_the_clear(
    swf_process: Callable[..., Any], tmp_path: Path, free_port: int, authority: Any, echo: Callable[..., None]
) -> None:
    files = authority.issue("harness")
    path = Path(with_listener(tmp_path, free_port))
    path.write_text(
        path.read_text(encoding="utf-8").replace("ae_title: ARCHIVE,", "ae_title: ARCHIVE, tls: mutual,")
        + f"tls: {{certificate: {files.certificate}, key: {files.key}, authorities: {files.authorities}}}\n",
        encoding="utf-8",
    )
    running = swf_process("ping", "--sut", str(path), "--listen", "2")
    running.wait_for_line("CT: verify")
    with socket.create_connection(("127.0.0.1", free_port)) as plain:
        plain.sendall(b"\x01\x00\x00\x00\x00\x04aaaa")
        plain.recv(100)
    ended = running.end()
    assert ended.code == 2
    told = link(ended.out, "Modality of CT -> our Image Manager")
    assert "tried to agree on TLS" in told
    assert "plain" in told
