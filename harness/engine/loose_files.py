"""The files that a person names: folders walked, sizes bounded, standard input read. Knows nothing of their content."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from harness.errors import InputError

LARGEST = 512 * 1024 * 1024
"""Bytes of the largest file that is read."""

MOST = 100_000
"""Files of one call."""

STDIN = "-"


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """A file: how people call it, its bytes, or why it has none. `named`: the user named it, not its folder."""

    name: str
    content: bytes | None
    why: str = ""
    named: bool = True


def files_of(
    paths: Iterable[str], stdin: BinaryIO, is_readable: Callable[[bytes], bool], head: int
) -> Iterator[NamedFile]:
    """The files of the paths, folders in the order of their names; symbolic links in a folder are not followed.

    Of a file whose first `head` bytes are nothing that can be read, nothing more is read. InputError for a path that
    is none, or a folder with too many files.
    """
    count = 0
    for path in paths:
        if path == STDIN:
            yield _standard_input(stdin)
            continue
        if not os.path.lexists(path):
            raise InputError(f"{path!r} does not exist")
        for file, named in _walk(Path(path)):
            count += 1
            if count > MOST:
                raise InputError(f"more than {MOST} files; name fewer folders")
            yield _read(file, named, is_readable, head)


def _standard_input(stdin: BinaryIO) -> NamedFile:
    content = stdin.read(LARGEST + 1)
    if len(content) > LARGEST:
        return NamedFile(name="standard input", content=None, why=_too_large("more than", LARGEST))
    return NamedFile(name="standard input", content=content)


def _walk(path: Path) -> Iterator[tuple[Path, bool]]:
    if not path.is_dir():
        yield path, True
        return
    for folder, folders, names in os.walk(path, onerror=_unreadable_folder):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            if not file.is_symlink():
                yield file, False


def _unreadable_folder(error: OSError) -> None:
    raise InputError(f"{error.filename!r} cannot be read: {error.strerror}")


def _read(path: Path, named: bool, is_readable: Callable[[bytes], bool], head: int) -> NamedFile:
    name = str(path)
    if not path.is_file():
        return NamedFile(name=name, content=None, why="it is no regular file", named=named)
    try:
        with path.open("rb") as file:
            begin = file.read(head)
            if not is_readable(begin):
                return NamedFile(name=name, content=begin, named=named)
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                return NamedFile(name=name, content=None, why=_too_large(str(size), LARGEST), named=named)
            return NamedFile(name=name, content=begin + file.read(LARGEST - len(begin)), named=named)
    except OSError as error:
        return NamedFile(name=name, content=None, why=f"it cannot be read: {error.strerror}", named=named)


def _too_large(size: str, limit: int) -> str:
    return f"it holds {size} bytes; files of up to {limit} bytes are read"
