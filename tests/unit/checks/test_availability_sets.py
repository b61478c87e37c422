from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import availability_sets
from harness.model.profile import Service


class Archive:
    """Records a performed step with two instances, and what the archive says of them."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools
        make = tools.dataset
        images = [make(ReferencedSOPInstanceUID=uid) for uid in ("1.7.1", "1.7.2")]
        series = make(SeriesInstanceUID="1.2.1", ReferencedImageSequence=images)
        content = make(PerformedProcedureStepStatus="COMPLETED", PerformedSeriesSequence=[series])
        leg = self.rec.leg("RAD-7", "to-pps-manager", "completed")
        self.rec.dimse(leg, Service.N_SET, content, instance="1.9")

    def refuse(self, uid: str) -> None:
        leg = self.rec.leg("RAD-8", "store", "stored")
        image = self.tools.dataset(SOPInstanceUID=uid)
        self.rec.dimse(leg, Service.C_STORE, image, [(0xA700, None)], sop_class="CTImageStorage", instance=uid)

    def notify(self, *uids: str, mpps: str = "1.9") -> None:
        make = self.tools.dataset
        items = [make(ReferencedSOPInstanceUID=uid, InstanceAvailability="ONLINE") for uid in uids]
        content = make(
            ReferencedPerformedProcedureStepSequence=[make(ReferencedSOPInstanceUID=mpps)] if mpps else [],
            StudyInstanceUID="1.2",
            ReferencedSeriesSequence=[make(SeriesInstanceUID="1.2.1", ReferencedSOPSequence=items)],
        )
        known = next((one for one in self.rec.legs if one.transaction == "RAD-49"), None)
        leg = known or self.rec.leg("RAD-49", "notify", "notified")
        self.rec.dimse(leg, Service.N_CREATE, content, sop_class="1.2.840.10008.5.1.4.33", instance="1.6.1")

    def broken(self) -> set[str]:
        found = availability_sets.check(self.rec.play())
        return {one.requirement.partition("/")[2] for one in found if one.outcome.value == "violated"}


@pytest.fixture
def archive(recording: Callable[..., Any], tools: Any) -> Archive:
    return Archive(recording, tools)


def test_all_instances_at_once_or_in_parts(archive: Archive) -> None:
    archive.notify("1.7.1")
    archive.notify("1.7.2")
    assert archive.broken() == set()


def test_an_instance_that_is_not_named(archive: Archive) -> None:
    archive.notify("1.7.1")
    assert archive.broken() == {"names-every-instance"}
    archive.refuse("1.7.2")
    assert archive.broken() == set()


def test_an_instance_that_is_named_twice(archive: Archive) -> None:
    archive.notify("1.7.1", "1.7.2", "1.7.2")
    assert archive.broken() == {"names-each-once"}


@pytest.mark.parametrize("mpps", ["", "9.9"])
def test_a_notification_about_another_step_or_none(archive: Archive, mpps: str) -> None:
    archive.notify("1.7.1", mpps=mpps)
    assert archive.broken() == set()


def test_what_went_to_another_archive_or_came_later_is_not_named(archive: Archive) -> None:
    leg = archive.rec.leg("RAD-8", "store", "stored")
    make = archive.tools.dataset
    archive.rec.dimse(leg, Service.C_STORE, make(SOPInstanceUID="1.7.1"), sop_class="CTImageStorage", instance="1.7.1")
    archive.notify("1.7.1")
    assert archive.broken() == set()
    archive.rec.dimse(leg, Service.C_STORE, make(SOPInstanceUID="1.7.2"), sop_class="CTImageStorage", instance="1.7.2")
    assert archive.broken() == set()
    archive.notify("1.7.1")
    assert archive.broken() == {"names-every-instance"}
