from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import dimse_reply
from harness.model.profile import Service
from harness.model.scenario import Answer, Expectation
from harness.model.verdict import Outcome

MET, VIOLATED, NOT_APPLICABLE, UNDECIDED = Outcome.MET, Outcome.VIOLATED, Outcome.NOT_APPLICABLE, Outcome.UNDECIDED
IMAGE = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
    "SOPInstanceUID": "1.2.3",
    "StudyInstanceUID": "1.2",
    "SeriesInstanceUID": "1.2.1",
}


@pytest.mark.parametrize(
    ("responses", "answered", "defined", "status"),
    [
        ([(0, None)], MET, MET, MET),
        ([(0xB000, None)], MET, MET, MET),
        ([(0xA700, None)], MET, MET, VIOLATED),
        ([(0x1234, None)], MET, VIOLATED, VIOLATED),
        ([], VIOLATED, None, None),
        ([(0xFF00, None)], VIOLATED, VIOLATED, None),
    ],
)
def test_a_store_is_answered_with_a_final_status(
    responses: Any,
    answered: Outcome,
    defined: Outcome | None,
    status: Outcome | None,
    exchange: Any,
    tools: Any,
    by_row: Any,
) -> None:
    view = exchange("RAD-8", "store", Service.C_STORE, tools.dataset(**IMAGE), responses, "CTImageStorage")
    replies, accepted = by_row(dimse_reply.reply(view)), by_row(dimse_reply.status(view))
    assert replies["answered"] == {answered}
    assert replies.get("status-defined") == (None if defined is None else {defined})
    assert accepted.get("status") == (None if status is None else {status})


@pytest.mark.parametrize("wrong", [{"SOPInstanceUID": "1.2.4"}, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}])
def test_refusing_another_object_than_the_command_names_is_no_fault(
    wrong: dict[str, str], exchange: Any, tools: Any, by_row: Any
) -> None:
    dataset = tools.dataset(**{**IMAGE, **wrong})
    view = exchange("RAD-8", "store", Service.C_STORE, dataset, [(0xA900, None)], "CTImageStorage")
    assert by_row(dimse_reply.status(view))["status"] == {NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("reports", "outcomes"),
    [
        # on whose association, Transaction UID, answered
        ([("archive", "1.8", True)], {MET}),
        ([("archive", "1.8", False)], {VIOLATED}),
        ([("requester", "1.8", False)], {UNDECIDED}),
        ([("requester", "1.8", False), ("archive", "1.8", True)], {NOT_APPLICABLE, MET}),
        ([("archive", "1.8", False), ("archive", "1.8", True)], {NOT_APPLICABLE, MET}),
        ([("requester", "1.8", False), ("archive", "1.9", True)], {UNDECIDED, MET}),
        ([("requester", "1.8", False), ("archive", "1.8", False)], {UNDECIDED, VIOLATED}),
    ],
)
def test_a_report_that_crosses_the_release_may_be_repeated(
    reports: list[tuple[str, str, bool]], outcomes: set[Outcome], recording: Callable[..., Any], tools: Any, by_row: Any
) -> None:
    rec = recording()
    leg = rec.leg("RAD-10", "report", "committed")
    for opened_by, uid, answered in reports:
        rec.dimse(
            leg,
            Service.N_EVENT_REPORT,
            tools.dataset(TransactionUID=uid),
            [(0, None)] if answered else [],
            sop_class="StorageCommitmentPushModel",
            opened_by_peer=opened_by == "requester",
        )
    assert by_row(dimse_reply.reply(rec.view(leg)))["answered"] == outcomes


@pytest.mark.parametrize("lacking", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_an_object_without_identity_may_be_refused(lacking: str, exchange: Any, tools: Any, by_row: Any) -> None:
    image = tools.dataset(**{**IMAGE, lacking: ""})
    view = exchange("RAD-8", "store", Service.C_STORE, image, [(0xA900, None)], "CTImageStorage")
    assert by_row(dimse_reply.status(view)) == {"status": {NOT_APPLICABLE}}


def test_a_refusal_of_an_illegal_request_or_one_that_is_expected_is_no_fault(
    exchange: Any, tools: Any, by_row: Any
) -> None:
    bad = tools.dataset(TransactionUID="1.2")
    sop_class = "StorageCommitmentPushModel"
    illegal = exchange("RAD-10", "request", Service.N_ACTION, bad, [(0x0110, None)], sop_class)
    assert by_row(dimse_reply.status(illegal)) == {"status": {NOT_APPLICABLE}}
    expected = exchange(
        "RAD-8",
        "store",
        Service.C_STORE,
        tools.dataset(**IMAGE),
        [(0xA900, None)],
        "CTImageStorage",
        expect=Expectation(answer=Answer.REFUSED),
    )
    assert by_row(dimse_reply.status(expected)) == {"status": {NOT_APPLICABLE}}
