"""Loading the package registers every actor of this side of the department."""

from __future__ import annotations

import actors
from harness.actor import actor_classes


def test_every_actor_is_registered_and_loading_twice_is_harmless() -> None:
    actors.load()
    actors.load()
    assert {
        "ADT",
        "Order Placer",
        "Order Filler",
        "PPS Manager",
        "Report Creator",
        "Report Manager",
        "Report Repository",
        "Enterprise Report Repository",
    } <= set(actor_classes())


def test_who_is_given_the_facts_of_a_case() -> None:
    actors.load()
    assert {name for name, actor in actor_classes().items() if actor.originates} == {"ADT", "Order Placer"}
