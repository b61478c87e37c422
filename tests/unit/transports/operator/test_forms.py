"""Answers of persons and scripts: a closed schema, bounded, and refused in clear words."""

from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.model.question import COMMENT_LENGTH, Reply, Said
from harness.transports.operator.forms import ANSWER_LIMIT, read_reply


def test_an_answer_has_a_word_a_comment_and_a_name() -> None:
    text = '{"answer": "skip", "comment": " nein, Gerät \u00fc ", "by": "HIS team"}'
    assert read_reply(text.encode()) == Reply(said=Said.SKIP, comment="nein, Gerät \u00fc", by="HIS team")
    assert read_reply(b'{"answer": "done"}') == Reply(said=Said.DONE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b'"done"', "an answer looks like"),
        (b'{"answer": "yes"}', '"answer" is one of "done", "cannot", "skip", not "yes"'),
        (b'{"comment": "done"}', '"answer" is one of'),
        (b'{"answer": "done", "coment": "x"}', 'and no "coment"'),
        (b'{"answer": "done", "answer": "skip"}', "a key stands twice"),
        (b'{"answer": "done", "comment": 3}', '"comment" is a text'),
        (b'{"answer": ["done"]}', '"answer" is one of'),
        (b'{"answer": "done", "comment": "\\ud800"}', "half a character"),
        (b'{"answer": "done", "comment": "' + b"x" * (COMMENT_LENGTH + 1) + b'"}', "at most 2000 characters"),
        (b" " * (ANSWER_LIMIT + 1), "at most 16384 bytes"),
    ],
)
def test_everything_else_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read_reply(content)
    assert words in str(refused.value)
