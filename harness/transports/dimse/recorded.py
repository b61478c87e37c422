"""An association out of a recording: what we send is compared with what was sent, and answered as it was answered.

No socket is behind it. It serves to rebuild what an actor knew when a run was ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.dicom.bulk import Bulk
from harness.dicom.encoding import read_file_meta, wrap_large
from harness.dicom.uids import uid_of
from harness.errors import CannotRebuild
from harness.model.profile import Service
from harness.model.transcript import Capture, Direction, Exchange, Link
from harness.transports.dimse.arrivals import Busy, nothing_arrives
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.association import Association
from harness.transports.dimse.commands import Command
from harness.transports.dimse.contexts import Accepted
from harness.transports.dimse.conversation import AssociationOver, Call, Conversation, Incoming
from harness.transports.dimse.handler import DimseHandler
from harness.transports.dimse.primitives import DimseRequest, DimseResponse, MovePlan
from harness.transports.dimse.requestor import Requestor
from harness.transports.dimse.serving import Attend, ResponseAmend, Server, unattended
from harness.transports.dimse.storing import Amend
from harness.transports.recorder import LinkOwner, Recorder

Read = Callable[[Capture], bytes]
"""The Part 10 file of a message, empty when it has no data set."""

Used = Callable[[Exchange], None]
"""Hears that a recorded request was sent again, before its answer is given."""


@dataclass(frozen=True, kw_only=True)
class RecordedAssociation:
    """One recorded association with its exchanges, in order. `recorder` keeps nothing."""

    link: Link
    exchanges: Sequence[Exchange]
    read: Read
    used: Used
    recorder: Recorder

    @contextmanager
    def as_requestor(self, timeout: float, amend: Amend | None) -> Iterator[Association]:
        """The association as its requestor had it."""
        conversation = RecordedConversation(self)
        handler = Requestor(None)
        server = Server(handler, timeout)
        for exchange in self.exchanges:
            if not exchange.sent:
                server.serve(conversation, conversation.incoming(exchange))
        handler.reports.put(None)
        yield Association(conversation, handler, timeout, amend)

    def serve(
        self,
        exchange: Exchange,
        handler: DimseHandler,
        *,
        timeout: float,
        amend: ResponseAmend | None = None,
        amend_requests: Callable[[], Amend | None] = lambda: None,
        attend: Attend = unattended,
    ) -> None:
        """Have a handler answer a request that came on the association; nothing is sent, whatever it answers."""
        server = Server(
            handler, timeout, amend=amend, amend_requests=amend_requests, retrieve=_sent_already, attend=attend
        )
        conversation = RecordedConversation(self)
        incoming = conversation.incoming(exchange)
        server.serve(conversation, incoming)
        incoming.answered.set()


class RecordedConversation(Conversation):
    """The conversation of a recorded association."""

    def __init__(self, recorded: RecordedAssociation) -> None:
        self._recorded = recorded
        self.recorder = recorded.recorder
        self.link = recorded.link.id
        self.owner = LinkOwner(actor=recorded.link.actor, peer_actor=recorded.link.peer_actor)
        self.facts = recorded.link.facts
        self.accepted = tuple(_accepted(recorded.link))
        self._over = None
        self._cancelled = set()
        self._sent = iter([exchange for exchange in recorded.exchanges if exchange.sent])
        self._answers: dict[int, Iterator[Capture]] = {}

    def incoming(self, exchange: Exchange) -> Incoming:
        """A recorded request of the peer."""
        command, service = _command(exchange.request)
        recorded = exchange.request.command
        if recorded is None:
            raise CannotRebuild("a request without a command set")
        context = self._context(recorded.sop_class, recorded.transfer_syntax)
        message = Message(context_id=context.context_id, command=command, content=self._content(exchange.request))
        return Incoming(exchange.id, service, message, recorded, context)

    def answer(
        self,
        incoming: Incoming,
        status: int,
        content: bytes | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """It was answered already."""

    def call(
        self,
        service: Service,
        context: Accepted,
        *,
        sop_instance: str = "",
        content: bytes | Bulk | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Call:
        """The recorded request, if it is the same; CannotRebuild when it is not."""
        exchange = next(self._sent, None)
        recorded = exchange.request.command if exchange is not None else None
        if exchange is None and not self._recorded.link.ours:
            raise AssociationOver("the peer had released the association")
        if exchange is None or recorded is None:
            raise CannotRebuild(f"a {service.value} request that was not sent before")
        if (recorded.service, recorded.sop_class, recorded.sop_instance) != (service, context.sop_class, sop_instance):
            raise CannotRebuild(f"exchange {exchange.id} was another request than the {service.value} sent now")
        if _digest(content, context, sop_instance) != _recorded_digest(exchange.request):
            raise CannotRebuild(f"the data set of exchange {exchange.id} was another one")
        self._recorded.used(exchange)
        self._answers[recorded.message_id] = iter(exchange.responses)
        return Call(exchange.id, service, recorded, context)

    def cancel(self, call: Call) -> None:
        """It was sent already."""
        exchange = next(self._sent, None)
        if exchange is None or exchange.request.command is None:
            raise CannotRebuild("a C-CANCEL that was not sent before")
        self._recorded.used(exchange)

    def next_response(self, call: Call, timeout: float, busy: Busy = nothing_arrives) -> Message:
        """The next recorded response; CannotRebuild when there is none."""
        answer = next(self._answers[call.command.message_id], None)
        if answer is None:
            raise CannotRebuild(f"exchange {call.exchange} has no further answer")
        command, _ = _command(answer)
        return Message(context_id=call.context.context_id, command=command, content=self._content(answer))

    def close_call(self, call: Call) -> None:
        """Nothing is kept of it."""

    def _content(self, capture: Capture) -> bytes | None:
        payload = self._recorded.read(capture)
        return payload[read_file_meta(payload).offset :] if payload else None

    def _context(self, sop_class: str, transfer_syntax: str) -> Accepted:
        for one in self.accepted:
            if (one.sop_class, one.transfer_syntax) == (sop_class, transfer_syntax):
                return one
        raise CannotRebuild(f"no accepted context of {sop_class} is recorded")


def _sent_already(conversation: Conversation, request: DimseRequest, plan: MovePlan) -> Iterator[DimseResponse]:
    """What a retrieve had sent."""
    return iter(())


def _accepted(link: Link) -> Iterator[Accepted]:
    proposed = {uid_of(name) for name in link.facts.get("scp_roles", "").split("; ") if name}
    described = link.facts.get("accepted_contexts", "").split("; ")
    for number, pair in enumerate(filter(None, described)):
        name, _, syntax = pair.partition("=")
        turned = uid_of(name) in proposed
        yield Accepted(
            context_id=2 * number + 1,
            sop_class=uid_of(name),
            transfer_syntax=uid_of(syntax),
            as_scu=link.ours or turned,
            as_scp=not link.ours or turned,
        )


def _command(capture: Capture) -> tuple[Command, Service]:
    recorded = capture.command
    if recorded is None:
        raise CannotRebuild("a message without a command set")
    command = Command(
        service=recorded.service,
        message_id=recorded.message_id,
        sop_class=recorded.sop_class,
        sop_instance=recorded.sop_instance,
        status=recorded.status,
        has_dataset=capture.payload is not None,
        fields=dict(recorded.fields),
    )
    return command, recorded.service


def _digest(content: bytes | Bulk | None, context: Accepted, sop_instance: str) -> str:
    if not content:
        return ""
    wrapped = wrap_large(content, context.transfer_syntax, context.sop_class, sop_instance)
    return hashlib.sha256(wrapped).hexdigest() if isinstance(wrapped, bytes) else wrapped.sha256()


def _recorded_digest(request: Capture) -> str:
    return request.payload.sha256 if request.payload is not None else ""


def is_acted(exchange: Exchange) -> bool:
    """Whether one of our actors sent the request; what a retrieve sends, the link sends by itself."""
    command = exchange.request.command
    if exchange.request.direction is not Direction.SENT:
        return False
    if command is None or command.service is not Service.C_STORE:
        return True
    return exchange.link.ours and "MoveOriginatorMessageID" not in command.fields
