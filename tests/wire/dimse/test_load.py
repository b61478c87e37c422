"""Many users in one process lose nothing, large objects pass, and an association is quick."""

from __future__ import annotations

import threading
import time

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from harness.dicom.encoding import unwrap_payload
from harness.dicom.uids import uid_of
from harness.model.profile import Service
from harness.model.transcript import EventKind, Half
from harness.transports.dimse import hardening

MPPS = "ModalityPerformedProcedureStep"
USERS, ROUNDS = 8, 25


def test_busy_users_lose_no_response(listen, associate, answering, recorder) -> None:
    """With the stock library, five users in one process lose the first within 200 echoes each, ten lose seven."""
    address = listen(answering, timeout=20)
    statuses: list[int] = []

    def work(user: int) -> None:
        with associate(address, "Verification", MPPS, timeout=20) as association:
            for number in range(ROUNDS):
                statuses.append(association.c_echo().status)
                statuses.append(association.n_create(MPPS, f"2.25.{user}{number}", Dataset()).status)

    threads = [threading.Thread(target=work, args=(user,)) for user in range(1, USERS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [0] * (USERS * ROUNDS * 2)
    assert recorder.events(EventKind.NO_RESPONSE) == []
    assert len(recorder.of(Service.C_ECHO, half=Half.RESPONSE)) == USERS * ROUNDS * 2


def test_the_librarys_own_requests_lose_no_response_on_a_mended_association(listen, answering) -> None:
    """The same with pynetdicom's `send_c_echo`, whose reactor takes the response in the stock class."""
    address = listen(answering, timeout=20)
    lost: list[int] = []

    def work() -> None:
        ae = AE(ae_title="BUSY")
        ae.acse_timeout = ae.dimse_timeout = 5
        ae.add_requested_context(uid_of("Verification"))
        mend = [(evt.EVT_CONN_OPEN, lambda event: hardening.mend_race(event.assoc))]
        association = ae.associate(address.host, address.port, ae_title=address.ae_title, evt_handlers=mend)
        lost.append(sum("Status" not in association.send_c_echo() for _ in range(ROUNDS)))
        association.release()

    threads = [threading.Thread(target=work) for _ in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert lost == [0] * USERS


def test_a_large_object_passes_in_many_pdus(listen, associate, answering, recorder, samples) -> None:
    payload = samples.payload(1, rows=1500)
    with associate(listen(answering), "CTImageStorage") as association:
        assert association.c_store(payload).status == 0x0000
    assert answering.requests[0].content == unwrap_payload(payload)[0]
    for passage in recorder.of(Service.C_STORE, half=Half.REQUEST):
        assert recorder.content_of(passage) == unwrap_payload(payload)[0]


def test_an_association_with_one_request_is_quick(listen, associate, answering) -> None:
    """About 6 ms on two shared cores; without TCP_NODELAY at both ends an N-CREATE alone takes 89 ms."""
    address = listen(answering)
    times = []
    for number in range(10):
        start = time.perf_counter()
        with associate(address, MPPS) as association:
            ds = Dataset()
            ds.PatientID = "SYN-1"
            association.n_create(MPPS, f"2.25.{number + 1}", ds)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.04
