"""A large data set on its way from the peer into a file, and the bounds that keep a peer from filling the disk.

The file becomes a Part 10 file as the evidence keeps it: its head first, then the data set as on the wire.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harness.dicom.bulk import LARGE, Bulk, FilePart
from harness.transports.recorder import HashedFile

LARGEST_DATA_SET = 1 << 32
"""Bytes of a data set to store that are taken from a peer; no single value can be longer (PS3.5 7.1)."""

DISK_RESERVE = 1 << 30
"""Bytes of the disk that are left free, whatever a peer sends."""

_LOOK = 1 << 26
"""Bytes after which the free space is looked at again."""


class SpoolError(ValueError):
    """What the peer sends cannot be kept: it is beyond bounds, or the disk is full."""


class Spool:
    """One data set, in memory up to `in_memory` bytes and in a file of `folder` when it is larger.

    `folder` gives the folder, and is not asked for small ones.
    """

    def __init__(
        self, folder: Callable[[], Path], head: bytes, limit: int = LARGEST_DATA_SET, in_memory: int = LARGE
    ) -> None:
        self._open_folder, self._head, self._limit, self._in_memory = folder, head, limit, in_memory
        self._size = 0
        self._checked = 0
        self._held = bytearray()
        self._digest = hashlib.sha256()
        self._path: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of the data set that have come."""
        return self._size

    @property
    def held(self) -> int:
        """Bytes that are in memory."""
        return len(self._held)

    def spill(self) -> None:
        """Keep nothing in memory from now on; SpoolError, and the spool is discarded."""
        self._in_memory = 0
        if self._held:
            self._flush()

    def write(self, fragment: bytes | memoryview) -> None:
        """Take a fragment; SpoolError, and the spool is discarded."""
        self._size += len(fragment)
        if self._size > self._limit:
            self.discard()
            raise SpoolError(f"a data set of more than {self._limit} bytes")
        self._held += fragment
        if self._path is not None or self._size > self._in_memory:
            self._flush()

    def _flush(self) -> None:
        """Append what is held to the file."""
        try:
            if self._path is None:
                self._folder = self._open_folder()
                number, name = tempfile.mkstemp(".part", dir=self._folder)
                self._path = Path(name)
                self._file = os.fdopen(number, "wb")
                self._file.write(self._head)
                self._digest.update(self._head)
            if self._size >= self._checked:
                self._look_at_the_disk()
            self._file.write(self._held)
        except OSError as fault:
            self.discard()
            raise SpoolError(f"a data set of {self._size} bytes so far cannot be kept: {fault}") from fault
        self._digest.update(self._held)
        self._held.clear()

    def _look_at_the_disk(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < DISK_RESERVE + _LOOK:
            self.discard()
            raise SpoolError(f"only {free} bytes of the disk are free at {self._folder}, and {DISK_RESERVE} stay free")
        self._checked = self._size + _LOOK

    def finish(self) -> tuple[bytes | Bulk, HashedFile | None]:
        """The whole data set, and the file that it is in, if it is in one."""
        if self._path is None:
            return bytes(self._held), None
        try:
            self._file.close()
        except OSError as fault:
            raise SpoolError(f"a data set of {self._size} bytes cannot be kept: {fault}") from fault
        content = Bulk(FilePart(self._path, len(self._head), self._size))
        return content, HashedFile(self._path, self._digest.hexdigest())

    def discard(self) -> None:
        """Remove the file of a data set that was not finished."""
        if self._path is not None:
            with suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)
