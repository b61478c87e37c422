"""Changes to a recording: one message, one command, one exchange. The rest stays as it was recorded.

Owns how a changed recording is made, in bytes. It must not know what a change breaks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from harness.checks.recording import ExchangeView, LegView, PlayView, ReadPayload
from harness.errors import RecordingError
from harness.model.names import ExchangeId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.transcript import Capture, DimseCommand, Event, EventKind, Exchange, Half, Payload, PayloadKind
from harness.selftest.edits import Edit, edit_attributes, edit_fields
from harness.selftest.outcomes import SendToBadListener, TurnOutcome, send_to_bad_listener, turn_outcome
from harness.selftest.recordings import GAP


@dataclass(frozen=True)
class At:
    """A message of a recording."""

    exchange: ExchangeId
    half: Half = Half.REQUEST
    response: int = 0


@dataclass(frozen=True)
class EditMessage:
    """Change the content of one message; a request that is passed on byte for byte is passed on as changed."""

    at: At
    edits: tuple[Edit, ...]
    alone: bool = False
    """Whoever passes the message on passes on what it was before."""


@dataclass(frozen=True)
class EditCommand:
    """Change the command of one message; None leaves a part as it is. `fields`: an empty value takes one out."""

    at: At
    status: int | None = None
    sop_class: str | None = None
    sop_instance: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class DropExchange:
    """Leave an exchange out; its leg's time is up."""

    exchange: ExchangeId


@dataclass(frozen=True)
class DropResponse:
    """Leave one response out, or all of them."""

    exchange: ExchangeId
    response: int | None = None


@dataclass(frozen=True)
class RepeatResponse:
    """Put a changed copy of a response behind it."""

    exchange: ExchangeId
    response: int
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class CopyResponse:
    """Let a query be answered with an entry of an earlier one, too."""

    exchange: ExchangeId
    source: ExchangeId
    response: int


@dataclass(frozen=True)
class RepeatExchange:
    """Put a changed copy of an exchange behind it, or at the end of the play."""

    exchange: ExchangeId
    edits: tuple[Edit, ...] = ()
    answer_edits: tuple[Edit, ...] = ()
    status: int | None = None
    sop_instance: str | None = None
    at_end: bool = False


@dataclass(frozen=True)
class SwapExchanges:
    """Let two exchanges happen in each other's place."""

    one: ExchangeId
    other: ExchangeId


Change = (
    EditMessage
    | EditCommand
    | DropExchange
    | DropResponse
    | RepeatResponse
    | CopyResponse
    | RepeatExchange
    | SwapExchanges
    | TurnOutcome
    | SendToBadListener
)


class Unchangeable(ValueError):
    """A change that the recording does not admit: the mutant does not exist."""


def changed(view: PlayView, changes: tuple[Change, ...]) -> PlayView:
    """The recording with every change made; Unchangeable when one changes nothing or cannot be made."""
    for change in changes:
        view = _MAKERS[type(change)](view, change)
    return view


def _edit_message(view: PlayView, change: EditMessage) -> PlayView:
    for exchange in (change.at.exchange, *(() if change.alone else copies(view, change.at))):
        at = replace(change.at, exchange=exchange)
        view = _replaced(view, exchange, partial(_with_content, at=at, edits=change.edits))
    return view


def copies(view: PlayView, at: At) -> list[ExchangeId]:
    """Later exchanges that pass a request on: by the same service, byte for byte."""
    exchanges = [one.exchange for leg in view.legs for one in leg.exchanges]
    origin = next(one for one in exchanges if one.id == at.exchange).request
    if at.half is not Half.REQUEST or origin.payload is None:
        return []
    later = (one for one in exchanges if one.request.seq > origin.seq)
    return [one.id for one in later if one.request.payload == origin.payload and _service(one) is _service_of(origin)]


def _service(exchange: Exchange) -> Service | None:
    return _service_of(exchange.request)


def _service_of(capture: Capture) -> Service | None:
    return capture.command.service if capture.command is not None else None


def _edit_command(view: PlayView, change: EditCommand) -> PlayView:
    def edited(one: ExchangeView) -> ExchangeView:
        capture = _capture(one.exchange, change.at)
        if capture.command is None:
            raise Unchangeable("no command")
        command = _with_fields(capture.command, change)
        return _with_capture(one, change.at, replace(capture, command=command), one.read)

    return _replaced(view, change.at.exchange, edited)


def _with_fields(command: DimseCommand, change: EditCommand) -> DimseCommand:
    kept = {**command.fields, **change.fields}
    return replace(
        command,
        status=command.status if change.status is None else change.status,
        sop_class=command.sop_class if change.sop_class is None else change.sop_class,
        sop_instance=command.sop_instance if change.sop_instance is None else change.sop_instance,
        fields={name: value for name, value in kept.items() if value},
    )


def _drop_exchange(view: PlayView, change: DropExchange) -> PlayView:
    events = list(view.events)
    legs = []
    for leg in view.legs:
        kept = tuple(one for one in leg.exchanges if one.exchange.id != change.exchange)
        if len(kept) < len(leg.exchanges) and not kept:
            events.append(_expired(leg, events))
        legs.append(leg if len(kept) == len(leg.exchanges) else replace(leg, exchanges=kept))
    return replace(view, legs=tuple(legs), events=tuple(events))


def _expired(leg: LegView, events: list[Event]) -> Event:
    """The time of a leg is up, and nothing had come."""
    last = max((event.seq for event in events), default=0)
    return Event(
        seq=last + 1,
        time=0.0,
        kind=EventKind.LEG_EXPIRED,
        step=StepRef(leg.play.id, leg.step.step.id),
        play=leg.play.id,
        leg=leg.planned.leg.id,
        facts={"seconds": "its time"},
    )


def _drop_response(view: PlayView, change: DropResponse) -> PlayView:
    def edited(one: ExchangeView) -> ExchangeView:
        wanted = change.response
        kept = tuple(capture for index, capture in enumerate(one.exchange.responses) if wanted not in (None, index))
        return ExchangeView(replace(one.exchange, responses=kept), one.read)

    return _replaced(view, change.exchange, edited)


def _repeat_response(view: PlayView, change: RepeatResponse) -> PlayView:
    def edited(one: ExchangeView) -> ExchangeView:
        at = At(change.exchange, Half.RESPONSE, change.response)
        copy = _with_content(one, at, change.edits) if change.edits else one
        again = copy.exchange.responses[change.response]
        responses = list(one.exchange.responses)
        responses.insert(change.response + 1, replace(again, seq=again.seq + 1))
        return ExchangeView(replace(one.exchange, responses=tuple(responses)), copy.read)

    return _replaced(view, change.exchange, edited)


def _copy_response(view: PlayView, change: CopyResponse) -> PlayView:
    exchanges = {one.exchange.id: one for leg in view.legs for one in leg.exchanges}
    source = exchanges[change.source]

    def edited(one: ExchangeView) -> ExchangeView:
        entry = source.exchange.responses[change.response]
        copy = replace(entry, exchange=one.exchange.id, seq=one.exchange.request.seq + 1)
        responses = (copy, *one.exchange.responses)
        return ExchangeView(replace(one.exchange, responses=responses), _Both(one.read, source.read))

    return _replaced(view, change.exchange, edited)


def _repeat_exchange(view: PlayView, change: RepeatExchange) -> PlayView:
    number = ExchangeId(max(one.exchange.id for leg in view.legs for one in leg.exchanges) + 1)
    end = max(capture.seq for leg in view.legs for one in leg.exchanges for capture in _captures(one.exchange))
    legs = []
    for leg in view.legs:
        exchanges = list(leg.exchanges)
        for place, one in enumerate(leg.exchanges):
            if one.exchange.id == change.exchange:
                shift = end + GAP - one.exchange.request.seq if change.at_end else GAP // 2
                exchanges.insert(place + 1, _again(one, number, shift, change))
        legs.append(replace(leg, exchanges=tuple(exchanges)) if len(exchanges) > len(leg.exchanges) else leg)
    return replace(view, legs=tuple(legs))


def _again(one: ExchangeView, number: ExchangeId, shift: int, change: RepeatExchange) -> ExchangeView:
    copy = _with_content(one, At(change.exchange), change.edits) if change.edits else one
    if change.answer_edits and one.exchange.responses:
        copy = _with_content(copy, At(change.exchange, Half.RESPONSE), change.answer_edits)
    captures = [_renamed(capture, number, shift, change) for capture in _captures(copy.exchange)]
    if change.status is not None and captures[1:] and captures[-1].command is not None:
        captures[-1] = replace(captures[-1], command=replace(captures[-1].command, status=change.status))
    exchange = replace(copy.exchange, id=number, request=captures[0], responses=tuple(captures[1:]))
    return ExchangeView(exchange, copy.read)


def _renamed(capture: Capture, number: ExchangeId, shift: int, change: RepeatExchange) -> Capture:
    command = capture.command
    if command is not None and change.sop_instance is not None:
        command = replace(command, sop_instance=change.sop_instance)
    return replace(capture, exchange=number, seq=capture.seq + shift, command=command)


@dataclass(frozen=True)
class _Both:
    """Reads a payload from where the first finds it, or else the second."""

    first: ReadPayload
    second: ReadPayload

    def __call__(self, payload: Payload) -> bytes | Path:
        try:
            return self.first(payload)
        except (KeyError, RecordingError):
            return self.second(payload)


def _captures(exchange: Exchange) -> tuple[Capture, ...]:
    return (exchange.request, *exchange.responses)


def _swap(view: PlayView, change: SwapExchanges) -> PlayView:
    exchanges = {one.exchange.id: one.exchange for leg in view.legs for one in leg.exchanges}
    gap = exchanges[change.other].request.seq - exchanges[change.one].request.seq
    view = _replaced(view, change.one, lambda one: _shifted(one, gap))
    return _replaced(view, change.other, lambda one: _shifted(one, -gap))


def _shifted(one: ExchangeView, gap: int) -> ExchangeView:
    request, *responses = (replace(capture, seq=capture.seq + gap) for capture in _captures(one.exchange))
    return ExchangeView(replace(one.exchange, request=request, responses=tuple(responses)), one.read)


def _replaced(view: PlayView, exchange: ExchangeId, edited: Callable[[ExchangeView], ExchangeView]) -> PlayView:
    legs = []
    for leg in view.legs:
        hit = any(one.exchange.id == exchange for one in leg.exchanges)
        exchanges = tuple(edited(one) if one.exchange.id == exchange else one for one in leg.exchanges)
        legs.append(replace(leg, exchanges=tuple(sorted(exchanges, key=_order))) if hit else leg)
    return replace(view, legs=tuple(legs))


def _order(one: ExchangeView) -> int:
    return one.exchange.request.seq


def _capture(exchange: Exchange, at: At) -> Capture:
    return exchange.request if at.half is Half.REQUEST else exchange.responses[at.response]


def _with_capture(one: ExchangeView, at: At, capture: Capture, read: ReadPayload) -> ExchangeView:
    if at.half is Half.REQUEST:
        return ExchangeView(replace(one.exchange, request=capture), read)
    responses = list(one.exchange.responses)
    responses[at.response] = capture
    return ExchangeView(replace(one.exchange, responses=tuple(responses)), read)


def _with_content(one: ExchangeView, at: At, edits: tuple[Edit, ...]) -> ExchangeView:
    capture = _capture(one.exchange, at)
    if capture.payload is None:
        raise Unchangeable("no payload")
    before = one.read(capture.payload)
    if isinstance(before, Path):
        raise Unchangeable("too large to be changed in memory")
    try:
        after = (
            edit_fields(before, edits)
            if capture.payload.kind is PayloadKind.HL7
            else edit_attributes(before, edits, capture)
        )
    except (ValueError, LookupError, RecordingError) as fault:
        raise Unchangeable(str(fault)) from fault
    if after == before:
        raise Unchangeable("nothing was changed")
    payload = Payload(hashlib.sha256(after).hexdigest(), capture.payload.kind, len(after))
    return _with_capture(one, at, replace(capture, payload=payload), _Overlay(payload.sha256, after, one.read))


@dataclass(frozen=True)
class _Overlay:
    """Reads one payload from memory, the rest from where they were."""

    sha256: str
    content: bytes
    below: ReadPayload

    def __call__(self, payload: Payload) -> bytes | Path:
        return self.content if payload.sha256 == self.sha256 else self.below(payload)


_MAKERS: Mapping[type, Callable[[PlayView, object], PlayView]] = MappingProxyType(
    {
        EditMessage: _edit_message,  # type: ignore[dict-item]
        EditCommand: _edit_command,  # type: ignore[dict-item]
        DropExchange: _drop_exchange,  # type: ignore[dict-item]
        DropResponse: _drop_response,  # type: ignore[dict-item]
        CopyResponse: _copy_response,  # type: ignore[dict-item]
        RepeatResponse: _repeat_response,  # type: ignore[dict-item]
        RepeatExchange: _repeat_exchange,  # type: ignore[dict-item]
        SwapExchanges: _swap,  # type: ignore[dict-item]
        TurnOutcome: turn_outcome,  # type: ignore[dict-item]
        SendToBadListener: send_to_bad_listener,  # type: ignore[dict-item]
    }
)
