"""Whole recordings in which everybody keeps to the rules do not fail, whatever their order and number of pieces."""

from __future__ import annotations

from hypothesis import given

from tests.legal.judged import held_against, thoroughly
from tests.legal.workflow_messages import Case
from tests.legal.workflows import Events, recordings


@thoroughly
@given(recordings())
def test_unusual_recordings_are_legal(recording: tuple[Case, Events]) -> None:
    case, events = recording
    assert held_against(events, form=case.form) == []
