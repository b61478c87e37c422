"""Hooks: how a product is made to act or is fed, by a command or an HTTP request.

Owns the processes and requests it starts, and bounds them. It knows nothing of steps, and judges nothing:
what a hook does, however badly, comes back as a result.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from harness.model.system import Hook
from harness.transports.hook_requests import Sending, Unfilled, filled_in, without, words_of

_OUTPUT_LIMIT = 64 * 1024
_VARIABLE_LIMIT = 32 * 1024
"""Longest environment variable in characters; a longer value is found on standard input alone."""

_ASKED_LIMIT = 4 * 1024
"""Characters of a request that are kept."""

_LEFTOVER_TIME = 0.5
"""Seconds to wait for output that a background process of the hook still holds open."""

NEVER_RAN = -1
"""Code of a hook that has no exit code or HTTP status."""


@dataclass(frozen=True, kw_only=True)
class HookResult:
    """How a hook went. `code` is the exit code or HTTP status; negative: a signal, or there is none.

    `asked` is the request of an HTTP hook, without its headers.
    """

    ok: bool
    code: int
    output: str
    seconds: float
    reason: str
    asked: str = ""


def run_hook(hook: Hook, facts: Mapping[str, object], *, base: Path, timeout: float | None = None) -> HookResult:
    """Run a hook and wait for it, `timeout` seconds (else the hook's own); never raises for what it does.

    The facts go to a command as JSON on standard input and as `SWF_...` variables, to an HTTP address as the
    body. A relative program path is looked up in `base` first; the working directory stays ours.
    """
    begun = time.monotonic()
    bound = hook.seconds if timeout is None else timeout
    plain = {str(key): _plain(value) for key, value in facts.items()}
    if hook.command:
        outcome = _command(hook.command, json.dumps(plain).encode(), environment(facts), base, bound)
    else:
        outcome = _request(hook, plain, bound)
    return HookResult(
        ok=outcome.ok,
        code=outcome.code,
        output=outcome.output,
        seconds=time.monotonic() - begun,
        reason=outcome.reason,
        asked=outcome.asked,
    )


def environment(facts: Mapping[str, object]) -> dict[str, str]:
    """The facts as variables: `{"patient": {"ID": "1"}}` is `SWF_PATIENT_ID=1`; lists are JSON."""
    return _variables("SWF", facts)


@dataclass(frozen=True)
class _Outcome:
    ok: bool
    code: int
    reason: str
    output: str = ""
    asked: str = ""


def _plain(value: object) -> object:
    """The value in terms of JSON; what JSON has no word for becomes its text."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def _variables(prefix: str, facts: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in facts.items():
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", str(key))
        name = f"{prefix}_{re.sub(r'[^A-Za-z0-9]+', '_', words).strip('_').upper()}"
        if isinstance(value, Mapping):
            found.update(_variables(name, value))
            continue
        text = _text(value)
        if len(text) <= _VARIABLE_LIMIT:
            found[name] = text
    return found


def _text(value: object) -> str:
    """A value as an environment variable can hold it: no NUL, nothing that UTF-8 cannot say."""
    plain = _plain(value)
    text = "" if plain is None else plain if isinstance(plain, str) else json.dumps(plain)
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _request(hook: Hook, facts: Mapping[str, object], bound: float) -> _Outcome:
    """Fill in and send an HTTP hook's request. No value of a secret header is told to anybody but the server."""
    try:
        request, hidden = filled_in(hook, facts, os.environ)
    except Unfilled as error:
        return _Outcome(False, NEVER_RAN, str(error))
    outcome = Sending(request, bound).run()
    status = outcome.status
    ok = status is not None and (status in hook.success if hook.success else 200 <= status < 300)
    told = (outcome.reason, outcome.output, request.told(_ASKED_LIMIT))
    reason, output, asked = (without(text, hidden) for text in told)
    return _Outcome(ok, NEVER_RAN if status is None else status, reason, output, asked)


class _Tail:
    """Reads a stream to its end on a thread of its own and keeps the last bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._kept = bytearray()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, name="hook output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream as stream:
            while piece := os.read(stream.fileno(), _OUTPUT_LIMIT):
                with self._lock:
                    self._kept += piece
                    del self._kept[:-_OUTPUT_LIMIT]

    def text(self, deadline: float) -> str:
        """What was kept, once the stream has ended or the deadline has passed."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            return self._kept.decode("utf-8", "replace")


def _command(command: tuple[str, ...], body: bytes, variables: Mapping[str, str], base: Path, bound: float) -> _Outcome:
    arguments = _arguments(command, base)
    if isinstance(arguments, _Outcome):
        return arguments
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **variables},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return _Outcome(False, NEVER_RAN, f"cannot start {command[0]}: {words_of(error)}")
    return _attend(process, body, bound)


def _arguments(command: tuple[str, ...], base: Path) -> list[str] | _Outcome:
    """What to start, or why it cannot be started."""
    program, rest = command[0], list(command[1:])
    missing = _Outcome(False, NEVER_RAN, f"not found: {program}")
    try:
        beside = (base / program).absolute()
        found = str(beside) if beside.is_file() else None
        if found is not None and found.endswith(".py"):
            return [sys.executable, found, *rest]
        found = found or shutil.which(program)
        if found is None:
            return _Outcome(False, NEVER_RAN, f"not executable: {program}") if _is_there(program) else missing
    except (OSError, ValueError):
        return missing  # a name that no file can have, or a folder that we may not look into
    if not os.access(found, os.X_OK):
        return _Outcome(False, NEVER_RAN, f"not executable: {program}")
    return [found, *rest]


def _is_there(program: str) -> bool:
    return os.sep in program and Path(program).exists()


def _attend(process: subprocess.Popen[bytes], body: bytes, bound: float) -> _Outcome:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("the hook's streams are pipes")
    tails = (_Tail(process.stdout), _Tail(process.stderr))
    threading.Thread(target=_write, args=(process.stdin, body), name="hook input", daemon=True).start()
    try:
        code = process.wait(bound)
        ok, reason = code == 0, f"exit code {code}" if code >= 0 else f"ended by signal {-code}"
    except subprocess.TimeoutExpired:
        code, ok, reason = NEVER_RAN, False, f"timed out after {bound:g} s"
    finally:
        if process.returncode is None:
            _kill_group(process)
    deadline = time.monotonic() + _LEFTOVER_TIME
    output = "\n".join(text for tail in tails if (text := tail.text(deadline)))
    return _Outcome(ok, code, reason, output)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5.0)


def _write(stream: IO[bytes], body: bytes) -> None:
    with suppress(OSError), stream:  # a hook need not read its input
        stream.write(body)
