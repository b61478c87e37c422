"""A run on disk: plan, transcript and payloads as evidence, sealed and hashed once; and reading them back."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import re
import shutil
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.dicom.bulk import LARGE, Bulk
from harness.engine.reading import transcript_of
from harness.errors import InputError, RecordingError
from harness.model.plan import Plan
from harness.model.transcript import Capture, Event, Link, Payload, PayloadKind, Transcript

if sys.platform != "win32":
    import fcntl

MANIFEST = "manifest.sha256"
_RECORDS: dict[str, type[Link] | type[Capture] | type[Event]] = {
    "link": Link,
    "capture": Capture,
    "event": Event,
}
_STORING_SECONDS = 10.0
"""How long sealing waits for payloads that are being written."""

_EXTENSIONS = frozenset(kind.value for kind in PayloadKind)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAMES = {kind: name for name, kind in _RECORDS.items()}
_T = TypeVar("_T")


@cache
def adapter(type_: type[_T]) -> TypeAdapter[_T]:
    """The JSON codec of a model class."""
    return TypeAdapter(type_)


class EvidenceWriter:
    """Writes `<out>/evidence/`; thread-safe. InputError when the folder cannot be used.

    `resumed`: the evidence of a run that did not come to its end is gone on with. `cut` are the bytes of a record that
    was not written to its end, which are taken away.
    """

    def __init__(self, out: Path, *, resumed: bool = False) -> None:
        self.folder = out / "evidence"
        self.cut = 0
        if self.folder.exists() and not resumed:
            raise InputError(
                f"{self.folder} holds the evidence of an earlier run; give another --out folder, or go on with a run "
                "that did not come to its end with `swf run --resume`"
            )
        try:
            (self.folder / "payload").mkdir(parents=True, exist_ok=resumed)
            self._transcript: io.BufferedWriter = (self.folder / "transcript.jsonl").open("ab" if resumed else "wb")
        except OSError as error:
            raise InputError(f"cannot write into {out}: {error.strerror}") from None
        if not _lock(self._transcript):
            self._transcript.close()
            raise InputError(f"{out} is in use: the run goes on in another process")
        if resumed:
            self.cut = self._reopened()
        self.spool = out / "receiving"
        self._lock = threading.Condition()
        self._storing = 0
        self._sealed = False

    def _reopened(self) -> int:
        """Take away what an end in the middle of writing left behind; how much of a record that was."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for part in (self.folder / "payload").glob("*"):
            if part.suffix.lstrip(".") not in _EXTENSIONS:
                part.unlink()
        shutil.rmtree(self.folder.parent / "receiving", ignore_errors=True)
        content = (self.folder / "transcript.jsonl").read_bytes()
        whole = content.rfind(b"\n") + 1
        self._transcript.truncate(whole)
        return len(content) - whole

    def plan(self, plan: Plan) -> None:
        """Write or replace the plan, whole at any time; only before sealing."""
        part = self.folder.parent / "plan.json.part"
        part.write_bytes(adapter(Plan).dump_json(plan, indent=1))
        part.replace(self.folder / "plan.json")

    def append(self, record: Link | Capture | Event) -> None:
        """Add a record as one line; ignored once sealed."""
        kind = type(record)
        name = _NAMES[kind].encode()
        body = _json(record)
        with self._lock:
            if self._sealed:
                return
            self._transcript.write(b'{"record":"' + name + b'","is":' + body + b"}\n")
            self._transcript.flush()

    def store(self, payload: Payload, content: bytes | Bulk, file: Path | None = None) -> None:
        """Store a payload under its hash, whole from the moment that its file is there; ignored once sealed.

        `file`, where it is given, holds exactly the content; it is linked, where the file system can.
        """
        path = self.folder / "payload" / payload.file_name
        if path.exists():
            return
        with self._lock:
            if self._sealed:
                return
            self._storing += 1
        part = path.with_suffix(f".{threading.get_ident()}")
        try:
            if isinstance(content, bytes):
                part.write_bytes(content)
            else:
                link_or_write(content, file, part)
            part.replace(path)
        finally:
            with self._lock:
                self._storing -= 1
                self._lock.notify_all()

    def read(self, payload: Payload) -> bytes | Path:
        """A stored payload: its bytes, or of a large object its file."""
        path = self.folder / "payload" / payload.file_name
        return path if is_large(payload) else path.read_bytes()

    def seal(self) -> None:
        """Close the evidence and hash every file of it."""
        with self._lock:
            if self._sealed:
                return
            self._sealed = True
            self._transcript.close()
            self._lock.wait_for(lambda: self._storing == 0, _STORING_SECONDS)
        shutil.rmtree(self.spool, ignore_errors=True)
        write_manifest(self.folder)


def _lock(file: io.BufferedWriter) -> bool:
    """Whether the file is ours alone until this process ends; True where the system has no such locks."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)
    return True


def is_large(payload: Payload) -> bool:
    """Whether a payload is read from its file and never as a whole."""
    return payload.kind is PayloadKind.DICOM and payload.size > LARGE


def link_or_write(content: Bulk, file: Path | None, path: Path) -> None:
    """Put bulk content at a path: by a second link to the file that holds it, else chunk by chunk."""
    if file is not None:
        try:
            path.hardlink_to(file)
        except OSError:
            content.write(path)
    else:
        content.write(path)


def _json(record: Link | Capture | Event) -> bytes:
    codec: TypeAdapter[Link | Capture | Event] = adapter(type(record))  # type: ignore[arg-type]
    try:
        return codec.dump_json(record)
    except ValueError:  # a lone surrogate, which UTF-8 cannot hold
        plain = codec.dump_python(record, mode="json")
        return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace")


def write_manifest(folder: Path) -> None:
    """Write `manifest.sha256` over every file below the folder, in the format of sha256sum."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    lines = [f"{_hash(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Evidence:
    """The stored evidence of a run, read only. RecordingError when it is missing, altered or unreadable."""

    def __init__(self, out: Path) -> None:
        self.folder = out / "evidence"
        if not self.folder.is_dir():
            raise RecordingError(f"{out} holds no evidence/ folder; give the --out folder of a run")

    def altered(self) -> tuple[str, ...]:
        """Files whose hash is not the sealed one, or that are missing; a run without a manifest was interrupted."""
        manifest = self.folder / MANIFEST
        if not manifest.exists():
            return ()
        wrong = []
        for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
            digest, _, name = line.partition("  ")
            path = self.folder / name
            if not path.is_file() or _hash(path) != digest:
                wrong.append(name or MANIFEST)
        return tuple(wrong)

    @property
    def sealed(self) -> bool:
        """Whether the run came to its end."""
        return (self.folder / MANIFEST).exists()

    def plan(self) -> Plan:
        """The plan of the run."""
        path = self.folder / "plan.json"
        try:
            found: Plan = adapter(Plan).validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise RecordingError(f"{path} cannot be read: {_first_line(error)}") from None
        if found.watching is not None and len(found.assignments) != 1:
            raise RecordingError(f"{path} cannot be read: a run that was watched has one assignment")
        return found

    def transcript(self) -> Transcript:
        """The transcript; an unfinished last line is left out."""
        links: list[Link] = []
        captures: list[Capture] = []
        events: list[Event] = []
        path = self.folder / "transcript.jsonl"
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {_first_line(error)}") from None
        for number, line in enumerate(lines, start=1):
            record = self._record(path, number, line, last=number >= len(lines))
            if isinstance(record, Link):
                links.append(record)
            elif isinstance(record, Capture):
                captures.append(record)
            elif record is not None:
                events.append(record)
        return transcript_of(tuple(links), tuple(captures), tuple(events))

    def read(self, payload: Payload) -> bytes | Path:
        """The content of a payload: its bytes, or of a large object its file."""
        if _DIGEST.fullmatch(payload.sha256) is None:
            raise RecordingError(f"{payload.sha256[:80]!r} is no payload of this run")
        path = self.folder / "payload" / payload.file_name
        try:
            return path if is_large(payload) and path.is_file() else path.read_bytes()
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {_first_line(error)}") from None

    @staticmethod
    def _record(path: Path, number: int, line: bytes, *, last: bool) -> Link | Capture | Event | None:
        if not line:
            return None
        head, separator, body = line.partition(b',"is":')
        name = head.removeprefix(b'{"record":"').removesuffix(b'"').decode("ascii", "replace")
        kind = _RECORDS.get(name)
        try:
            if kind is None or not separator or not body.endswith(b"}"):
                raise ValueError("not a record")
            record: Link | Capture | Event = adapter(kind).validate_json(body[:-1])  # type: ignore[arg-type]
        except ValueError as error:
            if last:
                return None
            raise RecordingError(f"{path}:{number}: {_first_line(error)}") from None
        return record


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
