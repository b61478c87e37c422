"""The requestor's side: open an association, use its services, release it."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pydicom.dataset import Dataset

from harness.dicom import statuses
from harness.dicom.encoding import decode, encode
from harness.dicom.uids import (
    keyword_of,
    uid_of,
    uids_of,
)
from harness.errors import (
    ContextRefused,
    LinkLost,
    RecordingError,
)
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.tls import Laxity
from harness.model.transcript import EventKind
from harness.transports.dimse import contexts
from harness.transports.dimse.arrivals import Busy, nothing_arrives
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.conversation import AssociationOver, Call, Conversation
from harness.transports.dimse.opening import Opening, open_conversation
from harness.transports.dimse.primitives import DimseRequest, DimseResponse
from harness.transports.dimse.requestor import OnEventReport, Requestor
from harness.transports.dimse.storing import SUCCESS, Amend, Source, load, send_store
from harness.transports.recorder import LinkOwner, Recorder

MOST_RESPONSES = 100_000
"""Responses that one operation may have."""


class Association:
    """An association that we requested. Operations raise ContextRefused, NoResponse or LinkLost."""

    def __init__(self, conversation: Conversation, handler: Requestor, timeout: float, amend: Amend | None) -> None:
        self._conversation = conversation
        self._handler = handler
        self._timeout = timeout
        self._amend = amend

    @property
    def received(self) -> Sequence[DimseRequest]:
        """The C-STORE requests that C-GET operations brought, in order."""
        return tuple(self._handler.received)

    def accepted(self, sop_class: str) -> bool:
        """Whether a context of that SOP class was accepted."""
        wanted = set(uids_of(sop_class))
        return any(one.sop_class in wanted for one in self._conversation.accepted)

    def takes(self, sop_class: str, transfer_syntax: str) -> bool:
        """Whether a context of that SOP class was accepted in that transfer syntax."""
        wanted = (uid_of(sop_class), uid_of(transfer_syntax))
        return any(one.as_scu and (one.sop_class, one.transfer_syntax) == wanted for one in self._conversation.accepted)

    def c_echo(self) -> DimseResponse:
        """Verify (PS3.7 9.1.5)."""
        return self._one(Service.C_ECHO, "Verification")

    def c_find(self, sop_class: str, identifier: Dataset, *, cancel: bool = False) -> tuple[DimseResponse, ...]:
        """Query: the pending responses, then the final one (PS3.7 9.1.2); `cancel` takes it back at once."""
        return tuple(self._many(Service.C_FIND, sop_class, identifier, cancel=cancel))

    def c_store(self, content: Dataset | Source) -> DimseResponse:
        """Store a data set, or a Part 10 file whose data set is sent as it is (PS3.7 9.1.1)."""
        return self.store_for(content, {})

    def store_for(self, content: Dataset | Source, fields: Mapping[str, str]) -> DimseResponse:
        """C-STORE with further command elements: the originator of a C-MOVE (PS3.7 9.1.1.1)."""
        try:
            status, found = send_store(
                self._conversation, load(content), timeout=self._timeout, fields=fields, amend=self._amend
            )
        except AssociationOver as over:
            raise LinkLost(str(over)) from over
        return DimseResponse(status, None, found)

    def n_create(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        """Create a SOP instance; `sop_instance` "" leaves its UID to the peer (PS3.7 10.1.5)."""
        return self._one(Service.N_CREATE, sop_class, sop_instance, dataset)

    def n_set(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        """Set attributes of a SOP instance (PS3.7 10.1.3)."""
        return self._one(Service.N_SET, sop_class, sop_instance, dataset)

    def n_action(self, sop_class: str, sop_instance: str, action_type: int, dataset: Dataset) -> DimseResponse:
        """Ask for an action (PS3.7 10.1.4)."""
        fields = {"ActionTypeID": str(action_type)}
        return self._one(Service.N_ACTION, sop_class, sop_instance, dataset, fields)

    def n_event_report(self, sop_class: str, sop_instance: str, event_type: int, dataset: Dataset) -> DimseResponse:
        """Report an event, in the SCP role (PS3.7 10.1.1)."""
        fields = {"EventTypeID": str(event_type)}
        return self._one(Service.N_EVENT_REPORT, sop_class, sop_instance, dataset, fields)

    def c_move(
        self, sop_class: str, identifier: Dataset, destination_ae: str, busy: Busy = nothing_arrives
    ) -> tuple[DimseResponse, ...]:
        """Have instances sent to an AE (PS3.7 9.1.4): all responses. `busy`: as long as they come it is waited for."""
        return tuple(self._many(Service.C_MOVE, sop_class, identifier, {"MoveDestination": destination_ae}, busy=busy))

    def c_get(self, sop_class: str, identifier: Dataset) -> tuple[DimseResponse, ...]:
        """Fetch instances; they are in `received` (PS3.7 9.1.3)."""
        return tuple(self._many(Service.C_GET, sop_class, identifier, busy=self._handler.arrivals.since))

    def wait_event_report(self, timeout: float) -> DimseRequest | None:
        """The next N-EVENT-REPORT that came on this association; None after `timeout` seconds, or when it is over."""
        try:
            return self._handler.reports.get(timeout=timeout)
        except queue.Empty:
            return None

    def _one(
        self,
        service: Service,
        sop_class: str,
        sop_instance: str = "",
        dataset: Dataset | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> DimseResponse:
        response = DimseResponse(SUCCESS)
        for amended in self._amended(service, dataset):
            call = self._call(service, sop_class, sop_instance, amended, fields)
            message = self._conversation.next_response(call, self._timeout)
            self._conversation.close_call(call)
            response = _response(message, call)
        return response

    def _amended(self, service: Service, dataset: Dataset | None) -> Sequence[Dataset | None]:
        """What is sent in place of the request; a withheld one counts as done, as its sender believes."""
        return (dataset,) if dataset is None or self._amend is None else self._amend(service, dataset)

    def _many(
        self,
        service: Service,
        sop_class: str,
        identifier: Dataset,
        fields: Mapping[str, str] | None = None,
        *,
        cancel: bool = False,
        busy: Busy = nothing_arrives,
    ) -> Iterator[DimseResponse]:
        for amended in self._amended(service, identifier):
            call = self._call(service, sop_class, "", amended, fields)
            if cancel:
                self._cancel(call)
            yield from self._answers(call, busy)

    def _cancel(self, call: Call) -> None:
        try:
            self._conversation.cancel(call)
        except AssociationOver as over:
            raise LinkLost(str(over)) from over

    def _answers(self, call: Call, busy: Busy) -> Iterator[DimseResponse]:
        for _ in range(MOST_RESPONSES):
            message = self._conversation.next_response(call, self._timeout, busy)
            yield _response(message, call)
            if not statuses.is_pending(message.command.status or 0):
                self._conversation.close_call(call)
                return
        text = f"aborted by us: more than {MOST_RESPONSES} responses"
        self._conversation.end(EventKind.LINK_CLOSED, text)
        raise LinkLost(text)

    def _call(
        self,
        service: Service,
        sop_class: str,
        sop_instance: str,
        dataset: Dataset | None,
        fields: Mapping[str, str] | None,
    ) -> Call:
        context = self._context(sop_class, as_scp=service is Service.N_EVENT_REPORT)
        content = None if dataset is None else encode(dataset, context.transfer_syntax)
        try:
            return self._conversation.call(service, context, sop_instance=sop_instance, content=content, fields=fields)
        except AssociationOver as over:
            raise LinkLost(str(over)) from over

    def _context(self, sop_class: str, as_scp: bool) -> contexts.Accepted:
        uid = uid_of(sop_class)
        for one in self._conversation.accepted:
            if one.sop_class == uid and (one.as_scp if as_scp else one.as_scu):
                return one
        role = "SCP" if as_scp else "SCU"
        raise ContextRefused(f"{keyword_of(uid)}: no accepted presentation context with us as {role}")


def _response(message: Message, call: Call) -> DimseResponse:
    dataset = None
    if message.content is not None:
        try:
            dataset = decode(message.content, call.context.transfer_syntax)
        except RecordingError:
            dataset = None
    fields = dict(message.command.fields)
    if message.command.sop_instance:
        fields["AffectedSOPInstanceUID"] = message.command.sop_instance
    return DimseResponse(message.command.status or 0, dataset, fields)


@contextmanager
def associate(
    address: DimseAddress,
    *,
    calling_ae: str,
    sop_classes: Iterable[str],
    owner: LinkOwner,
    recorder: Recorder,
    timeout: float,
    transfer_syntaxes: Iterable[str] = (),
    as_scp: Iterable[str] = (),
    on_event_report: OnEventReport | None = None,
    amend: Amend | None = None,
    lax: frozenset[Laxity] = frozenset(),
) -> Iterator[Association]:
    """An association, released at the end of the block, or aborted when the block fails.

    `sop_classes` and `as_scp` (those for which we propose the SCP role) are UID keywords, UIDs or group names;
    `timeout` in seconds bounds connecting, negotiation and each response; `lax` is what we let pass at TLS although we
    should not. Unreachable, TlsFailed, Rejected, ContextRefused (none was accepted), NoResponse, LinkLost.
    """
    scu, scp = tuple(sop_classes), tuple(as_scp)
    proposed = contexts.propose(dict.fromkeys((*scu, *scp)), transfer_syntaxes)
    with associate_with(
        address,
        proposed,
        calling_ae=calling_ae,
        owner=owner,
        recorder=recorder,
        timeout=timeout,
        roles=(scu, scp),
        on_event_report=on_event_report,
        amend=amend,
        lax=lax,
    ) as association:
        yield association


@contextmanager
def associate_with(
    address: DimseAddress,
    proposed: Sequence[contexts.Proposed],
    *,
    calling_ae: str,
    owner: LinkOwner,
    recorder: Recorder,
    timeout: float,
    roles: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    on_event_report: OnEventReport | None = None,
    amend: Amend | None = None,
    lax: frozenset[Laxity] = frozenset(),
) -> Iterator[Association]:
    """As `associate`, for exactly these presentation contexts; `roles` are the classes as SCU and as SCP."""
    owner = replace(owner)
    handler = Requestor(on_event_report)
    opening = Opening(address, calling_ae, proposed, *roles, owner, recorder, timeout, handler, lax)
    conversation = open_conversation(opening)
    try:
        yield Association(conversation, handler, timeout, amend)
    except (ContextRefused, GeneratorExit):
        _release(conversation)
        raise
    except BaseException as fault:
        conversation.end(EventKind.LINK_CLOSED, f"aborted by us: {type(fault).__name__}")
        raise
    _release(conversation)


def _release(conversation: Conversation) -> None:
    """Release; after the request to release nothing can be sent, so what the peer asked is answered first."""
    if conversation.over is None:
        conversation.settle()
    if conversation.over is None:
        conversation.assoc.release()
    conversation.end(EventKind.LINK_CLOSED, "aborted by us: no answer to the release request")
