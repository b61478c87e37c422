"""Whose a message is while it is in hand: by patient, by keys that were learnt, or the only play that runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.engine.belonging import Belonging, patients_of
from harness.model.names import PlayId

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

ONE, TWO = PlayId("one"), PlayId("two")


@pytest.fixture
def belonging() -> Belonging:
    return Belonging({ONE: ["P1", "P2"], TWO: ["P3"]})


def test_the_patients_of_a_play_are_those_of_its_case(build: Build) -> None:
    (play,) = build.plays(build.plan([build.scenario(build.step("register", "RAD-1", "ADT"))]))
    assert patients_of([play]) == {play.id: (play.case.patients["main"].id,)}


def test_a_patient_decides_before_the_other_keys(belonging: Belonging) -> None:
    assert belonging.whose([("uid", "1.2")]) is None
    assert belonging.whose([("patient", "P2"), ("uid", "1.2")]) == ONE
    assert belonging.whose([("uid", "1.2")]) is None
    belonging.learn(ONE, [("uid", "1.2")])
    assert belonging.whose([("uid", "1.2")]) == ONE
    assert belonging.whose([("patient", "P3"), ("uid", "1.2")]) == TWO


def test_what_names_two_plays_or_none_is_nobodys(belonging: Belonging) -> None:
    assert belonging.whose([("patient", "P1"), ("patient", "P3")]) is None
    assert belonging.whose([("patient", "FOREIGN")]) is None
    belonging.learn(ONE, [("uid", "1")])
    belonging.learn(TWO, [("uid", "2"), ("uid", "1")])
    assert belonging.whose([("uid", "1")]) == ONE
    assert belonging.whose([("uid", "1"), ("uid", "2")]) is None


def test_a_thread_works_for_the_play_that_it_turned_to(belonging: Belonging) -> None:
    with belonging.working(ONE):
        assert belonging.here == ONE
        with belonging.working(TWO):
            assert belonging.here == TWO
        assert belonging.here == ONE
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: belonging.here).result() is None
    assert belonging.here is None


def test_what_nobody_turned_to_belongs_to_the_only_play_that_runs(belonging: Belonging) -> None:
    with ThreadPoolExecutor(1) as pool, belonging.running(ONE):
        assert pool.submit(lambda: belonging.here).result() == ONE
        with belonging.running(TWO):
            assert belonging.here == TWO
            assert pool.submit(lambda: belonging.here).result() is None
        assert pool.submit(lambda: belonging.here).result() == ONE
