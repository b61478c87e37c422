"""Questions and answers as JSON: what is written for a person or a script, and what is taken from them.

An answer is hostile until it was read here: bounded, of a closed schema, and refused in clear words when it cannot be
used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from harness.errors import InputError
from harness.model.question import COMMENT_LENGTH, NAME_LENGTH, Question, Reply, Said
from harness.model.system import DimseAddress, Hl7Address

ANSWER_LIMIT = 16 * 1024
"""Bytes that an answer may have."""

_WORDS = ", ".join(f'"{said.value}"' for said in Said)
_LENGTHS = {"comment": COMMENT_LENGTH, "by": NAME_LENGTH}


def question_json(question: Question, problem: str = "") -> dict[str, object]:
    """A question for programs; `problem` says why the last answer could not be used."""
    return {
        "question": question.number,
        "play": question.play,
        "step": question.step,
        "transaction": question.transaction,
        "title": question.title,
        "system": question.system,
        "actor": question.actor,
        "do": question.instruction,
        "patient": {"name": question.patient_name, "id": question.patient_id},
        "service": question.service,
        "talks_to": {party.actor: {"dimse": _dimse(party.dimse), "hl7": _hl7(party.hl7)} for party in question.peers},
        "seen": dict(question.seen),
        "seconds_after_done": question.act,
        "seconds_for_an_answer": question.patience,
        "folder": question.folder,
        "problem": problem,
    }


def _dimse(address: DimseAddress | None) -> dict[str, object] | None:
    if address is None or not address.port:
        return None
    return {"ae_title": address.ae_title, "host": address.host, "port": address.port}


def _hl7(address: Hl7Address | None) -> dict[str, object] | None:
    if address is None or not address.port:
        return None
    return {
        "application": address.application,
        "facility": address.facility,
        "host": address.host,
        "port": address.port,
    }


def read_reply(content: bytes) -> Reply:
    """An answer: `{"answer": "done", "comment": "", "by": ""}`; InputError in clear words for anything else."""
    if len(content) > ANSWER_LIMIT:
        raise InputError(f"an answer has at most {ANSWER_LIMIT} bytes")
    try:
        data = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the answer is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f'an answer looks like {{"answer": "done", "comment": ""}}; "answer" is one of {_WORDS}')
    return reply_of(data)


def reply_of(data: Mapping[str, object]) -> Reply:
    """The answer that these keys and values are; InputError in clear words when they are none."""
    unknown = sorted(str(key) for key in data if key not in ("answer", *_LENGTHS))
    if unknown:
        raise InputError(f'an answer has "answer", "comment" and "by", and no {_quoted(unknown[0])}')
    word = data.get("answer")
    said = next((said for said in Said if said.value == word), None)
    if said is None:
        raise InputError(f'"answer" is one of {_WORDS}, not {_quoted(str(word))}')
    return Reply(said=said, comment=_text(data, "comment"), by=_text(data, "by"))


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise InputError(f'"{key}" is a text')
    if len(value) > _LENGTHS[key]:
        raise InputError(f'"{key}" has at most {_LENGTHS[key]} characters')
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f'"{key}" has half a character in it')
    return value.strip()


def _quoted(text: str) -> str:
    return json.dumps(text[:80])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
