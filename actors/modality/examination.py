"""What the modality remembers of its patients: worklist entries, performed steps, series and images.

Pure state: nothing here sends. One thread works on one patient at a time; the ledger of patients is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pydicom.dataset import Dataset

from harness.dicom.paths import first
from harness.model.scenario import PlannedProcedure

MOST_FILES = 500
"""Patients whose files are kept by a modality that is asked for whoever comes next."""


class Reference(NamedTuple):
    """An instance by its SOP class and SOP instance UID."""

    sop_class: str
    sop_instance: str


@dataclass(kw_only=True)
class Image:
    """An image that was made; `stored` once the archive took it, `announced` when the performed step lists it."""

    reference: Reference
    dataset: Dataset
    stored: bool = False
    announced: bool = False


@dataclass(kw_only=True)
class PerformedSeries:
    """A series of a performed step; it belongs to this step alone."""

    uid: str
    number: int
    modality: str
    protocol_name: str
    description: str
    performing_physician: str
    operator: str
    images: list[Image] = field(default_factory=list)

    def listed(self) -> tuple[Reference, ...]:
        """The instances that the performed step lists."""
        return tuple(image.reference for image in self.images if image.stored or image.announced)


@dataclass(kw_only=True)
class Examination:
    """One Modality Performed Procedure Step with what was made in it.

    `entry` is what its images say of patient, study and request; `scheduled` are the worklist entries that it performs,
    none when it was not scheduled; `performed` is what is done instead of what was scheduled. `study_start` is the
    start of the study's first step, the same in every image of the study. `reported`: its creation was sent; `known`:
    it was not refused. `named_step` is the performed step that its images name, when that is another one.
    """

    entry: Dataset
    scheduled: tuple[Dataset, ...]
    mpps: str
    pps_id: str
    start: datetime
    study_start: datetime
    frame_of_reference: str
    study_id: str = ""
    named_step: str = ""
    performed: PlannedProcedure | None = None
    final: str = ""
    reported: bool = False
    known: bool = False
    series: list[PerformedSeries] = field(default_factory=list)

    @property
    def study(self) -> str:
        """The Study Instance UID."""
        return first(self.entry, "StudyInstanceUID")

    def images(self) -> Iterator[Image]:
        """Every image of the step."""
        for series in self.series:
            yield from series.images

    def pending(self) -> tuple[Image, ...]:
        """Images that wait to be stored."""
        return tuple(image for image in self.images() if not image.stored)


@dataclass(kw_only=True)
class PatientFile:
    """What is known of one patient: entries of the last worklist query, and the examinations made.

    `entries` are those for the service that was ordered, `listed` all of the patient's. `unasked`: nobody had said yet
    which service that is when the worklist was asked for everybody.
    """

    entries: tuple[Dataset, ...] = ()
    listed: tuple[Dataset, ...] = ()
    unasked: bool = False
    examinations: list[Examination] = field(default_factory=list)

    def latest(self) -> Examination | None:
        """The examination that was started last."""
        return self.examinations[-1] if self.examinations else None

    def unreported(self) -> Examination | None:
        """The first examination that no performed step was created for yet."""
        return next((each for each in self.examinations if not each.reported), None)

    def is_finished(self) -> bool:
        """Whether nothing of it is under way: each examination has ended, and everything was stored."""
        return all(each.final and not each.pending() for each in self.examinations)

    def to_store(self) -> Examination | None:
        """The first examination with images that wait to be stored, else the latest."""
        return next((each for each in self.examinations if each.pending()), self.latest())

    def to_commit(self, committed: Container[str]) -> tuple[Reference, ...]:
        """Stored instances without a commitment; when all have one, all stored instances again."""
        stored = [image.reference for each in self.examinations for image in each.images() if image.stored]
        return tuple(each for each in stored if each.sop_instance not in committed) or tuple(stored)

    def of_study(self, study: str) -> tuple[Examination, ...]:
        """The examinations of a study, in the order in which they were started."""
        return tuple(each for each in self.examinations if each.study == study)


class Patients:
    """Files by patient ID; safe for threads that work on different patients."""

    def __init__(self) -> None:
        self._files: dict[str, PatientFile] = {}
        self._lock = threading.Lock()

    def file(self, patient_id: str) -> PatientFile:
        """The patient's file; an empty one for a patient seen for the first time."""
        with self._lock:
            return self._files.setdefault(patient_id, PatientFile())

    def tidy(self, listed: Collection[str]) -> None:
        """Let go of what nobody needs any more, where the modality works on for days: patients who left the worklist
        without an examination, the contents of stored images, and the oldest files of many."""
        with self._lock:
            done = {number: file for number, file in self._files.items() if file.is_finished()}
            for number, file in done.items():
                for image in (image for each in file.examinations for image in each.images()):
                    image.dataset = Dataset()
                if number not in listed and (not file.examinations or len(self._files) > MOST_FILES):
                    del self._files[number]

    def all(self) -> tuple[PatientFile, ...]:
        """Every file, in the order in which the patients came."""
        with self._lock:
            return tuple(self._files.values())
