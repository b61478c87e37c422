"""Whether an exchange was accepted, in one word or in the words of who refused it. It judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.dicom.statuses import is_failure
from harness.hl7 import Message
from harness.model.profile import LinkKind, Service
from harness.model.transcript import Exchange, Payload

Read = Callable[[Payload], bytes | Path]

_TAKEN = ("AA", "CA")
"""HL7 table 0008."""
_UNANSWERED = frozenset({Service.C_CANCEL})
"""What has no response of its own (PS3.7 9.3.2.3)."""


def refusal(exchange: Exchange, read: Read) -> str:
    """Why a request was not accepted, as its receiver says; empty when it was."""
    final = exchange.final
    if final is None:
        command = exchange.request.command
        return "" if command is not None and command.service in _UNANSWERED else "no answer"
    if exchange.link.kind is LinkKind.MLLP:
        return "" if final.payload is None else _of_message(read(final.payload))
    command = final.command
    if command is None or command.status is None or not is_failure(command.status):
        return ""
    comment = command.fields.get("ErrorComment", "")
    return f"status {command.status:04X}{f' ({comment})' if comment else ''}"


def _of_message(content: bytes | Path) -> str:
    message = Message.parse(content if isinstance(content, bytes) else content.read_bytes())
    code = message.first("MSA-1")
    if code in _TAKEN:
        return ""
    text = message.first("ERR-8") or message.first("MSA-3") or message.first("ERR-1")
    return f"{code or 'no MSA-1'}{f' ({text})' if text else ''}"
