"""How long answers took: by exchange and hop, by who answers, and the stall of two algorithms that meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.names import HARNESS, ActorName, ExchangeId, LinkId, PlayerName, TransactionId
from harness.model.transcript import Direction, Half
from reports.html.timing import seconds_words, timing_table
from reports.latency import Answering, Timing, answering, stall_words, stalled, timings_of

Sample = Any  # the fixture's class lives in conftest.py


def row(*times: float, player: str = "Acme RIS") -> Answering:
    return Answering(
        player=PlayerName(player),
        actor=ActorName("Order Filler"),
        transaction=TransactionId("RAD-5"),
        times=times,
        slowest=ExchangeId(7),
    )


def test_an_exchange_takes_from_its_request_to_its_first_response(sample: Sample) -> None:
    exchange = sample.run.transcript.exchanges[1]
    timing = timings_of(sample.run.transcript)[ExchangeId(2)]
    assert timing.waited == pytest.approx(exchange.responses[0].time - exchange.request.time)
    assert [name for name, _ in timing.marks] == ["request", "first response", "last response"]


def test_without_a_response_there_is_no_time(sample: Sample) -> None:
    assert timings_of(sample.run.transcript)[ExchangeId(3)].waited is None


def test_a_relay_shows_each_part_of_the_way(sample: Sample) -> None:
    transcript = sample.run.transcript
    exchange = transcript.exchanges[0]
    accepted, opened = LinkId(900), LinkId(901)
    link = replace(exchange.link, id=accepted, hop="orders")
    request = replace(exchange.request, link=accepted, direction=Direction.RECEIVED, time=10.0)
    answer = replace(exchange.responses[0], link=opened, direction=Direction.RECEIVED, time=10.5)
    captures = (
        request,
        replace(request, link=opened, direction=Direction.SENT, time=10.002),
        answer,
        replace(answer, link=accepted, direction=Direction.SENT, time=10.503),
    )
    relayed = replace(
        transcript,
        links=(link, replace(link, id=opened, relays=accepted)),
        captures=captures,
        exchanges=(replace(exchange, link=link, request=request, responses=(answer,)),),
    )
    timing = timings_of(relayed)[exchange.id]
    assert [(name, round(seconds, 3)) for name, seconds in timing.marks] == [
        ("request", 0.0),
        ("request passed on", 0.002),
        ("first response", 0.5),
        ("response passed on", 0.503),
    ]
    assert timing.waited == pytest.approx(0.498)
    assert captures[1].half is Half.REQUEST


def test_who_answers_is_told_by_actor_and_transaction_systems_first(sample: Sample) -> None:
    rows = answering(sample.run, timings_of(sample.run.transcript))
    assert [(one.player, one.actor, one.transaction, one.count) for one in rows] == [
        ("Acme RIS", "Order Filler", "RAD-2", 2),
        ("Acme RIS", "Order Filler", "RAD-5", 1),
    ]
    assert rows[1].slowest == 2


def test_half_nine_of_ten_and_the_slowest() -> None:
    found = row(*(number / 1000 for number in range(1, 11)))
    assert (found.median, found.ninth, found.longest) == (0.0055, 0.009, 0.010)
    assert row(0.5).ninth == 0.5


def test_the_distribution_counts_every_answer() -> None:
    assert row(0.0005, 0.002, 0.002, 4.0, 99.0).bins == (1, 2, 0, 0, 0, 0, 0, 0, 1, 1)


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ((0.0401, 0.041, 0.044) * 4, 12),
        ((0.2,) * 9 + (0.001,), 9),
        ((0.041,) * 7, 0),  # too few to show a pattern
        ((0.041,) * 8 + (0.005,) * 8, 0),  # not the most
        ((0.005,) * 50, 0),
        ((0.12,) * 50, 0),  # slow, and no stall
        ((), 0),
    ],
)
def test_a_stall_is_most_answers_at_the_time_of_a_delayed_acknowledgement(times: tuple[float, ...], count: int) -> None:
    assert stalled(times) == count


def test_a_stall_is_told_of_systems_and_not_of_ourselves() -> None:
    slow = (0.041,) * 10
    ((player, text),) = stall_words([row(*slow), row(*slow, player=HARNESS), row(0.001), row(*slow, 0.042)])
    assert player == "Acme RIS"
    assert text.startswith(
        "10 of 10 answers of RAD-5 take about 41 ms, 11 of 11 answers of RAD-5 take about 41 ms, whatever they hold."
    )
    assert "TCP_NODELAY" in text


def test_the_table_has_heights_and_links(sample: Sample) -> None:
    table = timing_table(sample.run, timings_of(sample.run.transcript))
    assert [(one.player, one.ours, one.slowest) for one in table.rows] == [
        ("Acme RIS", False, table.rows[0].slowest), ("Acme RIS", False, "x2"),
    ]  # fmt: skip
    assert all(0 <= height <= 20 for one in table.rows for height in one.bins)
    assert table.notes == ()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0042, "4.2 ms"), (0.0423, "42 ms"), (0.9999, "1000 ms"), (1.5, "1.50 s")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


def test_the_marks_of_a_timing_leave_out_what_was_not_seen() -> None:
    assert Timing(asked=5.0).marks == (("request", 0.0),)
    assert Timing(asked=5.0, answered=6.0, ended=6.0).marks == (("request", 0.0), ("first response", 1.0))
