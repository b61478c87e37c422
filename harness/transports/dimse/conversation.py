"""One association at work: takes messages from the upper layer's thread, records them, pairs responses with requests.

Both sides use it. Requests of the peer are served one after the other on a thread of the association; responses
wake the caller that waits for them. It judges nothing and knows no service beyond the command set.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pynetdicom.pdu_primitives import P_DATA

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import payload_head
from harness.errors import LinkLost, NoResponse
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import LinkKind, Service
from harness.model.transcript import DimseCommand, Direction, EventKind, SocketAddress
from harness.transports.dimse import hardening
from harness.transports.dimse.arrivals import Busy, nothing_arrives
from harness.transports.dimse.assembly import Assembler, Message, MessageError, fragments
from harness.transports.dimse.commands import Command
from harness.transports.dimse.contexts import Accepted, accepted_of, refused_of
from harness.transports.dimse.recording import link_facts, record_message, record_refusals, record_unsecured
from harness.transports.dimse.spooling import Spool
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import TlsFailure

_SMALLEST_PDU = 128
_LARGEST_SENT_PDU = 1 << 20


class AssociationOver(Exception):
    """Something was to be sent on an association that is no more."""


@dataclass(frozen=True, eq=False)
class Call:
    """A request of ours that waits for its responses; None in the queue says that the association is over."""

    exchange: ExchangeId
    service: Service
    command: DimseCommand
    context: Accepted
    responses: queue.SimpleQueue[Message | None] = field(default_factory=queue.SimpleQueue)


@dataclass(frozen=True, eq=False)
class Incoming:
    """A request of the peer."""

    exchange: ExchangeId
    service: Service
    message: Message
    command: DimseCommand
    context: Accepted
    answered: threading.Event = field(default_factory=threading.Event)


class Conversation:
    """The DIMSE side of one association with `peer`; `patience` in seconds bounds each wait for it."""

    def __init__(
        self,
        assoc: Any,
        *,
        peer: tuple[str, int],
        recorder: Recorder,
        ours: bool,
        patience: float,
        serve: Callable[[Conversation, Incoming], None],
        on_end: Callable[[Conversation], None],
        arriving: Callable[[], None],
    ) -> None:
        self.assoc = assoc
        self.recorder = recorder
        self.ours = ours
        self.patience = patience
        self.link: LinkId | None = None
        self.owner: LinkOwner | None = None
        self.accepted: tuple[Accepted, ...] = ()
        self.facts: Mapping[str, str] = {}
        self._raw = assoc.dul.socket.socket
        self.local = SocketAddress(*self._raw.getsockname()[:2])
        self.peer = SocketAddress(*peer)
        self._serve, self._on_end, self._arriving = serve, on_end, arriving
        self._assembler = Assembler(open_spool=self._open_spool)
        self._opened = threading.Event()
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._calls: dict[int, Call] = {}
        self._message_id = 0
        self._cancelled: set[int] = set()
        self._over: str | None = None
        self._ending: tuple[EventKind, str] | None = None
        self._inbox: queue.SimpleQueue[Incoming | None] = queue.SimpleQueue()
        self._last: Incoming | None = None
        self._worker: threading.Thread | None = None
        self.unsecured: TlsFailure | None = None
        hooks = hardening.Hooks(self._received, self.noise, self._failed, self._unsecured)
        hardening.harden(assoc, hooks, patience)

    # ---- the life of the association

    def open_link(self, owner: LinkOwner) -> None:
        """Record the association as negotiated; messages that came meanwhile are taken after this."""
        self.owner = owner
        self.accepted = accepted_of(self.assoc.accepted_contexts)
        refused = refused_of(self.assoc.rejected_contexts)
        self.facts = link_facts(self.assoc, self.ours, self.accepted, refused)
        self.link = self.recorder.link_opened(
            kind=LinkKind.DIMSE, owner=owner, ours=self.ours, local=self.local, peer=self.peer, facts=self.facts
        )
        record_refusals(self.recorder, self.link, owner, self.accepted, refused)
        self._opened.set()

    @property
    def over(self) -> str | None:
        """Why the association is no more; None while it lives."""
        return self._over

    @property
    def lost(self) -> bool:
        """Whether the association ended by no wish of ours."""
        return self._ending is not None and self._ending[0] is EventKind.LINK_LOST

    def will_end(self, kind: EventKind, text: str) -> None:
        """Say why the connection is about to close; what is said first holds."""
        self._ending = self._ending or (kind, text)

    def ended(self) -> None:
        """The connection is closed: record it, wake everybody who waits. Only the first call counts."""
        self.will_end(EventKind.LINK_LOST, "the peer closed the connection")
        kind, text = self._ending or (EventKind.LINK_LOST, "")
        with self._lock:
            if self._over is not None:
                return
            self._over = text
            calls = tuple(self._calls.values())
        if self.link is not None:
            self.recorder.happened(kind, text, link=self.link, owner=self.owner)
        for call in calls:
            call.responses.put(None)
        self._inbox.put(None)
        hardening.let_go(self.assoc)
        self._raw.close()
        self._assembler.discard()
        self._on_end(self)

    def end(self, kind: EventKind, text: str) -> None:
        """Abort the association unless it is over, and wait, bounded by `patience`, for its threads."""
        self.will_end(kind, text)
        if self._over is None or self.assoc.is_alive() or self.assoc.dul.is_alive():
            hardening.end(self.assoc, self.patience, negotiated=self.link is not None)
        self.ended()
        self.join()

    def join(self) -> None:
        """Wait, at most `patience` seconds, for the serving thread."""
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join(self.patience)

    def noise(self, text: str) -> None:
        """Record bytes that belong to no message."""
        facts = {"peer": f"{self.peer.host}:{self.peer.port}"}
        self.recorder.happened(EventKind.NOISE, text, link=self.link, owner=self.owner, facts=facts)
        self.will_end(EventKind.LINK_LOST, f"aborted by us: {text}")

    def _unsecured(self, why: TlsFailure) -> None:
        self.unsecured = why
        record_unsecured(self.recorder, self.link, self.owner, self.peer, why)
        self.will_end(EventKind.LINK_LOST, why.text)

    def _failed(self, text: str) -> None:
        self.will_end(EventKind.LINK_LOST, f"the association broke: {text}")
        self.ended()
        hardening.wake(self.assoc)

    # ---- messages from the peer, on the upper layer's thread

    def _received(self, values: Iterable[tuple[int, bytes]]) -> bool:
        try:
            for context_id, value in values:
                if self._assembler.spooling:
                    self._arriving()
                message = self._assembler.feed(context_id, bytes(value))
                if message is not None:
                    self._take(message)
        except MessageError as fault:
            self.noise(str(fault))
            return False
        return True

    def _open_spool(self, context_id: int, command: Command) -> Spool:
        """Where an object to store is kept while it comes, with the head that its file gets."""
        syntax = next((one.transfer_syntax for one in self.accepted if one.context_id == context_id), "")
        return Spool(self.recorder.spool, payload_head(syntax, command.sop_class, command.sop_instance))

    def _take(self, message: Message) -> None:
        if not self._opened.wait(self.patience):
            raise MessageError("a message before the association was accepted")
        context = next((one for one in self.accepted if one.context_id == message.context_id), None)
        if context is None:
            raise MessageError(f"a message on context {message.context_id}, which was not accepted")
        command = message.command
        if command.service is None:
            self._record_cancel(Direction.RECEIVED, message, context)
            self._cancelled.add(command.message_id)
        elif command.status is None:
            self._take_request(message, context, command.service)
        else:
            self._take_response(message, context, command.service)

    def _take_request(self, message: Message, context: Accepted, service: Service) -> None:
        exchange = self.recorder.exchange_opened()
        self._cancelled.discard(message.command.message_id)
        command = self._record(exchange, Direction.RECEIVED, message, context, service, None)
        self._last = Incoming(exchange, service, message, command, context)
        self._inbox.put(self._last)
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name=f"dimse-{self.link}", daemon=True)
            self._worker.start()

    def _take_response(self, message: Message, context: Accepted, service: Service) -> None:
        with self._lock:
            call = self._calls.get(message.command.message_id)
        if call is None:
            raise MessageError(f"a {service.value} response to message {message.command.message_id}, never sent")
        self._record(call.exchange, Direction.RECEIVED, message, context, service, call.command)
        call.responses.put(message)

    def _work(self) -> None:
        while (incoming := self._inbox.get()) is not None:
            try:
                self._serve(self, incoming)
            except AssociationOver:
                continue
            finally:
                incoming.answered.set()
                if incoming.message.file is not None:
                    incoming.message.file.path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Wait, at most `patience` seconds, until every request that the peer has sent so far is answered."""
        if self._last is not None:
            self._last.answered.wait(self.patience)

    def cancelled(self, message_id: int) -> bool:
        """Whether the peer cancelled that request, or the association is over."""
        return message_id in self._cancelled or self._over is not None

    # ---- messages to the peer

    def call(
        self,
        service: Service,
        context: Accepted,
        *,
        sop_instance: str = "",
        content: bytes | Bulk | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Call:
        """Send a request; AssociationOver when there is nobody to send it to."""
        with self._lock:
            self._message_id = self._message_id % 0xFFFF + 1
            message_id = self._message_id
        command = Command(
            service=service,
            message_id=message_id,
            sop_class=context.sop_class,
            sop_instance=sop_instance,
            has_dataset=bool(content),
            fields=dict(fields or {}),
        )
        message = Message(context_id=context.context_id, command=command, content=content or None)
        exchange = self.recorder.exchange_opened()
        with self._sending:
            self._must_live()
            recorded = self._record(exchange, Direction.SENT, message, context, service, None)
            call = Call(exchange, service, recorded, context)
            with self._lock:
                self._calls[message_id] = call
            self._send(message)
        if self._over is not None:
            call.responses.put(None)
        return call

    def cancel(self, call: Call) -> None:
        """Send a C-CANCEL for a request (PS3.7 9.3.2.3); AssociationOver when there is nobody to send it to."""
        command = Command(service=None, message_id=call.command.message_id)
        message = Message(context_id=call.context.context_id, command=command)
        with self._sending:
            self._must_live()
            self._record_cancel(Direction.SENT, message, call.context)
            self._send(message)

    def _record_cancel(self, direction: Direction, message: Message, context: Accepted) -> None:
        """An exchange of its own without an answer; what ends is the request of that Message ID on the association."""
        named = replace(message, command=replace(message.command, sop_class=context.sop_class))
        self._record(self.recorder.exchange_opened(), direction, named, context, Service.C_CANCEL, None)

    def next_response(self, call: Call, timeout: float, busy: Busy = nothing_arrives) -> Message:
        """The next response, in order; NoResponse (the association is then aborted) or LinkLost.

        `busy` says whether the peer did something else for the request since it was asked last: then the time begins
        anew.
        """
        try:
            message = self._wait(call, timeout, busy)
        except queue.Empty:
            text = f"no {call.service.value} response within {timeout:g} s"
            self.recorder.happened(EventKind.NO_RESPONSE, text, link=self.link, owner=self.owner)
            self.end(EventKind.LINK_CLOSED, f"aborted by us: {text}")
            raise NoResponse(text) from None
        if message is None:
            raise LinkLost(f"while waiting for a {call.service.value} response: {self._over}")
        return message

    @staticmethod
    def _wait(call: Call, timeout: float, busy: Busy) -> Message | None:
        while True:
            try:
                return call.responses.get(timeout=timeout)
            except queue.Empty:
                if not busy():
                    raise

    def close_call(self, call: Call) -> None:
        """No further response is expected."""
        with self._lock:
            self._calls.pop(call.command.message_id, None)

    def answer(
        self,
        incoming: Incoming,
        status: int,
        content: bytes | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Send a response; AssociationOver when there is nobody to send it to."""
        request = incoming.message.command
        extra = dict(fields or {})
        command = Command(
            service=incoming.service,
            message_id=request.message_id,
            sop_class=extra.pop("AffectedSOPClassUID", request.sop_class),
            sop_instance=extra.pop("AffectedSOPInstanceUID", request.sop_instance),
            status=status,
            has_dataset=bool(content),
            fields=extra,
        )
        message = Message(context_id=incoming.context.context_id, command=command, content=content or None)
        with self._sending:
            self._must_live()
            context = incoming.context
            self._record(incoming.exchange, Direction.SENT, message, context, incoming.service, incoming.command)
            self._send(message)

    def _must_live(self) -> None:
        if self._over is not None or self.link is None:
            raise AssociationOver(self._over or "not yet open")

    def _send(self, message: Message) -> None:
        announced = self.assoc.dimse.maximum_pdu_size or 0
        largest = max(announced, _SMALLEST_PDU) if announced else _LARGEST_SENT_PDU
        for value in fragments(message, min(largest, _LARGEST_SENT_PDU)):
            if self._over is not None:
                return
            primitive = P_DATA()
            primitive.presentation_data_value_list.append((message.context_id, value))
            self.assoc.dul.send_pdu(primitive)

    def _record(
        self,
        exchange: ExchangeId,
        direction: Direction,
        message: Message,
        context: Accepted,
        service: Service,
        request: DimseCommand | None,
    ) -> DimseCommand:
        if self.link is None:
            raise AssociationOver("not yet open")
        return record_message(
            self.recorder,
            self.link,
            exchange,
            direction,
            message,
            context.transfer_syntax,
            service,
            request,
        )
