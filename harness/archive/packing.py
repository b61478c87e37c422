"""Writing an archive: a gzip-compressed POSIX ustar file without times, owners or anything else of the machine.

The same files give the same bytes, as long as the same zlib compresses them; their order is that of the names.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from harness.archive.unpacking import LARGEST_FILE, is_name
from harness.errors import InputError

_LEVEL = 6


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What was written: its file, how many bytes, their SHA-256, how many files it holds, and their bytes together."""

    path: Path
    size: int
    sha256: str
    files: int
    content: int


def pack(path: Path, top: str, files: Mapping[str, Path | bytes]) -> Packed:
    """Write the files into an archive, below a folder `top`; whole from the moment that it is there.

    InputError when a file cannot be read, or can stand in no archive.
    """
    part = path.with_name(f"{path.name}.part")
    content = 0
    try:
        with (
            part.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=_LEVEL) as packed,
            tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name in sorted(files):
                content += _add(archive, f"{top}/{name}", files[name])
        part.replace(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Packed(path=path, size=path.stat().st_size, sha256=digest, files=len(files), content=content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _add(archive: tarfile.TarFile, name: str, source: Path | bytes) -> int:
    if not is_name(name):
        raise InputError(f"{name!r} can stand in no bundle: give the folder of the run a plain name")
    info = tarfile.TarInfo(name)
    if isinstance(source, bytes):
        return _put(archive, info, source)
    if source.is_symlink() or not source.is_file():
        raise InputError(f"{source} is no file of a run, but a link or something else")
    info.size = source.stat().st_size
    if info.size > LARGEST_FILE:
        raise InputError(f"{source} holds {info.size} bytes; a file of a bundle has at most {LARGEST_FILE}")
    with source.open("rb") as file:
        archive.addfile(info, file)
    return info.size


def _put(archive: tarfile.TarFile, info: tarfile.TarInfo, content: bytes) -> int:
    info.size = len(content)
    with BytesIO(content) as file:
        archive.addfile(info, file)
    return info.size
