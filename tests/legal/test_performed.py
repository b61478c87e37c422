"""Legal but unusual performed procedure steps do not fail."""

from __future__ import annotations

from hypothesis import given

from tests.legal.judged import held_against, thoroughly
from tests.legal.performed import Step, steps


@thoroughly
@given(steps())
def test_unusual_performed_steps_are_legal(step: Step) -> None:
    assert held_against(step.exchanges(), form="2.5.1") == []
