"""HL7 over TLS as nobody should speak it: each bad call and each bad listener against careful and careless sides.

OpenSSL's own s_server and s_client stand for peers that are not ours.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import TlsFailed
from harness.model.deviation import TLS_CHANGES, TLS_OF_LISTENERS, Change
from harness.model.system import Hl7Address
from harness.model.tls import Laxity, Taken, TlsFiles, TlsMode
from harness.model.transcript import EventKind
from harness.pki import Pki
from harness.transports.mllp import MllpEndpoint, connect, send, send_badly_secured, wrap
from harness.transports.recorder import LinkOwner
from harness.transports.tls import Conduct, connected

MESSAGE = b"MSH|^~\\&|ADT|F|OF|F|||ADT^A04|1|P|2.5.1\r"
ANSWER = b"MSH|^~\\&|OF|F|ADT|F|||ACK|2|P|2.5.1\rMSA|AA|1\r"
REFUSAL = ANSWER.replace(b"|AA|", b"|AR|")

CARELESS = {
    Change.EXPIRED_CERTIFICATE: Laxity.EXPIRED,
    Change.FUTURE_CERTIFICATE: Laxity.EXPIRED,
    Change.UNKNOWN_AUTHORITY: Laxity.UNKNOWN,
    Change.NO_CERTIFICATE: Laxity.ANONYMOUS,
    Change.OLD_TLS: Laxity.OLD,
    Change.IN_THE_CLEAR: Laxity.PLAIN,
}
BAD = sorted(TLS_CHANGES - {Change.OTHER_HOST}, key=lambda change: change.value)
BAD_OF_LISTENERS = sorted(TLS_OF_LISTENERS - {Change.OTHER_HOST}, key=lambda change: change.value)

Listen = Callable[..., Hl7Address]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return Pki(tmp_path_factory.mktemp("pki"), elliptic=True).make()


@pytest.fixture
def listen(tape: Any, owner: LinkOwner, pki: TlsFiles) -> Iterator[Listen]:
    """A listener with TLS that answers everything, and its address as a caller knows it."""
    endpoints: list[MllpEndpoint] = []

    def start(*lax: Laxity, shown: Change | None = None, answer: bytes = ANSWER) -> Hl7Address:
        conduct = Conduct(lax=frozenset(lax), shown=shown)
        endpoint = MllpEndpoint(
            owner,
            bind="127.0.0.1",
            port=0,
            handler=lambda request: answer,
            recorder=tape,
            tls=TlsMode.MUTUAL,
            tls_files=pki,
            conduct=lambda: conduct,
        )
        endpoints.append(endpoint)
        return address(endpoint.start(), pki)

    yield start
    for endpoint in endpoints:
        endpoint.stop()


def address(port: int, files: TlsFiles) -> Hl7Address:
    return Hl7Address(application="A", facility="F", port=port, tls=TlsMode.MUTUAL, tls_files=files)


def offer(to: Hl7Address, change: Change, tape: Any, owner: LinkOwner, timeout: float = 5.0) -> Any:
    """Offer the message as nobody should; the event that says how it was taken."""
    send_badly_secured(to, MESSAGE, change, owner=owner, recorder=tape, timeout=timeout)
    (event,) = misused(tape)
    assert event.facts["misuse"] == change.value
    return event


def misused(tape: Any) -> list[Any]:
    return [record for record in tape.records if getattr(record, "kind", None) is EventKind.MISUSED]


def outcome(event: Any) -> Taken:
    return Taken(event.facts["outcome"])


# bad callers


@pytest.mark.parametrize("change", BAD)
def test_a_careful_listener_refuses_a_bad_caller(change: Change, listen: Listen, tape: Any, owner: LinkOwner) -> None:
    to = listen()
    assert outcome(offer(to, change, tape, owner)) is Taken.REFUSED
    assert tape.passages == []
    assert send(to, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER


@pytest.mark.parametrize("change", BAD)
def test_a_careless_listener_lets_it_in(change: Change, listen: Listen, tape: Any, owner: LinkOwner) -> None:
    event = offer(listen(CARELESS[change]), change, tape, owner)
    assert outcome(event) is Taken.LET_IN
    assert event.facts["how"].startswith("it answered the message with AA")
    assert MESSAGE in bytes.fromhex(event.facts["sent"])
    assert ANSWER in bytes.fromhex(event.facts["received"])


@pytest.mark.parametrize("change", BAD)
def test_carelessness_of_another_kind_does_not_help(
    change: Change, listen: Listen, tape: Any, owner: LinkOwner
) -> None:
    others = [one for one in Laxity if one is not CARELESS[change]]
    assert outcome(offer(listen(*others), change, tape, owner)) is Taken.REFUSED


def test_the_version_that_was_agreed_is_told(listen: Listen, tape: Any, owner: LinkOwner) -> None:
    event = offer(listen(Laxity.OLD), Change.OLD_TLS, tape, owner)
    assert event.facts["tls"] == "TLSv1.1"
    assert event.facts["how"].endswith(", over TLSv1.1")


def test_a_certificate_of_another_host_is_taken(listen: Listen, tape: Any, owner: LinkOwner) -> None:
    assert outcome(offer(listen(), Change.OTHER_HOST, tape, owner)) is Taken.LET_IN


def test_who_takes_the_connection_and_refuses_the_message_has_not_refused_us(
    listen: Listen, tape: Any, owner: LinkOwner
) -> None:
    event = offer(listen(Laxity.EXPIRED, answer=REFUSAL), Change.EXPIRED_CERTIFICATE, tape, owner)
    assert outcome(event) is Taken.TURNED_AWAY


def test_nobody_there_has_not_refused_us(pki: TlsFiles, tape: Any, owner: LinkOwner) -> None:
    event = offer(address(1, pki), Change.EXPIRED_CERTIFICATE, tape, owner)
    assert outcome(event) is Taken.UNREACHABLE
    assert tape.links == []


@pytest.mark.parametrize("change", [Change.EXPIRED_CERTIFICATE, Change.IN_THE_CLEAR])
def test_who_says_nothing_has_not_refused_us(change: Change, pki: TlsFiles, tape: Any, owner: LinkOwner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        event = offer(address(silent.getsockname()[1], pki), change, tape, owner, timeout=0.2)
    assert outcome(event) is Taken.SILENT


def test_without_bad_certificates_nothing_is_tried(listen: Listen, tape: Any, owner: LinkOwner) -> None:
    to = listen()
    assert to.tls_files is not None
    bare = replace(to, tls_files=replace(to.tls_files, pki=""))
    assert outcome(offer(bare, Change.EXPIRED_CERTIFICATE, tape, owner)) is Taken.IMPOSSIBLE
    assert tape.links == []


# bad listeners


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_a_careful_caller_sends_nothing_to_a_bad_listener(
    change: Change, listen: Listen, tape: Any, owner: LinkOwner
) -> None:
    with pytest.raises(TlsFailed):
        send(listen(shown=change), MESSAGE, owner=owner, recorder=tape, timeout=5)
    tape.wait(EventKind.MISUSED)
    (event,) = misused(tape)
    assert (outcome(event), event.facts["misuse"]) == (Taken.REFUSED, change.value)
    assert tape.passages == []


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_a_careless_caller_sends_all_the_same(change: Change, listen: Listen, tape: Any, owner: LinkOwner) -> None:
    lax = frozenset({CARELESS[change]})
    assert send(listen(shown=change), MESSAGE, owner=owner, recorder=tape, timeout=5, lax=lax) == ANSWER
    assert outcome(misused(tape)[0]) is Taken.AGREED
    assert {link.facts.get("misuse") for link in tape.links if not link.ours} == {change.value}


def test_a_listener_of_another_name_is_talked_to(listen: Listen, tape: Any, owner: LinkOwner) -> None:
    to = listen(shown=Change.OTHER_HOST)
    assert send(to, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    assert next(link for link in tape.links if link.ours).facts["tls_host_named"] == "no"


def test_a_mere_test_of_the_port_is_no_refusal(listen: Listen, tape: Any, owner: LinkOwner) -> None:
    to = listen(shown=Change.EXPIRED_CERTIFICATE)
    plain = replace(to, tls=TlsMode.NONE, tls_files=None)
    connect(plain, owner=owner, recorder=tape, timeout=5)
    with pytest.raises(TlsFailed):
        send(to, MESSAGE, owner=owner, recorder=tape, timeout=5)
    tape.wait(EventKind.MISUSED)
    assert len(misused(tape)) == 1


def test_a_caller_that_keeps_its_connection_has_to_look_again(tape: Any, owner: LinkOwner, pki: TlsFiles) -> None:
    endpoint = MllpEndpoint(
        owner,
        bind="127.0.0.1",
        port=0,
        handler=lambda request: ANSWER,
        recorder=tape,
        tls=TlsMode.MUTUAL,
        tls_files=pki,
    )
    to = address(endpoint.start(), pki)
    try:
        with connected(to, 5.0) as kept:
            kept.sendall(wrap(MESSAGE))
            assert ANSWER in kept.recv(4096)
            endpoint.begin_anew()
            with suppress(OSError):
                assert kept.recv(4096) == b""
        tape.wait(EventKind.LINK_CLOSED)
        assert tape.texts(EventKind.LINK_CLOSED) == ["closed by us: callers are to connect again"]
        assert send(to, MESSAGE, owner=owner, recorder=tape, timeout=5) == ANSWER
    finally:
        endpoint.stop()


# peers that are not ours


def openssl(*arguments: str) -> list[str]:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    return [program, *arguments]


def of_product(files: TlsFiles) -> list[str]:
    pki = Path(files.pki)
    return ["-cert", str(pki / "product.pem"), "-key", str(pki / "product.key"), "-CAfile", str(pki / "ca.pem")]


@pytest.fixture
def s_server(pki: TlsFiles) -> Iterator[Callable[..., Hl7Address]]:
    """OpenSSL's server, which wants a client certificate."""
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Hl7Address:
        command = openssl("s_server", "-accept", "127.0.0.1:0", *of_product(pki), *options)
        command += ["-Verify", "2", "-verify_return_error"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        accepting = next(line for line in process.stdout if line.startswith("ACCEPT "))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        return address(int(accepting.rpartition(":")[2]), pki)

    yield start
    for process in processes:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("change", BAD)
def test_openssl_refuses_a_bad_caller(
    change: Change, version: str, s_server: Callable[..., Hl7Address], tape: Any, owner: LinkOwner
) -> None:
    assert outcome(offer(s_server(version), change, tape, owner)) is Taken.REFUSED


def s_client(to: Hl7Address, files: TlsFiles, options: Sequence[str]) -> int:
    command = openssl("s_client", "-connect", f"{to.host}:{to.port}", *of_product(files), *options)
    return subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False).returncode


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_openssl_refuses_a_bad_listener(change: Change, listen: Listen, pki: TlsFiles, tape: Any) -> None:
    assert s_client(listen(shown=change), pki, ["-verify_return_error"]) != 0
    tape.wait(EventKind.MISUSED)
    assert outcome(misused(tape)[0]) is Taken.REFUSED


def test_openssl_that_does_not_verify_agrees(listen: Listen, pki: TlsFiles, tape: Any) -> None:
    assert s_client(listen(shown=Change.EXPIRED_CERTIFICATE), pki, ["-verify_quiet"]) == 0
    tape.wait(EventKind.MISUSED)
    assert outcome(misused(tape)[0]) is Taken.AGREED
