"""Storage commitment: the report on the same association, and on one that the archive opens (PS3.4 J.3.3)."""

from __future__ import annotations

import threading

import pytest
from pydicom.dataset import Dataset

from harness.dicom.uids import uid_of
from harness.errors import ContextRefused, LinkLost
from harness.model.names import ActorName
from harness.model.profile import Service
from harness.model.transcript import Direction, Half
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse, SupportedClass
from harness.transports.recorder import LinkOwner

COMMITMENT = "StorageCommitmentPushModel"
INSTANCE = "1.2.840.10008.1.20.1.1"
ARCHIVE = LinkOwner(actor=ActorName("Image Manager"), peer_actor=ActorName("Modality"))


def transaction(uid: str = "2.25.31") -> Dataset:
    ds = Dataset()
    ds.TransactionUID = uid
    return ds


class Archive(DimseHandler):
    """Reports on the association of the request, from another thread than the handler's."""

    def __init__(self) -> None:
        self.answers: list[DimseResponse | LinkLost] = []
        self.reported = threading.Event()

    def n_action(self, request: DimseRequest) -> DimseResponse:
        threading.Thread(target=self.report, args=(request,), daemon=True).start()
        return DimseResponse(0x0000)

    def report(self, request: DimseRequest) -> None:
        try:
            self.answers.append(request.report(INSTANCE, 1, request.dataset))
        except LinkLost as lost:
            self.answers.append(lost)
        self.reported.set()


def test_the_report_comes_on_the_same_association(listen, associate, recorder) -> None:
    archive = Archive()
    with associate(listen(archive, actor="Image Manager"), COMMITMENT) as association:
        assert association.n_action(COMMITMENT, INSTANCE, 1, transaction()).status == 0x0000
        report = association.wait_event_report(5)
        assert archive.reported.wait(5)
    assert report is not None
    assert report.service is Service.N_EVENT_REPORT
    assert report.dataset.TransactionUID == "2.25.31"
    assert report.fields["EventTypeID"] == "1"
    assert report.sop_instance == INSTANCE
    assert [answer.status for answer in archive.answers] == [0x0000]
    order = [one.command.service for one in recorder.passages if one.direction is Direction.SENT]
    assert order == [Service.N_ACTION, Service.N_ACTION, Service.N_EVENT_REPORT, Service.N_EVENT_REPORT]
    assert {one.link for one in recorder.of(Service.N_EVENT_REPORT)} == {
        one.link for one in recorder.of(Service.N_ACTION)
    }


def test_the_user_of_the_association_may_answer_the_report(listen, associate) -> None:
    archive = Archive()
    with associate(listen(archive), COMMITMENT, on_event_report=lambda request: DimseResponse(0x0113)) as association:
        association.n_action(COMMITMENT, INSTANCE, 1, transaction())
        assert association.wait_event_report(5) is not None
        assert archive.reported.wait(5)
    assert [answer.status for answer in archive.answers] == [0x0113]


def test_no_report_within_the_time_is_none(listen, associate, answering) -> None:
    with associate(listen(answering), COMMITMENT) as association:
        association.n_action(COMMITMENT, INSTANCE, 1, transaction())
        assert association.wait_event_report(0.05) is None


def test_a_report_on_a_released_association_is_lost(listen, associate, answering) -> None:
    with associate(listen(answering), COMMITMENT) as association:
        association.n_action(COMMITMENT, INSTANCE, 1, transaction())
    with pytest.raises(LinkLost):
        answering.requests[0].report(INSTANCE, 1, transaction())


def test_the_archive_reports_on_an_association_of_its_own(listen, associate, answering, recorder) -> None:
    supported = (SupportedClass(COMMITMENT, requestor_is_scp=True),)
    modality = listen(answering, ae_title="OUR_SCU", actor="Modality", supported=supported)
    with associate(modality, owner=ARCHIVE, calling_ae="ARCHIVE", as_scp=[COMMITMENT]) as association:
        response = association.n_event_report(COMMITMENT, INSTANCE, 2, transaction())
    assert response.status == 0x0000
    (report,) = answering.requests
    assert report.fields["EventTypeID"] == "2"
    assert report.sop_class == uid_of(COMMITMENT)
    (sent,) = recorder.of(Service.N_EVENT_REPORT, Direction.SENT, Half.REQUEST)
    assert recorder.dataset_of(sent).TransactionUID == "2.25.31"


def test_without_the_scp_role_there_is_no_report(listen, associate, answering) -> None:
    modality = listen(answering, supported=(SupportedClass(COMMITMENT),))
    with associate(modality, as_scp=[COMMITMENT]) as association, pytest.raises(ContextRefused, match="as SCP"):
        association.n_event_report(COMMITMENT, INSTANCE, 1, transaction())
    assert answering.requests == []


def test_both_roles_may_be_had(listen, associate, answering) -> None:
    with associate(listen(answering), COMMITMENT, as_scp=[COMMITMENT]) as association:
        assert association.n_action(COMMITMENT, INSTANCE, 1, transaction()).status == 0x0000
        assert association.n_event_report(COMMITMENT, INSTANCE, 1, transaction()).status == 0x0000
