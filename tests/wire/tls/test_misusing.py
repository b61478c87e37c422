"""A call that should be refused, against listeners that follow a script: what counts as how it was taken."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from harness.model.deviation import Change
from harness.model.system import DimseAddress
from harness.model.tls import Taken
from harness.transports.tls import Said, Tried, try_badly

Script = Callable[[socket.socket], object]
FIRST, ANSWER = b"hello", b"welcome"


def heard(received: bytes) -> tuple[Taken, str] | None:
    return (Taken.LET_IN, "it said welcome") if received == ANSWER else None


@pytest.fixture
def call() -> Iterator[Callable[..., Tried]]:
    """Call a listener that does what the script says with the first connection."""
    threads: list[threading.Thread] = []

    def made(script: Script, *, last: bytes = b"", timeout: float = 5.0) -> Tried:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)

        def serve() -> None:
            with listener, listener.accept()[0] as sock:
                sock.settimeout(10)
                script(sock)

        thread = threading.Thread(target=serve, daemon=True)
        threads.append(thread)
        thread.start()
        address = DimseAddress(ae_title="A", port=listener.getsockname()[1])
        said = Said(first=FIRST, last=last, heard=heard)
        return try_badly(address, Change.IN_THE_CLEAR, said, timeout=timeout, connected=lambda sock: None)

    yield made
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def answer_in_pieces(sock: socket.socket) -> None:
    assert sock.recv(100) == FIRST
    for number in range(len(ANSWER)):
        sock.sendall(ANSWER[number : number + 1])


def test_an_answer_is_waited_for_to_its_end(call: Callable[..., Tried]) -> None:
    tried = call(answer_in_pieces)
    assert (tried.taken, tried.how) == (Taken.LET_IN, "it said welcome")
    assert (tried.sent, tried.received) == (FIRST, ANSWER)


def answer_and_close(sock: socket.socket) -> None:
    sock.recv(100)
    sock.sendall(ANSWER)


def test_who_answers_has_let_us_in_however_it_takes_our_leave(call: Callable[..., Tried]) -> None:
    assert call(answer_and_close, last=bytes(50_000_000)).taken is Taken.LET_IN


def test_a_part_of_an_answer_and_the_end_is_a_refusal(call: Callable[..., Tried]) -> None:
    def script(sock: socket.socket) -> None:
        sock.recv(100)
        sock.sendall(ANSWER[:3])

    assert call(script).taken is Taken.REFUSED


def test_an_alert_of_tls_is_a_refusal(call: Callable[..., Tried]) -> None:
    tried = call(lambda sock: (sock.recv(100), sock.sendall(bytes.fromhex("15030100020246"))))
    assert (tried.taken, tried.how) == (Taken.REFUSED, "it answered with a TLS alert")


def test_a_part_of_an_answer_and_silence_is_not_decided(call: Callable[..., Tried]) -> None:
    gone = threading.Event()

    def script(sock: socket.socket) -> None:
        sock.recv(100)
        sock.sendall(ANSWER[:3])
        gone.wait(10)

    tried = call(script, timeout=1.0)
    gone.set()
    assert (tried.taken, tried.received) == (Taken.SILENT, ANSWER[:3])


def test_an_answer_without_end_is_not_decided(call: Callable[..., Tried]) -> None:
    def script(sock: socket.socket) -> None:
        sock.recv(100)
        sock.sendall(bytes(1 << 17))

    tried = call(script)
    assert (tried.taken, tried.how) == (Taken.SILENT, "what it answered has no end")
