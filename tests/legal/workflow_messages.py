"""The messages of a scheduled workflow, as one case has them: those of the baseline of the specimens, with its values.

When they are sent, and how often, is for `workflows`.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from harness.engine.unscripted import UnscriptedExchange, dimse_exchange, hl7_exchange
from harness.hl7 import edit
from harness.model.profile import Service
from tests.legal.datasets import put
from tests.legal.judged import KNOWLEDGE
from tests.specimens import builder
from tests.specimens.workflow import CT, SERIES, Workflow

MPPS_CLASS = "ModalityPerformedProcedureStep"


@dataclass(frozen=True)
class Case:
    """What a recording is about: the form of its messages, and what they say.

    `name` is the patient's as everybody knows it in the end; `renamed`: it was another at first. `scheduled`: how many
    scheduled steps; `performed`: how many performed steps, the second appended; `moved`: the step is scheduled anew;
    `given_up`: it ends as discontinued.
    """

    form: str
    name: str = "LINDGREN^ASTA"
    renamed: bool = False
    scheduled: int = 1
    performed: int = 1
    images: int = 2
    moved: bool = False
    given_up: bool = False
    patient: str = "P1001"

    @property
    def time(self) -> str:
        """When the step is to start, in the end."""
        return "1300" if self.moved else "1100"

    def mpps(self, number: int) -> str:
        """A performed step."""
        return f"1.2.3.4.6.{number}"

    def series(self, number: int) -> str:
        """The series of a performed step."""
        return f"{SERIES}.{number}"

    def uids(self, number: int) -> list[str]:
        """The images of a performed step."""
        return [f"{self.series(number)}.{place}" for place in range(1, self.images + 1)]

    def every_uid(self) -> list[str]:
        """Every image."""
        return [uid for number in range(1, self.performed + 1) for uid in self.uids(number)]


@lru_cache(maxsize=8)
def baseline(form: str) -> Workflow:
    """The baseline, which knows how each of its messages is made."""
    return Workflow(builder, KNOWLEDGE, form, {})


# HL7


class Sender:
    """Writes HL7 messages, each with a control ID of its own, and plain acknowledgements."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._sent = 0

    def exchange(self, transaction: str, leg: str, raw: bytes, step: str, *, name: str = "") -> UnscriptedExchange:
        """A message and its acknowledgement, about a patient of that name."""
        self._sent += 1
        raw = edit.set_value(raw, "MSH-10", f"M{self._sent}")
        family, given = (name or self._case.name).split("^")
        raw = edit.set_value(edit.set_value(raw, "PID-5.1", family), "PID-5.2", given)
        return hl7_exchange(transaction, leg, raw, builder.plain_ack(raw, "AA", f"A{self._sent}"), step=step)


def as_event(raw: bytes, event: str, structure: str) -> bytes:
    """An ADT message as another event."""
    raw = edit.set_value(raw, "MSH-9.2", event)
    if b"^ADT_A" in raw:
        raw = edit.set_value(raw, "MSH-9.3", structure)
    return edit.set_value(raw, "EVN-1", event) if b"EVN|A" in raw else raw


def of_stranger(raw: bytes) -> bytes:
    """The same message about somebody else."""
    return edit.set_value(edit.set_value(raw, "PID-3.1", "P9010"), "PID-18.1", "ACC99")


@lru_cache(maxsize=64)
def scheduling(form: str, scheduled: int) -> bytes:
    """RAD-4 for one or two steps of one procedure."""
    raw = baseline(form).scheduled()
    if scheduled == 1:
        return raw
    lines = raw.split(b"\r")[:-1]
    if form >= "2.5":
        second = lines[-1].replace(b"SPS1", b"SPS2").replace(b"X1", b"X2")
        return b"\r".join([*lines, second, b""])
    head, order, study = lines[:3], lines[3:5], lines[5:]
    again = [order[0], order[1].replace(b"SPS1", b"SPS2").replace(b"^X1^", b"^X2^").replace(b"OBR|1", b"OBR|2")]
    return b"\r".join([*head, *order, *again, *study, b""])


def moved(raw: bytes) -> bytes:
    """RAD-13: the procedure of a RAD-4 at another time."""
    raw = raw.replace(b"202401021100", b"202401021300").replace(b"|P|", b"|P|", 1)
    count = raw.count(b"\rORC|")
    for number in range(1, count + 1):
        raw = edit.set_value(edit.set_value(raw, f"ORC[{number}]-1", "XO"), f"ORC[{number}]-5", "SC")
    return raw


# DICOM


def _plan(case: Case) -> list[tuple[str, str]]:
    return [(f"SPS{number}", f"X{number}") for number in range(1, case.scheduled + 1)]


@lru_cache(maxsize=256)
def entries_of(case: Case) -> tuple[Dataset, ...]:
    """The worklist entries of the case."""
    made = []
    for step_id, protocol in _plan(case):
        entry = baseline(case.form).entry()
        entry.PatientName = case.name
        step = entry.ScheduledProcedureStepSequence[0]
        step.ScheduledProcedureStepID, step.ScheduledProcedureStepStartTime = step_id, f"{case.time}00"
        step.ScheduledProtocolCodeSequence = Sequence([builder.code(protocol)])
        made.append(entry)
    return tuple(made)


@lru_cache(maxsize=256)
def _created(case: Case, number: int) -> Dataset:
    made = baseline(case.form).started()
    made.PatientName, made.PerformedProcedureStepID = case.name, f"PPS{number}"
    items = []
    for step_id, protocol in _plan(case):
        item = baseline(case.form).scheduled_attributes()
        item.ScheduledProcedureStepID = step_id
        item.ScheduledProtocolCodeSequence = Sequence([builder.code(protocol)])
        items.append(item)
    made.ScheduledStepAttributesSequence = Sequence(items)
    put(made, "PerformedProcedureStepDiscontinuationReasonCodeSequence", [])
    return made


def _series_item(case: Case, number: int, uids: Iterable[str]) -> Dataset:
    item = baseline(case.form).completed().PerformedSeriesSequence[0]
    item.SeriesInstanceUID = case.series(number)
    item.ReferencedImageSequence = Sequence(references(uids))
    return item


@lru_cache(maxsize=256)
def _ended(case: Case, number: int) -> Dataset:
    made = baseline(case.form).completed()
    made.PerformedSeriesSequence = Sequence([_series_item(case, number, case.uids(number))])
    if case.given_up:
        made.PerformedProcedureStepStatus = "DISCONTINUED"
        made.PerformedProcedureStepDiscontinuationReasonCodeSequence = Sequence([builder.code("110513", "DCM")])
    return made


def references(uids: Iterable[str]) -> list[Dataset]:
    """Items that reference images."""
    return [builder.dataset(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid) for uid in uids]


@lru_cache(maxsize=512)
def image_of(case: Case, number: int, uid: str) -> Dataset:
    """One image of a performed step."""
    made = baseline(case.form).image(uid)
    made.PatientName, made.PatientID = case.name, case.patient
    made.SeriesInstanceUID, made.PerformedProcedureStepID = case.series(number), f"PPS{number}"
    made.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID = case.mpps(number)
    made.SeriesNumber = str(number)
    first = made.RequestAttributesSequence[0]
    items = []
    for step_id, protocol in _plan(case):
        item = deepcopy(first)
        item.ScheduledProcedureStepID = step_id
        item.ScheduledProtocolCodeSequence = Sequence([builder.code(protocol)])
        items.append(item)
    made.RequestAttributesSequence = Sequence(items)
    return made


@lru_cache(maxsize=2048)
def store_of(case: Case, number: int, uid: str, transaction: str, step: str) -> UnscriptedExchange:
    """One image on its way into the archive, or out of it again."""
    return dimse_exchange(
        transaction, "store", Service.C_STORE, image_of(case, number, uid), sop_class="CTImageStorage",
        sop_instance=uid, step=step,
    )  # fmt: skip


@lru_cache(maxsize=2048)
def about_step(case: Case, number: int, leg: str, service: Service) -> UnscriptedExchange:
    """N-CREATE or the last N-SET of a performed step, to one of its receivers."""
    created = service is Service.N_CREATE
    return dimse_exchange(
        "RAD-6" if created else "RAD-7",
        leg,
        service,
        _created(case, number) if created else _ended(case, number),
        sop_class=MPPS_CLASS,
        sop_instance=case.mpps(number),
        step=f"{'started' if created else 'ended'}-{number}",
    )


def progress(case: Case, number: int, leg: str) -> UnscriptedExchange:
    """An N-SET in between."""
    made = builder.dataset(
        PerformedProcedureStepStatus="IN PROGRESS",
        PerformedSeriesSequence=[_series_item(case, number, case.uids(number)[:1])],
    )
    return dimse_exchange(
        "RAD-7", leg, Service.N_SET, made, sop_class=MPPS_CLASS, sop_instance=case.mpps(number), step=f"ended-{number}"
    )


@lru_cache(maxsize=8)
def other_entry(form: str) -> Dataset:
    """A worklist entry about somebody else."""
    entry = baseline(form).entry()
    entry.PatientName, entry.PatientID, entry.PatientBirthDate = "OAKES^ANN", "P9009", "19700101"
    entry.AccessionNumber, entry.RequestedProcedureID, entry.StudyInstanceUID = "ACC9", "RP9", "1.2.3.4.99"
    entry.PlacerOrderNumberImagingServiceRequest, entry.FillerOrderNumberImagingServiceRequest = "A9", "F9"
    entry.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID = "SPS9"
    return entry
