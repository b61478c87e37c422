"""What an archive may have changed in the objects that it holds: after an update, or where it says so."""

from __future__ import annotations

from pydicom.tag import BaseTag, Tag

from harness.checks.recording import PlayView
from harness.checks.stored import Instance
from harness.model.names import ActorName

_UPDATING = frozenset({"RAD-4", "RAD-12", "RAD-13"})
"""Transactions after which an archive may change what it holds (RAD TF-2: 4.12, 4.13)."""
_STANDING = frozenset({"RAD-12", "RAD-13"})
"""Those that it also applies to what comes later with the data of before."""

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
        "ContributingEquipmentSequence",
    )
)
"""Attributes that an archive adds of its own."""

ISSUERS = frozenset(
    Tag(name)
    for name in ("IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "IssuerOfAccessionNumberSequence")
)
"""What an archive may say for an object that does not: whose the identifiers are."""


def updated(play: PlayView, archive: ActorName, since: int, until: float = float("inf")) -> bool:
    """Whether an archive was told, between the storing of an object and a moment, of other data for it.

    An update of a patient or a procedure holds for what is stored afterwards with the old data, too.
    """
    return any(
        view.step.transaction.id in _UPDATING
        and view.responder == archive
        and any(
            (since < exchange.exchange.request.seq or view.step.transaction.id in _STANDING)
            and exchange.exchange.request.seq < until
            for exchange in view.exchanges
        )
        for view in play.legs
    )


def changeable(play: PlayView, original: Instance, copy: Instance) -> frozenset[BaseTag]:
    """Patient and procedure attributes, where an update reached the archive or it says that it coerced them."""
    carrier = original.carrier
    added = frozenset(tag for tag in ISSUERS if tag not in original.dataset)
    if "OriginalAttributesSequence" in copy.dataset or coerced(original):
        return COERCIBLE
    return COERCIBLE if updated(play, carrier.leg.responder, carrier.seq) else added


def coerced(original: Instance) -> bool:
    """Whether the archive took an object with a warning: it may have changed it (PS3.4 B)."""
    return original.carrier.exchange.status != 0
