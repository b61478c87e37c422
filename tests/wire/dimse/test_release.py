"""The requestor releases an association only when it has answered what the peer asked on it (PS3.8 7.2)."""

from __future__ import annotations

import threading

from pydicom.dataset import Dataset

from harness.errors import LinkLost, NoResponse
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse

COMMITMENT = "StorageCommitmentPushModel"
INSTANCE = "1.2.840.10008.1.20.1.1"
LONG_ENOUGH = 0.2
"""Seconds in which an association that is released too early would be over."""


class Archive(DimseHandler):
    """Reports on the association of the request, and notes what became of it."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.lost = threading.Event()

    def n_action(self, request: DimseRequest) -> DimseResponse:
        threading.Thread(target=self._report, args=(request,), daemon=True).start()
        return DimseResponse(0x0000)

    def _report(self, request: DimseRequest) -> None:
        try:
            request.report(INSTANCE, 1, Dataset())
        except (LinkLost, NoResponse):
            self.lost.set()
        self.answered.set()


def test_a_report_is_answered_before_the_association_is_released(listen, associate) -> None:
    archive, arrived = Archive(), threading.Event()

    def take_long(_: DimseRequest) -> DimseResponse:
        arrived.set()
        archive.lost.wait(LONG_ENOUGH)
        return DimseResponse(0x0000)

    with associate(listen(archive), COMMITMENT, on_event_report=take_long) as association:
        association.n_action(COMMITMENT, INSTANCE, 1, Dataset())
        assert arrived.wait(5)
    assert archive.answered.wait(5)
    assert not archive.lost.is_set()
