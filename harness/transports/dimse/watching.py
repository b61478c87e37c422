"""Notices, on the upper layer's thread, why an association ends: released, aborted by either side, or cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pynetdicom import evt
from pynetdicom.pdu import A_ABORT_RQ, A_RELEASE_RP

from harness.model.transcript import EventKind
from harness.transports.dimse.conversation import Conversation

_SOURCES = {0: "service user", 2: "service provider"}


def watch(find: Callable[[Any], Conversation | None]) -> list[tuple[Any, Callable[[Any], None]]]:
    """Event handlers for pynetdicom; `find` gives the conversation of an association, if there is one."""

    def passed(event: Any, sent: bool) -> None:
        conversation = find(event.assoc)
        if conversation is None:
            return
        if isinstance(event.pdu, A_RELEASE_RP):
            conversation.will_end(EventKind.LINK_CLOSED, "released by the peer" if sent else "released")
        elif isinstance(event.pdu, A_ABORT_RQ):
            source = _SOURCES.get(event.pdu.source, f"source {event.pdu.source}")
            if sent:
                conversation.will_end(EventKind.LINK_CLOSED, f"aborted by us ({source})")
            else:
                reason = event.pdu.reason_diagnostic
                text = f"aborted by the peer ({source}, reason {reason})"
                conversation.will_end(EventKind.LINK_LOST, text)

    def closed(event: Any) -> None:
        conversation = find(event.assoc)
        if conversation is not None:
            conversation.ended()

    return [
        (evt.EVT_PDU_RECV, lambda event: passed(event, False)),
        (evt.EVT_PDU_SENT, lambda event: passed(event, True)),
        (evt.EVT_CONN_CLOSE, closed),
    ]
