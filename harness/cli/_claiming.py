"""What `swf claims` and `swf statement` share: the runs they read, and where and how they write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from harness.errors import InputError
from harness.model.names import PlayerName
from reports.claim_sheet.view import Sheet, sheet_of, told_run
from reports.json_run import RUN_FILE, read_run

Rendering = Callable[[Sheet], str | bytes]

_ENDINGS: Mapping[str, str] = {"htm": "html", "txt": "text"}


def sheet_from(folders: Iterable[Path], out: Path | None, partners: int, systems: Iterable[str] = ()) -> Sheet:
    """The claims of the runs in those folders, with links as seen from the file that will be written."""
    told = []
    for folder in dict.fromkeys(folders):
        run = read_run(folder / RUN_FILE)
        if run.plan.systems and not run.claimed:
            raise InputError(f"{folder / RUN_FILE} does not say what was shown of each claim: `swf judge {folder}`")
        told.append(told_run(run, folder, _seen_from(out, folder)))
    sheet = sheet_of(told, partners)
    return sheet.of(_known(sheet, systems))


def _seen_from(out: Path | None, folder: Path) -> str:
    start = out.parent if out is not None else Path()
    relative = Path(os.path.relpath(folder, start)).as_posix()
    return "" if relative == "." else relative


def _known(sheet: Sheet, systems: Iterable[str]) -> tuple[PlayerName, ...]:
    names = {system.name for system in sheet.systems}
    for name in systems:
        if name not in names:
            raise InputError(f"no run has a system called {name}; there are: {', '.join(sorted(names)) or 'none'}")
    return tuple(PlayerName(name) for name in systems)


def form_of(out: Path | None, chosen: str | None, forms: Iterable[str]) -> str:
    """The form that was chosen, else the one that the file's name says, else text."""
    if chosen is not None:
        return chosen
    ending = out.suffix.lower().removeprefix(".") if out is not None else ""
    ending = _ENDINGS.get(ending, ending)
    return ending if ending in tuple(forms) else "text"


def put(found: str | bytes, out: Path | None, form: str) -> None:
    """Write to the file, else to standard output; a PDF wants a file."""
    if out is None:
        if isinstance(found, bytes):
            raise InputError(f"a {form.upper()} goes to a file: name it with --out")
        click.echo(found, nl=False)
        return
    content = found if isinstance(found, bytes) else found.encode("utf-8", "backslashreplace")
    try:
        out.write_bytes(content)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}") from error
