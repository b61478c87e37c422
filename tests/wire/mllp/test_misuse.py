"""A block without end: recorded whole, never answered by our listener, and the next message is taken."""

from __future__ import annotations

from typing import Any

from harness.model.names import ActorName
from harness.model.system import Hl7Address
from harness.model.transcript import EventKind
from harness.transports.mllp import Hl7Request, MllpEndpoint, send, send_unterminated
from harness.transports.recorder import LinkOwner

MESSAGE = b"MSH|^~\\&|A|B|C|D|20260101||ADT^A04|1|P|2.3.1\r"
ADT = LinkOwner(actor=ActorName("ADT"), peer_actor=ActorName("Order Filler"))


def test_our_listener_waits_for_the_end_and_takes_the_next(tape: Any) -> None:
    taken: list[bytes] = []

    def handler(request: Hl7Request) -> bytes:
        taken.append(request.message)
        return b"MSH|ack\r"

    endpoint = MllpEndpoint(
        LinkOwner(actor=ActorName("Order Filler")), bind="127.0.0.1", port=0, handler=handler, recorder=tape
    )
    address = Hl7Address(application="A", facility="F", port=endpoint.start())
    try:
        send_unterminated(address, MESSAGE, owner=ADT, recorder=tape)
        assert taken == []
        assert send(address, MESSAGE, owner=ADT, recorder=tape, timeout=5.0) == b"MSH|ack\r"
    finally:
        endpoint.stop()
    assert taken == [MESSAGE]
    (event,) = (one for one in tape.records if getattr(one, "kind", None) is EventKind.MISUSED)
    assert (event.facts["outcome"], bytes.fromhex(event.facts["sent"])) == ("kept", b"\x0b" + MESSAGE)


def test_nobody_there_is_told_and_raises_nothing(tape: Any) -> None:
    send_unterminated(Hl7Address(application="A", facility="F", port=1), MESSAGE, owner=ADT, recorder=tape)
    assert tape.events == [EventKind.MISUSED]
    assert "no connection" in tape.texts(EventKind.MISUSED)[0]
