"""The version in the header: that of the link, whatever forms the leg has besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.hl7_header import check
from harness.checks.recording import LegView
from harness.model.verdict import Outcome


@pytest.mark.parametrize(
    ("planned", "sent", "outcome"),
    [
        ("2.5.1", "2.5.1", Outcome.MET),
        ("2.5.1", "2.6", Outcome.MET),
        ("2.5.1", "2.3.1", Outcome.VIOLATED),
        ("2.3.1", "2.3.1", Outcome.MET),
        ("2.3.1", "2.5.1", Outcome.MET),
        ("2.3.1", "2.3", Outcome.VIOLATED),
        ("", "2.3.1", Outcome.MET),
    ],
)
def test_a_message_has_the_version_of_its_link_or_a_higher_one(
    planned: str, sent: str, outcome: Outcome, recording: Callable[..., Any]
) -> None:
    rec = recording()
    opened = rec.leg("RAD-1", "to-order-filler", "step")
    rec.hl7(opened, f"MSH|^~\\&|A|B|C|D|20260504||ADT^A04|1|P|{sent}\rPID|1\r".encode())
    view: LegView = rec.view(opened)
    view = replace(view, planned=replace(view.planned, version=planned))
    (found,) = [one for one in check(view) if one.requirement.endswith("/version")]
    assert found.outcome is outcome
    if outcome is Outcome.VIOLATED:
        assert (found.expected, found.received) == (f"{planned} or higher", sent)
