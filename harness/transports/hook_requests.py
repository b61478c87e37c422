"""The HTTP request of a hook: its placeholders filled in with facts, its secrets from the environment, and sent once.

No redirects, no proxy; bounded in size and in total time. It judges nothing, and raises nothing for what a server does.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from harness.model.system import Hook
from harness.yaml_source import nearest
from harness.yaml_source.placeholders import CONSTANTS, PLACEHOLDER

OUTPUT_LIMIT: Final = 64 * 1024
"""Bytes of a response that are read."""
_HIDDEN = "(secret)"


class Unfilled(Exception):
    """A placeholder or a secret has no value."""


@dataclass(frozen=True)
class Request:
    """One request as it is sent."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes | None

    def told(self, limit: int) -> str:
        """The request without its headers, cut at so many characters."""
        body = self.body.decode("utf-8", "replace") if self.body is not None else ""
        scheme, _, rest = self.address.partition("://")
        place, slash, path = rest.partition("/")
        bare = f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
        return "\n".join(part for part in (f"{self.method} {bare}", body) if part)[:limit]


@dataclass(frozen=True)
class Answer:
    """What came back: the status and the beginning of the body, or why there is none."""

    status: int | None
    reason: str
    output: str = ""


def filled_in(hook: Hook, facts: Mapping[str, object], variables: Mapping[str, str]) -> tuple[Request, tuple[str, ...]]:
    """The request of a hook, and the secret values that nobody is to be told. Unfilled when a value is missing."""
    known = dict(_named(facts))
    secrets = {header: _secret(header, name, variables) for header, name in hook.secrets.items()}
    headers = {header: _text(text, known, str) for header, text in hook.headers.items()}
    content: object = facts if hook.body is None else _value(hook.body, known)
    bare = hook.method in ("GET", "DELETE") and hook.body is None
    request = Request(
        method=hook.method,
        address=_text(hook.http, known, lambda value: quote(value, safe="")),
        headers={"Content-Type": "application/json", **headers, **secrets} if not bare else {**headers, **secrets},
        body=None if bare else json.dumps(content).encode(),
    )
    return request, tuple(secrets.values())


def without(text: str, hidden: Iterable[str]) -> str:
    """A text in which no secret stands any more."""
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN) if secret else text
    return text


def _named(facts: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each fact by its name: the keys in small letters, joined by dots."""
    for key, value in facts.items():
        name = prefix + re.sub(r"[^a-z0-9]+", "_", str(key).lower()).strip("_")
        yield name, value
        if isinstance(value, Mapping):
            yield from _named(value, f"{name}.")


def _secret(header: str, name: str, variables: Mapping[str, str]) -> str:
    value = variables.get(name, "").strip()
    if not value:
        raise Unfilled(f"the environment variable {name} is not set; the value of header {header} stands there")
    if not value.isprintable() or not value.isascii():
        raise Unfilled(f"the environment variable {name} holds more than one line of ASCII; it is no value of a header")
    return value


def _value(value: object, known: Mapping[str, object]) -> object:
    """A body with its facts: a text that is one placeholder becomes the fact as it is, a list or a number included."""
    if isinstance(value, Mapping):
        return {_text(str(key), known, str): _value(item, known) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    if whole is None:
        return _text(value, known, str)
    return CONSTANTS[whole[1]] if whole[1] in CONSTANTS else _fact(whole[1], known)


def _text(text: str, known: Mapping[str, object], written: Callable[[str], str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        value = _fact(found[1], known)
        return written(value if isinstance(value, str) else json.dumps(value))

    return PLACEHOLDER.sub(replaced, text)


def _fact(name: str, known: Mapping[str, object]) -> object:
    if name in known:
        return known[name]
    if name.startswith("seen."):
        raise Unfilled(f"{{{name}}} was not seen on the wire so far{nearest(name, _others(known))}")
    raise Unfilled(f"{{{name}}}: there is no such fact{nearest(name, known)}")


def _others(known: Mapping[str, object]) -> list[str]:
    return [name for name in known if name.startswith("seen.")]


class Sending:
    """One request on its way."""

    def __init__(self, request: Request, bound: float) -> None:
        self._request = request
        self._bound = bound
        self._late = threading.Event()

    def run(self) -> Answer:
        """Send it, and read the beginning of the response."""
        try:
            parts = urlsplit(self._request.address)
            connection = self._connection(parts)
        except (ValueError, http.client.HTTPException) as error:
            return Answer(None, f"not an http address: {error}")
        alarm = threading.Timer(self._bound, self._give_up, args=(connection,))
        alarm.daemon = True
        alarm.start()
        try:
            return self._ask(connection, parts)
        finally:
            alarm.cancel()
            connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("http:// or https:// and a host are needed")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=self._bound)

    def _give_up(self, connection: http.client.HTTPConnection) -> None:
        self._late.set()
        sock = connection.sock
        with suppress(OSError):
            if sock is not None:
                sock.shutdown(socket.SHUT_RDWR)

    def _ask(self, connection: http.client.HTTPConnection, parts: SplitResult) -> Answer:
        try:
            connection.connect()
        except (OSError, UnicodeError) as error:
            if self._late.is_set() or isinstance(error, TimeoutError):
                return self._timed_out()
            return Answer(None, f"cannot connect to {parts.netloc.rpartition('@')[2]}: {words_of(error)}")
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(self._request.method, target, self._request.body, dict(self._request.headers))
            response = connection.getresponse()
            output = response.read(OUTPUT_LIMIT).decode("utf-8", "replace")
            response.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            if self._late.is_set() or isinstance(error, TimeoutError):
                return self._timed_out()
            return Answer(None, f"no HTTP response: {words_of(error)}")
        if self._late.is_set():
            return self._timed_out()
        return Answer(response.status, f"HTTP status {response.status}", output)

    def _timed_out(self) -> Answer:
        return Answer(None, f"timed out after {self._bound:g} s")


def words_of(error: Exception) -> str:
    """What an exception says, as shortly as it can."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
