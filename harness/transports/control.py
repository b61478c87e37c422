"""A small HTTP link on loopback by which one process tells another's simulated actors to act.

The path starts with a secret token; bodies are JSON and bounded; nothing is served to anybody else.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.errors import HarnessError

MAX_BODY = 1 << 20
"""Bytes of a request body."""

Handle = Callable[[str, Mapping[str, object]], Mapping[str, object]]
"""Name of the request (`act`), its JSON body -> JSON answer; a HarnessError becomes 409 with its text."""


class ControlServer:
    """Serves on a free port of the loopback interface until stopped."""

    def __init__(self, handle: Handle) -> None:
        self._token = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(self._token, handle))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="control", daemon=True
        )

    @property
    def url(self) -> str:
        """Address with token; append `/act`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self._token}"

    def start(self) -> None:
        """Begin serving."""
        self._thread.start()

    def stop(self) -> None:
        """End serving and close the port."""
        if self._thread.ident is not None:  # else nobody would ever answer the request to end
            self._server.shutdown()
            self._thread.join(timeout=5.0)
        self._server.server_close()


def _handler_class(token: str, handle: Handle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30.0

        def do_POST(self) -> None:
            head, _, name = self.path.lstrip("/").partition("/")
            text = self.headers.get("Content-Length") or "0"
            length = int(text) if text.isdecimal() and len(text) < 10 else -1
            if not secrets.compare_digest(head.encode(), token.encode()) or not 0 <= length <= MAX_BODY:
                self._answer(HTTPStatus.FORBIDDEN, {"reason": "not for you"})
                return
            try:
                body = json.loads(self.rfile.read(length) or b"{}")
                self._answer(HTTPStatus.OK, handle(name, body))
            except HarnessError as error:
                self._answer(HTTPStatus.CONFLICT, {"reason": str(error)})
            except (ValueError, RecursionError) as error:
                self._answer(HTTPStatus.BAD_REQUEST, {"reason": str(error)})

        def _answer(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keep silent: the record of the run is elsewhere."""

    return Handler
