"""What kind of DIMSE message a data set without its command is, told from what it holds.

A SOP class is what the file says, else what the attributes show. An answer of a query has values where its query has
empty keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from harness.dicom.paths import first, present
from harness.dicom.uids import GROUPS, is_in, uid_of
from harness.model.profile import Service
from harness.model.transcript import DimseCommand, Half

MPPS = uid_of("ModalityPerformedProcedureStep")
WORKLIST = uid_of("ModalityWorklistInformationModelFind")
COMMITMENT = uid_of("StorageCommitmentPushModel")
AVAILABILITY = uid_of("InstanceAvailabilityNotification")
_STUDY_ROOT_FIND = uid_of("StudyRootQueryRetrieveInformationModelFind")
_COMMITMENT_INSTANCE = uid_of("StorageCommitmentPushModelInstance")
_FINDS = frozenset(uid_of(f"{root}RootQueryRetrieveInformationModelFind") for root in ("Study", "Patient"))
_MOVES = frozenset(uid_of(f"{root}RootQueryRetrieveInformationModelMove") for root in ("Study", "Patient"))
_GETS = frozenset(uid_of(f"{root}RootQueryRetrieveInformationModelGet") for root in ("Study", "Patient"))

_OF_CREATE = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PatientName",
    "PatientID",
)
_KEYS = frozenset({"SpecificCharacterSet", "QueryRetrieveLevel", "PatientID", "StudyInstanceUID", "SeriesInstanceUID"})
_SHOWN_BY_ANSWERS = ("RetrieveAETitle", "InstanceAvailability")
_DEEPEST = 8


@dataclass(frozen=True)
class Guess:
    """A command that a data set may belong to, its half, and why."""

    command: DimseCommand
    half: Half
    why: str


def commands_of(
    dataset: Dataset, sop_class: str, sop_instance: str, transfer_syntax: str, others: Mapping[str, Sequence[Service]]
) -> Iterator[Guess]:
    """The commands that a data set may belong to, the likeliest first. `others` are the services of further classes."""
    kind, why = _class_of(dataset, sop_class)
    kind = kind or (sop_class if sop_class in others else "")
    if not kind:
        return
    instance = sop_instance or (first(dataset, "SOPInstanceUID") if is_in(kind, ("Storage",)) else "")
    for service, half, reason in _services(dataset, kind, others.get(kind, ())):
        command = DimseCommand(
            service=service,
            message_id=1,
            sop_class=kind,
            sop_instance=_COMMITMENT_INSTANCE if kind == COMMITMENT else instance,
            transfer_syntax=transfer_syntax,
            fields=_fields(dataset, service) if kind == COMMITMENT else {},
        )
        yield Guess(command, half, "; ".join(filter(None, (why, reason))))


def _class_of(dataset: Dataset, sop_class: str) -> tuple[str, str]:
    """The SOP class, and what told it when the file does not."""
    known = {MPPS, WORKLIST, COMMITMENT, AVAILABILITY} | _FINDS | _MOVES | _GETS | GROUPS["Storage"]
    if sop_class in known:
        return sop_class, ""
    own = first(dataset, "SOPClassUID").strip()
    if present(dataset, "QueryRetrieveLevel"):
        return _STUDY_ROOT_FIND, "QueryRetrieveLevel is there"
    if own in known:
        return own, ""
    if sop_class and own:
        return "", ""
    for attribute, found in (
        ("ScheduledProcedureStepSequence", WORKLIST),
        ("ScheduledStepAttributesSequence", MPPS),
        ("PerformedProcedureStepStatus", MPPS),
        ("TransactionUID", COMMITMENT),
        ("ReferencedSeriesSequence[0].ReferencedSOPSequence[0].InstanceAvailability", AVAILABILITY),
    ):
        if present(dataset, attribute):
            return found, f"{attribute.rpartition('.')[2]} is there"
    return "", ""


def _fields(dataset: Dataset, service: Service) -> Mapping[str, str]:
    """The command elements that go with the data set: a report with failures is event type 2 (PS3.4 J.3.3.1)."""
    if service is Service.N_ACTION:
        return {"ActionTypeID": "1"}
    return {"EventTypeID": "2" if present(dataset, "FailedSOPSequence") else "1"}


def _services(dataset: Dataset, kind: str, known: Sequence[Service]) -> Iterator[tuple[Service, Half, str]]:
    if is_in(kind, ("Storage",)):
        yield Service.C_STORE, Half.REQUEST, ""
    elif kind == MPPS or {Service.N_CREATE, Service.N_SET} <= set(known):
        created = next((name for name in _OF_CREATE if present(dataset, name)), "")
        if created:
            yield Service.N_CREATE, Half.REQUEST, f"{created} is there"
        else:
            yield Service.N_SET, Half.REQUEST, "the attributes that only N-CREATE sets are not there"
    elif kind == COMMITMENT:
        failed = present(dataset, "FailedSOPSequence")
        order = (Service.N_EVENT_REPORT, Service.N_ACTION) if failed else (Service.N_ACTION, Service.N_EVENT_REPORT)
        why = "FailedSOPSequence is there" if failed else "a request and a report without failures look alike"
        for service in order[: 1 if failed else 2]:
            yield service, Half.REQUEST, why
    elif kind == AVAILABILITY:
        yield Service.N_CREATE, Half.REQUEST, ""
    elif known and Service.C_FIND not in known:
        yield from ((service, Half.REQUEST, "") for service in known)
    elif kind in _MOVES:
        yield Service.C_MOVE, Half.REQUEST, ""
    elif kind in _GETS:
        yield Service.C_GET, Half.REQUEST, ""
    else:
        answered = is_answer(dataset)
        why = "it has values where a query has empty keys" if answered else "its keys are empty"
        yield Service.C_FIND, Half.RESPONSE if answered else Half.REQUEST, why


def is_answer(dataset: Dataset) -> bool:
    """Whether a data set is an entry that a query returned, rather than the query."""
    if any(first(dataset, name) for name in _SHOWN_BY_ANSWERS):
        return True
    filled = empty = 0
    for keyword, value in _leaves(dataset, 0):
        if keyword in _KEYS:
            continue
        if not value:
            empty += 1
        elif set(value) & {"*", "?"}:
            return False
        else:
            filled += 1
    return filled > empty


def _leaves(dataset: Dataset, depth: int) -> Iterator[tuple[str, str]]:
    for element in dataset:
        if element.VR == "SQ":
            if depth < _DEEPEST:
                for item in element.value:
                    yield from _leaves(item, depth + 1)
        else:
            yield element.keyword, "" if element.value is None else str(element.value)
