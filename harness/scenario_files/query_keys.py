"""The matching keys that a step may name, by transaction and level, and how each may be matched.

Those of the worklist are the keys of its two queries (RAD TF-2: Tables 4.5-1, 4.5-2), the others those that an archive
has to match (PS3.4 C.6, RAD TF-2: 4.14). Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.model.scenario import KeyMatch, QueryLevel, Step

Keys = Mapping[str, tuple[KeyMatch, ...]]

_VALUE = (KeyMatch.VALUE, KeyMatch.NOTHING)
_TEXT = (*_VALUE, KeyMatch.WILDCARD)
_TIME = (*_VALUE, KeyMatch.RANGE)
_LIST = (*_VALUE, KeyMatch.LIST)

WORKLIST_KEYS: Keys = MappingProxyType(
    {
        "PatientName": _TEXT,
        "PatientID": _VALUE,
        "AccessionNumber": _VALUE,
        "RequestedProcedureID": _VALUE,
        "ScheduledProcedureStepStartDate": _TIME,
        "Modality": _VALUE,
        "ScheduledStationAETitle": _VALUE,
    }
)
"""The keys of the patient based and of the broad query."""

LEVEL_KEYS: Mapping[QueryLevel, Keys] = MappingProxyType(
    {
        QueryLevel.STUDY: MappingProxyType(
            {
                "PatientName": _TEXT,
                "PatientID": _TEXT,
                "AccessionNumber": _TEXT,
                "StudyID": _TEXT,
                "StudyInstanceUID": _LIST,
                "StudyDate": _TIME,
                "StudyTime": _TIME,
                "ModalitiesInStudy": _LIST,
                "ReferringPhysicianName": _TEXT,
            }
        ),
        QueryLevel.SERIES: MappingProxyType(
            {
                "SeriesInstanceUID": _LIST,
                "Modality": _TEXT,
                "SeriesNumber": _VALUE,
                "RequestedProcedureID": _VALUE,
                "ScheduledProcedureStepID": _VALUE,
                "PerformedProcedureStepStartDate": _TIME,
                "PerformedProcedureStepStartTime": _TIME,
            }
        ),
        QueryLevel.IMAGE: MappingProxyType(
            {
                "SOPInstanceUID": _LIST,
                "SOPClassUID": _LIST,
                "InstanceNumber": _VALUE,
            }
        ),
    }
)
"""The keys of a query of each level."""

LEVELLED = ("RAD-11", "RAD-14", "RAD-16")
"""Transactions that ask or retrieve at a level."""
RETRIEVING = ("RAD-16",)
"""Transactions that have instances sent somewhere."""
CANCELLABLE = ("RAD-5", "RAD-14")
"""Transactions that our actors can take back."""

_NONE: Keys = MappingProxyType({})


def keys_of(step: Step) -> Keys:
    """The keys that a step may name; none where it asks nothing, or no keys can be chosen."""
    if step.transaction == "RAD-5":
        return WORKLIST_KEYS
    if step.transaction in LEVELLED and step.transaction not in RETRIEVING:
        return LEVEL_KEYS[step.level or QueryLevel.STUDY]
    return _NONE
