"""manifest.sha256: a hash of every rendered file, in the form that `sha256sum --check` reads. Written last.

The evidence has its own manifest, sealed when the run ended, and is left out of this one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.model.run import Run
from reports import ReadPayload

MANIFEST_FILE: Final = "manifest.sha256"
_EVIDENCE = "evidence"


class Manifest:
    """Writes manifest.sha256."""

    name = "manifest"
    order = 1000

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Hash what the other reports wrote."""
        lines = []
        for path in _rendered(out):
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            lines.append(f"{digest}  {path.relative_to(out).as_posix()}\n")
        (out / MANIFEST_FILE).write_text("".join(lines), encoding="utf-8")


def _rendered(out: Path) -> Iterator[Path]:
    for entry in sorted(out.iterdir()):
        if entry.name in (_EVIDENCE, MANIFEST_FILE) or entry.is_symlink():
            continue
        inside = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
        yield from (path for path in inside if path.is_file() and not path.is_symlink())


REPORT = Manifest()
