"""The pairwise selection: every pair occurs, no more is played than needed, and always the same."""

from __future__ import annotations

from itertools import combinations, product

from harness.engine.pairwise import pairwise

ALL = [(f"s{number}", role, form) for number, role, form in product(range(7), "ABCDE", ("2.3.1", "2.5.1"))]


def pairs(triples: list[tuple[str, str, str]]) -> set[tuple[int, str, str]]:
    return {(kind, *pair) for triple in triples for kind, pair in enumerate(combinations(triple, 2))}


def test_every_pair_occurs_and_each_scenario_meets_each_role_once() -> None:
    chosen = pairwise(ALL)
    assert pairs(list(chosen)) == pairs(ALL)
    assert len(chosen) == 7 * 5
    assert set(chosen) <= set(ALL)


def test_what_does_not_apply_is_not_invented() -> None:
    some = [one for number, one in enumerate(ALL) if number % 3]
    chosen = pairwise(some)
    assert set(chosen) <= set(some)
    assert pairs(list(chosen)) == pairs(some)


def test_the_same_plays_give_the_same_selection() -> None:
    assert pairwise(ALL) == pairwise(list(ALL))


def test_a_form_that_one_group_alone_has_is_played() -> None:
    triples = [("s", "A", "2.3.1"), ("s", "A", "2.5.1"), ("t", "B", "2.3.1")]
    assert set(pairwise(triples)) == set(triples)


def test_nothing_is_chosen_of_nothing() -> None:
    assert pairwise([]) == ()
