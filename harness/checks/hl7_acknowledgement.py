"""Acknowledgements: that there is one, that it names its message, and what it says (RAD TF-2: 2.4, HL7 2.9.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from harness.checks import hl7_header, hl7_structure, hl7_table
from harness.checks.expecting import may_be_refused, refused
from harness.checks.hl7_answer import HEADER, content
from harness.checks.recording import ExchangeView, LegView
from harness.checks.registry import leg_check
from harness.hl7 import Message
from harness.model.finding import Evidence, Finding
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome, Strength

CHECK = "hl7.ack"

ACCEPTING = frozenset({"AA", "CA"})
_ORIGINAL = frozenset({"AA", "AE", "AR"})
_ENHANCED = MappingProxyType({"CA": "accepts", "CE": "reports an error in", "CR": "rejects"})
"""Accept acknowledgements of enhanced mode, HL7 table 0008."""
_PLAIN = frozenset({"AE", "AR", *_ENHANCED})
"""Codes that a plain acknowledgement may say where the transaction calls for an application answer."""
_ROWS = (
    "ack-answered",
    "ack-echo",
    "ack-code",
    "ack-type",
    "ack-event",
    "ack-control-id",
    "ack-header",
    "ack-unknown-type",
    "ack-error",
    "ack-error-codes",
    "ack-unused",
    "ack-addressed",
    "ack-accepted",
)


@leg_check(CHECK, rows=_ROWS)
def check(view: LegView) -> Iterator[Finding]:
    """Each message of the leg and its answer."""
    for exchange in view.exchanges:
        message = exchange.request_message
        if message is None:
            continue
        answer = exchange.answer_message
        evidence = exchange.evidence("MSA", Half.RESPONSE, max(len(exchange.exchange.responses) - 1, 0))
        if answer is None:
            yield from view.ruled(
                CHECK,
                "ack-answered",
                Outcome.VIOLATED,
                exchange.evidence(),
                expected="an acknowledgement",
                received="no answer" if exchange.exchange.final is None else "no HL7 message",
            )
            continue
        yield from view.ruled(CHECK, "ack-answered", Outcome.MET, evidence)
        yield from _echo(view, message, answer, evidence)
        yield from _code(view, message, answer, evidence)
        yield from _type(view, message, answer, evidence)
        for row, outcome, expected, received in content(message, answer, known=view.message_form(message) is not None):
            at = replace(evidence, path="MSH") if row == HEADER else evidence
            yield from view.ruled(CHECK, row, outcome, at, expected=expected, received=received)
        yield from _accepted(view, exchange, message, answer)


def _echo(view: LegView, message: Message, answer: Message, evidence: Evidence) -> Iterator[Finding]:
    echoed = answer.first("MSA-2")
    outcome = Outcome.MET if echoed == message.control_id else Outcome.VIOLATED
    yield from view.ruled(
        CHECK, "ack-echo", outcome, evidence, expected=message.control_id, received=echoed or "absent"
    )


def _code(view: LegView, message: Message, answer: Message, evidence: Evidence) -> Iterator[Finding]:
    """A code of original mode; one of enhanced mode is named, and no fault where the message asked for that mode."""
    code = answer.first("MSA-1")
    outcome, received = (Outcome.MET if code in _ORIGINAL else Outcome.VIOLATED), code or "absent"
    if code in _ENHANCED:
        received = f"{code}: {_ENHANCED[code]} the message in enhanced mode"
        if message.has("MSH-15") or message.has("MSH-16"):
            outcome, received = Outcome.NOT_APPLICABLE, f"{received}, which MSH-15 or MSH-16 asks for"
    yield from view.ruled(CHECK, "ack-code", outcome, evidence, expected="AA | AE | AR", received=received)


def _type(view: LegView, message: Message, answer: Message, evidence: Evidence) -> Iterator[Finding]:
    form = view.message_form(message)
    if form is None:
        return
    fits = any(wanted in (answer.type, answer.first("MSH-9.1")) for wanted in form.answer)
    plain = answer.first("MSH-9.1") == "ACK" and answer.first("MSA-1") in _PLAIN
    unfit = Outcome.NOT_APPLICABLE if plain else Outcome.VIOLATED
    yield from view.ruled(
        CHECK,
        "ack-type",
        Outcome.MET if fits else unfit,
        evidence,
        expected=" | ".join(form.answer),
        received=answer.type or "absent",
    )


def _accepted(view: LegView, exchange: ExchangeView, message: Message, answer: Message) -> Iterator[Finding]:
    """A message without fault is accepted; what the step wants refused is for the expectations."""
    evidence = exchange.evidence("MSA-1", Half.RESPONSE, len(exchange.exchange.responses) - 1)
    code = answer.first("MSA-1")
    if code in ACCEPTING:
        outcome = Outcome.NOT_APPLICABLE if may_be_refused(view) else Outcome.MET
    elif may_be_refused(view) or not legal(view, message):
        outcome = Outcome.NOT_APPLICABLE
    else:
        outcome = refused(view)
    reason = answer.first("ERR-8") or answer.first("ERR-3.2") or answer.first("MSA-3")
    yield from view.ruled(
        CHECK,
        "ack-accepted",
        outcome,
        evidence,
        expected="AA",
        received=f"{code or 'absent'} ({reason})" if reason else code or "absent",
    )


def legal(view: LegView, message: Message) -> bool:
    """Whether nothing that the tables are sure of speaks against a message."""
    form = view.message_form(message)
    if form is None:
        return False
    table = view.knowledge.hl7_tables.get(form.table)
    if any(hl7_structure.departures(message, table)) or any(hl7_header.faults(message, form, table)):
        return False
    if table is None:
        return True
    return not any(
        judgement.outcome is Outcome.VIOLATED
        and table.rows[judgement.row].strength is Strength.SHALL
        and table.rows[judgement.row].confidence is not Confidence.UNSURE
        for judgement in hl7_table.judge(message, table)
    )
