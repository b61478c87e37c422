"""Whose the end of a retrieve is when its receiver does not take what is sent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from harness.checks.recording import LegView, PlayView
from harness.engine.blame import Blame
from harness.model.finding import Finding
from harness.model.names import HARNESS, PlayerName
from harness.model.profile import Service
from harness.model.verdict import Outcome, Owner, Reason

PACS, VIEWER = PlayerName("PACS"), PlayerName("VIEWER")
COUNTERS = {"NumberOfCompletedSuboperations": "0", "NumberOfFailedSuboperations": "1"}
FAILED, REFUSED = 0xA702, 0xA700


def retrieve(tools: Any, real: Any, stored: Any, ended: Any, players: tuple[PlayerName, PlayerName]) -> PlayView:
    """One retrieve of one image: what the receiver answered to the C-STORE, and what the archive to the C-MOVE."""
    rec = tools.Recording(real)
    move, store = rec.leg("RAD-16", "move", "retrieved"), rec.leg("RAD-16", "store", "retrieved")
    keys = tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
    rec.dimse(move, Service.C_MOVE, keys, ended, sop_class="StudyRootQueryRetrieveInformationModelMove")
    image = tools.dataset(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.2", SOPInstanceUID="1.2.3", StudyInstanceUID="1.2", SeriesInstanceUID="1.4"
    )
    rec.dimse(store, Service.C_STORE, image, stored, sop_class="CTImageStorage", instance="1.2.3")
    play: PlayView = rec.play()
    return replace(play, legs=tuple(_played(leg, *players) for leg in play.legs))


def _played(leg: LegView, viewer: PlayerName, archive: PlayerName) -> LegView:
    """A leg with its players; the final response of the archive comes after all else."""
    moves = leg.planned.leg.id == "move"
    initiator, responder = (viewer, archive) if moves else (archive, viewer)
    exchanges = leg.exchanges
    if moves:
        (one,) = exchanges
        late = tuple(replace(capture, seq=capture.seq + 100) for capture in one.exchange.responses)
        exchanges = (replace(one, exchange=replace(one.exchange, responses=late)),)
    return replace(leg, planned=replace(leg.planned, initiator=initiator, responder=responder), exchanges=exchanges)


def charged(play: PlayView, findings: list[Finding], row: str) -> Any:
    """Who is charged with the end of the retrieve."""
    by_leg: dict[Any, list[Finding]] = defaultdict(list)
    for one in findings:
        by_leg[one.step, one.leg].append(one)
    (wanted,) = [one for one in findings if one.requirement == f"rad-16.move/{row}"]
    assert wanted.outcome is Outcome.VIOLATED
    move = next(leg for leg in play.legs if leg.planned.leg.id == "move")
    return Blame(play, by_leg, play.knowledge).charge(move, wanted)


@pytest.mark.parametrize("row", ["completed", "status"])
def test_an_archive_is_not_charged_when_our_receiver_refuses(tools: Any, real: Any, row: str) -> None:
    play = retrieve(tools, real, [(REFUSED, None)], [(FAILED, None, COUNTERS)], (HARNESS, PACS))
    charge = charged(play, tools.findings_of(play), row)
    assert (charge.owner, charge.why.reason, charge.why.exchange) == (Owner.UNDECIDED, Reason.NOT_TAKEN, 2)


def test_a_receiver_that_does_not_answer_is_at_fault_itself(tools: Any, real: Any) -> None:
    play = retrieve(tools, real, [], [], (HARNESS, PACS))
    charge = charged(play, tools.findings_of(play), "answered")
    assert (charge.owner, charge.excused, charge.why.reason) == (Owner.HARNESS, True, Reason.AFTER_FAULT_OF)
    assert charge.why.requirement == "rad-16.store/answered"


def test_what_another_system_refuses_is_no_fault_of_the_archive(tools: Any, real: Any) -> None:
    play = retrieve(tools, real, [(REFUSED, None)], [(FAILED, None, COUNTERS)], (VIEWER, PACS))
    charge = charged(play, tools.findings_of(play), "status")
    assert (charge.owner, charge.excused, charge.why.player) == (Owner.OTHER_SYSTEM, True, VIEWER)


@pytest.mark.parametrize("stored", [[(0, None)], [(0xB000, None)]])
def test_an_archive_that_fails_although_everything_was_taken_is_charged(tools: Any, real: Any, stored: Any) -> None:
    play = retrieve(tools, real, stored, [(FAILED, None, COUNTERS)], (HARNESS, PACS))
    assert charged(play, tools.findings_of(play), "completed").owner is Owner.SYSTEM


def test_the_counters_are_held_against_what_was_taken_as_ever(tools: Any, real: Any) -> None:
    claims = {"NumberOfCompletedSuboperations": "1", "NumberOfFailedSuboperations": "0"}
    play = retrieve(tools, real, [(REFUSED, None)], [(0, None, claims)], (HARNESS, PACS))
    (counted,) = [one for one in tools.findings_of(play) if one.requirement == "retrieve/counts-what-was-sent"]
    assert (counted.outcome, counted.expected) == (Outcome.VIOLATED, "0 completed, 1 failed")
