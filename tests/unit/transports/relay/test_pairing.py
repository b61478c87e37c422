"""Which request a response answers."""

from __future__ import annotations

from harness.model.names import ExchangeId
from harness.model.profile import Service
from harness.model.transcript import DimseCommand
from harness.transports.dimse.commands import Command
from harness.transports.relay import pairing
from harness.transports.relay.pairing import Pairing
from harness.transports.relay.tap import Side

A, B = Side.ACCEPTED, Side.OPENED


def asked(number: int, sop_class: str = "1.2.3") -> DimseCommand:
    return DimseCommand(service=Service.C_FIND, message_id=number, sop_class=sop_class, fields={"Priority": "0"})


def response(number: int, status: int = 0) -> Command:
    return Command(service=Service.C_FIND, message_id=number, status=status)


def found(pairs: Pairing, side: Side, answer: Command) -> int | None:
    """The exchange that an answer belongs to; it is taken."""
    request = pairs.find(side, answer)
    pairs.answered(side, answer)
    return None if request is None else int(request.exchange)


def test_both_sides_number_their_own() -> None:
    pairs = Pairing()
    pairs.asked(A, ExchangeId(10), asked(1))
    pairs.asked(B, ExchangeId(20), asked(1))
    assert found(pairs, B, response(1)) == 10
    assert found(pairs, A, response(1)) == 20


def test_pending_responses_leave_the_request_open() -> None:
    pairs = Pairing()
    pairs.asked(A, ExchangeId(10), asked(7))
    assert [found(pairs, B, response(7, status)) for status in (0xFF00, 0xFF01, 0, 0)] == [10, 10, 10, None]


def test_several_operations_at_a_time_answered_in_another_order() -> None:
    pairs = Pairing()
    for number in (1, 2, 3):
        pairs.asked(A, ExchangeId(number * 10), asked(number))
    assert [found(pairs, B, response(number)) for number in (3, 1, 2)] == [30, 10, 20]


def test_a_number_that_is_used_again_is_that_of_the_last_request() -> None:
    pairs = Pairing()
    pairs.asked(A, ExchangeId(10), asked(1))
    pairs.asked(A, ExchangeId(11), asked(1))
    assert found(pairs, B, response(1)) == 11


def test_what_nobody_answers_is_bounded_and_the_oldest_is_forgotten() -> None:
    pairs = Pairing()
    for number in range(pairing.MOST_OPEN + 1):
        pairs.asked(A, ExchangeId(number), asked(number))
    assert found(pairs, B, response(0)) is None
    assert found(pairs, B, response(1)) == 1


def test_no_more_is_kept_of_a_request_than_a_response_may_need() -> None:
    pairs = Pairing()
    pairs.asked(A, ExchangeId(1), asked(1, sop_class="1" * 60_000))
    kept = pairs.find(B, response(1))
    assert kept is not None
    assert (kept.command.sop_class, kept.command.fields) == ("1" * 64, {})
