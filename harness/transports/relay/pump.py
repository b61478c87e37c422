"""The pump of a relay: bytes between the two sockets of each crossing, both ways, on one thread for all of them.

It knows no protocol and keeps no copy longer than the other side takes to accept the bytes: whoever takes them slowly
slows its sender down, as without a relay. What has passed goes to the trail, and is read along behind. An end, or a
reset, of one side is carried to the other.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from harness.identifiers import Clock
from harness.model.transcript import EventKind
from harness.transports.relay.tap import OWNER, Crossing, Ending, How, Side, Tap
from harness.transports.relay.trail import End, Piece, Reading, Trail
from harness.transports.tls import explain, farewell

READ_SIZE = 64 * 1024
_READS = 8
"""Reads from one socket before the others have their turn."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which closing sends a reset."""

_NOTHING_YET = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _End:
    """The socket to one system, and what of that system's bytes the other one has not taken yet."""

    def __init__(self, side: Side, sock: socket.socket) -> None:
        self.side = side
        self.sock = sock
        self.waiting = memoryview(b"")
        self.piece = b""
        self.received_at = 0.0
        self.over = False
        """Whether nothing more comes from it."""
        self.told = False
        self.watched = 0

    @property
    def holds_more(self) -> bool:
        """Whether bytes are here already that no selector tells of."""
        return isinstance(self.sock, ssl.SSLSocket) and not self.over and self.sock.pending() > 0


class _Pair:
    """A crossing under way."""

    def __init__(self, accepted: socket.socket, opened: socket.socket, reading: Reading, done: Callable[[], None]):
        self.accepted = _End(Side.ACCEPTED, accepted)
        self.opened = _End(Side.OPENED, opened)
        self.reading = reading
        self.done = done
        self.closed = False

    @property
    def ends(self) -> tuple[_End, _End]:
        return self.accepted, self.opened

    def other(self, end: _End) -> _End:
        return self.opened if end is self.accepted else self.accepted


class Pump:
    """Passes bytes on until it is stopped. `clock` is the run's."""

    def __init__(self, trail: Trail, clock: Clock) -> None:
        self._trail = trail
        self._now = clock.seconds
        self._selector = selectors.DefaultSelector()
        self._pairs: dict[_Pair, None] = {}
        self._arriving: deque[_Pair] = deque()
        self._again: dict[_End, _Pair] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="relay pump", daemon=True)
        self._thread.start()

    def adopt(
        self,
        crossing: Crossing,
        accepted: socket.socket,
        opened: socket.socket,
        tap: Tap,
        done: Callable[[], None] = lambda: None,
    ) -> bool:
        """Pass on what comes on either socket from now on, which are ours to close; `done` is called once they are.

        False, and both are closed, when the pump has stopped.
        """
        for sock in (accepted, opened):
            sock.setblocking(False)
        pair = _Pair(accepted, opened, Reading(tap, crossing.recorder), done)
        with self._lock:
            if not self._stopping:
                self._arriving.append(pair)
                self._awaken()
                return True
        for sock in (accepted, opened):
            sock.close()
        done()
        return False

    def stop(self, timeout: float) -> bool:
        """End every crossing, in order as far as that takes no time; False when the thread does not end in time."""
        with self._lock:
            self._stopping = True
            self._awaken()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _awaken(self) -> None:
        with suppress(OSError):  # it is awake already, or has gone
            self._wake.send(b"\0")

    # the thread

    def _run(self) -> None:
        while not self._stopping:
            events = self._selector.select(0 if self._again else None)
            again, self._again = self._again, {}
            for key, mask in events:
                if key.data is None:
                    self._take_in()
                else:
                    end, pair = key.data
                    again.pop(end, None)
                    self._attend(pair, end, mask)
            for end, pair in again.items():
                self._attend(pair, end, selectors.EVENT_READ)
        self._take_in()
        for pair in tuple(self._pairs):
            self._close(pair, "the relay stops")
        self._selector.close()
        self._woken.close()
        self._wake.close()

    def _take_in(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(READ_SIZE)
        while self._arriving:
            pair = self._arriving.popleft()
            self._pairs[pair] = None
            for end in pair.ends:
                self._watch(pair, end)
                if end.holds_more:
                    self._again[end] = pair

    def _attend(self, pair: _Pair, end: _End, mask: int) -> None:
        """Do what can be done for one socket without waiting."""
        try:
            if mask & selectors.EVENT_WRITE and not pair.closed:
                self._send(pair, pair.other(end))
            if mask & selectors.EVENT_READ and not pair.closed:
                self._receive(pair, end)
            for one in pair.ends:
                self._watch(pair, one)
        except Exception as fault:  # a fault of ours must not stop all the others
            text = f"a fault of the relay: {type(fault).__name__}: {fault}"
            facts = {"traceback": traceback.format_exc()}
            with suppress(OSError):  # a record that can take nothing more stops nothing that passes
                pair.reading.recorder.happened(EventKind.INTERNAL_ERROR, text, owner=OWNER, facts=facts)
            self._break(pair, end, "ended by a fault of the relay")

    def _receive(self, pair: _Pair, end: _End) -> None:
        """Read what is there, and send it on at once; stops at what the other side does not take."""
        for _ in range(_READS):
            if end.over or end.waiting or pair.closed:
                return
            try:
                data = end.sock.recv(READ_SIZE)
            except _NOTHING_YET:
                return
            except ssl.SSLZeroReturnError:
                data = b""
            except OSError as error:
                self._break(pair, end, _reason(error, calling=end.side is Side.OPENED))
                return
            if not data:
                self._finish(pair, end)
                return
            end.piece, end.received_at, end.waiting = data, self._now(), memoryview(data)
            self._send(pair, end)
            if len(data) < READ_SIZE and not end.holds_more:
                return
        if end.holds_more:
            self._again[end] = pair

    def _send(self, pair: _Pair, end: _End) -> None:
        """Send on what came from a side; what is not taken waits."""
        sink = pair.other(end)
        while end.waiting:
            try:
                sent = sink.sock.send(end.waiting)
            except _NOTHING_YET:
                return
            except OSError as error:
                self._refused(pair, end, _reason(error, calling=sink.side is Side.OPENED))
                return
            end.waiting = end.waiting[sent:]
            if not end.waiting:
                self._trail.put(pair.reading, Piece(end.side, end.piece, end.received_at, self._now()))
                end.piece = b""
        if end.holds_more:
            self._again[end] = pair

    def _finish(self, pair: _Pair, end: _End) -> None:
        """A side ended its stream in order: end ours towards the other, which may go on."""
        end.over = True
        self._tell(pair, end, How.CLOSED, "closed by the peer")
        other = pair.other(end)
        if other.over:
            self._release(pair)
            return
        if isinstance(other.sock, ssl.SSLSocket):
            self._receive(pair, other)  # what is there already would be lost when TLS takes its leave
        if pair.closed or other.over:
            return
        with suppress(OSError):
            farewell(other.sock)
            other.sock.shutdown(socket.SHUT_WR)

    def _refused(self, pair: _Pair, end: _End, why: str) -> None:
        """What came from a side cannot be sent on: its receiver is lost, but for what that sent before."""
        self._unsent(pair, end)
        end.over = True
        self._receive(pair, pair.other(end))
        if pair.closed:
            self._tell(pair, end, How.CUT, f"the other side is lost: {why}")
        else:
            self._break(pair, pair.other(end), why)

    def _break(self, pair: _Pair, lost: _End, why: str) -> None:
        """A side is lost: reset the other."""
        for end in pair.ends:
            self._unsent(pair, end)
        self._tell(pair, lost, How.LOST, why)
        self._tell(pair, pair.other(lost), How.CUT, f"the other side is lost: {why}")
        for end in pair.ends:
            with suppress(OSError):
                end.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._release(pair)

    def _close(self, pair: _Pair, why: str) -> None:
        """End a crossing that both sides would have gone on with."""
        for end in pair.ends:
            self._unsent(pair, end)
            self._tell(pair, end, How.CUT, why)
            farewell(end.sock)
        self._release(pair)

    def _tell(self, pair: _Pair, end: _End, how: How, text: str) -> None:
        if not end.told:
            end.told = True
            self._trail.put(pair.reading, End(end.side, Ending(how, text, self._now())))

    def _unsent(self, pair: _Pair, end: _End) -> None:
        if end.waiting:
            self._trail.put(pair.reading, Piece(end.side, end.piece, end.received_at, None))
            end.waiting, end.piece = memoryview(b""), b""

    def _release(self, pair: _Pair) -> None:
        pair.closed = True
        self._pairs.pop(pair, None)
        for end in pair.ends:
            end.over = True
            if end.watched:
                self._selector.unregister(end.sock)
                end.watched = 0
            end.sock.close()
        pair.done()

    def _watch(self, pair: _Pair, end: _End) -> None:
        """Have the selector tell of what can be gone on with, and of nothing else."""
        if pair.closed:
            return
        wanted = 0
        if not end.over and not end.waiting:
            wanted |= selectors.EVENT_READ
        if pair.other(end).waiting:
            wanted |= selectors.EVENT_WRITE
        if wanted == end.watched:
            return
        if not wanted:
            self._selector.unregister(end.sock)
        elif end.watched:
            self._selector.modify(end.sock, wanted, (end, pair))
        else:
            self._selector.register(end.sock, wanted, (end, pair))
        end.watched = wanted


def _reason(error: OSError, *, calling: bool) -> str:
    if isinstance(error, ssl.SSLError):
        return explain(error, calling=calling).text
    return error.strerror or type(error).__name__
