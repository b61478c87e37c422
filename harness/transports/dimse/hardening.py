"""What pynetdicom 3.0.4 needs to be a tester's transport: the one module that reaches into its private attributes.

Mended here, because each fault would be charged to the peer:

* a response is lost when the association's thread takes it from under the user's (`_run_reactor` says that it is paused
  before it is sure, and no longer is after it was told to);
* no TCP_NODELAY on either side, a backlog of 5, and a millisecond's sleep between looks at the socket;
* an event that the state machine does not know in its state, or a fault of the library over bytes from the peer,
  ends the upper layer's thread with a traceback and leaves the socket open;
* a peer may announce a PDU of 4 GiB, and a PDU that never ends blocks its reader for good;
* a record of TLS that carries no data lets it wait for data that do not come;
* while there is something to send nothing is read, and what waits to be sent is not bounded: a C-CANCEL or A-ABORT is
  seen when it no longer matters.

DIMSE messages are put together by `assembly`; pynetdicom's own DIMSE provider sees none of them.
"""

from __future__ import annotations

import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from socketserver import BaseServer
from typing import Any

import pynetdicom
from pydicom import config as pydicom_config
from pynetdicom import evt
from pynetdicom.fsm import TRANSITION_TABLE
from pynetdicom.pdu_primitives import A_ASSOCIATE, P_DATA
from pynetdicom.transport import ThreadedAssociationServer

from harness.model.tls import TlsTrouble
from harness.transports.tls import TlsFailure, TlsSocket, explain, failure, farewell, heard_tls

PINNED_VERSION = "3.0.4"
"""The version of pynetdicom that this module was written against; a test is red on any other."""

LARGEST_PDU = 1 << 27
"""Bytes of one PDU that are taken from a peer."""

BACKLOG = 1024

MOST_WAITING = 16
"""PDUs of data that wait to be sent on one association."""

_LOOP_DELAY = 0.0002
_DRAINED = 64
_ACCEPT_POLL = 0.02
_PDU_TYPES = frozenset(range(1, 8))
_LOCAL_EVENTS = frozenset({"Evt1", "Evt7", "Evt8", "Evt9", "Evt11", "Evt14", "Evt15"})
_LIBRARY_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    queue.Empty,
    struct.error,
)


def pinned() -> bool:
    """Whether the installed pynetdicom is the one this module was written against."""
    return str(pynetdicom.__version__) == PINNED_VERSION


def silence_value_warnings() -> None:
    """Let pydicom read values that break their VR's rules without a warning; judging them is the checks' work.

    pydicom has this setting for the process alone. It is written by whoever opens a link, always to the same value.
    """
    pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE


@dataclass(frozen=True)
class Hooks:
    """What the transport wants to hear from the upper layer's thread."""

    received: Callable[[Iterable[tuple[int, bytes]]], bool]
    """The presentation data values of one PDU; False ends the association with an A-ABORT."""
    noise: Callable[[str], None]
    """Bytes that begin no PDU."""
    failed: Callable[[str], None]
    """The library could not go on; the connection is shut."""
    unsecured: Callable[[TlsFailure], None]
    """TLS failed on the open connection, or the peer speaks it on a plain one."""


def harden(assoc: Any, hooks: Hooks, io_timeout: float) -> None:
    """Mend an association whose connection has just opened; `io_timeout` in seconds bounds each wait for the socket."""
    mend_race(assoc)
    assoc.dul._run_loop_delay = _LOOP_DELAY
    raw: socket.socket = assoc.dul.socket.socket
    with suppress(OSError):  # the peer may be gone already; the first read says so
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.settimeout(io_timeout)
    begun = bytearray()
    assoc.dul.socket.recv = _guarded_recv(assoc, begun, hooks)
    if isinstance(raw, TlsSocket):
        assoc.dul._read_pdu_data = _secured_reading(assoc, raw, begun, hooks)
        assoc.dul.socket.close = _polite_close(assoc.dul.socket)
    assoc.dul.state_machine.do_action = _guarded_action(assoc.dul, hooks.failed)
    assoc.dul.to_provider_queue = Outgoing(io_timeout)
    assoc.dul._process_recv_primitive = _fair_turns(assoc.dul)
    assoc.dimse.receive_primitive = _receiver(assoc.dul, hooks.received)


def mend_race(assoc: Any) -> None:
    """Make the association's reactor tell the truth about being paused."""
    assoc._reactor_checkpoint = Checkpoint(assoc)


class Checkpoint(threading.Event):
    """Stands in for the reactor's checkpoint: the reactor is paused exactly while it waits here, and says so itself.

    The stock reactor sets `_is_paused` before `wait()` and clears it after, so that a user that clears the checkpoint
    in between believes the reactor paused while it goes on to take the user's response from the queue.
    """

    def __init__(self, assoc: Any) -> None:
        super().__init__()
        self._assoc = assoc
        self.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until set; unlike the stock order, the pause ends before the flag is looked at for the last time."""
        while True:
            super().wait(timeout)
            self._assoc._is_paused = False
            if self.is_set():
                return True
            self._assoc._is_paused = True


class Outgoing(queue.Queue[Any]):
    """What waits to be sent: data waits for room, at most `patience` seconds; association control never does."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self._patience = patience
        self._closed = False

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Queue the primitive."""
        if isinstance(item, P_DATA):
            with self.not_full:
                self.not_full.wait_for(lambda: self._closed or self._qsize() < MOST_WAITING, self._patience)
        super().put(item, block, timeout)

    def close(self) -> None:
        """Nothing will be sent any more: let everybody who waits for room go."""
        with self.not_full:
            self._closed = True
            self.not_full.notify_all()


def let_go(assoc: Any) -> None:
    """Free the threads that wait for room to send on an association that is over."""
    if isinstance(assoc.dul.to_provider_queue, Outgoing):
        assoc.dul.to_provider_queue.close()


def _fair_turns(dul: Any) -> Callable[[], bool]:
    """`DULServiceProvider._process_recv_primitive` that lets every other turn to the socket, if it has something."""
    stock = dul._process_recv_primitive
    sent = False

    def process_recv_primitive() -> bool:
        nonlocal sent
        if sent and dul.state_machine.current_state == "Sta6" and dul.socket.ready:
            sent = False
            return False
        sent = bool(stock())
        return sent

    return process_recv_primitive


def _guarded_recv(assoc: Any, begun: bytearray, hooks: Hooks) -> Callable[[int], bytearray]:
    """`AssociationSocket.recv` that refuses PDUs beyond bounds and tells of bytes that begin no PDU.

    `begun` are bytes of it that were read already. What comes after bytes that begin none, or in Sta13 where only the
    end of the connection is awaited, is thrown away.
    """
    dul = assoc.dul
    stock = dul.socket.recv
    raw: socket.socket = dul.socket.socket
    spoilt = False

    def recv(wanted: int) -> bytearray:
        nonlocal spoilt
        if spoilt or dul.state_machine.current_state == "Sta13":
            _throw_away(raw)
            raise OSError("the association is over")
        if wanted > LARGEST_PDU:
            hooks.noise(f"a PDU of {wanted} bytes was announced; at most {LARGEST_PDU} are taken")
            raise OSError("PDU too large")
        received = bytearray(begun)
        begun.clear()
        received += stock(wanted - len(received))
        if wanted == 6 and received and received[0] not in _PDU_TYPES:
            spoilt = True
            if heard_tls(bytes(received)):
                hooks.unsecured(failure(TlsTrouble.TLS_PEER, calling=assoc.is_requestor))
            hooks.noise(f"{len(received)} bytes that begin no PDU: {received.hex(' ')}")
        return received

    return recv


def _secured_reading(assoc: Any, raw: TlsSocket, begun: bytearray, hooks: Hooks) -> Callable[[], None]:
    """`DULServiceProvider._read_pdu_data` that begins only when there are data, and says why TLS failed."""
    dul = assoc.dul
    stock = dul._read_pdu_data

    def read_pdu_data() -> None:
        patience = raw.gettimeout()
        try:
            raw.settimeout(0.0)
            begun.extend(raw.recv(1))
        except ssl.SSLWantReadError:
            return
        except ssl.SSLZeroReturnError:
            dul.event_queue.put("Evt17")
            return
        except ssl.SSLError as error:
            hooks.unsecured(explain(error, calling=assoc.is_requestor))
            dul.event_queue.put("Evt17")
            return
        except OSError:
            dul.event_queue.put("Evt17")
            return
        finally:
            with suppress(OSError):
                raw.settimeout(patience)
        stock()

    return read_pdu_data


def _polite_close(link: Any) -> Callable[[], None]:
    """`AssociationSocket.close` that takes leave of a peer as TLS wants it."""
    stock = link.close

    def close() -> None:
        if link.socket is not None:
            farewell(link.socket)
        stock()

    return close


def _throw_away(raw: socket.socket) -> None:
    raw.setblocking(False)
    try:
        for _ in range(_DRAINED):
            if not raw.recv(1 << 16):
                return
    except OSError:
        return


def _guarded_action(dul: Any, failed: Callable[[str], None]) -> Callable[[str], None]:
    """`StateMachine.do_action` that survives what the stock one dies of."""
    machine = dul.state_machine
    stock = machine.do_action

    def do_action(event: str) -> None:
        if (event, machine.current_state) not in TRANSITION_TABLE:
            if event in _LOCAL_EVENTS:
                _drop(dul.to_provider_queue)
            return
        try:
            stock(event)
        except _LIBRARY_FAULTS as fault:
            dul.kill_dul()
            shut(dul.assoc)
            failed(f"{type(fault).__name__}: {fault}")

    return do_action


def _drop(waiting: queue.Queue[Any]) -> None:
    try:
        waiting.get(block=False)
    except queue.Empty:
        return


def _receiver(dul: Any, received: Callable[[Iterable[tuple[int, bytes]]], bool]) -> Callable[[Any], None]:
    """`DIMSEServiceProvider.receive_primitive` that hands the data values on; Evt19 is an invalid PDU (PS3.8 9.2)."""

    def receive_primitive(primitive: Any) -> None:
        if not received(primitive.presentation_data_value_list):
            dul.event_queue.put("Evt19")

    return receive_primitive


def shut(assoc: Any) -> None:
    """Shut the connection from outside, whatever its threads wait for; they then end by themselves."""
    link = assoc.dul.socket
    raw = link.socket if link is not None else None
    if raw is None:
        return
    try:
        raw.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def end(assoc: Any, patience: float, negotiated: bool) -> bool:
    """Abort the association and wait, at most three times `patience` seconds; whether its threads have ended."""
    if negotiated or assoc.is_requestor:
        assoc.abort(block=False)
        if _join(assoc, patience):
            return True
    shut(assoc)
    wake(assoc)
    assoc._kill = True
    assoc.dul.kill_dul()
    return _join(assoc, patience)


def turn_away(assoc: Any) -> None:
    """Reject a requested association for now: rejected-transient, temporary congestion (PS3.8 Table 9-21)."""
    assoc.acse.send_reject(0x02, 0x03, 0x01)
    evt.trigger(assoc, evt.EVT_REJECTED, {})
    assoc.kill()


def wake(assoc: Any) -> None:
    """Let an acceptor that still waits for an A-ASSOCIATE-RQ go; its connection is gone."""
    assoc.dul.to_user_queue.put(None)


def _join(assoc: Any, patience: float) -> bool:
    for thread in (assoc.dul, assoc):
        if thread.is_alive():
            thread.join(patience)
        if thread.is_alive():
            return False
    return True


class ConnectionKeeper:
    """Closes the socket of a connection that was never made: the stock library only lets go of it."""

    def __init__(self) -> None:
        self._raw: socket.socket | None = None

    def requested(self, event: Any) -> None:
        """For EVT_ACSE_SENT, which comes before the library connects."""
        if isinstance(event.primitive, A_ASSOCIATE) and self._raw is None:
            self._raw = event.assoc.dul.socket.socket

    def close(self) -> None:
        """Close the socket."""
        if self._raw is not None:
            self._raw.close()


class Listener(ThreadedAssociationServer):  # type: ignore[misc]  # pynetdicom has no types
    """The association server with a backlog that holds, quick to stop, and without its periodic garbage collection."""

    request_queue_size = BACKLOG
    secure: Callable[[socket.socket, Any], socket.socket | None] | None = None
    """Agrees on TLS with who has connected, on the connection's thread; None when there is to be no association."""

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Begin the association."""
        secured = request if self.secure is None else self.secure(request, client_address)
        if secured is not None:
            super().finish_request(secured, client_address)

    def service_actions(self) -> None:
        """Nothing: the stock server collects garbage here, which stalls every association of the process."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: the connection was closed before it could be served; the stock server prints a traceback."""

    def serve(self) -> None:
        """Accept until `shutdown`."""
        self.serve_forever(poll_interval=_ACCEPT_POLL)

    def shutdown(self) -> None:
        """Stop accepting and close the listening socket; associations live on."""
        BaseServer.shutdown(self)
        self.server_close()
