"""C-CANCEL from a requestor of pynetdicom: it reaches the handler and ends the operation."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pynetdicom import AE

from harness.dicom.uids import uid_of
from harness.model.profile import Service
from harness.model.transcript import Direction
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse

MWL = uid_of("ModalityWorklistInformationModelFind")


def entry() -> Dataset:
    ds = Dataset()
    ds.PatientID = "SYN-1"
    return ds


class Endless(DimseHandler):
    def __init__(self) -> None:
        self.yielded = 0
        self.saw_cancel = threading.Event()

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        while self.yielded < 100_000:
            if request.cancelled():
                self.saw_cancel.set()
            self.yielded += 1
            yield DimseResponse(0xFF00, entry())


def test_a_cancelled_query_ends_with_fe00(listen, threads_end) -> None:
    handler = Endless()
    address = listen(handler)
    ae = AE(ae_title="CANCELLER")
    ae.acse_timeout = ae.dimse_timeout = 5
    ae.add_requested_context(MWL)
    association = ae.associate(address.host, address.port, ae_title=address.ae_title)
    assert association.is_established
    statuses = []
    for status, _ in association.send_c_find(entry(), MWL, msg_id=5):
        statuses.append(status.Status)
        if len(statuses) == 3:
            association.send_c_cancel(5, query_model=MWL)
    association.release()
    assert statuses[-1] == 0xFE00
    assert handler.yielded < 100_000


def test_our_own_cancel_is_sent_and_recorded_at_both_ends(listen, associate, recorder) -> None:
    with associate(listen(Endless()), MWL) as association:
        answers = association.c_find(MWL, entry(), cancel=True)
    assert answers[-1].status == 0xFE00
    passed = recorder.of(Service.C_CANCEL)
    assert {one.direction for one in passed} == {Direction.SENT, Direction.RECEIVED}
    assert {one.command.sop_class for one in passed} == {MWL}


def test_a_lost_association_cancels(listen, threads_end) -> None:
    handler = Endless()
    address = listen(handler)
    ae = AE(ae_title="CANCELLER")
    ae.acse_timeout = ae.dimse_timeout = 5
    ae.add_requested_context(MWL)
    association = ae.associate(address.host, address.port, ae_title=address.ae_title)
    responses = association.send_c_find(entry(), MWL)
    assert next(responses)[0].Status == 0xFF00
    association.abort()
    assert handler.yielded < 100_000
