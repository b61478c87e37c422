"""HTTP hooks against small servers and raw peers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.model.system import Hook
from harness.transports.hooks import HookResult, run_hook

Script = Callable[[socket.socket, bytes], None]


class RawServer:
    """Reads one HTTP request and lets a script answer it, byte for byte."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.request = b""
        self.released = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as sock:
            sock.settimeout(10)
            while not self._complete():
                self.request += sock.recv(65536)
            self._script(sock, self.request)

    def _complete(self) -> bool:
        head, end, body = self.request.partition(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        return bool(end) and len(body) == int(length[0])


@pytest.fixture
def serve() -> Iterator[Callable[[Script], RawServer]]:
    servers: list[RawServer] = []

    def make(script: Script) -> RawServer:
        servers.append(RawServer(script))
        return servers[-1]

    yield make
    for server in servers:
        server.released.set()
        server.thread.join(10)
        assert not server.thread.is_alive()


def answers(data: bytes) -> Script:
    return lambda sock, _: sock.sendall(data)


def post(address: str, base: Path, timeout: float = 10, facts: dict[str, object] | None = None) -> HookResult:
    return run_hook(Hook(http=address), facts or {}, base=base, timeout=timeout)


def test_facts_are_posted(serve: Callable[[Script], RawServer], tmp_path: Path) -> None:
    server = serve(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"))
    result = post(f"{server.address}/act?now=1", tmp_path, facts={"patient": {"id": "P1"}})
    assert (result.ok, result.code, result.reason, result.output) == (True, 200, "HTTP status 200", "done")
    head, _, body = server.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /act?now=1 HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"patient": {"id": "P1"}}


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_other_status(serve: Callable[[Script], RawServer], tmp_path: Path, status: int) -> None:
    target = b"Location: http://127.0.0.1:1/\r\n"
    server = serve(answers(b"HTTP/1.1 %d No\r\n%sContent-Length: 3\r\n\r\nwhy" % (status, target)))
    result = post(server.address, tmp_path)
    assert (result.ok, result.code, result.reason) == (False, status, f"HTTP status {status}")
    assert result.output == "why"


def test_cannot_connect(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = post(f"http://user:secret@127.0.0.1:{port}/", tmp_path)
    assert (result.ok, result.code) == (False, -1)
    assert result.reason == f"cannot connect to 127.0.0.1:{port}: Connection refused"


@pytest.mark.parametrize("data", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 xx\r\n\r\n"])
def test_no_http_response(serve: Callable[[Script], RawServer], tmp_path: Path, data: bytes) -> None:
    result = post(serve(answers(data)).address, tmp_path)
    assert (result.ok, result.code) == (False, -1)
    assert result.reason.startswith("no HTTP response: ")


def test_silence(serve: Callable[[Script], RawServer], tmp_path: Path) -> None:
    server = serve(lambda sock, _: sock.recv(1) and None)
    result = post(server.address, tmp_path, timeout=0.2)
    assert (result.ok, result.code, result.reason) == (False, -1, "timed out after 0.2 s")


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["head", "body"],
)
def test_drip_of_bytes_does_not_prolong_the_deadline(
    serve: Callable[[Script], RawServer], tmp_path: Path, head: bytes
) -> None:
    def drip(sock: socket.socket, _: bytes) -> None:
        try:
            sock.sendall(head)
            while not server.released.wait(0.02):
                sock.sendall(b"x")
        except OSError:
            return

    server = serve(drip)
    result = post(server.address, tmp_path, timeout=0.3)
    assert (result.ok, result.reason) == (False, "timed out after 0.3 s")
    assert result.seconds < 5


def test_endless_response_is_bounded(serve: Callable[[Script], RawServer], tmp_path: Path) -> None:
    def flood(sock: socket.socket, _: bytes) -> None:
        try:
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not server.released.is_set():
                sock.sendall(b"x" * 65536)
        except OSError:
            return

    server = serve(flood)
    result = post(server.address, tmp_path)
    assert (result.ok, len(result.output)) == (True, 64 * 1024)


def test_method_headers_body_and_success_are_the_hooks_own(
    serve: Callable[[Script], RawServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRODUCT_TOKEN", "Basic c3dmOnN3Zg==")
    server = serve(answers(b"HTTP/1.1 202 Accepted\r\nContent-Length: 27\r\n\r\nyou said Basic c3dmOnN3Zg=="))
    hook = Hook(
        http=f"{server.address}/tools/find",
        method="PUT",
        headers={"X-Ward": "{service}"},
        secrets={"Authorization": "PRODUCT_TOKEN"},
        body={"Query": {"PatientID": "{patient.id}"}},
        success=(202,),
    )
    result = run_hook(hook, {"patient": {"id": "P1"}, "service": "CT-CHEST"}, base=tmp_path)
    assert (result.ok, result.code, result.output) == (True, 202, "you said (secret)")
    assert result.asked == f'PUT {server.address}/tools/find\n{{"Query": {{"PatientID": "P1"}}}}'
    head, _, body = server.request.partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /tools/find HTTP/1.1\r\n")
    assert b"X-Ward: CT-CHEST\r\n" in head + b"\r\n"
    assert b"Authorization: Basic c3dmOnN3Zg==" in head
    assert json.loads(body) == {"Query": {"PatientID": "P1"}}


@pytest.mark.parametrize(("success", "ok"), [((), False), ((302,), True), ((200,), False)])
def test_a_redirect_is_an_answer_and_never_followed(
    serve: Callable[[Script], RawServer], tmp_path: Path, success: tuple[int, ...], ok: bool
) -> None:
    server = serve(answers(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"))
    result = run_hook(Hook(http=server.address, success=success), {}, base=tmp_path)
    assert (result.ok, result.code) == (ok, 302)


def test_what_was_not_seen_is_never_asked(tmp_path: Path) -> None:
    hook = Hook(http="http://127.0.0.1:1/", body={"StudyInstanceUID": "{seen.study_instance_uid}"})
    result = run_hook(hook, {"seen": {}}, base=tmp_path)
    assert (result.ok, result.code) == (False, -1)
    assert result.reason == "{seen.study_instance_uid} was not seen on the wire so far"
