"""An exchange as a few lines of plain text, for where nothing is wrong with it: the messages, without marks."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.transcript import Capture, Exchange, PayloadKind
from reports import ReadPayload
from reports.exchanges import read_bounded, status_words, time_words
from reports.messages import rows_of
from reports.printable import printable

RESPONSES = 6
LINES = 70
"""Lines of one message."""

_WIDTH = 320


def compact_text(exchange: Exchange, payload: ReadPayload, start: float) -> str:
    """The messages of an exchange; of many responses the first ones and the last."""
    lines = list(_message("request", exchange.request, payload, start))
    last = len(exchange.responses) - 1
    for index, response in enumerate(exchange.responses):
        if index < RESPONSES - 1 or index == last:
            lines += ["", *_message(f"response {index + 1}", response, payload, start)]
    if last >= RESPONSES:
        lines += ["", f"{RESPONSES} of {last + 1} responses; the evidence holds all"]
    return "\n".join(lines)


def _message(name: str, capture: Capture, payload: ReadPayload, start: float) -> Iterator[str]:
    command = capture.command
    status = ""
    if command is not None and command.status is not None:
        status = f", {status_words(command.status, command.service)}"
    yield f"{name}, {capture.direction.value}, {time_words(capture.time, start)}{status}"
    content, notes = read_bounded(capture.payload, payload)
    yield from notes
    if content is None or capture.payload is None:
        return
    lines = _segments(content) if capture.payload.kind is PayloadKind.HL7 else _rows(content, capture.payload.kind)
    yield from lines[:LINES]
    if len(lines) > LINES:
        yield f"... {len(lines) - LINES} more lines; evidence/payload/{capture.payload.file_name}"


def _segments(content: bytes) -> list[str]:
    text = content.decode("utf-8", "backslashreplace")
    return [printable(segment, _WIDTH) for segment in text.split("\r") if segment]


def _rows(content: bytes, kind: PayloadKind) -> list[str]:
    rows = rows_of(content, kind)
    lines = ["  " * row.depth + " ".join(filter(None, (row.place, row.name, row.value))) for row in rows.rows]
    return [*lines, *rows.notes]
