"""A manifest: the SHA-256 of each file of a folder, in the form that `sha256sum --check` reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import RecordingError

MANIFEST: Final = "manifest.sha256"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[A-Za-z0-9._/-]+)")
_LONGEST = 64 * 1024 * 1024
"""Bytes of a manifest that is read."""


@dataclass(frozen=True)
class Listing:
    """Files by their names below a folder, with their digests."""

    digests: Mapping[str, str]

    @property
    def text(self) -> str:
        """The manifest as it is written, in the order of the names."""
        return "".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))

    def differing(self, other: Listing) -> tuple[str, ...]:
        """Names that the two do not have with the same digest."""
        names = sorted(self.digests.keys() | other.digests.keys())
        return tuple(name for name in names if self.digests.get(name) != other.digests.get(name))


def listing_of(files: Mapping[str, Path]) -> Listing:
    """The digests of files; OSError when one cannot be read."""
    return Listing({name: _digest(path) for name, path in files.items()})


def read_listing(path: Path) -> Listing:
    """The manifest in a file; RecordingError when it is none, or names a file twice."""
    try:
        if path.stat().st_size > _LONGEST:
            raise RecordingError(f"{path.name} is longer than {_LONGEST} bytes: no manifest of a bundle")
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise RecordingError(f"{path.name} cannot be read as a manifest") from None
    digests: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None or found["name"] in digests:
            raise RecordingError(f"{path.name}:{number} is no line of a manifest, or names a file again")
        digests[found["name"]] = found["digest"]
    return Listing(digests)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
