"""One exchange to look at: its messages as rows, what was judged at which place, and the raw bytes.

`exchange_view` gives the data, `exchange_text` the same as plain text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.dicom import statuses
from harness.dicom.uids import keyword_of
from harness.errors import RecordingError
from harness.hl7 import Message
from harness.model.names import ExchangeId
from harness.model.profile import Service
from harness.model.run import JudgedFinding, PlayResult, Run, StepResult
from harness.model.transcript import Capture, Exchange, Half, Link, Payload, PayloadKind
from reports import ReadPayload
from reports.associations import Context, address_words, contexts_of, link_facts
from reports.marking import Mark, MarkedRow, Marks, gravest_tone, marked_rows
from reports.messages import Rows, rows_of, wire_bytes
from reports.printable import printable
from reports.wording import comparison, finding_anchor, verdict_words

SIZE_LIMIT = 32 * 1024 * 1024
"""Bytes of a payload above which a report names it and does not read it."""

RESPONSES_SHOWN = 24
WIRE_LIMIT = 4096
"""Bytes of a message that a report shows as they are."""


@dataclass(frozen=True, kw_only=True)
class MessageView:
    """One message of an exchange, ready to be shown; `wire` is the beginning of its `size` bytes on the wire."""

    heading: str
    time: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[MarkedRow, ...]
    notes: tuple[str, ...]
    wire: bytes
    file_name: str
    size: int


@dataclass(frozen=True, kw_only=True)
class ExchangeView:
    """One exchange, ready to be shown."""

    id: ExchangeId
    title: str
    answer: str
    route: str
    facts: tuple[tuple[str, str], ...]
    contexts: tuple[Context, ...]
    messages: tuple[MessageView, ...]
    tone: str
    notes: tuple[str, ...] = ()


def marks_of(run: Run) -> Marks:
    """Every finding that points into the wire, by exchange."""
    found: dict[ExchangeId, list[Mark]] = defaultdict(list)
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for judged in leg.findings:
                    if judged.finding.evidence is not None:
                        found[judged.finding.evidence.exchange].append(_mark(play, step, judged))
    return {exchange: tuple(marks) for exchange, marks in found.items()}


def _mark(play: PlayResult, step: StepResult, judged: JudgedFinding) -> Mark:
    words = f"{printable(step.step, 60)} [{printable(step.transaction, 20)}]"
    return Mark(judged, finding_anchor(play, step, judged), words)


def start_of(run: Run) -> float:
    """Seconds since the epoch of the first thing recorded; 0 when nothing was."""
    if run.transcript is None:
        return 0.0
    records: Iterable[Link | Capture] = (*run.transcript.links[:1], *run.transcript.captures[:1])
    times = [record.time for record in records] + [event.time for event in run.transcript.events[:1]]
    return min(times, default=0.0)


@dataclass(frozen=True)
class Headline:
    """An exchange in few words: what the request is, and how it ended."""

    title: str
    answer: str


def headline_of(exchange: Exchange, payload: ReadPayload) -> Headline:
    """What the request is, and how the exchange ended."""
    return Headline(title_of(exchange, payload), answer_of(exchange, payload))


def title_of(exchange: Exchange, payload: ReadPayload) -> str:
    """What the request is: the DIMSE service with its SOP class, or the HL7 message type."""
    command = exchange.request.command
    if command is not None:
        sop_class = f" {printable(keyword_of(command.sop_class), 80)}" if command.sop_class else ""
        return f"{command.service.value}{sop_class}"
    content, _ = read_bounded(exchange.request.payload, payload)
    if content is None or exchange.request.payload is None or exchange.request.payload.kind is not PayloadKind.HL7:
        return "bytes"
    return printable(Message.parse(content).type, 40) or "HL7"


def answer_of(exchange: Exchange, payload: ReadPayload) -> str:
    """How the exchange ended in few words: status or acknowledgement code, or that no response came."""
    final = exchange.final
    if final is None:
        return "no response"
    if final.command is not None and final.command.status is not None:
        status = f"{final.command.status:04X}"
        count = len(exchange.responses)
        return f"{count - 1} pending, {status}" if count > 1 else status
    content, _ = read_bounded(final.payload, payload)
    code = Message.parse(content).first("MSA-1") if content is not None else ""
    return printable(code, 20) or "response"


def exchange_view(
    exchange: Exchange,
    payload: ReadPayload,
    marks: tuple[Mark, ...],
    start: float = 0.0,
    headline: Headline | None = None,
) -> ExchangeView:
    """The exchange with its messages decoded and the judged places marked; never raises for wire content."""
    headline = headline or headline_of(exchange, payload)
    shown = _responses_shown(exchange, marks)
    messages = [_message_view(exchange.request, Half.REQUEST, 0, payload, marks, start)]
    messages += [
        _message_view(exchange.responses[index], Half.RESPONSE, index, payload, marks, start) for index in shown
    ]
    notes = []
    if not exchange.responses:
        notes.append("no response was recorded")
    if len(shown) < len(exchange.responses):
        notes.append(f"{len(shown)} of {len(exchange.responses)} responses are shown; the evidence holds all")
    return ExchangeView(
        id=exchange.id,
        title=headline.title,
        answer=headline.answer,
        route=route(exchange),
        facts=link_facts(exchange.link),
        contexts=contexts_of(exchange.link),
        messages=tuple(messages),
        tone=gravest_tone(marks),
        notes=tuple(notes),
    )


def route(exchange: Exchange) -> str:
    """Who sent the request to whom, as far as the link tells."""
    ours = printable(exchange.link.actor, 60)
    theirs = printable(exchange.link.peer_actor or address_words(exchange.link.peer), 60)
    return f"{ours} \u2192 {theirs}" if exchange.sent else f"{theirs} \u2192 {ours}"


def exchange_text(run: Run, exchange_id: ExchangeId, payload: ReadPayload) -> str:
    """One exchange as plain text, findings below their places behind `>`; KeyError when there is none."""
    exchanges = run.transcript.exchanges if run.transcript else ()
    exchange = {exchange.id: exchange for exchange in exchanges}[exchange_id]
    return view_text(exchange_view(exchange, payload, marks_of(run).get(exchange_id, ()), start_of(run)))


def view_text(view: ExchangeView) -> str:
    """An arranged exchange as plain text."""
    lines = [f"exchange {view.id}  {view.title}  {view.route.replace(chr(0x2192), '->')}"]
    lines += [f"  {name}: {value}" for name, value in view.facts]
    for message in view.messages:
        lines += ["", *_message_lines(message)]
    lines += [f"  note: {note}" for note in view.notes]
    return "\n".join(lines) + "\n"


def _message_lines(message: MessageView) -> list[str]:
    lines = [f"{message.heading}  {message.time}"]
    lines += [f"  {name}: {value}" for name, value in message.facts]
    for marked in message.rows:
        row = marked.row
        indent = "  " * (row.depth + 1)
        value = "(absent)" if marked.absent else row.value
        lines.append(f"{indent}{row.place}  {row.name}  {value}".rstrip())
        lines += [
            f"> {indent}{verdict_words(mark.judged)} {comparison(mark.judged)}"
            f" [{printable(mark.judged.requirement.id)}]"
            for mark in marked.marks
            if mark.violated
        ]
    lines += [f"  note: {note}" for note in message.notes]
    return lines


def _responses_shown(exchange: Exchange, marks: tuple[Mark, ...]) -> list[int]:
    count = len(exchange.responses)
    if count <= RESPONSES_SHOWN:
        return list(range(count))
    wanted = [
        mark.judged.finding.evidence.response
        for mark in marks
        if mark.violated and mark.judged.finding.evidence and mark.judged.finding.evidence.half is Half.RESPONSE
    ]
    legal = [index for index in wanted if 0 <= index < count]
    return sorted(list(dict.fromkeys([count - 1, *legal, *range(count)]))[:RESPONSES_SHOWN])


def _message_view(
    capture: Capture, half: Half, index: int, payload: ReadPayload, marks: tuple[Mark, ...], start: float
) -> MessageView:
    content, notes = read_bounded(capture.payload, payload)
    kind = capture.payload.kind if capture.payload else PayloadKind.BYTES
    rows = rows_of(content, kind) if content is not None else Rows((), complete=capture.payload is None)
    wire = wire_bytes(content or b"", kind)
    here = [mark for mark in marks if _points_at(mark, half, index)]
    name = "request" if half is Half.REQUEST else f"response {index + 1}"
    return MessageView(
        heading=f"{name}, {capture.direction.value}",
        time=time_words(capture.time, start),
        facts=_command_facts(capture),
        rows=marked_rows(rows, here),
        notes=(*notes, *rows.notes),
        wire=wire[:WIRE_LIMIT],
        file_name=capture.payload.file_name if capture.payload else "",
        size=len(wire),
    )


def _points_at(mark: Mark, half: Half, index: int) -> bool:
    evidence = mark.judged.finding.evidence
    return evidence is not None and evidence.half is half and (half is Half.REQUEST or evidence.response == index)


def read_bounded(payload: Payload | None, read: ReadPayload) -> tuple[bytes | None, tuple[str, ...]]:
    """The bytes of a payload, or why there are none to show."""
    if payload is None:
        return None, ()
    if payload.size > SIZE_LIMIT:
        return None, (f"{payload.size} bytes, too large to show: evidence/payload/{payload.file_name}",)
    try:
        content = read(payload)
        return content if isinstance(content, bytes) else content.read_bytes(), ()
    except (RecordingError, OSError, KeyError) as error:
        return None, (f"the payload cannot be read: {printable(str(error))}",)


def time_words(time: float, start: float) -> str:
    """Seconds since the start, and the time of day."""
    try:
        clock = datetime.fromtimestamp(time, UTC).strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        clock = "?"
    return f"+{time - start:.3f} s ({clock} UTC)"


def _command_facts(capture: Capture) -> tuple[tuple[str, str], ...]:
    command = capture.command
    if command is None:
        return ()
    facts = [("command", f"{command.service.value}, message ID {command.message_id}")]
    if command.status is not None:
        facts.append(("status", status_words(command.status, command.service)))
    for name, uid in (
        ("SOP class", command.sop_class),
        ("SOP instance", command.sop_instance),
        ("transfer syntax", command.transfer_syntax),
    ):
        if uid:
            keyword = keyword_of(uid)
            facts.append((name, printable(uid) if keyword == uid else f"{printable(uid)} ({printable(keyword)})"))
    facts += [(printable(name, 40), printable(value)) for name, value in list(command.fields.items())[:20]]
    return tuple(facts)


def status_words(status: int, service: Service) -> str:
    """A DIMSE status in hexadecimal with its name."""
    return f"{status:04X} {statuses.name(status, service)}"
