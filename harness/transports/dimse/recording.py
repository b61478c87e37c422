"""From DIMSE messages and associations to what the recorder keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from harness.dicom.encoding import wrap_large
from harness.dicom.uids import keyword_of
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import Service
from harness.model.transcript import DimseCommand, Direction, EventKind, Half, PayloadKind, SocketAddress
from harness.transports.dimse.assembly import Message
from harness.transports.dimse.commands import Command
from harness.transports.dimse.contexts import Accepted, describe
from harness.transports.recorder import LinkOwner, Passage, Recorder
from harness.transports.tls import TlsFailure, TlsSocket


def record_message(
    recorder: Recorder,
    link: LinkId,
    exchange: ExchangeId,
    direction: Direction,
    message: Message,
    transfer_syntax: str,
    service: Service,
    request: DimseCommand | None = None,
) -> DimseCommand:
    """Record one DIMSE message, its data set byte for byte; `request` is what a response answers."""
    command = recorded_command(message.command, transfer_syntax, service)
    recorder.passed(passage_of(link, exchange, direction, message, command, request))
    return command


def recorded_command(command: Command, transfer_syntax: str, service: Service) -> DimseCommand:
    """What the record keeps of a command set."""
    return DimseCommand(
        service=service,
        message_id=command.message_id,
        sop_class=command.sop_class,
        sop_instance=command.sop_instance,
        status=command.status,
        transfer_syntax=transfer_syntax,
        fields=dict(command.fields),
    )


def passage_of(
    link: LinkId,
    exchange: ExchangeId,
    direction: Direction,
    message: Message,
    command: DimseCommand,
    request: DimseCommand | None = None,
) -> Passage:
    """One DIMSE message as the record takes it; its data set becomes a Part 10 file around the very bytes."""
    sop_class, sop_instance = instance_of(command, request)
    content = message.content
    return Passage(
        link=link,
        exchange=exchange,
        half=Half.REQUEST if command.status is None else Half.RESPONSE,
        direction=direction,
        content=None if content is None else wrap_large(content, command.transfer_syntax, sop_class, sop_instance),
        kind=PayloadKind.DICOM,
        command=command,
        file=message.file,
    )


def instance_of(command: DimseCommand | Command, request: DimseCommand | None) -> tuple[str, str]:
    """SOP class and instance that a message is about: a response may leave them to the request that it answers."""
    return (
        command.sop_class or (request.sop_class if request else ""),
        command.sop_instance or (request.sop_instance if request else ""),
    )


def link_facts(
    assoc: Any, ours: bool, accepted: Sequence[Accepted], refused: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """The identities of an association: AE titles, implementations, PDU sizes, contexts.

    Facts without prefix are the peer's; those with `our_` are ours.
    """
    me, peer = (assoc.requestor, assoc.acceptor) if ours else (assoc.acceptor, assoc.requestor)
    called = assoc.acceptor.ae_title if ours else assoc.requestor.primitive.called_ae_title
    return {
        "calling_ae": _text(assoc.requestor.ae_title),
        "called_ae": _text(called),
        "implementation_class_uid": _text(peer.implementation_class_uid),
        "implementation_version_name": _text(peer.implementation_version_name),
        "our_implementation_class_uid": _text(me.implementation_class_uid),
        "our_implementation_version_name": _text(me.implementation_version_name),
        "max_pdu": _text(peer.maximum_length),
        "our_max_pdu": _text(me.maximum_length),
        "accepted_contexts": describe(accepted),
        "scp_roles": _scp_roles(assoc),
        "refused_contexts": "; ".join(f"{keyword_of(uid)}: {reason}" for uid, reason in refused),
        **_secured_facts(assoc),
    }


def _secured_facts(assoc: Any) -> Mapping[str, str]:
    """What was agreed of TLS, if it was."""
    sock = assoc.dul.socket.socket if assoc.dul.socket is not None else None
    return sock.facts if isinstance(sock, TlsSocket) else {}


def _scp_roles(assoc: Any) -> str:
    """The SOP classes for which the requestor proposed the SCP role for itself (PS3.7 D.3.3.4)."""
    proposed = assoc.requestor.role_selection
    return "; ".join(keyword_of(str(uid)) for uid, item in proposed.items() if item.scp_role)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def record_refusals(
    recorder: Recorder,
    link: LinkId,
    owner: LinkOwner,
    accepted: Sequence[Accepted],
    refused: Sequence[tuple[str, str]],
    at: float | None = None,
    facts: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """One event for each SOP class of which no context was accepted; `at` and `facts` as of any event."""
    taken = {one.sop_class for one in accepted}
    for uid, reason in dict(refused).items():
        if uid not in taken:
            recorder.happened(
                EventKind.CONTEXT_REFUSED,
                f"{keyword_of(uid)}: {reason}",
                link=link,
                owner=owner,
                facts={**facts, "sop_class": uid, "reason": reason},
                at=at,
            )


def record_unsecured(
    recorder: Recorder, link: LinkId | None, owner: LinkOwner | None, peer: SocketAddress, why: TlsFailure
) -> None:
    """The event of a connection whose TLS failed."""
    facts = {"peer": f"{peer.host}:{peer.port}", "advice": why.advice, **why.facts}
    recorder.happened(EventKind.TLS_FAILED, why.text, link=link, owner=owner, facts=facts)
