"""From a peer's request to the responses that a handler gives: one handler method for each service."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.dicom import statuses
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode, encode
from harness.errors import LinkLost, RecordingError
from harness.model.profile import Service
from harness.model.transcript import EventKind
from harness.transports.dimse.conversation import AssociationOver, Conversation, Incoming
from harness.transports.dimse.handler import DimseHandler
from harness.transports.dimse.primitives import NO_LINK, DimseRequest, DimseResponse, MovePlan
from harness.transports.dimse.storing import SUCCESS, Amend

PROCESSING_FAILURE = DimseResponse(0x0110)
"""PS3.7 C.5.10."""

UNRECOGNIZED_OPERATION = DimseResponse(0x0211)
"""PS3.7 C.5.24."""

CANCELLED = DimseResponse(0xFE00)
"""Matching terminated due to a Cancel request (PS3.4 C.4.1.1.4)."""

ResponseAmend = Callable[[DimseRequest, DimseResponse], Sequence[DimseResponse]]
"""What a deviation makes of a response; [] is silence."""

Attend = Callable[[DimseRequest], None]
"""Hears of each request before it is served, on the thread that serves it."""


def unattended(request: DimseRequest) -> None:
    """Nobody wants to hear of requests."""


Retrieve = Callable[[Conversation, DimseRequest, MovePlan], Iterator[DimseResponse]]
"""How the plan of a C-MOVE or C-GET is carried out."""

_SIMPLE: Mapping[Service, Callable[[DimseHandler, DimseRequest], DimseResponse]] = MappingProxyType(
    {
        Service.C_ECHO: lambda handler, request: handler.c_echo(request),
        Service.C_STORE: lambda handler, request: handler.c_store(request),
        Service.N_CREATE: lambda handler, request: handler.n_create(request),
        Service.N_SET: lambda handler, request: handler.n_set(request),
        Service.N_ACTION: lambda handler, request: handler.n_action(request),
        Service.N_EVENT_REPORT: lambda handler, request: handler.n_event_report(request),
    }
)


class Server:
    """Serves the requests of associations; `timeout` in seconds bounds what it waits for on an association."""

    def __init__(
        self,
        handler: DimseHandler,
        timeout: float,
        *,
        amend: ResponseAmend | None = None,
        amend_requests: Callable[[], Amend | None] = lambda: None,
        retrieve: Retrieve | None = None,
        attend: Attend = unattended,
    ) -> None:
        self._handler = handler
        self._attend = attend
        self._timeout = timeout
        self._amend = amend
        self._amend_requests = amend_requests
        self._retrieve = retrieve

    def serve(self, conversation: Conversation, incoming: Incoming) -> None:
        """Answer one request; AssociationOver when the association ended meanwhile."""
        request = self._request(conversation, incoming)
        try:
            self._attend(request)
            for response in self._responses(conversation, request):
                for amended in self._amended(request, response):
                    self._answer(conversation, incoming, amended)
            self._handler.concluded(request)
        except AssociationOver:
            raise
        except Exception:  # a fault of ours, whatever it is, is an internal error of the run and status 0110
            text = f"{incoming.service.value}: {traceback.format_exc()}"
            conversation.recorder.happened(
                EventKind.INTERNAL_ERROR, text, link=conversation.link, owner=conversation.owner
            )
            self._answer(conversation, incoming, PROCESSING_FAILURE)

    def _request(self, conversation: Conversation, incoming: Incoming) -> DimseRequest:
        content = incoming.message.content or b""
        command = incoming.command
        return DimseRequest(
            service=incoming.service,
            sop_class=command.sop_class,
            sop_instance=command.sop_instance,
            calling_ae=conversation.facts.get("calling_ae", ""),
            called_ae=conversation.facts.get("called_ae", ""),
            link=conversation.link or NO_LINK,
            exchange=incoming.exchange,
            dataset=_decoded(content, command.transfer_syntax),
            content=content,
            transfer_syntax=command.transfer_syntax,
            fields=command.fields,
            message_id=command.message_id,
            cancelled=lambda: conversation.cancelled(command.message_id),
            report=self._reporter(conversation, incoming),
            file=incoming.message.file.path if incoming.message.file is not None else None,
        )

    def _responses(self, conversation: Conversation, request: DimseRequest) -> Iterator[DimseResponse]:
        if request.service in _SIMPLE:
            yield _SIMPLE[request.service](self._handler, request)
        elif request.service is Service.C_FIND:
            yield from self._find(request)
        elif request.service in (Service.C_MOVE, Service.C_GET) and self._retrieve is not None:
            moving = request.service is Service.C_MOVE
            plan = self._handler.c_move(request) if moving else self._handler.c_get(request)
            if isinstance(plan, DimseResponse):
                yield plan
            else:
                yield from self._retrieve(conversation, request, plan)
        else:
            yield UNRECOGNIZED_OPERATION

    def _find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        for response in self._handler.c_find(request):
            if request.cancelled():
                yield CANCELLED
                return
            yield response
            if not statuses.is_pending(response.status):
                return
        yield DimseResponse(0x0000)

    def _amended(self, request: DimseRequest, response: DimseResponse) -> Sequence[DimseResponse]:
        return (response,) if self._amend is None else self._amend(request, response)

    def _answer(self, conversation: Conversation, incoming: Incoming, response: DimseResponse) -> None:
        content = None
        if response.dataset is not None:
            content = encode(response.dataset, incoming.context.transfer_syntax)
        conversation.answer(incoming, response.status, content, response.fields)

    def _report(
        self, conversation: Conversation, incoming: Incoming, sop_instance: str, event_type: int, dataset: Dataset
    ) -> DimseResponse:
        try:
            call = conversation.call(
                Service.N_EVENT_REPORT,
                incoming.context,
                sop_instance=sop_instance,
                content=encode(dataset, incoming.context.transfer_syntax),
                fields={"EventTypeID": str(event_type)},
            )
        except AssociationOver as over:
            raise LinkLost(str(over)) from over
        response = conversation.next_response(call, self._timeout).command
        conversation.close_call(call)
        return DimseResponse(response.status or SUCCESS, None, response.fields)

    def _reporter(self, conversation: Conversation, incoming: Incoming) -> Callable[[str, int, Dataset], DimseResponse]:
        def report(sop_instance: str, event_type: int, dataset: Dataset) -> DimseResponse:
            if not incoming.answered.wait(self._timeout):
                raise LinkLost("the request to report on was never answered")
            amend = self._amend_requests()
            answer = DimseResponse(SUCCESS)
            for amended in (dataset,) if amend is None else amend(Service.N_EVENT_REPORT, dataset):
                answer = self._report(conversation, incoming, sop_instance, event_type, amended)
            return answer

        return report


def _decoded(content: bytes | Bulk, transfer_syntax: str) -> Dataset:
    try:
        return decode(content, transfer_syntax) if content else Dataset()
    except RecordingError:
        return Dataset()
