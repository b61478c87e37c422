"""Questions on a page of this machine: loopback alone, behind a random token, for one browser or script.

`GET` of the address shows the open questions (as JSON below `questions`), `POST` to `answer` takes one. Nothing is
answered without the token, to another Host, or to a page of another origin.
"""

from __future__ import annotations

import html
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from harness.errors import InputError
from harness.model.question import COMMENT_LENGTH, Question, Reply, Said
from harness.transports.operator.folder import Tell
from harness.transports.operator.forms import ANSWER_LIMIT, question_json, reply_of

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{refresh}"><title>Operator</title>
<style>body{{font:16px sans-serif;max-width:44em;margin:2em auto}}td{{padding:.2em 1em .2em 0;vertical-align:top}}
textarea{{width:100%}}button{{font-size:1em;padding:.5em 1.5em;margin-right:.5em}}.no{{color:#a00}}</style></head>
<body>{body}</body></html>"""
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class WebDesk:
    """Asks on a page. `tell` hears where it is."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._token = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._open: dict[int, Question] = {}
        self._replies: dict[int, Reply] = {}
        self._wake: Callable[[], None] = lambda: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_class(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="operator page", daemon=True
        )

    @property
    def host(self) -> str:
        """The only Host that is served."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where the page is, token and all."""
        return f"http://{self.host}/{self._token}/"

    def open(self, wake: Callable[[], None]) -> None:
        """Serve."""
        self._wake = wake
        self._thread.start()

    def put(self, question: Question) -> None:
        """Show a question."""
        with self._lock:
            self._open[question.number] = question
        self._tell(f"question {question.number}: {question.instruction}; answer at {self.url}")

    def answer(self, question: Question) -> Reply | None:
        """What was answered."""
        with self._lock:
            return self._replies.get(question.number)

    def withdraw(self, question: Question, why: str) -> None:
        """Show it no more."""
        with self._lock:
            self._open.pop(question.number, None)

    def close(self) -> None:
        """End serving and close the port."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join(timeout=5.0)
        self._server.server_close()

    # ---- what the page asks

    def path_of(self, path: str) -> str | None:
        """What is asked for behind the token; None without it."""
        head, _, rest = path.partition("?")[0].lstrip("/").partition("/")
        return rest if secrets.compare_digest(head.encode("utf-8", "replace"), self._token.encode()) else None

    def questions(self) -> list[Question]:
        """The open questions."""
        with self._lock:
            return list(self._open.values())

    def take(self, data: Mapping[str, object]) -> None:
        """Take an answer; InputError in clear words when it is none, or to no open question."""
        data = dict(data)
        number = str(data.pop("question", ""))
        reply = reply_of(data)
        with self._lock:
            question = next((one for one in self._open.values() if str(one.number) == number), None)
            if question is None:
                raise InputError("there is no open question of that number")
            del self._open[question.number]
            self._replies[question.number] = reply
        self._wake()


def page(questions: list[Question], problem: str = "") -> str:
    """The open questions as a page that needs nothing else."""
    told = f'<p class="no">{_safe(problem)}</p>' if problem else ""
    body = "".join(_form(question) for question in questions) or "<p>Nothing is asked at the moment.</p>"
    return _PAGE.format(refresh=600 if questions else 3, body=told + body)


def _form(question: Question) -> str:
    told = question_json(question)
    rows = [
        ("transaction", f"{question.title} [{question.transaction}]"),
        ("system", f"{question.system}, as {question.actor}"),
        ("patient", f"{question.patient_name}, ID {question.patient_id}"),
        ("service", question.service),
        ("talks to", json.dumps(told["talks_to"], ensure_ascii=False)),
        *question.seen.items(),
        ("time", f"{question.act:g} s from “done” on"),
    ]
    cells = "".join(f"<tr><td>{_safe(name)}</td><td>{_safe(value)}</td></tr>" for name, value in rows if value)
    buttons = "".join(f'<button name="answer" value="{said.value}">{said.value}</button>' for said in Said)
    return (
        f'<form method="post" action="answer"><h1>{_safe(question.instruction)}</h1><table>{cells}</table>'
        f'<input type="hidden" name="question" value="{question.number}">'
        f'<p><textarea name="comment" rows="3" maxlength="{COMMENT_LENGTH}" placeholder="comment"></textarea></p>'
        f"<p>{buttons}</p></form>"
    )


def _safe(text: str) -> str:
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return html.escape(shown, quote=True)


class _Handler(BaseHTTPRequestHandler):
    desk: WebDesk
    timeout = 30.0

    def do_GET(self) -> None:
        path = self._path()
        if path == "questions":
            found = {"questions": [question_json(question) for question in self.desk.questions()]}
            self._answer(HTTPStatus.OK, _JSON, json.dumps(found))
        elif path == "":
            self._answer(HTTPStatus.OK, "text/html", page(self.desk.questions()))
        elif path is not None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "nothing is here")

    def do_POST(self) -> None:
        path = self._path()
        if path is None:
            return
        text = self.headers.get("Content-Length") or ""
        length = int(text) if text.isdecimal() and len(text) < 10 else -1
        if not 0 <= length <= ANSWER_LIMIT:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text/plain", "too large, or of unknown length")
            return
        origin = self.headers.get("Origin")
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if path != "answer" or origin not in (None, f"http://{self.desk.host}") or kind not in (_FORM, _JSON):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "not for you")
            return
        self._take(self.rfile.read(length), by_form=kind == _FORM)

    def _take(self, body: bytes, *, by_form: bool) -> None:
        try:
            self.desk.take(_read_form(body) if by_form else _read_json(body))
        except InputError as problem:
            text = page(self.desk.questions(), str(problem)) if by_form else json.dumps({"problem": str(problem)})
            self._answer(HTTPStatus.BAD_REQUEST, "text/html" if by_form else _JSON, text)
            return
        if by_form:
            self._answer(HTTPStatus.SEE_OTHER, "text/plain", "", location="./")
        else:
            self._answer(HTTPStatus.OK, _JSON, '{"taken": true}')

    def _path(self) -> str | None:
        """What is asked for; None, and an answer is given, when whoever asks may not."""
        path = self.desk.path_of(self.path)
        if self.headers.get("Host") != self.desk.host or path is None:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "not for you")
            return None
        return path

    def _answer(self, status: HTTPStatus, kind: str, text: str, location: str = "") -> None:
        content = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Connection", "close")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.close_connection = True
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep silent: the record of the run is elsewhere."""


def _handler_class(desk: WebDesk) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.desk = desk
    return Handler


def _read_json(body: bytes) -> Mapping[str, object]:
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"the answer is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise InputError('an answer looks like {"question": 1, "answer": "done", "comment": ""}')
    return data


def _read_form(body: bytes) -> Mapping[str, object]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=8)
    except ValueError as error:
        raise InputError(f"the form cannot be read: {error}") from None
    return dict(pairs)
