"""The object that is stored is the one that the command names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks import storing
from harness.model.profile import Service
from harness.model.verdict import Outcome

IMAGE = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2"}


@pytest.mark.parametrize(
    ("wrong", "outcomes"),
    [
        ({}, {Outcome.MET}),
        ({"SOPInstanceUID": "1.2.4"}, {Outcome.MET, Outcome.VIOLATED}),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, {Outcome.MET, Outcome.VIOLATED}),
        ({"SOPClassUID": "", "SOPInstanceUID": ""}, {Outcome.VIOLATED}),
    ],
)
def test_command_and_data_set_name_the_same_instance(
    wrong: dict[str, str], outcomes: set[Outcome], exchange: Any, tools: Any, by_row: Any
) -> None:
    dataset = tools.dataset(**{**IMAGE, **wrong})
    view = exchange("RAD-8", "store", Service.C_STORE, dataset, [(0, None)], "CTImageStorage")
    assert by_row(storing.identity(view)) == {"same-instance": outcomes}


def test_the_sender_is_charged(exchange: Any, tools: Any) -> None:
    dataset = tools.dataset(**{**IMAGE, "SOPInstanceUID": "1.2.4"})
    view = exchange("RAD-8", "store", Service.C_STORE, dataset, [(0, None)], "CTImageStorage")
    (violated,) = (one for one in storing.identity(view) if one.outcome is Outcome.VIOLATED)
    assert (violated.actor, violated.expected, violated.received) == ("Modality", "1.2.3", "1.2.4")
