"""Questions and answers as files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.question import Question, Reply, Said
from harness.transports.operator import folder as module
from harness.transports.operator.folder import FolderDesk

QUESTION = Question(
    number=3,
    play=PlayId("swf.test@2.5.1"),
    step=StepId("stored"),
    transaction=TransactionId("RAD-8"),
    title="Images Stored",
    system=PlayerName("Our CT"),
    actor=ActorName("Modality"),
    text="Send the images",
    patient_name="DOE^JANE",
    act=20,
    patience=60,
)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def desk(tmp_path: Path, told: list[str]) -> FolderDesk:
    return FolderDesk(tmp_path / "operator", told.append)


def asked(tmp_path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((tmp_path / "operator" / "question-3.json").read_text())
    return found


def test_a_question_is_a_file_and_an_answer_too(desk: FolderDesk, tmp_path: Path, told: list[str]) -> None:
    desk.put(QUESTION)
    assert asked(tmp_path)["do"] == "Send the images"
    assert "answer-3.json" in told[0]
    assert desk.answer(QUESTION) is None
    (tmp_path / "operator" / "answer-3.json").write_text('{"answer": "done", "comment": "4 images"}')
    assert desk.answer(QUESTION) == Reply(said=Said.DONE, comment="4 images")


def test_a_bad_answer_is_set_aside_and_the_question_says_why(
    desk: FolderDesk, tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put(QUESTION)
    answer = tmp_path / "operator" / "answer-3.json"
    answer.write_text('{"answer": "ye')
    assert desk.answer(QUESTION) is None
    assert answer.exists(), "it may be half written"
    monkeypatch.setattr(module, "_WRITING_SECONDS", 0.0)
    assert desk.answer(QUESTION) is None
    assert not answer.exists()
    assert (tmp_path / "operator" / "answer-3.refused-1.json").read_text() == '{"answer": "ye'
    assert "not JSON" in str(asked(tmp_path)["problem"])
    assert "cannot be used" in told[-1]
    answer.write_text('{"answer": "cannot"}')
    assert desk.answer(QUESTION) == Reply(said=Said.CANNOT)


def test_what_is_no_plain_file_is_refused(desk: FolderDesk, tmp_path: Path) -> None:
    desk.put(QUESTION)
    answer = tmp_path / "operator" / "answer-3.json"
    (tmp_path / "elsewhere.json").write_text('{"answer": "done"}')
    answer.symlink_to(tmp_path / "elsewhere.json")
    assert desk.answer(QUESTION) is None
    assert not answer.is_symlink()
    os.mkfifo(answer)
    assert desk.answer(QUESTION) is None
    assert not answer.exists()
    answer.write_bytes(b"x" * 100_000)
    assert desk.answer(QUESTION) is None
    assert "at most" in str(asked(tmp_path)["problem"])


def test_an_answer_from_before_the_question_is_none(desk: FolderDesk, tmp_path: Path) -> None:
    (tmp_path / "operator").mkdir()
    (tmp_path / "operator" / "answer-3.json").write_text('{"answer": "done"}')
    desk.put(QUESTION)
    assert desk.answer(QUESTION) is None


def test_a_question_that_is_withdrawn_says_so(desk: FolderDesk, tmp_path: Path) -> None:
    desk.put(QUESTION)
    desk.withdraw(QUESTION, "the message is there already")
    assert asked(tmp_path)["problem"] == "no answer is needed any more: the message is there already"
