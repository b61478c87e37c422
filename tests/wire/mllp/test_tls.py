"""HL7 over MLLP over TLS: both sides of ours, and peers that are secured otherwise, or not at all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import LinkLost, NoResponse, TlsFailed
from harness.model.system import Hl7Address
from harness.model.tls import TlsFiles, TlsMode, TlsTrouble
from harness.model.transcript import EventKind
from harness.transports.mllp import Deadlines, MllpEndpoint, connect, send, wrap
from harness.transports.recorder import LinkOwner

MESSAGE = b"MSH|^~\\&|OF|F|IM|F|||OMI^O23|1|P|2.5.1\r"
ANSWER = b"MSH|^~\\&|IM|F|OF|F|||ACK|2|P|2.5.1\rMSA|AA|1\r"

Listen = Callable[..., Hl7Address]


@pytest.fixture
def listen(tape: Any, owner: LinkOwner) -> Iterator[Listen]:
    """A listener that answers every message, secured with those files; what a caller needs beside its own files."""
    endpoints: list[MllpEndpoint] = []

    def start(files: TlsFiles | None, mode: TlsMode = TlsMode.MUTUAL, **deadlines: float) -> Hl7Address:
        endpoint = MllpEndpoint(
            owner,
            bind="127.0.0.1",
            port=0,
            handler=lambda request: ANSWER,
            recorder=tape,
            deadlines=Deadlines(**deadlines),
            tls=TlsMode.NONE if files is None else mode,
            tls_files=files,
        )
        endpoints.append(endpoint)
        return Hl7Address(application="A", facility="F", port=endpoint.start(), tls=mode, tls_files=files)

    yield start
    for endpoint in endpoints:
        endpoint.stop()


def talk(address: Hl7Address, tape: Any, owner: LinkOwner) -> bytes:
    return send(address, MESSAGE, owner=owner, recorder=tape, timeout=5)


def troubles(tape: Any) -> list[str]:
    """What the record says of TLS, whoever wrote it."""
    return sorted(
        record.facts["tls_failure"] for record in tape.records if "tls_failure" in getattr(record, "facts", {})
    )


def test_both_sides_show_certificates(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = replace(listen(authority.issue("pacs")), tls_files=authority.issue("ris"))
    assert talk(address, tape, owner) == ANSWER
    tape.wait(EventKind.LINK_CLOSED, count=2)
    assert {content for *_, content in tape.passages} == {MESSAGE, ANSWER}
    seen = {link.ours: link.facts for link in tape.links}
    assert seen[True]["tls"] == seen[False]["tls"] == "TLSv1.3"
    assert (seen[True]["tls_peer"], seen[False]["tls_peer"]) == ("CN=pacs", "CN=ris")
    assert seen[True]["tls_host_named"] == "yes"
    assert set(tape.events) == {EventKind.LISTENING, EventKind.LINK_CLOSED}


def test_a_name_that_does_not_fit_is_told_and_no_failure(
    tape: Any, owner: LinkOwner, listen: Listen, authority: Any
) -> None:
    address = replace(listen(authority.issue("pacs", hosts=("pacs.example",))), tls_files=authority.issue("ris"))
    assert talk(address, tape, owner) == ANSWER
    assert next(link for link in tape.links if link.ours).facts["tls_host_named"] == "no"


def test_one_side_alone_may_show_a_certificate(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"), TlsMode.SERVER)
    mine = TlsFiles(authorities=str(authority.path))
    assert talk(replace(address, tls_files=mine), tape, owner) == ANSWER
    assert "tls_peer" not in next(link for link in tape.links if not link.ours).facts


def test_a_listener_of_an_authority_that_we_do_not_know(
    tape: Any, owner: LinkOwner, listen: Listen, authority: Any, stranger: Any
) -> None:
    address = listen(stranger.issue("pacs", trusting=authority))
    with pytest.raises(TlsFailed, match="issued by an authority that we do not know") as failed:
        talk(replace(address, tls_files=authority.issue("ris")), tape, owner)
    assert "`authorities`" in str(failed.value)
    tape.wait(EventKind.TLS_FAILED, count=2)
    assert troubles(tape) == [TlsTrouble.OURS_REFUSED.value, TlsTrouble.UNKNOWN_AUTHORITY.value]
    assert tape.links == []


def test_a_caller_of_an_authority_that_we_do_not_know(
    tape: Any, owner: LinkOwner, listen: Listen, authority: Any, stranger: Any
) -> None:
    address = listen(authority.issue("pacs"))
    with pytest.raises(TlsFailed, match="refused our certificate"):
        talk(replace(address, tls_files=stranger.issue("ris", trusting=authority)), tape, owner)
    tape.wait(EventKind.TLS_FAILED, count=2)
    assert troubles(tape) == [TlsTrouble.OURS_REFUSED.value, TlsTrouble.UNKNOWN_AUTHORITY.value]
    assert [link.ours for link in tape.links] == [True]


def test_a_caller_without_certificate(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"))
    mine = TlsFiles(authorities=str(authority.path))
    with pytest.raises(TlsFailed, match="wants a certificate of ours"):
        talk(replace(address, tls=TlsMode.SERVER, tls_files=mine), tape, owner)
    tape.wait(EventKind.TLS_FAILED, count=2)
    assert troubles(tape) == [TlsTrouble.NO_CERTIFICATE.value, TlsTrouble.OURS_WANTED.value]


@pytest.mark.parametrize(
    ("days", "trouble"), [((-9, -1), TlsTrouble.EXPIRED), ((1, 9), TlsTrouble.NOT_YET_VALID)], ids=["expired", "early"]
)
@pytest.mark.parametrize("whose", ["listener", "caller"])
def test_a_certificate_out_of_its_time(
    tape: Any,
    owner: LinkOwner,
    listen: Listen,
    authority: Any,
    days: tuple[int, int],
    trouble: TlsTrouble,
    whose: str,
) -> None:
    theirs = authority.issue("pacs", days=days if whose == "listener" else (-1, 1))
    mine = authority.issue("ris", days=days if whose == "caller" else (-1, 1))
    with pytest.raises(TlsFailed):
        talk(replace(listen(theirs), tls_files=mine), tape, owner)
    tape.wait(EventKind.TLS_FAILED, count=2)
    assert troubles(tape) == sorted([trouble.value, TlsTrouble.OURS_REFUSED.value])


def test_a_plain_caller_on_our_tls_port(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"))
    with pytest.raises((LinkLost, TlsFailed)):
        talk(replace(address, tls=TlsMode.NONE), tape, owner)
    tape.wait(EventKind.TLS_FAILED)
    assert "the peer does not speak TLS on our TLS port (it speaks HL7 (MLLP) in the clear)" in tape.texts(
        EventKind.TLS_FAILED
    )


def test_a_tls_caller_on_our_plain_port(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = listen(None)
    with pytest.raises(TlsFailed):
        talk(replace(address, tls=TlsMode.MUTUAL, tls_files=authority.issue("ris")), tape, owner)
    tape.wait(EventKind.TLS_FAILED, count=2)
    assert "the peer speaks TLS on our plain port" in tape.texts(EventKind.TLS_FAILED)
    tape.wait(EventKind.NOISE)


def test_a_listener_that_waits_for_something_else(tape: Any, owner: LinkOwner, raw_peer: Any, authority: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = Hl7Address(
            application="A",
            facility="F",
            port=silent.getsockname()[1],
            tls=TlsMode.MUTUAL,
            tls_files=authority.issue("ris"),
        )
        with pytest.raises(TlsFailed, match="does not answer the TLS handshake"):
            send(address, MESSAGE, owner=owner, recorder=tape, timeout=0.2)
    assert troubles(tape) == [TlsTrouble.SILENT.value]


def test_whoever_connects_and_says_nothing_is_let_go(
    tape: Any, owner: LinkOwner, listen: Listen, authority: Any
) -> None:
    address = listen(authority.issue("pacs"), handshake=0.2)
    with socket.create_connection((address.host, address.port)) as silent:
        silent.settimeout(5)
        tape.wait(EventKind.TLS_FAILED)
        silent.shutdown(socket.SHUT_WR)
        assert silent.recv(1) == b""
    assert troubles(tape) == [TlsTrouble.SILENT.value]


def test_a_port_probe_is_no_fault_of_the_certificates(tape: Any, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"))
    socket.create_connection((address.host, address.port)).close()
    tape.wait(EventKind.TLS_FAILED)
    assert troubles(tape) == [TlsTrouble.CLOSED.value]


def test_old_versions_are_not_taken(tape: Any, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection((address.host, address.port)) as sock, pytest.raises(ssl.SSLError):
        old.wrap_socket(sock)
    tape.wait(EventKind.TLS_FAILED)
    assert troubles(tape) == [TlsTrouble.VERSION.value]


def test_a_message_of_many_records_and_answers_that_come_together(tape: Any, owner: LinkOwner, authority: Any) -> None:
    """A large message passes, and a second answer right behind the first is recorded before TLS is taken down."""
    theirs = authority.issue("pacs")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=theirs.authorities)
    context.load_cert_chain(theirs.certificate, theirs.key)
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not received.endswith(b"\x1c\r"):
                    received.extend(sock.recv(65536))
                sock.sendall(wrap(ANSWER))
                sock.sendall(wrap(ANSWER))
                while sock.recv(65536):
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = Hl7Address(
            application="A",
            facility="F",
            port=listener.getsockname()[1],
            tls=TlsMode.MUTUAL,
            tls_files=authority.issue("ris"),
        )
        large = MESSAGE + b"OBX|1|TX|" + b"x" * 300_000 + b"\r"
        assert send(address, large, owner=owner, recorder=tape, timeout=5) == ANSWER
        thread.join(5)
    assert bytes(received) == wrap(large)
    assert [half for _, half, *_ in tape.passages] == ["request", "response", "response"]


def test_silence_over_tls_is_no_failure_of_tls(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    files = authority.issue("pacs")
    endpoint = MllpEndpoint(
        owner,
        bind="127.0.0.1",
        port=0,
        handler=lambda request: None,
        recorder=tape,
        tls=TlsMode.MUTUAL,
        tls_files=files,
    )
    address = Hl7Address(application="A", facility="F", port=endpoint.start(), tls=TlsMode.MUTUAL, tls_files=files)
    try:
        with pytest.raises(NoResponse):
            send(address, MESSAGE, owner=owner, recorder=tape, timeout=0.2)
    finally:
        endpoint.stop()
    assert troubles(tape) == []


def test_connecting_alone_agrees_on_tls(tape: Any, owner: LinkOwner, listen: Listen, authority: Any) -> None:
    address = listen(authority.issue("pacs"))
    connect(address, owner=owner, recorder=tape, timeout=5)
    assert tape.links[0].facts["tls"] == "TLSv1.3"


def test_a_stop_lets_those_go_that_never_began(tape: Any, owner: LinkOwner, authority: Any) -> None:
    endpoint = MllpEndpoint(
        owner,
        bind="127.0.0.1",
        port=0,
        handler=lambda request: ANSWER,
        recorder=tape,
        tls=TlsMode.MUTUAL,
        tls_files=authority.issue("pacs"),
    )
    with socket.create_connection(("127.0.0.1", endpoint.start())) as silent:
        silent.settimeout(5)
        endpoint.stop()
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
