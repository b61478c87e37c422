"""A headless Chromium, driven over a pipe by the DevTools protocol: open a page, run scripts in it, look at it.

No socket is opened and nothing is fetched; what a page asks the network for is recorded.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

PATH = os.environ.get("CHROMIUM", "chromium")
"""Name or path of the program."""

PATIENCE = 60.0
"""Seconds that a step may take."""

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def is_installed() -> bool:
    """Whether there is a Chromium to drive."""
    return shutil.which(PATH) is not None


class PageError(Exception):
    """A script of ours raised in the page, or the browser refused a command."""


class Page:
    """One tab. `asked` are the addresses that the page asked for, `errors` what went to its console as an error."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0
        self._buffer = b""
        self._happened: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.errors: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.size(1400, 900)

    def size(self, width: int, height: int) -> None:
        """The size of the window, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def theme(self, name: str) -> None:
        """What the system prefers: `light` or `dark`."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, file: Path, fragment: str = "") -> float:
        """Open a file and wait until it says that it is ready; the seconds that took."""
        begin = time.perf_counter()
        self.call("Page.navigate", url="about:blank")
        begin = time.perf_counter()
        self.call("Page.navigate", url=file.resolve().as_uri() + (f"#{fragment}" if fragment else ""))
        self.until("document.documentElement?.dataset.ready === 'yes'")
        return time.perf_counter() - begin

    def until(self, condition: str, patience: float = PATIENCE) -> None:
        """Wait until an expression is true in the page; PageError when it does not become so."""
        end = time.monotonic() + patience
        while not self._holds(condition):
            if time.monotonic() > end:
                raise PageError(f"not within {patience:g} s: {condition}; {self.errors}")

    def _holds(self, condition: str) -> bool:
        """Whether it is true now, or soon; not while the page is being replaced by another one."""
        try:
            return bool(self.run(f"new Promise((go) => setTimeout(() => go(Boolean({condition})), 5))"))
        except PageError as error:
            if "context" not in str(error) and "navigated" not in str(error):
                raise
            return False

    def run(self, script: str) -> Any:
        """The value of an expression, awaited."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    def key(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        taken = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(taken["data"]))

    def pdf(self) -> bytes:
        """The page as it prints."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command to the tab; PageError when it is refused."""
        return self._call(method, self._session, **parameters)

    def _call(self, method: str, session: str = "", /, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._writer, json.dumps(command).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") == self._number:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.asked.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select([self._reader], [], [], PATIENCE)[0]:
                raise PageError("the browser does not answer")
            piece = os.read(self._reader, 1 << 20)
            if not piece:
                raise PageError("the browser is gone")
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(text))


@contextmanager
def browser() -> Iterator[Page]:
    """A browser with one tab, and no profile that outlives it."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                "/bin/bash",
                "-c",
                f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}',
                PATH,
                *_OPTIONS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Page(ours_in, ours_out)
        finally:
            os.close(ours_out)
            process.terminate()
            process.wait(timeout=PATIENCE)
            os.close(ours_in)
