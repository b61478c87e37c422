"""The control link: for whoever holds the token, on loopback, bounded."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from harness.errors import CannotAct, InputError
from harness.transports.control import MAX_BODY, ControlServer, Handle

Serve = Callable[[Handle], ControlServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    started: list[ControlServer] = []

    def start(handle: Handle) -> ControlServer:
        server = ControlServer(handle)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def _echo(name: str, body: Mapping[str, object]) -> Mapping[str, object]:
    return {"name": name, "body": body}


def _ask(
    url: str, body: bytes = b"", *, method: str = "POST", headers: Mapping[str, str] | None = None
) -> tuple[int, object]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, parts.path, body, dict(headers or {}))
        response: HTTPResponse = connection.getresponse()
        content = response.read()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(content) if is_json else content
    finally:
        connection.close()


def _raw(url: str, request: bytes) -> bytes:
    """What comes back for bytes that no HTTP library would send."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
        sock.sendall(request)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
        return received


def test_a_request_reaches_the_handler_and_its_answer_comes_back(serve: Serve) -> None:
    url = serve(_echo).url
    assert _ask(f"{url}/act", b'{"step": {"id": "worklist"}}') == (
        200,
        {"name": "act", "body": {"step": {"id": "worklist"}}},
    )
    assert _ask(f"{url}/peers") == (200, {"name": "peers", "body": {}})


def test_text_beyond_ascii_comes_back_unharmed(serve: Serve) -> None:
    name = "Müller^山田 </script> \u2028"
    status, answer = _ask(f"{serve(_echo).url}/act", json.dumps({"name": name}).encode())
    assert (status, answer) == (200, {"name": "act", "body": {"name": name}})


def test_only_loopback_and_a_free_port_with_a_token_of_its_own(serve: Serve) -> None:
    first, second = serve(_echo), serve(_echo)
    for server in (first, second):
        parts = urlsplit(server.url)
        assert parts.hostname == "127.0.0.1"
        assert len(parts.path) > 16
    assert urlsplit(first.url).port != urlsplit(second.url).port
    assert urlsplit(first.url).path != urlsplit(second.url).path


@pytest.mark.parametrize("path", ["/", "/act", "/wrong/act", "//act", "/%F6/act"])
def test_nobody_without_the_token_is_served(serve: Serve, path: str) -> None:
    asked: list[str] = []

    def note(name: str, body: Mapping[str, object]) -> Mapping[str, object]:
        asked.append(name)
        return {}

    server = serve(note)
    parts = urlsplit(server.url)
    status, answer = _ask(f"http://127.0.0.1:{parts.port}{path}", b"{}")
    assert (status, answer) == (403, {"reason": "not for you"})
    assert asked == []


def test_a_token_that_is_not_ascii_is_refused_like_any_other(serve: Serve) -> None:
    url = serve(_echo).url
    answer = _raw(url, b"POST /\xf6\xff/act HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 403")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_not_served(serve: Serve, method: str) -> None:
    status, _ = _ask(f"{serve(_echo).url}/act", method=method)
    assert status == 501


@pytest.mark.parametrize("error", [CannotAct("no worklist entry yet"), InputError("unknown step")])
def test_what_the_harness_raises_on_purpose_is_a_conflict_with_its_text(serve: Serve, error: Exception) -> None:
    def refuse(name: str, body: Mapping[str, object]) -> Mapping[str, object]:
        raise error

    assert _ask(f"{serve(refuse).url}/act") == (409, {"reason": str(error)})


@pytest.mark.parametrize("body", [b"{", b"\xff", b"nonsense", b"[" * 200_000])
def test_what_is_no_json_is_a_bad_request(serve: Serve, body: bytes) -> None:
    status, answer = _ask(f"{serve(_echo).url}/act", body)
    assert status == 400
    assert isinstance(answer, dict)
    assert answer["reason"]


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "9" * 30, "-1", "+1", "ten", "1_0", "\u0661"])
def test_a_body_that_is_too_large_or_of_no_size_is_not_read(serve: Serve, length: str) -> None:
    url = serve(_echo).url
    path = urlsplit(url).path
    answer = _raw(url, f"POST {path}/act HTTP/1.0\r\nContent-Length: {length}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 403")


def test_the_largest_body_is_read(serve: Serve) -> None:
    body = b'{"a": "' + b"x" * (MAX_BODY - 9) + b'"}'
    assert len(body) == MAX_BODY
    status, _ = _ask(f"{serve(lambda name, body: {}).url}/act", body)
    assert status == 200


def test_a_handler_that_takes_its_time_holds_nobody_else_up(serve: Serve) -> None:
    entered, released = threading.Event(), threading.Event()

    def handle(name: str, body: Mapping[str, object]) -> Mapping[str, object]:
        if name == "slow":
            entered.set()
            released.wait(timeout=10)
        return {"done": name}

    url = serve(handle).url
    answers: list[object] = []
    slow = threading.Thread(target=lambda: answers.append(_ask(f"{url}/slow")), daemon=True)
    slow.start()
    assert entered.wait(timeout=10)
    assert _ask(f"{url}/quick") == (200, {"done": "quick"})
    assert answers == []
    released.set()
    slow.join(timeout=10)
    assert answers == [(200, {"done": "slow"})]


def test_after_the_end_the_port_is_closed() -> None:
    server = ControlServer(_echo)
    server.start()
    url = server.url
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        _ask(f"{url}/act")


def test_a_server_that_was_never_started_can_be_stopped() -> None:
    server = ControlServer(_echo)
    ended = threading.Thread(target=server.stop, daemon=True)
    ended.start()
    ended.join(timeout=5)
    assert not ended.is_alive()


def test_nothing_is_printed(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    _ask(f"{serve(_echo).url}/act")
    _ask(f"{serve(_echo).url}/act", method="GET")
    assert capfd.readouterr() == ("", "")
