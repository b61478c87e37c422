from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks import retrieval
from harness.model.names import PlayerName
from harness.model.profile import Service
from harness.model.verdict import Outcome

VIOLATED = Outcome.VIOLATED
MOVE = "StudyRootQueryRetrieveInformationModelMove"


ALL_COUNTERS = {
    "NumberOfRemainingSuboperations": "1",
    "NumberOfCompletedSuboperations": "1",
    "NumberOfFailedSuboperations": "0",
    "NumberOfWarningSuboperations": "0",
}
AT_THE_END = {name: value for name, value in ALL_COUNTERS.items() if "Remaining" not in name}


@pytest.mark.parametrize(
    ("responses", "broken"),
    [
        ([(0xFF00, None, ALL_COUNTERS), (0, None, AT_THE_END)], set()),
        ([(0xFF00, None, AT_THE_END), (0, None, AT_THE_END)], {"counters"}),
        ([(0, None, ALL_COUNTERS)], {"counters"}),
        ([(0, None, {**AT_THE_END, "NumberOfFailedSuboperations": "1"})], {"counters"}),
        ([(0xB000, None, AT_THE_END)], {"completed", "counters"}),
        ([(0xB000, None, {**AT_THE_END, "NumberOfWarningSuboperations": "1"})], {"completed"}),
        (
            [(0xB000, None, {**AT_THE_END, "NumberOfCompletedSuboperations": "0", "NumberOfFailedSuboperations": "1"})],
            {"completed", "counters", "failed-list"},
        ),
        ([(0xFE00, None, ALL_COUNTERS)], {"completed"}),
        ([(0xA801, None)], {"completed"}),
    ],
)
def test_a_retrieve_ends_as_its_counters_say(
    responses: Any, broken: set[str], exchange: Any, tools: Any, by_row: Any
) -> None:
    view = exchange(
        "RAD-16",
        "move",
        Service.C_MOVE,
        tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2"),
        responses,
        MOVE,
    )
    found = by_row(retrieval.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken


def test_a_product_may_be_unable_to_take_what_it_retrieves(exchange: Any, tools: Any, by_row: Any) -> None:
    answers = [(0xB000, None, {**AT_THE_END, "NumberOfFailedSuboperations": "1"})]
    keys = tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
    view = exchange("RAD-16", "move", Service.C_MOVE, keys, answers, MOVE)
    product = replace(view, planned=replace(view.planned, initiator=PlayerName("product")))
    assert by_row(retrieval.check(view))["completed"] == {VIOLATED}
    assert by_row(retrieval.check(product))["completed"] == {Outcome.UNDECIDED}


def test_what_does_not_say_what_to_retrieve_need_not_be_done(exchange: Any, tools: Any, by_row: Any) -> None:
    keys = tools.dataset(QueryRetrieveLevel="IMAGE", StudyInstanceUID="1.2", SeriesInstanceUID="1.3")
    view = exchange("RAD-16", "move", Service.C_MOVE, keys, [(0xA900, None)], MOVE)
    assert by_row(retrieval.check(view))["completed"] == {Outcome.NOT_APPLICABLE}
