"""Which form of its leg a message has, and which one it comes nearest to when MSH-9 names none of them.

A message whose header is wrong is still judged field by field, by what else tells what it is. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.checks.recording import ExchangeView, LegView
from harness.hl7 import Message
from harness.model.profile import MessageForm


def forms(view: LegView) -> Iterator[tuple[ExchangeView, Message, MessageForm]]:
    """The HL7 requests of the leg that have one of its forms, or come near to one."""
    for exchange in view.exchanges:
        message = exchange.request_message
        form = form_or_nearest(view, message) if message is not None else None
        if message is not None and form is not None:
            yield exchange, message, form


def form_or_nearest(view: LegView, message: Message) -> MessageForm | None:
    """The form of a message, else the one form that EVN-1, MSH-9.3, or its segments tell; None when they tell none."""
    return view.message_form(message) or nearest_form(view, message)


def nearest_form(view: LegView, message: Message) -> MessageForm | None:
    """The form that a message with another MSH-9 comes nearest to; None when there is more than one such."""
    forms = _of_version(view, message)
    code, event = message.first("MSH-9.1"), message.first("EVN-1")
    named = [form for form in forms if event and form.type == f"{code or 'ADT'}^{event}"] or _meant(view, forms)
    if not named and message.structure:
        named = [form for form in forms if _structure(view, form) == message.structure]
    if not named:
        names = frozenset(message.segment_names())
        named = [form for form in forms if _segments(view, form) and _segments(view, form) <= names]
    control = message.first("ORC-1")
    controlled = [form for form in named if control and control in form.control]
    fitting = controlled or named
    return fitting[0] if len(fitting) == 1 else None


def _meant(view: LegView, forms: Sequence[MessageForm]) -> list[MessageForm]:
    """The form that our actor was asked for, in a step that has it deviate."""
    step = view.step.step
    deviates = step.deviation is not None and step.deviation.actor == view.initiator
    return [form for form in forms if deviates and step.trigger and form.type.endswith(f"^{step.trigger}")]


def _of_version(view: LegView, message: Message) -> list[MessageForm]:
    forms = view.planned.leg.messages
    exact = [form for form in forms if form.version == message.version]
    return exact or [form for form in forms if form.version == view.play.form]


def _structure(view: LegView, form: MessageForm) -> str:
    table = view.knowledge.hl7_tables.get(form.table)
    return table.structure if table is not None else ""


def _segments(view: LegView, form: MessageForm) -> frozenset[str]:
    """The segments beside the header that the form must have."""
    table = view.knowledge.hl7_tables.get(form.table)
    return frozenset(table.segments) - {"MSH"} if table is not None else frozenset()
