"""Deviations reach what an acceptor asks on associations that others opened: event reports, stores of a retrieve."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pydicom.dataset import Dataset

from harness.model.profile import Service
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse

COMMITMENT = "StorageCommitmentPushModel"
INSTANCE = "1.2.840.10008.1.20.1.1"


class Archive(DimseHandler):
    """Reports on the association of the request."""

    def n_action(self, request: DimseRequest) -> DimseResponse:
        report = Dataset()
        report.TransactionUID = "2.25.1"
        threading.Thread(target=request.report, args=(INSTANCE, 1, report), daemon=True).start()
        return DimseResponse(0x0000)


def test_a_report_may_be_amended(listen, associate) -> None:
    def amend(service: Service, dataset: Dataset) -> Sequence[Dataset]:
        assert service is Service.N_EVENT_REPORT
        dataset.TransactionUID = "2.25.2"
        return [dataset]

    with associate(listen(Archive(), amend_requests=lambda: amend), COMMITMENT) as association:
        association.n_action(COMMITMENT, INSTANCE, 1, Dataset())
        report = association.wait_event_report(5)
    assert report is not None
    assert report.dataset.TransactionUID == "2.25.2"


def test_a_report_may_be_withheld_or_doubled(listen, associate) -> None:
    for copies in (0, 2):
        with associate(
            listen(Archive(), amend_requests=lambda count=copies: lambda service, dataset: [dataset] * count),
            COMMITMENT,
        ) as association:
            association.n_action(COMMITMENT, INSTANCE, 1, Dataset())
            came = [association.wait_event_report(0.3) for _ in range(2)]
        assert sum(report is not None for report in came) == copies
