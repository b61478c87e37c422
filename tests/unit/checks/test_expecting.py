"""Refusals: whose they are when nothing in the request explains them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.checks.expecting import refused
from harness.model.names import HARNESS, PlayerName
from harness.model.profile import Service
from harness.model.verdict import Outcome

PRODUCT = PlayerName("CT")


@pytest.mark.parametrize(
    ("initiator", "responder", "outcome"),
    [
        (HARNESS, PRODUCT, Outcome.VIOLATED),
        (PRODUCT, HARNESS, Outcome.UNDECIDED),
        (HARNESS, HARNESS, Outcome.VIOLATED),
    ],
)
def test_our_refusal_of_a_system_decides_nothing(
    initiator: PlayerName, responder: PlayerName, outcome: Outcome, exchange: Any, tools: Any
) -> None:
    view = exchange("RAD-8", "store", Service.C_STORE, tools.dataset(), [(0xA700, None)], "CTImageStorage")
    bound = replace(view, planned=replace(view.planned, initiator=initiator, responder=responder))
    assert refused(bound) is outcome
