"""Ways through a relay, and the names of what is found in traffic."""

from __future__ import annotations

import pytest

from harness.model.hop import WATCHED_SCENARIO, Hop, HopSide, step_kind
from harness.model.names import PlayerName, ScenarioId, StepId
from harness.model.profile import LinkKind


def test_each_system_has_another_on_the_opposite_side() -> None:
    accepts = HopSide(player=PlayerName("RIS"), host="127.0.0.1", port=2575)
    leads_to = HopSide(player=PlayerName("PACS"), host="pacs.example.org", port=2575)
    hop = Hop(name="orders", kind=LinkKind.MLLP, accepts=accepts, leads_to=leads_to)
    assert hop.opposite(PlayerName("RIS")) == leads_to
    assert hop.opposite(PlayerName("PACS")) == accepts


@pytest.mark.parametrize(
    ("scenario", "step", "kind"),
    [
        (WATCHED_SCENARIO, "rad-8", "rad-8"),
        (WATCHED_SCENARIO, "rad-8.12", "rad-8"),
        (ScenarioId("swf.scheduled"), "stored.2", "stored.2"),
    ],
)
def test_how_often_a_transaction_comes_is_no_part_of_what_it_is(scenario: ScenarioId, step: str, kind: str) -> None:
    assert step_kind(scenario, StepId(step)) == kind
