"""Questions as files, for a person or a script that is not at the terminal.

For question 3 this writes `question-3.json`, and takes the answer from `answer-3.json`. An answer that cannot be used
is set aside as `answer-3.refused-1.json`, with the reason under `problem` in the question.
"""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from harness.errors import InputError
from harness.model.question import Question, Reply
from harness.transports.operator.forms import ANSWER_LIMIT, question_json, read_reply

Tell = Callable[[str], None]

_WRITING_SECONDS = 1.0
"""How long a file that is no answer may stay as it is before it counts as whole: it may be half written."""


class FolderDesk:
    """Asks by files in a folder. `tell` hears in words what is asked and where, and what was wrong with an answer."""

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._folder = folder
        self._tell = tell
        self._lock = threading.Lock()
        self._refused: dict[int, int] = {}
        self._unfinished: dict[tuple[int, int, int], float] = {}

    def open(self, wake: Callable[[], None]) -> None:
        """Nothing wakes us: whoever waits looks again once a second."""

    def put(self, question: Question) -> None:
        """Write the question; an answer that lies there from before is set aside."""
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._answer_file(question).is_symlink() or self._answer_file(question).exists():
                self._set_aside(question)
            self._write(question, "")
        self._tell(
            f"{self._question_file(question)} asks: {question.instruction}; answer in {self._answer_file(question)}"
            ' with {"answer": "done"}, "cannot" or "skip", and a "comment" if you like'
        )

    def answer(self, question: Question) -> Reply | None:
        """The answer of the file, once it is there and whole."""
        with self._lock:
            path = self._answer_file(question)
            try:
                content, shape = _read(path)
            except FileNotFoundError:
                return None
            except (OSError, InputError) as error:
                self._refuse(question, str(error))
                return None
            try:
                return read_reply(content)
            except InputError as error:
                since = self._unfinished.setdefault((question.number, *shape), time.monotonic())
                if len(content) > ANSWER_LIMIT or time.monotonic() - since >= _WRITING_SECONDS:
                    self._refuse(question, str(error))
                return None

    def withdraw(self, question: Question, why: str) -> None:
        """Say in the question's file that no answer is needed."""
        with self._lock:
            self._write(question, f"no answer is needed any more: {why}")

    def close(self) -> None:
        """The files stay."""

    def _refuse(self, question: Question, problem: str) -> None:
        self._set_aside(question)
        self._write(question, problem)
        self._tell(f"the answer to question {question.number} cannot be used: {problem}")

    def _set_aside(self, question: Question) -> None:
        number = self._refused[question.number] = self._refused.get(question.number, 0) + 1
        path = self._answer_file(question)
        aside = path.with_name(f"answer-{question.number}.refused-{number}.json")
        while aside.exists():
            number = self._refused[question.number] = number + 1
            aside = path.with_name(f"answer-{question.number}.refused-{number}.json")
        try:
            path.rename(aside)
        except OSError as error:
            raise InputError(f"{path} is in the way and cannot be moved: {error.strerror}") from None

    def _write(self, question: Question, problem: str) -> None:
        path = self._question_file(question)
        part = path.with_suffix(".part")
        text = json.dumps(question_json(question, problem), indent=1, ensure_ascii=False)
        part.write_bytes(text.encode("utf-8", "replace") + b"\n")
        part.replace(path)

    def _question_file(self, question: Question) -> Path:
        return self._folder / f"question-{question.number}.json"

    def _answer_file(self, question: Question) -> Path:
        return self._folder / f"answer-{question.number}.json"


def _read(path: Path) -> tuple[bytes, tuple[int, int]]:
    """A file's beginning and its shape (size and time); only a plain file, never what a link points to."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"the answer is not a plain file that can be read: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise InputError("the answer is not a plain file")
        return file.read(ANSWER_LIMIT + 1), (found.st_size, found.st_mtime_ns)
