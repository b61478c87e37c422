"""Legal but unusual worklist queries and their answers do not fail."""

from __future__ import annotations

from hypothesis import given

from tests.legal.judged import held_against, thoroughly
from tests.legal.worklists import Query, lookups


@thoroughly
@given(lookups())
def test_unusual_queries_and_answers_are_legal(queries: list[Query]) -> None:
    assert held_against([query.exchange() for query in queries], form="2.5.1") == []
