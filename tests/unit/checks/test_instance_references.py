from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import instance_references
from harness.dicom.uids import uid_of
from harness.model.profile import Service

COMMIT = "StorageCommitmentPushModel"
CT, MR = uid_of("CTImageStorage"), uid_of("MRImageStorage")


class Archive:
    """Records what is stored, listed and committed."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording()
        self.tools = tools

    def leg(self, transaction: str, leg: str) -> Any:
        known = next((one for one in self.rec.legs if (one.transaction, one.leg) == (transaction, leg)), None)
        return known or self.rec.leg(transaction, leg, transaction.lower())

    def store(self, uid: str, series: str = "1.2.1", sop_class: str = CT, status: int = 0) -> None:
        image = self.tools.dataset(SOPClassUID=sop_class, SOPInstanceUID=uid, SeriesInstanceUID=series)
        leg = self.leg("RAD-8", "store")
        self.rec.dimse(leg, Service.C_STORE, image, [(status, None)], sop_class=sop_class, instance=uid)

    def items(self, *uids: str, sop_class: str = CT) -> list[Any]:
        return [self.tools.dataset(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid) for uid in uids]

    def complete(self, **series: tuple[str, ...]) -> None:
        make = self.tools.dataset
        performed = [
            make(SeriesInstanceUID=f"1.2.{name[1:]}", ReferencedImageSequence=self.items(*uids))
            for name, uids in series.items()
        ]
        content = make(PerformedProcedureStepStatus="COMPLETED", PerformedSeriesSequence=performed)
        self.rec.dimse(self.leg("RAD-7", "to-pps-manager"), Service.N_SET, content, instance="1.9")

    def ask(self, *uids: str, transaction: str = "1.8", status: int | None = 0) -> None:
        request = self.tools.dataset(TransactionUID=transaction, ReferencedSOPSequence=self.items(*uids))
        answer = [] if status is None else [(status, None)]
        self.rec.dimse(self.leg("RAD-10", "request"), Service.N_ACTION, request, answer, sop_class=COMMIT)

    def tell(self, *uids: str, failed: tuple[str, ...] = (), transaction: str = "1.8", status: int | None = 0) -> None:
        report = self.tools.dataset(
            TransactionUID=transaction,
            ReferencedSOPSequence=self.items(*uids),
            FailedSOPSequence=self.items(*failed),
        )
        answer = [] if status is None else [(status, None)]
        self.rec.dimse(self.leg("RAD-10", "report"), Service.N_EVENT_REPORT, report, answer, sop_class=COMMIT)

    def broken(self) -> set[str]:
        found = instance_references.check(self.rec.play())
        return {one.requirement.partition("/")[2] for one in found if one.outcome.value == "violated"}


@pytest.fixture
def archive(recording: Callable[..., Any], tools: Any) -> Archive:
    return Archive(recording, tools)


def test_several_series_each_with_its_images(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.store("1.7.2", series="1.2.2")
    archive.complete(s1=("1.7.1",), s2=("1.7.2",))
    assert archive.broken() == set()


def test_images_in_each_other_s_series(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.store("1.7.2")
    archive.store("1.7.3", series="1.2.2")
    archive.complete(s1=("1.7.1", "1.7.3"), s2=("1.7.2",))
    assert archive.broken() == {"listed-series"}


def test_an_image_listed_in_two_series_is_listed_twice(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.complete(s1=("1.7.1",), s2=("1.7.1",))
    assert archive.broken() == {"listed-once"}


def test_the_class_that_counts_is_that_of_the_transmission_that_was_taken(archive: Archive) -> None:
    archive.store("1.7.1")
    archive.store("1.7.1", sop_class=MR, status=0xA900)
    archive.complete(s1=("1.7.1",))
    archive.ask("1.7.1")
    assert archive.broken() == set()
    archive.store("1.7.2", sop_class=MR)
    archive.ask("1.7.1", "1.7.2", transaction="1.8.2")
    assert archive.broken() == {"requested-class"}


@pytest.mark.parametrize(
    ("first", "second", "broken"),
    [
        ({"status": None}, ("1.7.1",), set()),
        ({}, ("1.7.1",), set()),
        ({"status": 0x0110}, ("1.7.1",), {"transaction-used-once"}),
        ({}, ("1.7.2",), {"transaction-used-once"}),
    ],
)
def test_a_request_may_be_repeated_until_it_is_refused(
    archive: Archive, first: dict[str, Any], second: tuple[str, ...], broken: set[str]
) -> None:
    archive.ask("1.7.1", **first)
    archive.ask(*second)
    assert archive.broken() == broken


def test_after_the_report_the_transaction_is_dead(archive: Archive) -> None:
    archive.ask("1.7.1")
    archive.tell("1.7.1")
    archive.ask("1.7.2", transaction="1.8.2")
    archive.tell("1.7.2", transaction="1.8.2")
    assert archive.broken() == set()
    archive.ask("1.7.1")
    assert archive.broken() == {"transaction-used-once"}


@pytest.mark.parametrize(("status", "broken"), [(0, {"one-report"}), (None, set()), (0x0110, set())])
def test_a_report_that_was_taken_is_final(archive: Archive, status: int | None, broken: set[str]) -> None:
    archive.ask("1.7.1")
    archive.tell(failed=("1.7.1",), status=status)
    archive.tell("1.7.1")
    assert archive.broken() == broken


def test_an_instance_is_reported_once(archive: Archive) -> None:
    archive.ask("1.7.1", "1.7.2", "1.7.3")
    archive.tell("1.7.1", "1.7.2", failed=("1.7.3", "1.7.3"))
    assert archive.broken() == {"reported-once"}


def test_what_was_asked_for_twice_may_be_told_twice(archive: Archive) -> None:
    archive.ask("1.7.1", "1.7.1")
    archive.tell("1.7.1", "1.7.1")
    assert archive.broken() == {"requested-once"}


def test_a_request_is_sent_again_when_its_report_was_not_taken(archive: Archive) -> None:
    archive.ask("1.7.1")
    archive.tell("1.7.1", status=0x0110)
    archive.ask("1.7.1")
    archive.tell("1.7.1")
    assert archive.broken() == set()
