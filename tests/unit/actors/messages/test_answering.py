"""Retransmissions: answered as the first time, and of no effect a second time."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import answering
from actors.messages.answering import OnceOnly
from harness.actor import receives
from harness.hl7 import AckError, Message, acknowledgement
from harness.identifiers import FixedClock
from harness.model.names import ActorName

ORDER = (r"MSH|^~\&|HIS|H|RIS|R|2024||OMG^O19^OMG_O19|1|P|2.5.1", "ORC|NW|A1")


class Counting(OnceOnly):
    """Counts the messages that had an effect; refuses when told to."""

    name = ActorName("Counting")

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.taken = 0
        self.refusing = False

    @receives("OMG^O19")
    def take(self, message: Message) -> bytes:
        self.taken += 1
        error = AckError(location="ORC^1", code="204", text="no") if self.refusing else None
        now = FixedClock(self.world.clock.now()).now()
        code = "AE" if error else "AA"
        return acknowledgement(message, code, control_id=f"C{self.taken}", now=now, error=error)


def test_a_repeated_message_has_no_second_effect(department: Any, hl7: Any) -> None:
    actor = department.play(Counting)
    first, second = (actor.receive(hl7(*ORDER)) for _ in range(2))
    assert first == second
    assert actor.taken == 1


def test_another_message_under_the_same_control_id_is_no_repetition(department: Any, hl7: Any) -> None:
    actor = department.play(Counting)
    actor.receive(hl7(*ORDER))
    actor.receive(hl7(ORDER[0], "ORC|NW|A2"))
    assert actor.taken == 2


def test_the_time_of_sending_may_differ(department: Any, hl7: Any) -> None:
    actor = department.play(Counting)
    actor.receive(hl7(*ORDER))
    actor.receive(hl7(ORDER[0].replace("2024", "2025"), ORDER[1]))
    assert actor.taken == 1


def test_what_was_refused_may_be_sent_again(department: Any, hl7: Any) -> None:
    actor = department.play(Counting)
    actor.refusing = True
    actor.receive(hl7(*ORDER))
    actor.refusing = False
    answer = Message.parse(actor.receive(hl7(*ORDER)) or b"")
    assert (answer.first("MSA-1"), actor.taken) == ("AA", 2)


def test_a_deviation_makes_it_a_second_message(department: Any, hl7: Any) -> None:
    actor = department.play(Counting)
    department.worlds["Counting"].decisions["message-is-repeated"] = False
    for _ in range(2):
        actor.receive(hl7(*ORDER))
    assert actor.taken == 2


def test_only_so_many_messages_are_known_again(department: Any, hl7: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "REMEMBERED", 2)
    actor = department.play(Counting)
    for number in range(1, 5):
        actor.receive(hl7(ORDER[0], f"ORC|NW|A{number}"))
    actor.receive(hl7(ORDER[0], "ORC|NW|A4"))
    assert actor.taken == 4
    actor.receive(hl7(ORDER[0], "ORC|NW|A1"))
    assert actor.taken == 5
