"""What an archive may have changed in the objects that it holds: after an update, or where it says so."""

from __future__ import annotations

from pydicom.tag import BaseTag, Tag

from harness.checks.recording import PlayView
from harness.checks.stored import Instance
from harness.model.names import ActorName

_UPDATING = frozenset({"RAD-4", "RAD-12", "RAD-13"})
"""Transactions after which an archive may change what it holds (RAD TF-2: 4.12, 4.13)."""

COERCIBLE = frozenset(
    Tag(name)
    for name in (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "IssuerOfPatientIDQualifiersSequence",
        "OtherPatientIDsSequence",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "IssuerOfAccessionNumberSequence",
        "ReferringPhysicianName",
        "StudyDescription",
        "ProcedureCodeSequence",
        "ReferencedStudySequence",
        "RequestAttributesSequence",
    )
)
"""Patient and procedure attributes."""

OF_ARCHIVE = frozenset(
    Tag(name)
    for name in (
        "OriginalAttributesSequence",
        "InstanceAvailability",
        "RetrieveAETitle",
        "TimezoneOffsetFromUTC",
        "InstanceCoercionDateTime",
    )
)
"""Attributes that an archive adds of its own."""


def updated(play: PlayView, archive: ActorName, since: int, until: float = float("inf")) -> bool:
    """Whether an update of patient or procedure reached an archive in a part of the recording."""
    return any(
        view.step.transaction.id in _UPDATING
        and view.responder == archive
        and any(since < exchange.exchange.request.seq < until for exchange in view.exchanges)
        for view in play.legs
    )


def changeable(play: PlayView, original: Instance, copy: Instance) -> frozenset[BaseTag]:
    """Patient and procedure attributes, where an update reached the archive or it says that it coerced them."""
    carrier = original.carrier
    coerced = carrier.exchange.status != 0 or "OriginalAttributesSequence" in copy.dataset
    return COERCIBLE if coerced or updated(play, carrier.leg.responder, carrier.seq) else frozenset()
