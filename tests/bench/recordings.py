"""A recording multiplied: the plays of one run again and again, each time with identifiers of their own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from harness.checks.recording import ExchangeView
from harness.engine.keys import answer_keys, request_keys
from harness.engine.reading import transcript_of
from harness.engine.storage import Evidence
from harness.model.names import ExchangeId, LinkId
from harness.model.plan import Plan
from harness.model.transcript import Capture, Event, Link, Payload, Transcript

_TOKEN = re.compile(rb"[0-9A-Za-z.]{4,}")
_TAIL = 6
_WELL_KNOWN = "1.2.840.10008."
_T = TypeVar("_T")


class Multiplied:
    """A plan and a transcript with `times` as many plays as the run at `out`, and what reads their payloads."""

    def __init__(self, out: Path, times: int) -> None:
        evidence = Evidence(out)
        self._evidence = evidence
        self._contents: dict[str, bytes] = {}
        plan, transcript = evidence.plan(), evidence.transcript()
        keys = _identifiers(transcript, evidence)
        copies = [self._copy(plan, transcript, keys, number) for number in range(times)]
        assignments = [
            replace(assignment, plays=tuple(play for one, _ in copies for play in one.assignments[place].plays))
            for place, assignment in enumerate(plan.assignments)
        ]
        self.plan = replace(plan, assignments=tuple(assignments))
        self.transcript = transcript_of(
            tuple(link for _, one in copies for link in one.links),
            tuple(capture for _, one in copies for capture in one.captures),
            tuple(event for _, one in copies for event in one.events),
        )

    def read(self, payload: Payload) -> bytes:
        """The content of a payload."""
        return self._contents[payload.sha256]

    def _copy(self, plan: Plan, transcript: Transcript, keys: frozenset[str], number: int) -> tuple[Plan, Transcript]:
        changed = {key.encode(): _other(key, number).encode() for key in keys} if number else {}
        span = 1 + max(record.seq for record in (*transcript.links, *transcript.captures, *transcript.events))
        ids = 1 + max(capture.exchange for capture in transcript.captures)
        plays = [play.id for assignment in plan.assignments for play in assignment.plays]
        names = {play.encode(): f"{play}~{number}".encode() for play in plays} if number else {}
        captures = []
        for capture in transcript.captures:
            moved = _changed(Capture, replace(capture, payload=None), changed, names)
            payload = self._payload(capture.payload, changed)
            captures.append(
                replace(
                    moved,
                    seq=capture.seq + number * span,
                    link=LinkId(capture.link + number * span),
                    exchange=ExchangeId(capture.exchange + number * ids),
                    payload=payload,
                )
            )
        links = [
            replace(
                _changed(Link, link, changed, names),
                id=LinkId(link.id + number * span),
                seq=link.seq + number * span,
            )
            for link in transcript.links
        ]
        events = [
            replace(
                _changed(Event, event, changed, names),
                seq=event.seq + number * span,
                link=LinkId(event.link + number * span) if event.link is not None else None,
            )
            for event in transcript.events
        ]
        copied = replace(transcript, links=tuple(links), captures=tuple(captures), events=tuple(events), exchanges=())
        return _changed(Plan, plan, changed, names), copied

    def _payload(self, payload: Payload | None, changed: Mapping[bytes, bytes]) -> Payload | None:
        if payload is None:
            return None
        content = _substituted(self._evidence.read(payload), changed)
        digest = hashlib.sha256(content).hexdigest()
        self._contents[digest] = content
        return replace(payload, sha256=digest)


def _identifiers(transcript: Transcript, evidence: Evidence) -> frozenset[str]:
    """The identifiers that join messages to plays, and the instances that commands name."""
    found: set[str] = set()
    for exchange in transcript.exchanges:
        view = ExchangeView(exchange, evidence.read)
        for keys in (request_keys(view), *answer_keys(view)):
            found |= {value for _, value in keys}
    return frozenset(one for one in found if len(one) > _TAIL and not one.startswith(_WELL_KNOWN))


def _other(identifier: str, number: int) -> str:
    """Another identifier of the same length."""
    digest = hashlib.sha256(f"{number} {identifier}".encode()).hexdigest()
    tail = str(int(digest, 16))[:_TAIL].replace("0", "1")
    return identifier[:-_TAIL] + tail


def _substituted(content: bytes, changed: Mapping[bytes, bytes]) -> bytes:
    def other(found: re.Match[bytes]) -> bytes:
        """Behind a value of even length the tag of the next element may begin with what looks like a digit."""
        token = found.group()
        return changed.get(token) or changed.get(token[:-1], token[:-1]) + token[-1:]

    return _TOKEN.sub(other, content) if changed else content


@cache
def _codec(kind: type[_T]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _changed(kind: type[_T], record: _T, changed: Mapping[bytes, bytes], names: Mapping[bytes, bytes]) -> _T:
    codec: TypeAdapter[_T] = _codec(kind)
    text = _substituted(codec.dump_json(record), changed)
    for old, new in names.items():
        text = text.replace(b'"' + old + b'"', b'"' + new + b'"')
    return codec.validate_json(text)
