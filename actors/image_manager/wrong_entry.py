"""What a relayed performed step tells the archive: studies under way, and images of the wrong patient.

PPS Exception Management (RAD TF-1: 3.3.4): instances made with an incorrect worklist entry are handed out no more.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from actors.objects.copying import items
from harness.dicom.paths import first

WRONG_ENTRY = "110514"
"""Incorrect worklist entry selected (PS3.16 CID 9301)."""


def scheduled_studies(step: Dataset) -> frozenset[str]:
    """The Study Instance UIDs of the Scheduled Step Attributes Sequence."""
    return frozenset(first(item, "StudyInstanceUID") for item in items(step, "ScheduledStepAttributesSequence"))


def wrongly_identified(changes: Dataset) -> frozenset[str]:
    """The instances that an N-SET declares to be made with the wrong worklist entry."""
    reasons = items(changes, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    if not any(first(reason, "CodeValue") == WRONG_ENTRY for reason in reasons):
        return frozenset()
    lists = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
    return frozenset(
        first(reference, "ReferencedSOPInstanceUID")
        for series in items(changes, "PerformedSeriesSequence")
        for keyword in lists
        for reference in items(series, keyword)
    )
