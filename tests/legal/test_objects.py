"""Legal but unusual composite objects do not fail."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.legal.judged import held_against, thoroughly
from tests.legal.objects import KINDS, Stored, base, stored


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_of_the_class_that_it_says(kind: str) -> None:
    assert base(kind).Modality == kind.partition(" ")[0]


@thoroughly
@given(stored())
def test_unusual_objects_are_legal(objects: list[Stored]) -> None:
    assert held_against([one.exchange() for one in objects], form="2.5.1") == []
