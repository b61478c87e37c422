"""The page of an operator, over real sockets: who may ask, what is taken, and what is shown."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping

import pytest

from harness.model.names import ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.question import Question, Reply, Said
from harness.transports.operator.forms import ANSWER_LIMIT
from harness.transports.operator.web import WebDesk

QUESTION = Question(
    number=1,
    play=PlayId("swf.test@2.5.1"),
    step=StepId("stored"),
    transaction=TransactionId("RAD-8"),
    title="Images Stored",
    system=PlayerName("Our CT"),
    actor=ActorName("Modality"),
    text="Send <script>alert(1)</script>",
    act=20,
    patience=60,
)
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def desk() -> Iterator[WebDesk]:
    made = WebDesk(lambda text: None)
    made.open(lambda: None)
    made.put(QUESTION)
    yield made
    made.close()


def ask(
    desk: WebDesk, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(desk.host, timeout=10)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def token(desk: WebDesk) -> str:
    return desk.url.removeprefix(f"http://{desk.host}").rstrip("/")


def test_the_page_shows_the_question_escaped_and_the_questions_are_json(desk: WebDesk) -> None:
    status, text = ask(desk, "GET", f"{token(desk)}/")
    assert status == 200
    assert "Send &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    status, text = ask(desk, "GET", f"{token(desk)}/questions")
    assert [one["question"] for one in json.loads(text)["questions"]] == [1]


def test_an_answer_is_taken_once(desk: WebDesk) -> None:
    body = json.dumps({"question": 1, "answer": "done", "comment": "4 images"}).encode()
    assert ask(desk, "POST", f"{token(desk)}/answer", body, JSON)[0] == 200
    assert desk.answer(QUESTION) == Reply(said=Said.DONE, comment="4 images")
    status, text = ask(desk, "POST", f"{token(desk)}/answer", body, JSON)
    assert (status, "no open question" in text) == (400, True)


def test_a_form_answers_too(desk: WebDesk) -> None:
    body = b"question=1&answer=skip&comment=no+tube"
    headers = {**FORM, "Origin": f"http://{desk.host}"}
    assert ask(desk, "POST", f"{token(desk)}/answer", body, headers)[0] == 303
    assert desk.answer(QUESTION) == Reply(said=Said.SKIP, comment="no tube")


def test_an_answer_that_is_none_is_refused_in_words(desk: WebDesk) -> None:
    status, text = ask(desk, "POST", f"{token(desk)}/answer", b'{"question": 1, "answer": "yes"}', JSON)
    assert status == 400
    assert "is one of" in json.loads(text)["problem"]
    assert desk.answer(QUESTION) is None


def test_nobody_else_is_answered(desk: WebDesk) -> None:
    body = b'{"question": 1, "answer": "done"}'
    assert ask(desk, "GET", "/wrong/")[0] == 403
    assert ask(desk, "POST", "/wrong/answer", body, JSON)[0] == 403
    assert ask(desk, "GET", f"{token(desk)}/", headers={"Host": "evil.example"})[0] == 403
    assert ask(desk, "POST", f"{token(desk)}/answer", body, {**JSON, "Host": "evil.example"})[0] == 403
    assert ask(desk, "POST", f"{token(desk)}/answer", body, {**JSON, "Origin": "http://evil.example"})[0] == 403
    assert ask(desk, "POST", f"{token(desk)}/answer", body, {"Content-Type": "text/plain"})[0] == 403
    large = b" " * (ANSWER_LIMIT + 1)
    assert ask(desk, "POST", f"{token(desk)}/answer", large, JSON)[0] == 413
    assert desk.answer(QUESTION) is None
