"""What a request is about, in few words for whoever watches: the patient, what was asked for, the state of a step."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.dicom.encoding import decode_payload
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.profile import Service
from harness.model.transcript import Exchange, PayloadKind
from reports import ReadPayload
from reports.exchanges import read_bounded
from reports.printable import printable

_KEYS = (
    "PatientID",
    "PatientName",
    "AccessionNumber",
    "StudyDate",
    "Modality",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
)
"""Matching keys that say most of what a query asks for, in this order."""
_SHOWN = 2
_LENGTH = 100


def subject_of(exchange: Exchange, payload: ReadPayload) -> str:
    """Whom or what a request is about; empty where it does not say, or cannot be read."""
    content, _ = read_bounded(exchange.request.payload, payload)
    if content is None or exchange.request.payload is None:
        return ""
    if exchange.request.payload.kind is PayloadKind.HL7:
        return printable(_of_message(Message.parse(content)), _LENGTH)
    dataset = decode_payload(content) if exchange.request.payload.kind is PayloadKind.DICOM else None
    return "" if dataset is None else printable(" ".join(_of_dataset(exchange, dataset)), _LENGTH)


def _of_message(message: Message) -> str:
    name = "^".join(filter(None, (message.first("PID-5.1"), message.first("PID-5.2"))))
    return " ".join(filter(None, (message.first("ORC-1"), name, message.first("PID-3.1"))))


def _of_dataset(exchange: Exchange, dataset: Dataset) -> Iterator[str]:
    command = exchange.request.command
    level = first(dataset, "QueryRetrieveLevel")
    state = first(dataset, "PerformedProcedureStepStatus")
    if level:
        yield level
        yield from [f"{word}={first(dataset, word)}" for word in _KEYS if first(dataset, word)][:_SHOWN]
    else:
        name = first(dataset, "PatientName").split("=")[0].rstrip("^")
        yield from filter(None, (name, first(dataset, "PatientID"), state))
    if command is not None and command.service is Service.C_MOVE:
        yield f"to {command.fields.get('MoveDestination', '').strip()}"
