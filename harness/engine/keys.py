"""Strong keys: identifiers that join a message to the play it belongs to.

Step, procedure and bare accession numbers are weak (two departments reuse them) and are not listed here.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.checks.recording import ExchangeView
from harness.dicom import paths
from harness.hl7 import Message
from harness.model.profile import Service

_HL7_KEYS = {
    "patient": ("PID-3.1", "MRG-1.1"),
    "placer": ("ORC-2.1", "OBR-2.1", "SCH-26.1"),
    "filler": ("ORC-3.1", "OBR-3.1", "SCH-27.1"),
    "uid": ("ZDS-1.1", "IPC-3.1"),
    "appointment": ("SCH-1.1", "SCH-2.1"),
}
_DICOM_KEYS = {
    "patient": ("PatientID",),
    "uid": (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "TransactionUID",
        "ScheduledStepAttributesSequence[*].StudyInstanceUID",
        "ReferencedSOPSequence[*].ReferencedSOPInstanceUID",
        "FailedSOPSequence[*].ReferencedSOPInstanceUID",
        "ReferencedPerformedProcedureStepSequence[*].ReferencedSOPInstanceUID",
        "PerformedSeriesSequence[*].SeriesInstanceUID",
    ),
}
Key = tuple[str, str]


def message_keys(message: Message) -> frozenset[Key]:
    """Strong keys of an HL7 message; empty values are none."""
    return frozenset(
        (kind, located.value)
        for kind, fields in _HL7_KEYS.items()
        for path in fields
        for located in message.all(path)
        if located.value
    )


def dataset_keys(dataset: Dataset) -> frozenset[Key]:
    """Strong keys of a data set; lists of UIDs and wildcards of a query are split or left out."""
    return frozenset(
        (kind, value)
        for kind, keywords in _DICOM_KEYS.items()
        for path in keywords
        for located in paths.values(dataset, path)
        for value in str(located.value).split("\\")
        if value and not set(value) & {"*", "?"}
    )


def command_keys(service: Service, sop_instance: str) -> frozenset[Key]:
    """The key in a DIMSE command: its SOP instance, unless that is a well-known one."""
    return frozenset({("uid", sop_instance)} if sop_instance and service not in _WELL_KNOWN else ())


def stated_keys(service: Service, keys: frozenset[Key]) -> frozenset[Key]:
    """The keys by which a request may be known again: of a query the patients, for the rest is only asked.

    Two people may ask for the same UID, and it may be nobody's.
    """
    return keys if service is not Service.C_FIND else frozenset(key for key in keys if key[0] == "patient")


def request_keys(view: ExchangeView) -> frozenset[Key]:
    """Strong keys of a request, its SOP instance included."""
    return view.once(_request_keys)


def _request_keys(view: ExchangeView) -> frozenset[Key]:
    keys: frozenset[Key] = frozenset()
    if view.request_message is not None:
        keys |= message_keys(view.request_message)
    if view.request_dataset is not None:
        keys |= dataset_keys(view.request_dataset)
    command = view.exchange.request.command
    if command is not None:
        keys |= command_keys(command.service, command.sop_instance)
    return keys


_WELL_KNOWN = {Service.N_ACTION, Service.N_EVENT_REPORT}
"""Services on the well-known commitment instance, whose UID joins nothing (PS3.4 J.3.5)."""


def answer_keys(view: ExchangeView) -> tuple[frozenset[Key], ...]:
    """Strong keys of each answer: one set for an acknowledgement, one for each entry of a query."""
    return view.once(_answer_keys)


def _each_answer(view: ExchangeView) -> Iterator[frozenset[Key]]:
    if view.answer_message is not None:
        yield message_keys(view.answer_message)
    for dataset in view.response_datasets:
        if dataset is not None:
            yield dataset_keys(dataset)


def _answer_keys(view: ExchangeView) -> tuple[frozenset[Key], ...]:
    return tuple(_each_answer(view))


_NO_KEYS = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "TimezoneOffsetFromUTC"})
"""Attributes of a query that say how to read it, and match nothing."""


def matching_keys(view: ExchangeView) -> frozenset[str]:
    """The keywords that a query gives a value to, those in its sequences too; none of another request."""
    command, dataset = view.exchange.request.command, view.request_dataset
    if command is None or command.service is not Service.C_FIND or dataset is None:
        return frozenset()
    return frozenset(_valued(dataset)) - _NO_KEYS


def _valued(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            yield from (keyword for item in element.value for keyword in _valued(item))
        elif element.value not in (None, "") and element.keyword:
            yield element.keyword
