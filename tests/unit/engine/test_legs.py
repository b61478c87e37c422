"""Which legs of a transaction a step has: its own, those passed on, and of repositories the one that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.engine.legs import legs_of
from harness.profiles import knowledge

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build


def _legs(build: Build, transaction: str, initiator: str, at: str | None = None) -> dict[str, tuple[bool, bool]]:
    """The legs of a step of the shipped transaction: whether each is required, and a reaction."""
    step = build.step("step", transaction, initiator, at=at)
    found = legs_of(step, knowledge().transactions[step.transaction])
    return {leg.id: (leg.required, leg.reaction) for leg in found}


def test_an_actor_that_begins_what_it_else_passes_on_begins_its_own_legs_alone(build: Build) -> None:
    legs = _legs(build, "RAD-12", "Order Filler")
    assert legs == {"to-image-manager": (True, False), "to-report-manager": (False, False)}


def test_an_update_of_adt_has_every_leg_with_those_passed_on_as_reactions(build: Build) -> None:
    legs = _legs(build, "RAD-12", "ADT")
    assert {name for name, (_, reaction) in legs.items() if reaction} == {"to-image-manager", "to-report-manager"}
    assert {"to-order-placer", "to-order-filler"} < set(legs)


@pytest.mark.parametrize(
    ("at", "legs"),
    [
        (None, {"move", "store"}),
        ("Report Repository", {"move", "store"}),
        ("External Report Repository Access", {"move-external", "store-external"}),
    ],
)
def test_one_repository_is_asked(build: Build, at: str | None, legs: set[str]) -> None:
    found = _legs(build, "RAD-27", "Report Reader", at)
    assert set(found) == legs
    assert all(required for required, _ in found.values())
