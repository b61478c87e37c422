"""How another process of the same user tells a running simulation what to do: by an address that stands in its folder.

The address is on loopback and has a secret in it; its file is for its owner alone, and goes with the simulation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.engine.commands import Done
from harness.errors import InputError
from harness.model.system import Hook
from harness.transports.control import ControlServer
from harness.transports.hooks import run_hook

CONTROL = "control"
"""The file in the folder of a running simulation."""
USUAL = Path("swf-out")
"""Where a simulation is looked for when nobody says which."""
LONGEST = 3600.0
"""Seconds that a command may take."""

_TELL = "tell"


@contextmanager
def told(folder: Path, run: Callable[[str], Done]) -> Iterator[None]:
    """Let other processes have lines run, inside the block."""

    def handle(name: str, body: Mapping[str, object]) -> Mapping[str, object]:
        line = body.get("line")
        if name != _TELL or not isinstance(line, str):
            raise InputError("a simulation is told a `line`")
        done = run(line)
        return {"done": done.done, "lines": list(done.lines)}

    server, file = ControlServer(handle), folder / CONTROL
    server.start()
    try:
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(f"{server.url}\n", encoding="utf-8")
        yield
    finally:
        file.unlink(missing_ok=True)
        server.stop()


def tell(folder: Path | None, line: str) -> Done:
    """Have a line run in the simulation of that folder, or in the only one that runs below `swf-out`.

    InputError when none is running.
    """
    file = _control(folder)
    try:
        url = file.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise InputError(f"{file}: {fault.strerror}") from None
    result = run_hook(Hook(http=f"{url}/{_TELL}", timeout=LONGEST), {"line": line}, base=Path())
    if not result.ok:
        raise InputError(
            f"the simulation of {file.parent} does not answer ({result.reason}); where it was killed, remove {file}"
        )
    answer = json.loads(result.output)
    return Done(lines=tuple(str(text) for text in answer["lines"]), done=bool(answer["done"]))


def _control(folder: Path | None) -> Path:
    if folder is not None:
        if not (folder / CONTROL).is_file():
            raise InputError(f"no simulation runs in {folder}")
        return folder / CONTROL
    found = sorted(USUAL.glob(f"*/{CONTROL}"))
    if not found:
        raise InputError(f"no simulation runs below {USUAL}; start one with `swf simulate`, or give --run DIR")
    if len(found) > 1:
        folders = ", ".join(str(file.parent) for file in found)
        raise InputError(f"more than one simulation runs: say which with --run DIR ({folders})")
    return found[0]
