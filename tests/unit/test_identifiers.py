"""Clock and identifiers."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from harness.identifiers import FixedClock, Identifiers, SystemClock


def test_the_same_seed_and_space_repeat_every_identifier() -> None:
    first, second = Identifiers(7, "plan"), Identifiers(7, "plan")
    assert [first.uid(), first.number("ACC"), first.uid()] == [second.uid(), second.number("ACC"), second.uid()]


def test_another_seed_or_another_space_gives_others() -> None:
    numbers = {Identifiers(seed, space).uid() for seed in (1, 2) for space in ("plan", "department", "")}
    assert len(numbers) == 6


def test_uids_are_derived_from_uuids() -> None:
    """PS3.5 B.2: root 2.25 and the UUID as a decimal number, at most 64 characters, no leading zero (PS3.5 9.1)."""
    identifiers = Identifiers(3)
    uids = [identifiers.uid() for _ in range(200)]
    assert len(set(uids)) == 200
    for uid in uids:
        assert re.fullmatch(r"2\.25\.[1-9][0-9]*", uid)
        assert len(uid) <= 64
        assert int(uid.rpartition(".")[2]) < 1 << 128


def test_numbers_have_their_prefix_and_exactly_the_wanted_digits() -> None:
    identifiers = Identifiers(3)
    for digits in (1, 8, 10):
        for _ in range(50):
            assert re.fullmatch(rf"ACC\d{{{digits}}}", identifiers.number("ACC", digits))
    assert len(identifiers.number("ACC")) <= 16


def test_identifiers_may_be_drawn_by_many_threads() -> None:
    shared, alone = Identifiers(5), Identifiers(5)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: shared.uid(), range(400)))
    assert sorted(drawn) == sorted(alone.uid() for _ in range(400))


def test_a_fixed_clock_moves_only_when_told_to() -> None:
    clock = FixedClock(datetime(2024, 2, 29, 23, 59, 59))
    before = clock.seconds()
    assert clock.now() == datetime(2024, 2, 29, 23, 59, 59)
    assert clock.seconds() == before
    clock.advance(1.5)
    assert clock.seconds() - before == 1.5
    assert clock.now() == datetime(2024, 3, 1, 0, 0, 0, 500000)


def test_the_system_clock_never_runs_backwards_and_its_two_faces_agree() -> None:
    clock = SystemClock()
    readings = [clock.seconds() for _ in range(1000)]
    assert readings == sorted(readings)
    assert abs(clock.now().timestamp() - clock.seconds()) < 5.0


def test_a_stream_gives_the_same_whatever_is_drawn_elsewhere() -> None:
    first, second = Identifiers(1, "test"), Identifiers(1, "test")
    second.number("A")
    second.stream("other").uid()
    assert first.stream("one").number("A") == second.stream("one").number("A")
    assert first.stream("one") is first.stream("one")
    assert first.stream("one").uid() != first.stream("two").uid()


def test_no_number_is_given_twice() -> None:
    source = Identifiers(1)
    numbers = [source.stream(str(index % 3)).number("A", 2) for index in range(60)]
    assert len(set(numbers)) == 60
