"""What the filler learns of images: the archive's answers, notifications and the status of work."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from actors.order_filler import OrderFiller
from harness.dicom.uids import uid_of
from harness.model.profile import Service

IAN = uid_of("InstanceAvailabilityNotification")
WORK = uid_of("GeneralPurposePerformedProcedureStep")


def notification(**changes: object) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = "1.2.1"
    made = Dataset()
    made.StudyInstanceUID = "1.2"
    made.ReferencedSeriesSequence = [series]
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture
def filler(department) -> OrderFiller:
    return department.play(OrderFiller)


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, 0x0000), ({"StudyInstanceUID": ""}, 0x0121), ({"ReferencedSeriesSequence": []}, 0x0121)],
)
def test_a_notification_is_taken_when_it_says_something(filler, dimse, changes, status) -> None:
    request = dimse(Service.N_CREATE, notification(**changes), "1.9", sop_class=IAN)
    assert filler.n_create(request).status == status


def test_a_notification_without_a_study_or_repeated_is_refused(filler, dimse) -> None:
    without = notification()
    del without.StudyInstanceUID
    assert filler.n_create(dimse(Service.N_CREATE, without, "1.9", sop_class=IAN)).status == 0x0120
    again = dimse(Service.N_CREATE, notification(), "1.9", sop_class=IAN)
    assert [filler.n_create(again).status for _ in range(2)] == [0x0000, 0x0111]


def test_work_begins_goes_on_and_is_over(filler, dimse) -> None:
    status = Dataset()
    status.GeneralPurposePerformedProcedureStepStatus = "IN PROGRESS"
    done = Dataset()
    done.GeneralPurposePerformedProcedureStepStatus = "COMPLETED"
    end = dimse(Service.N_SET, done, "1.8", sop_class=WORK)
    assert filler.n_set(end).status == 0x0112
    assert filler.n_create(dimse(Service.N_CREATE, status, "1.8", sop_class=WORK)).status == 0x0000
    assert [filler.n_set(end).status for _ in range(2)] == [0x0000, 0x0110]
