"""A selection of plays in which every pair occurs: scenario and role, scenario and form, role and form.

The same plays in the same order always give the same selection. It decides nothing about what is played otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from harness.model.matrix import ALONE
from harness.model.names import PlayId
from harness.model.plan import Plan, Play

Triple = tuple[str, str, str]
"""Scenario, role, form."""


def role_of(play: Play) -> str:
    """The actors under test, or that there are none."""
    return ", ".join(play.roles) or ALONE


def pairwise_plays(plans: Iterable[Plan]) -> frozenset[PlayId]:
    """The plays of several plans in which every pair occurs."""
    plays = [play for plan in plans for assignment in plan.assignments for play in assignment.plays]
    triples = {play.id: (str(play.scenario.id), role_of(play), play.form) for play in plays}
    chosen = set(pairwise(list(triples.values())))
    return frozenset(play for play, triple in triples.items() if triple in chosen)


def pairwise(triples: Sequence[Triple]) -> tuple[Triple, ...]:
    """Triples in which every pair of the given ones occurs: for each scenario and role one form, and what is missing.

    Among the forms that cover as many new pairs the one is taken that was taken least for the scenario, then the role.
    """
    missing = {pair for triple in triples for pair in _pairs(triple)}
    taken: Counter[tuple[str, str]] = Counter()
    chosen: list[Triple] = []

    def take(triple: Triple) -> None:
        chosen.append(triple)
        missing.difference_update(_pairs(triple))
        taken.update(((triple[0], triple[2]), (triple[1], triple[2])))

    groups: dict[tuple[str, str], list[Triple]] = {}
    for triple in dict.fromkeys(triples):
        groups.setdefault(triple[:2], []).append(triple)
    for group in groups.values():
        take(min(group, key=lambda one: (-_new(one, missing), taken[one[0], one[2]], taken[one[1], one[2]])))
    for triple in triples:
        if _new(triple, missing):
            take(triple)
    return tuple(chosen)


def _new(triple: Triple, missing: set[tuple[int, str, str]]) -> int:
    return sum(pair in missing for pair in _pairs(triple))


def _pairs(triple: Triple) -> Iterator[tuple[int, str, str]]:
    """The three pairs of a triple, each with its kind."""
    for kind, (one, other) in enumerate(combinations(triple, 2)):
        yield kind, one, other
