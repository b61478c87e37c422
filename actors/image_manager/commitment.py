"""Storage commitment as the archive gives it (RAD-10; PS3.4 J.3): what is stored is committed, nothing else.

Pure judgement of a request; sending the report is the actor's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from actors.objects.copying import items, put, reference_item
from harness.dicom.paths import first

PUSH_MODEL = "StorageCommitmentPushModel"
PUSH_MODEL_INSTANCE = "StorageCommitmentPushModelInstance"

NO_SUCH_INSTANCE = 0x0112
CLASS_INSTANCE_CONFLICT = 0x0119
DUPLICATE_TRANSACTION = 0x0131


@dataclass(kw_only=True)
class Report:
    """The outcome of a request: references by SOP class and instance; failures with their reason (PS3.3 C.14.1.1)."""

    transaction_uid: str
    committed: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def event_type(self) -> int:
        """1: request successful, 2: failures exist (PS3.4 J.3.3.1.1)."""
        return 2 if self.failed else 1

    def information(self) -> Dataset:
        """The event information (PS3.4 Table J.3-2)."""
        report = Dataset()
        put(report, "TransactionUID", self.transaction_uid)
        if self.committed:
            put(report, "ReferencedSOPSequence", [reference_item(*reference) for reference in self.committed])
        if self.failed:
            put(report, "FailedSOPSequence", [_failed_item(*failure) for failure in self.failed])
        return report


def _failed_item(sop_class: str, sop_instance: str, reason: int) -> Dataset:
    item = reference_item(sop_class, sop_instance)
    put(item, "FailureReason", reason)
    return item


def judge(
    request: Dataset, class_of: Callable[[str], str | None], is_stored: Callable[[bool], bool], *, repeated: bool
) -> Report:
    """The report for a request.

    `class_of` gives the SOP class under which an instance is stored, None when it is not; `is_stored` decides, from
    the truth, whether an instance counts as stored; `repeated`: the Transaction UID was used before.
    """
    report = Report(transaction_uid=first(request, "TransactionUID"))
    for item in items(request, "ReferencedSOPSequence"):
        reference = (first(item, "ReferencedSOPClassUID"), first(item, "ReferencedSOPInstanceUID"))
        reason = _reason(*reference, class_of, is_stored, repeated=repeated)
        if reason is None:
            report.committed.append(reference)
        else:
            report.failed.append((*reference, reason))
    return report


def _reason(
    sop_class: str,
    sop_instance: str,
    class_of: Callable[[str], str | None],
    is_stored: Callable[[bool], bool],
    *,
    repeated: bool,
) -> int | None:
    """Why the instance is not committed; None when it is."""
    if repeated:
        return DUPLICATE_TRANSACTION
    known = class_of(sop_instance)
    if not is_stored(known is not None):
        return NO_SUCH_INSTANCE
    return CLASS_INSTANCE_CONFLICT if known not in (None, sop_class) else None
