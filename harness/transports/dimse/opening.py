"""Opening an association as its requestor, with TLS where the address wants it; and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, evt

from harness.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from harness.errors import ContextRefused, LinkError, LinkLost, NoResponse, Rejected, TlsFailed, Unreachable
from harness.model.system import DimseAddress
from harness.model.tls import Laxity, TlsMode, TlsTrouble
from harness.model.transcript import EventKind
from harness.transports.dimse import contexts, hardening
from harness.transports.dimse.conversation import Conversation
from harness.transports.dimse.requestor import Requestor
from harness.transports.dimse.serving import Server
from harness.transports.dimse.watching import watch
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import Caller, TlsFailure, failure

MAX_PDU = 1 << 17
"""Bytes of a PDU that we take."""


@dataclass(frozen=True)
class Opening:
    """What is asked for: `as_scu` and `as_scp` are the classes for which we propose these roles, `lax` is what we let
    pass at TLS although we should not."""

    address: DimseAddress
    calling_ae: str
    proposed: Sequence[contexts.Proposed]
    as_scu: tuple[str, ...]
    as_scp: tuple[str, ...]
    owner: LinkOwner
    recorder: Recorder
    timeout: float
    handler: Requestor
    lax: frozenset[Laxity] = frozenset()
    conversations: list[Conversation] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.calling_ae} to {self.address.ae_title} at {self.address.host}:{self.address.port}"


def open_conversation(opening: Opening) -> Conversation:
    """The association, negotiated; LinkError when there is none, and the record holds why."""
    hardening.silence_value_warnings()
    ae = AE(ae_title=opening.calling_ae)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = opening.timeout
    ae.network_timeout = None
    keeper = hardening.ConnectionKeeper()
    caller = None if opening.address.tls is TlsMode.NONE else Caller(opening.address, opening.lax)
    try:
        assoc = ae.associate(
            opening.address.host,
            opening.address.port,
            contexts=contexts.requested(opening.proposed),
            ae_title=opening.address.ae_title,
            max_pdu=MAX_PDU,
            ext_neg=contexts.roles(opening.as_scu, opening.as_scp),
            evt_handlers=[(evt.EVT_ACSE_SENT, keeper.requested), *_handlers(opening)],
            tls_args=None if caller is None else (caller, ""),
        )
    except OSError as cause:
        raise _failure(opening, Unreachable, EventKind.UNREACHABLE, str(cause)) from cause
    if assoc.is_established:
        return opening.conversations[0]
    fault = _why(opening, assoc, caller.failure if caller else None)
    keeper.close()
    raise fault


def _handlers(opening: Opening) -> list[tuple[Any, Callable[[Any], None]]]:
    """What the library tells us while it negotiates and after."""

    def connected(event: Any) -> None:
        server = Server(opening.handler, opening.timeout)
        conversation = Conversation(
            event.assoc,
            peer=event.address[:2],
            recorder=opening.recorder,
            ours=True,
            patience=opening.timeout,
            serve=server.serve,
            on_end=lambda _: opening.handler.reports.put(None),
            arriving=opening.handler.arriving,
        )
        conversation.owner = opening.owner
        opening.conversations.append(conversation)

    def accepted(event: Any) -> None:
        opening.conversations[0].open_link(opening.owner)

    return [
        (evt.EVT_CONN_OPEN, connected),
        (evt.EVT_ACCEPTED, accepted),
        *watch(lambda _: opening.conversations[0] if opening.conversations else None),
    ]


def _why(opening: Opening, assoc: Any, unsecured: TlsFailure | None) -> LinkError:
    """Why there is no association."""
    if unsecured is not None:
        return _unsecured(opening, unsecured)
    if not opening.conversations:
        text = "connection refused, or nothing answered"
        return _failure(opening, Unreachable, EventKind.UNREACHABLE, text)
    conversation = opening.conversations[0]
    conversation.end(EventKind.LINK_CLOSED, "aborted by us: no association")
    if assoc.is_rejected:
        reply = assoc.acceptor.primitive
        text = f"{reply.result_str}, {reply.source_str}: {reply.reason_str}"
        return _failure(opening, Rejected, EventKind.REJECTED, text)
    if conversation.link is not None:
        return ContextRefused(f"{opening}: no presentation context was accepted")
    if conversation.unsecured is not None:
        return TlsFailed(f"{opening}: {conversation.unsecured.text}. {conversation.unsecured.advice}")
    if conversation.lost and opening.address.tls is not TlsMode.NONE:
        return _unsecured(opening, failure(TlsTrouble.CLOSED, calling=True, detail="right after it"))
    if conversation.lost:
        return _failure(opening, LinkLost, EventKind.LINK_LOST, conversation.over or "")
    text = f"no answer to the association request within {opening.timeout:g} s"
    return _failure(opening, NoResponse, EventKind.NO_RESPONSE, text)


def _unsecured(opening: Opening, why: TlsFailure) -> LinkError:
    facts = {"peer": f"{opening.address.host}:{opening.address.port}", **why.facts}
    opening.recorder.happened(EventKind.TLS_FAILED, why.text, owner=opening.owner, facts=facts)
    return TlsFailed(f"{opening}: {why.text}. {why.advice}")


def _failure(opening: Opening, kind: type[LinkError], event: EventKind, text: str) -> LinkError:
    facts = {
        "called_ae": opening.address.ae_title,
        "calling_ae": opening.calling_ae,
        "peer": f"{opening.address.host}:{opening.address.port}",
    }
    opening.recorder.happened(event, text, owner=opening.owner, facts=facts)
    return kind(f"{opening}: {text}")
