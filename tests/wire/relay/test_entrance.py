"""Who comes to the relay is taken to the other side, or sent away with a reason in the record."""

from __future__ import annotations

import errno
import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from harness.engine.recording import TranscriptRecorder
from harness.errors import InputError, PortInUse
from harness.model.tls import TlsFiles, TlsMode, TlsTrouble
from harness.model.transcript import EventKind
from harness.transports.relay import How, Side
from harness.transports.relay.entrance import Bounds, Entrance
from harness.transports.relay.mllp import MllpTap
from harness.transports.tls.contexts import calling_context, listening_context
from tests.wire.relay.rig import Peer, Rig, dial, read_all, read_some

PIECE = 1 << 17


def echo(sock: socket.socket) -> None:
    while piece := sock.recv(1 << 16):
        sock.sendall(piece)


def nobody() -> int:
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def events(rig: Rig, *kinds: EventKind) -> list[str]:
    return [event.text for event in rig.recorder.events() if event.kind in kinds]


def test_it_says_where_it_listens(rig: Rig) -> None:
    port = rig.relay(echo)
    (event,) = rig.wait(EventKind.LISTENING)
    assert (event.text, event.facts["hop"], event.facts["port"]) == (f"127.0.0.1:{port}", "orders", str(port))


def test_both_connections_are_known_to_the_tap(rig: Rig) -> None:
    with dial(rig.relay(echo)) as sock:
        here, there = sock.getsockname(), sock.getpeername()
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        crossing = rig.ears[0].crossing
    assert (crossing.accepted.peer.port, crossing.accepted.local.port) == (here[1], there[1])
    assert crossing.opened.peer.port == rig.peers[0].port
    assert crossing.opened.at >= crossing.accepted.at


def test_nobody_is_taken_to_where_nothing_listens(rig: Rig) -> None:
    port = nobody()
    with dial(rig.open(rig.hop(port))) as sock:
        assert read_all(sock) == b""
    (event,) = rig.wait(EventKind.UNREACHABLE)
    assert event.text == f"127.0.0.1:{port}: Connection refused"
    assert event.facts == {"hop": "orders", "host": "127.0.0.1", "port": str(port)}
    (closed,) = rig.wait(EventKind.LINK_CLOSED)
    (link,) = rig.recorder.transcript().links
    assert event.link == closed.link == link.id
    assert (link.ours, link.hop) == (False, "orders")
    assert closed.text == f"closed by us: 127.0.0.1:{port}: Connection refused"


def test_a_host_that_nobody_knows(rig: Rig) -> None:
    with dial(rig.open(rig.hop(104, leads_to={"host": "no-such-host.invalid"}))) as sock:
        assert read_all(sock) == b""
    (event,) = rig.wait(EventKind.UNREACHABLE)
    assert event.text.startswith("no-such-host.invalid:104: ")


def test_a_relay_serves_again_once_the_other_side_is_back(rig: Rig) -> None:
    port = nobody()
    entrance = rig.open(rig.hop(port))
    with dial(entrance) as sock:
        assert read_all(sock) == b""
    rig.wait(EventKind.UNREACHABLE)
    with socket.create_server(("127.0.0.1", port)) as listener, dial(entrance) as sock:
        accepted = listener.accept()[0]
        sock.sendall(b"again")
        assert accepted.recv(5) == b"again"
        accepted.close()


def test_no_more_connections_than_agreed(rig: Rig) -> None:
    port = rig.relay(echo, bounds=Bounds(connections=3))
    kept = [dial(port) for _ in range(3)]
    for sock in kept:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
    with dial(port) as sock:
        assert read_all(sock) == b""
    (event,) = rig.wait(EventKind.CANNOT_ACT)
    assert event.text == "too many connections are open already"
    kept.pop().close()
    assert rig.recorder.wait(lambda: rig.entrances[0].connections == 2, 5)
    with dial(port) as sock:
        sock.sendall(b"y")
        assert sock.recv(1) == b"y"
    for sock in kept:
        sock.close()


class FullDisk(TranscriptRecorder):
    """A record that can take nothing more."""

    def link_opened(self, **_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    def passed(self, *_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    happened = passed


def test_a_full_disk_stops_nothing_that_passes(rig: Rig) -> None:
    rig.recorder = FullDisk(rig.clock, None)
    port, lost = rig.relay(echo, MllpTap), rig.open(rig.hop(nobody()))
    for _ in range(3):
        with dial(lost) as sock:
            assert read_all(sock) == b""
        with dial(port) as sock:
            for text in (b"\x0bone\x1c\r", b"\x0btwo\x1c\r"):
                sock.sendall(text)
                assert read_some(sock, len(text)) == text


def test_a_port_that_is_taken(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"orders: cannot listen on 127.0.0.1:{port}: Address already in use"):
            rig.open(rig.hop(nobody(), accepts={"port": port}))
    assert events(rig, EventKind.CANNOT_ACT) == [f"cannot listen on 127.0.0.1:{port}: Address already in use"]


def test_an_entrance_is_opened_once(rig: Rig) -> None:
    rig.relay(echo)
    with pytest.raises(RuntimeError):
        rig.entrances[0].start()


def test_stopping_sends_away_who_is_arriving(rig: Rig, authority: Any) -> None:
    """A caller that says nothing in its handshake keeps nobody waiting."""
    files = authority.issue("relay")
    port = rig.open(rig.hop(nobody(), accepts={"tls": TlsMode.MUTUAL, "tls_files": files}))
    with dial(port) as sock:
        assert rig.recorder.wait(lambda: rig.entrances[0].connections == 1, 5)
        rig.entrances[0].stop()
        assert read_all(sock) == b""
    assert events(rig, EventKind.TLS_FAILED) == []


def test_stopping_twice_or_unopened_is_nothing(rig: Rig) -> None:
    entrance = Entrance(rig.hop(1), pump=rig.pump, recorder=rig.recorder, clock=rig.clock, tap=rig.listen)
    entrance.stop()
    rig.relay(echo)
    rig.entrances[0].stop()
    rig.entrances[0].stop()


# TLS on either side


class SecuredPeer(Peer):
    """Accepts connections with TLS."""

    def __init__(self, script: Any, files: TlsFiles) -> None:
        context = listening_context(files, TlsMode.MUTUAL)

        def secured(sock: socket.socket) -> None:
            with context.wrap_socket(sock.dup(), server_side=True) as tls:
                tls.settimeout(20)
                script(tls)

        super().__init__(secured)


@contextmanager
def secured(port: int, files: TlsFiles) -> Iterator[ssl.SSLSocket]:
    context = calling_context(files, TlsMode.MUTUAL)
    with dial(port) as sock, context.wrap_socket(sock, server_hostname="localhost") as tls:
        yield tls


@pytest.mark.parametrize("there", [False, True], ids=["plain there", "TLS there"])
@pytest.mark.parametrize("here", [False, True], ids=["plain here", "TLS here"])
def test_bytes_pass_whoever_wants_tls(rig: Rig, authority: Any, here: bool, there: bool) -> None:
    content = random.Random(3).randbytes(2 << 20)
    files = authority.issue("relay")
    if there:
        rig.peers.append(SecuredPeer(echo, authority.issue("pacs")))
    else:
        rig.peer(echo)
    sides = {True: {"tls": TlsMode.MUTUAL, "tls_files": files}, False: {}}
    port = rig.open(rig.hop(rig.peers[0].port, accepts=sides[here], leads_to=sides[there]))

    def exchange(sock: socket.socket) -> bytes:
        """Piece by piece, because a connection with TLS is one thread's alone."""
        got = b""
        for start in range(0, len(content), PIECE):
            sock.sendall(content[start : start + PIECE])
            got += read_some(sock, PIECE)
        return got

    if here:
        with secured(port, authority.issue("ris")) as tls:
            got = exchange(tls)
    else:
        with dial(port) as sock:
            got = exchange(sock)
    assert got == content
    ear = rig.ear()
    assert bytes(ear.said[Side.ACCEPTED]) == bytes(ear.said[Side.OPENED]) == content
    crossing = ear.crossing
    assert (crossing.accepted.facts.get("tls_peer"), crossing.opened.facts.get("tls_peer")) == (
        "CN=ris" if here else None,
        "CN=pacs" if there else None,
    )


def test_whoever_has_said_everything_over_tls_may_still_listen(rig: Rig, authority: Any) -> None:
    def answer(sock: socket.socket) -> None:
        got = read_all(sock)
        sock.sendall(got[::-1])

    port = rig.open(
        rig.hop(rig.peer(answer).port, accepts={"tls": TlsMode.MUTUAL, "tls_files": authority.issue("relay")})
    )
    with secured(port, authority.issue("ris")) as tls:
        tls.sendall(b"said over TLS")
        tls.setblocking(False)
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()
        tls.settimeout(10)
        assert read_all(tls) == b"SLT revo dias"
    assert {ending.how for ending in rig.ear().endings.values()} == {How.CLOSED}


def test_a_caller_whose_certificate_nobody_knows_is_refused(rig: Rig, authority: Any, stranger: Any) -> None:
    files = authority.issue("relay")
    port = rig.open(rig.hop(rig.peer(echo).port, accepts={"tls": TlsMode.MUTUAL, "tls_files": files}))
    with suppress(OSError), secured(port, stranger.issue("ris", trusting=authority)) as tls:
        tls.sendall(b"let me in")
        assert tls.recv(1) == b""
    (event,) = rig.wait(EventKind.TLS_FAILED)
    assert event.facts["tls_failure"] == TlsTrouble.UNKNOWN_AUTHORITY.value
    assert event.facts["hop"] == "orders"
    assert rig.ears == []


def test_a_plain_caller_of_a_secured_entrance_is_refused(rig: Rig, authority: Any) -> None:
    files = authority.issue("relay")
    port = rig.open(rig.hop(rig.peer(echo).port, accepts={"tls": TlsMode.MUTUAL, "tls_files": files}))
    with dial(port) as sock:
        sock.sendall(b"\x0bMSH|plain\x1c\r")
        read_all(sock)
    (event,) = rig.wait(EventKind.TLS_FAILED)
    assert event.facts["tls_failure"] == TlsTrouble.PLAIN_PEER.value


def test_another_side_that_speaks_no_tls_is_told(rig: Rig, authority: Any) -> None:
    files = authority.issue("relay")
    leads_to = {"tls": TlsMode.MUTUAL, "tls_files": files}
    port = rig.open(rig.hop(rig.peer(echo).port, leads_to=leads_to), bounds=Bounds(handshake=2))
    with dial(port) as sock:
        assert read_all(sock) == b""
    (event,) = rig.wait(EventKind.TLS_FAILED)
    assert event.text.startswith(f"127.0.0.1:{rig.peers[0].port}: ")
    assert event.facts["advice"]
    assert rig.wait(EventKind.LINK_CLOSED)[0].link == event.link


def test_files_that_cannot_be_used_are_told_before_anything_listens(rig: Rig, authority: Any, tmp_path: Any) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    files = TlsFiles(authorities=str(tmp_path / "empty.pem"), certificate="", key="")
    with pytest.raises(InputError, match=r"empty\.pem"):
        rig.open(rig.hop(1, accepts={"tls": TlsMode.MUTUAL, "tls_files": files}))
