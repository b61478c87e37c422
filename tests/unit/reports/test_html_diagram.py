"""What the sequence diagram draws beside plain exchanges: what is sent again, strays, pauses, events, many alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.names import ActorName, ExchangeId, PlayId
from harness.model.plan import StepRef
from harness.model.run import LegResult, PlayResult, StepResult
from harness.model.transcript import Event, EventKind, Exchange, LinkId, Transcript
from harness.model.verdict import Verdict
from reports.html.happenings import events_of
from reports.html.page import recorded_of
from reports.html.sequence import Diagram, sequence_of

Sample = Any  # the fixture's class lives in conftest.py


def with_copies(sample: Sample, number: int, copies: int, *, gap: float = 0.1, same: bool = True) -> Sample:
    """The sample with an exchange repeated on its leg; `same`: with the very bytes."""
    transcript: Transcript = sample.run.transcript
    first = transcript.exchanges[number - 1]
    more: list[Exchange] = []
    for place in range(copies):
        request = replace(first.request, time=first.request.time + (place + 1) * gap, exchange=ExchangeId(100 + place))
        if not same and request.payload is not None:
            content = sample.payload(request.payload) + str(place).encode()
            request = replace(request, payload=sample.recording.store(content, request.payload.kind))
        more.append(replace(first, id=ExchangeId(100 + place), request=request))
    play: PlayResult = sample.run.plays[0]
    steps: list[StepResult] = []
    for step in play.steps:
        legs: list[LegResult] = []
        for leg in step.legs:
            numbers = (*leg.exchanges, *(one.id for one in more)) if number in leg.exchanges else leg.exchanges
            legs.append(replace(leg, exchanges=numbers))
        steps.append(replace(step, legs=tuple(legs)))
    run = replace(
        sample.run,
        plays=(replace(play, steps=tuple(steps)), *sample.run.plays[1:]),
        transcript=replace(transcript, exchanges=(*transcript.exchanges, *more)),
    )
    return replace(sample, run=run)


def drawn(sample: Sample) -> Diagram:
    """The diagram of the first play."""
    play = sample.run.plays[0]
    found = sequence_of(play, recorded_of(sample.run, sample.payload), events_of(sample.run).get(play.play, ()))
    assert found is not None
    return found


def with_event(sample: Sample, kind: EventKind, **more: Any) -> Sample:
    """The sample with one event more."""
    time = sample.run.transcript.exchanges[0].request.time + 0.5
    event = Event(seq=999, time=time, kind=kind, **more)
    return replace(sample, run=replace(sample.run, transcript=replace(sample.run.transcript, events=(event,))))


def test_the_same_bytes_are_said_to_be_sent_again_and_a_query_to_be_asked_again(sample: Sample) -> None:
    tags = [(arrow.label, arrow.tag) for arrow in drawn(with_copies(sample, 1, 1)).arrows if arrow.tag]
    assert tags == [("OMG^O19", "sent again, 2")]
    tags = [(arrow.label, arrow.tag) for arrow in drawn(with_copies(sample, 2, 2)).arrows if arrow.tag]
    assert tags == [("C-FIND", "asked again, 2"), ("C-FIND", "asked again, 3")]


def test_many_exchanges_that_say_the_same_are_one_arrow(sample: Sample) -> None:
    arrow = drawn(with_copies(sample, 1, 30, gap=0.01, same=False)).arrows[0]
    assert (arrow.label, arrow.count, arrow.href) == ("OMG^O19 ×31", 31, "#x1")
    assert [one.count for one in drawn(with_copies(sample, 1, 2, same=False)).arrows[:3]] == [1, 1, 1]


def test_what_failed_is_never_drawn_as_one_of_many(sample: Sample) -> None:
    arrows = [one for one in drawn(with_copies(sample, 3, 30)).arrows if one.label.startswith("C-STORE")]
    assert arrows[0].verdict is Verdict.ERROR
    assert arrows[0].count == 1


def test_a_long_pause_is_told_and_moves_the_rows_apart(sample: Sample) -> None:
    quick, slow = drawn(sample), drawn(with_copies(sample, 3, 1, gap=40.0))
    assert [note.text for note in quick.notes] == []
    assert [note.text for note in slow.notes] == ["40.0 s without a message"]
    assert slow.height > quick.height


def test_what_fits_no_step_or_came_late_is_drawn_beside_the_steps(sample: Sample) -> None:
    play = sample.run.plays[0]
    stray = replace(
        sample.run.transcript.exchanges[0],
        id=ExchangeId(50),
        request=replace(sample.run.transcript.exchanges[0].request, time=play_time(sample) + 0.01),
    )
    late = replace(stray, id=ExchangeId(51))
    transcript = replace(sample.run.transcript, exchanges=(*sample.run.transcript.exchanges, stray, late))
    run = replace(sample.run, transcript=transcript, orphans=(stray.id,), late=(late.id,))
    arrows = {arrow.href: arrow for arrow in drawn(replace(sample, run=run)).arrows}
    assert (arrows["#x50"].kind, arrows["#x50"].tag, arrows["#x50"].verdict) == ("stray", "fits no step", Verdict.NONE)
    assert (arrows["#x51"].kind, arrows["#x51"].tag) == ("late", "came too late")
    assert play.steps


def play_time(sample: Sample) -> float:
    """When the first exchange of the play was asked."""
    return float(sample.run.transcript.exchanges[0].request.time)


def test_a_stray_from_nowhere_gets_a_lifeline_of_its_own(sample: Sample) -> None:
    first = sample.run.transcript.exchanges[0]
    link = replace(first.link, peer_actor=None)
    stray = replace(first, id=ExchangeId(50), link=link, request=replace(first.request, time=play_time(sample) + 0.01))
    transcript = replace(sample.run.transcript, exchanges=(*sample.run.transcript.exchanges, stray))
    diagram = drawn(replace(sample, run=replace(sample.run, transcript=transcript, orphans=(stray.id,))))
    extra = diagram.lifelines[-1]
    assert extra.actor == f"{link.peer.host}:{link.peer.port}"
    assert extra.player == "fits no step"


@pytest.mark.parametrize(
    ("kind", "tone"),
    [
        (EventKind.REJECTED, "alarm"),
        (EventKind.LINK_LOST, "alarm"),
        (EventKind.NO_RESPONSE, "alarm"),
        (EventKind.TLS_FAILED, "alarm"),
        (EventKind.ASKED, "calm"),
        (EventKind.HOOK, "calm"),
    ],
)
def test_what_befalls_a_link_stands_at_its_actor(sample: Sample, kind: EventKind, tone: str) -> None:
    play = sample.run.plays[0].play
    (note,) = drawn(with_event(sample, kind, play=play, actor=ActorName("Modality"), text="why")).notes
    modality = next(line for line in drawn(sample).lifelines if line.actor == "Modality")
    assert (note.text, note.tone, note.x) == (f"{kind.value}: why", tone, modality.x)


def test_events_find_their_play_by_step_or_link_and_quiet_ones_are_left_out(sample: Sample) -> None:
    play = sample.run.plays[0]
    link: LinkId = sample.run.transcript.exchanges[1].link.id
    by_step = with_event(sample, EventKind.CANNOT_ACT, step=StepRef(play.play, play.steps[0].step))
    by_link = with_event(sample, EventKind.NO_RESPONSE, link=link)
    elsewhere = with_event(sample, EventKind.NO_RESPONSE, play=PlayId("another"))
    quiet = with_event(sample, EventKind.LINK_CLOSED, link=link)
    assert [len(drawn(one).notes) for one in (by_step, by_link, elsewhere, quiet)] == [1, 1, 0, 0]


def test_bands_cover_the_rows_of_their_step(sample: Sample) -> None:
    diagram = drawn(with_copies(sample, 1, 2))
    assert [band.step for band in diagram.bands] == ["order", "worklist", "stored", "rescheduled"]
    for band in diagram.bands:
        inside = [arrow for arrow in diagram.arrows if band.y <= arrow.y < band.y + band.height]
        assert inside
    assert max(arrow.y for arrow in diagram.arrows) < diagram.height


def test_rows_beyond_the_limit_are_counted(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.html.sequence.ROW_LIMIT", 2)
    diagram = drawn(sample)
    assert (len(diagram.arrows), diagram.omitted) == (2, 2)
