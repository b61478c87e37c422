"""What the archive says of the instances of a performed step (RAD-49; PS3.4 R), and of work on a study (RAD-42).

Pure content from what is stored; sending it is the actor's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pydicom.dataset import Dataset

from actors.image_manager.archive import StoredObject
from actors.image_manager.wrong_entry import wrongly_identified
from actors.objects.copying import items, put, reference_item, take
from actors.objects.performed_steps import PerformedStep
from harness.dicom.paths import first
from harness.dicom.uids import uid_of

NOTIFICATION = "InstanceAvailabilityNotification"
WORK_STATUS = "GeneralPurposePerformedProcedureStep"

_LISTS = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
_WORKITEM = ("110002", "DCM", "Quality Control")
"""What an archive does with what it was sent (PS3.16 CID 9231)."""


def listed(step: PerformedStep) -> tuple[str, ...]:
    """The instances that a performed step lists, none twice."""
    return tuple(
        dict.fromkeys(
            first(reference, "ReferencedSOPInstanceUID")
            for series in items(step.dataset, "PerformedSeriesSequence")
            for keyword in _LISTS
            for reference in items(series, keyword)
        )
    )


def complete(step: PerformedStep, find: Callable[[str], StoredObject | None]) -> tuple[StoredObject, ...]:
    """The instances of a finished step when every one is here; nothing before, or for a wrong worklist entry."""
    if not step.state.final or wrongly_identified(step.dataset):
        return ()
    found = [find(uid) for uid in listed(step)]
    here = tuple(one for one in found if one is not None)
    return here if len(here) == len(found) else ()


def notifications(step: PerformedStep, instances: Sequence[StoredObject], ae_title: str) -> Iterator[Dataset]:
    """One notification for each study of the instances (PS3.4 Table R.3.2-1)."""
    for study in dict.fromkeys(one.study for one in instances):
        made = Dataset()
        performed = reference_item(uid_of("ModalityPerformedProcedureStep"), step.uid)
        put(performed, "PerformedWorkitemCodeSequence", [])
        put(made, "ReferencedPerformedProcedureStepSequence", [performed])
        put(made, "StudyInstanceUID", study)
        own = [one for one in instances if one.study == study]
        series = [_series(uid, own, ae_title) for uid in dict.fromkeys(one.series for one in own)]
        put(made, "ReferencedSeriesSequence", series)
        yield made


def _series(uid: str, instances: Sequence[StoredObject], ae_title: str) -> Dataset:
    item = Dataset()
    put(item, "SeriesInstanceUID", uid)
    references = []
    for one in instances:
        if one.series == uid:
            reference = reference_item(one.sop_class, one.sop_instance)
            put(reference, "InstanceAvailability", "ONLINE")
            put(reference, "RetrieveAETitle", ae_title)
            references.append(reference)
    put(item, "ReferencedSOPSequence", references)
    return item


def work_begun(shown: Dataset, step_id: str, now: datetime) -> Dataset:
    """The N-CREATE about work on a study, of which `shown` are the attributes as the archive shows them now."""
    made = Dataset()
    take(shown, made, ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"))
    if first(shown, "SpecificCharacterSet"):
        take(shown, made, ("SpecificCharacterSet",))
    request = Dataset()
    take(shown, request, ("StudyInstanceUID", "AccessionNumber"))
    put(request, "RequestedProcedureID", first(shown, "RequestAttributesSequence[*].RequestedProcedureID"))
    put(made, "ReferencedRequestSequence", [request])
    put(made, "PerformedProcedureStepID", step_id)
    put(made, "PerformedProcedureStepStartDate", f"{now:%Y%m%d}")
    put(made, "PerformedProcedureStepStartTime", f"{now:%H%M%S}")
    put(made, "GeneralPurposePerformedProcedureStepStatus", "IN PROGRESS")
    workitem = Dataset()
    for keyword, value in zip(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), _WORKITEM, strict=True):
        put(workitem, keyword, value)
    put(made, "PerformedWorkitemCodeSequence", [workitem])
    put(made, "ActualHumanPerformersSequence", [])
    return made


def work_done(now: datetime) -> Dataset:
    """The N-SET that ends the work."""
    made = Dataset()
    put(made, "GeneralPurposePerformedProcedureStepStatus", "COMPLETED")
    put(made, "PerformedProcedureStepEndDate", f"{now:%Y%m%d}")
    put(made, "PerformedProcedureStepEndTime", f"{now:%H%M%S}")
    return made
