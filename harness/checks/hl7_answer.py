"""What an acknowledgement says of itself and of an error: header, MSA and ERR (RAD TF-2: 2.4, HL7 v2.5.1 2.14.1).

One message and its answer; the findings are made by `hl7_acknowledgement`.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.hl7 import Message, table_codes
from harness.model.verdict import Outcome

Judgement = tuple[str, Outcome, str, str]
"""Rule, outcome, expected, received."""

HEADER = "ack-header"
ACCEPTING = frozenset({"AA", "CA"})

_WITH_ERR = (2, 5)
_DUE = ("MSH-11", "MSH-12")
_ERROR_CODES = "0357"
_SEVERITIES = ("E", "W", "I")
_EXCHANGED = (("MSH-3", "MSH-5"), ("MSH-4", "MSH-6"), ("MSH-5", "MSH-3"), ("MSH-6", "MSH-4"))


def content(message: Message, answer: Message, *, known: bool) -> Iterator[Judgement]:
    """Every rule on what an answer says. `known`: the message is of a type that the transaction has."""
    recent = _numbers(message.version) >= _WITH_ERR
    yield _event(message, answer, recent)
    own = answer.control_id
    yield "ack-control-id", _met(bool(own)), "a message control ID", own or "absent"
    yield _header(answer)
    yield _unknown_type(message, answer, known)
    yield _error(answer, recent)
    yield error_codes(answer)
    yield _unused(answer, recent)
    yield _addressed(message, answer)


def _event(message: Message, answer: Message, recent: bool) -> Judgement:
    """`ACK`, `ACK^event`, or in 2.5.1 `ACK^event^ACK`; an application answer has an event of its own."""
    parts = tuple(answer.first(f"MSH-9.{number}") for number in (1, 2, 3))
    event = message.first("MSH-9.2")
    if parts[0] != "ACK" or not event:
        return "ack-event", Outcome.NOT_APPLICABLE, "", ""
    wanted = ("ACK", event, "ACK")
    fits = parts == wanted or (not recent and parts[1] in ("", event) and parts[2] in ("", "ACK"))
    return "ack-event", _met(fits), "^".join(wanted), "^".join(parts).rstrip("^")


def _header(answer: Message) -> Judgement:
    """What MSH says in every message, besides what other rules are about; an application answer has its own table."""
    if answer.first("MSH-9.1") != "ACK":
        return HEADER, Outcome.NOT_APPLICABLE, "", ""
    due = ("MSH-7", *_DUE) if _numbers(answer.version) >= _WITH_ERR else _DUE
    missing = [path for path in due if not answer.has(path)]
    received = f"{' and '.join(missing)} absent" if missing else ""
    return HEADER, _met(not missing), " and ".join(due), received


def _unknown_type(message: Message, answer: Message, known: bool) -> Judgement:
    """AR; who accepts the message knows more than the transaction."""
    code = answer.first("MSA-1")
    if known or not message.type or code in ACCEPTING or not code:
        return "ack-unknown-type", Outcome.NOT_APPLICABLE, "", ""
    return "ack-unknown-type", _met(code in ("AR", "CR")), "AR", code


def _error(answer: Message, recent: bool) -> Judgement:
    """From 2.5 on a negative acknowledgement says what is wrong in ERR-3 and how grave it is in ERR-4."""
    if answer.first("MSA-1") in ACCEPTING or not recent:
        return "ack-error", Outcome.NOT_APPLICABLE, "", ""
    missing = [path for path in ("ERR-3", "ERR-4") if not answer.has(path)]
    received = f"{' and '.join(missing)} absent" if missing else answer.first("ERR-3.1")
    return "ack-error", _met(not missing), "ERR-3 and ERR-4", received


def error_codes(answer: Message) -> Judgement:
    """Each ERR of 2.5 on: a code of the table unless another coding system is named, and a severity of the table."""
    if _numbers(answer.version or "2.5.1") < _WITH_ERR or not answer.has("ERR"):
        return "ack-error-codes", Outcome.NOT_APPLICABLE, "", ""
    codes = table_codes(_ERROR_CODES, answer.version)
    count = answer.segment_names().count("ERR")
    for number in range(1, count + 1):
        code, system = answer.first(f"ERR[{number}]-3.1"), answer.first(f"ERR[{number}]-3.3")
        if code and codes and system in ("", f"HL7{_ERROR_CODES}") and code not in codes:
            return "ack-error-codes", Outcome.VIOLATED, f"ERR-3 of table {_ERROR_CODES}", code
        severity = answer.first(f"ERR[{number}]-4")
        if severity and severity not in _SEVERITIES:
            return "ack-error-codes", Outcome.VIOLATED, f"ERR-4 {' | '.join(_SEVERITIES)}", severity
    return "ack-error-codes", Outcome.MET, "", answer.first("ERR-3.1")


def _unused(answer: Message, recent: bool) -> Judgement:
    paths = ("MSA-4", "MSA-5", "MSA-6") if recent else ("MSA-4", "MSA-5")
    sent = [path for path in paths if answer.has(path)]
    return "ack-unused", _met(not sent), "absent", " ".join(sent) or "absent"


def _addressed(message: Message, answer: Message) -> Judgement:
    for there, here in _EXCHANGED:
        wanted, said = message.first(there), answer.first(here)
        if wanted != said:
            return "ack-addressed", Outcome.VIOLATED, f"{here} {wanted or 'absent'}", said or "absent"
    return "ack-addressed", Outcome.MET, "", ""


def _met(fits: bool) -> Outcome:
    return Outcome.MET if fits else Outcome.VIOLATED


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isascii() and part.isdigit() and len(part) < 4)
