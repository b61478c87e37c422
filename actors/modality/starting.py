"""What an examination is for: the worklist entries that it performs, or none (RAD TF-2x: A.1; RAD TF-2: 4.6).

Simple, append, group and unscheduled case. Knows nothing of links.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset

from actors.modality.examination import PatientFile
from actors.modality.worklist import missing, next_entry, scheduled_step, step_key
from actors.objects.copying import CODE, REFERENCE, fresh_items, put, take
from harness.actor import Bedside, CannotAct
from harness.dicom.paths import first
from harness.dicom.person import pn
from harness.identifiers import Identifiers

_LONGEST = 64
"""Characters of a description (VR LO)."""


def entries_to_perform(file: PatientFile, patient_id: str, count: int) -> tuple[Dataset, ...]:
    """The patient's next entry, and for a group the next ones of the same modality; CannotAct when they are not there.

    When every entry was started, the last one is performed once more (append case), though it may have left the
    worklist since.
    """
    performed = [entry for each in file.examinations for entry in each.scheduled]
    started = {step_key(entry) for entry in performed}
    entry = next_entry(file.entries or performed[-1:], started)
    if entry is None:
        raise CannotAct(f"the worklist had no entry for patient {patient_id}")
    chosen = [entry]
    for other in file.listed:
        known = started | {step_key(one) for one in chosen}
        if len(chosen) < count and step_key(other) not in known and _modality(other) == _modality(entry):
            chosen.append(other)
    if len(chosen) < count:
        raise CannotAct(f"the worklist had {len(chosen)} entries of patient {patient_id} to perform in one step")
    for one in chosen:
        lacking = missing(one)
        if lacking:
            raise CannotAct(
                f"the worklist entry of patient {patient_id} has no {', '.join(lacking)} "
                "(type 1, PS3.4 Table K.6-1): nobody could examine with it"
            )
    return tuple(chosen)


def _modality(entry: Dataset) -> str:
    return first(scheduled_step(entry), "Modality")


def unscheduled(bedside: Bedside, modality: str, study_uid: str) -> Dataset:
    """What stands in for an entry when there is none: what the patient's card says, and a study of our own."""
    entry = Dataset()
    if not pn(bedside.name).isascii():
        put(entry, "SpecificCharacterSet", "ISO_IR 192")
    put(entry, "PatientName", pn(bedside.name))
    put(entry, "PatientID", bedside.patient_id)
    put(entry, "IssuerOfPatientID", bedside.authority.partition("&")[0])
    put(entry, "StudyInstanceUID", study_uid)
    step = Dataset()
    put(step, "Modality", modality)
    put(entry, "ScheduledProcedureStepSequence", [step])
    return entry


def grouped(entries: Sequence[Dataset], identifiers: Identifiers) -> Dataset:
    """What images of a group say of study and request: values that its entries agree in, and all of their codes.

    One Requested Procedure keeps its study; several are performed in a new one (PS3.17 J.4).
    """
    made = Dataset()
    for element in entries[0]:
        made[element.tag] = element
    if len({first(entry, "StudyInstanceUID") for entry in entries}) > 1:
        put(made, "StudyInstanceUID", identifiers.uid())
    for keyword in ("AccessionNumber", "RequestedProcedureID"):
        put(made, keyword, _common(first(entry, keyword) for entry in entries))
    if not first(made, "AccessionNumber"):
        put(made, "IssuerOfAccessionNumberSequence", [])
    put(made, "RequestedProcedureDescription", _joined(first(one, "RequestedProcedureDescription") for one in entries))
    put(made, "RequestedProcedureCodeSequence", _distinct(entries, "RequestedProcedureCodeSequence", CODE))
    put(made, "ReferencedStudySequence", _distinct(entries, "ReferencedStudySequence", REFERENCE))
    steps = [scheduled_step(entry) for entry in entries]
    step = Dataset()
    take(steps[0], step, ("Modality", "ScheduledStationName", "ScheduledPerformingPhysicianName"))
    put(
        step,
        "ScheduledProcedureStepDescription",
        _joined(first(one, "ScheduledProcedureStepDescription") for one in steps),
    )
    put(step, "ScheduledProtocolCodeSequence", _distinct(steps, "ScheduledProtocolCodeSequence", CODE))
    put(made, "ScheduledProcedureStepSequence", [step])
    return made


def _common(values: Iterable[str]) -> str:
    """The one value that there is, else none."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def _joined(texts: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(filter(None, texts)))[:_LONGEST].strip()


def _distinct(datasets: Iterable[Dataset], keyword: str, attributes: tuple[str, ...]) -> list[Dataset]:
    """The items of all data sets, each once."""
    items = [item for dataset in datasets for item in fresh_items(dataset, keyword, attributes)]
    return [item for number, item in enumerate(items) if item not in items[:number]]
