"""The acceptor's side: a listener that plays one of our actors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pynetdicom import AE, evt

from harness.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from harness.errors import PortInUse
from harness.model.names import ActorName
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import EventKind
from harness.transports.dimse import contexts, hardening
from harness.transports.dimse.conversation import Conversation
from harness.transports.dimse.handler import DimseHandler
from harness.transports.dimse.opening import MAX_PDU
from harness.transports.dimse.primitives import SupportedClass
from harness.transports.dimse.retrieving import Retriever
from harness.transports.dimse.serving import Attend, ResponseAmend, Server, unattended
from harness.transports.dimse.storing import Amend
from harness.transports.dimse.watching import watch
from harness.transports.recorder import LinkOwner, Recorder
from harness.transports.tls import (
    Arrival,
    Conducting,
    TlsFailure,
    TlsSocket,
    listening_context,
    properly,
    tell_shown,
)

MOST_ASSOCIATIONS = 500
"""Associations that one endpoint holds at a time."""

_STOP_PATIENCE = 0.5


class DimseEndpoint:
    """Listens as `ae_title`, accepts the supported classes and lets the handler answer.

    `peer_of` says which actor an AE title stands for; `amend` is what deviations make of responses,
    `amend_requests` gives what they make of our own requests on these associations at the time of asking; `attend`
    hears of each request first, on the thread that serves it; `timeout` in seconds bounds negotiation, each wait for
    the socket, and our own requests to the peer. `tls_files` are what connections are secured
    with where `tls` wants it, and `conduct` is how we behave then where we should not.
    """

    def __init__(
        self,
        owner: LinkOwner,
        *,
        ae_title: str,
        bind: str,
        port: int,
        supported: Sequence[SupportedClass],
        handler: DimseHandler,
        recorder: Recorder,
        peer_of: Callable[[str], ActorName | None],
        amend: ResponseAmend | None = None,
        amend_requests: Callable[[], Amend | None] = lambda: None,
        timeout: float = 30.0,
        attend: Attend = unattended,
        tls: TlsMode = TlsMode.NONE,
        tls_files: TlsFiles | None = None,
        conduct: Conducting = properly,
    ) -> None:
        self._conduct = conduct
        self._owner, self._recorder, self._peer_of = owner, recorder, peer_of
        self._ae_title, self._address, self._timeout = ae_title, (bind, port), timeout
        self._supported = contexts.supported(supported)
        self._arriving = handler.arriving
        retrieve = Retriever(owner, ae_title, recorder, timeout, peer_of, amend_requests)
        self._available = handler.available
        self._server = Server(
            handler, timeout, amend=amend, amend_requests=amend_requests, retrieve=retrieve, attend=attend
        )
        self._conversations: dict[Any, Conversation] = {}
        self._tls, self._tls_files = tls, tls_files
        self._securing: set[Arrival] = set()
        self._stopping = False
        self._lock = threading.Lock()
        self._listener: hardening.Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Open the port and accept associations; the bound port. PortInUse when it cannot be opened.

        InputError when the files of TLS cannot be used.
        """
        secured = self._tls is not TlsMode.NONE and self._tls_files is not None
        if secured and self._tls_files is not None:
            listening_context(self._tls_files, self._tls)
        hardening.silence_value_warnings()
        ae = AE(ae_title=self._ae_title)
        ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        ae.require_called_aet = True
        ae.maximum_pdu_size = MAX_PDU
        ae.maximum_associations = MOST_ASSOCIATIONS
        ae.acse_timeout = ae.dimse_timeout = self._timeout
        ae.network_timeout = None
        try:
            listener = ae.make_server(
                self._address,
                contexts=list(self._supported.values())[:1],
                evt_handlers=self._handlers(),
                server_class=hardening.Listener,
            )
        except OSError as fault:
            host, port = self._address
            raise PortInUse(f"{self._ae_title} cannot listen at {host}:{port}: {fault}") from fault
        port = int(listener.server_address[1])
        listener.secure = self._secure if secured else None
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve, name=f"dimse-listener-{port}", daemon=True)
        self._thread.start()
        facts = {"ae_title": self._ae_title, "host": self._address[0], "port": str(port)}
        text = f"{self._ae_title} at {self._address[0]}:{port}"
        self._recorder.happened(EventKind.LISTENING, text, owner=self._owner, facts=facts)
        return port

    def stop(self) -> None:
        """Close the port and abort what is open; bounded, and harmless a second time."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        with self._lock:
            self._stopping = True
            arriving = tuple(self._securing)
        for arrival in arriving:
            arrival.break_off()
        listener.shutdown()
        if self._thread is not None:
            self._thread.join(_STOP_PATIENCE)
        with self._lock:
            conversations = tuple(self._conversations.values())
        for conversation in conversations:
            conversation.will_end(EventKind.LINK_CLOSED, "aborted by us: the endpoint stops")
            conversation.assoc.abort(block=False)
        for conversation in conversations:
            conversation.patience = min(conversation.patience, _STOP_PATIENCE)
            conversation.end(EventKind.LINK_CLOSED, "aborted by us: the endpoint stops")

    def _handlers(self) -> list[tuple[Any, Callable[[Any], None]]]:
        return [
            (evt.EVT_CONN_OPEN, self._connected),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_ACCEPTED, self._accepted),
            (evt.EVT_REJECTED, self._rejected),
            *watch(self._find),
        ]

    def _find(self, assoc: Any) -> Conversation | None:
        with self._lock:
            return self._conversations.get(assoc)

    def _secure(self, sock: socket.socket, address: Any) -> socket.socket | None:
        """Agree on TLS with who has connected; None when there is none, and the record holds why."""
        if self._tls_files is None:
            raise RuntimeError("a listener that secures its connections has the files for it")
        conduct = self._conduct()
        arrival = Arrival(sock, self._tls, self._tls_files, lax=conduct.lax, shown=conduct.shown)
        with self._lock:
            refused = self._stopping or len(self._securing) >= MOST_ASSOCIATIONS
            if not refused:
                self._securing.add(arrival)
        if refused:
            sock.close()
            return None
        try:
            found = arrival.agree(self._timeout)
        finally:
            with self._lock:
                self._securing.discard(arrival)
        peer = f"{address[0]}:{address[1]}"
        failure = found if isinstance(found, TlsFailure) else None
        if arrival.begun and not self._stopping:
            tell_shown(conduct, failure, peer, owner=self._owner, recorder=self._recorder)
        if isinstance(found, TlsFailure):
            if not self._stopping and conduct.shown is None:
                facts = {"peer": peer, "advice": found.advice, **found.facts}
                self._recorder.happened(EventKind.TLS_FAILED, found.text, owner=self._owner, facts=facts)
            return None
        if isinstance(found, TlsSocket):
            found.facts = {**found.facts, **conduct.facts}
        found.settimeout(None)
        return found

    def _connected(self, event: Any) -> None:
        conversation = Conversation(
            event.assoc,
            peer=event.address[:2],
            recorder=self._recorder,
            ours=False,
            patience=self._timeout,
            serve=self._server.serve,
            on_end=self._ended,
            arriving=self._arriving,
        )
        conversation.owner = self._owner
        with self._lock:
            self._conversations[event.assoc] = conversation

    def _ended(self, conversation: Conversation) -> None:
        with self._lock:
            self._conversations.pop(conversation.assoc, None)
        if conversation.link is None:
            hardening.wake(conversation.assoc)

    def _requested(self, event: Any) -> None:
        """Offer the acceptor only the classes that were asked for: it copies and compares every one it is given."""
        if not self._available():
            hardening.turn_away(event.assoc)
            return
        asked = {str(context.abstract_syntax) for context in event.assoc.requestor.requested_contexts}
        event.assoc.acceptor.supported_contexts = [context for uid, context in self._supported.items() if uid in asked]

    def _accepted(self, event: Any) -> None:
        conversation = self._find(event.assoc)
        if conversation is not None:
            calling = event.assoc.requestor.ae_title.strip()
            conversation.open_link(replace(self._owner, peer_actor=self._peer_of(calling), cause=None))

    def _rejected(self, event: Any) -> None:
        request, reply = event.assoc.requestor.primitive, event.assoc.acceptor.primitive
        calling, called = str(request.calling_ae_title).strip(), str(request.called_ae_title).strip()
        text = f"rejected by us: {reply.result_str}, {reply.source_str}: {reply.reason_str}"
        address = event.assoc.requestor.address_info
        facts = {"calling_ae": calling, "called_ae": called, "peer": f"{address.address}:{address.port}"}
        if called != self._ae_title:
            facts["advice"] = f"{calling} calls {called}; the {self._owner.actor} here is called {self._ae_title}"
        owner = replace(self._owner, peer_actor=self._peer_of(calling), cause=None)
        self._recorder.happened(EventKind.REJECTED, text, owner=owner, facts=facts)
