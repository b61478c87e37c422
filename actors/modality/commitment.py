"""Storage commitment as its requester sees it (RAD-10; PS3.4 J.3): requests that are out, and their reports.

The report may come on the association of the request or on one that the archive opens; both end up here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset

from actors.modality.examination import Reference
from actors.objects.copying import items, put, reference_item
from harness.dicom.paths import first

PUSH_MODEL = "StorageCommitmentPushModel"
PUSH_MODEL_INSTANCE = "StorageCommitmentPushModelInstance"


def request(transaction_uid: str, references: Iterable[Reference]) -> Dataset:
    """The action information of the N-ACTION (PS3.4 Table J.3-1)."""
    information = Dataset()
    put(information, "TransactionUID", transaction_uid)
    put(information, "ReferencedSOPSequence", [reference_item(*each) for each in references])
    return information


class Commitments:
    """Which instances an archive has taken responsibility for; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reported: set[str] = set()
        self._committed: set[str] = set()
        self._away = False

    def report(self, information: Dataset) -> None:
        """Take the event information of an N-EVENT-REPORT (PS3.4 Table J.3-2), whatever transaction it names."""
        with self._lock:
            for item in items(information, "ReferencedSOPSequence"):
                self._committed.add(first(item, "ReferencedSOPInstanceUID"))
            self._reported.add(first(information, "TransactionUID"))

    @contextmanager
    def away(self) -> Iterator[None]:
        """Turn the next association away, as long as the block runs."""
        with self._lock:
            self._away = True
        try:
            yield
        finally:
            with self._lock:
                self._away = False

    def turns_away(self) -> bool:
        """Whether to turn an association away; only the first one is."""
        with self._lock:
            away, self._away = self._away, False
            return away

    def is_reported(self, transaction_uid: str) -> bool:
        """Whether the report of that transaction has come."""
        with self._lock:
            return transaction_uid in self._reported

    def committed(self) -> frozenset[str]:
        """SOP instances whose safekeeping was confirmed."""
        with self._lock:
            return frozenset(self._committed)


def receive_until(
    receive: Callable[[float], Dataset | None], commitments: Commitments, transaction_uid: str, seconds: float
) -> None:
    """Wait until the report has come, on the association of the request or on another one, or time is up.

    `receive(seconds)` gives the event information of the next report on that association, None when none came.
    """
    step = min(_TURN, seconds)
    left = seconds
    while left > 0 and not commitments.is_reported(transaction_uid):
        information = receive(min(step, left))
        left -= step
        if information is not None:
            commitments.report(information)


_TURN = 0.02
"""Seconds between looks at what came on other associations."""
