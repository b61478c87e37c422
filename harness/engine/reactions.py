"""What an actor does after the answers that it gives: in order for each play, for several plays at the same time."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable

from harness.engine.belonging import Belonging
from harness.errors import CannotAct, LinkError
from harness.model.names import ActorName, PlayId
from harness.model.transcript import EventKind

Work = Callable[[], None]


class Reactions:
    """The reactions of one actor. `tell` hears of what went wrong, `ended` is called after each."""

    def __init__(
        self,
        belonging: Belonging,
        actor: ActorName,
        tell: Callable[[EventKind, str], None],
        ended: Callable[[], None],
    ) -> None:
        self._belonging = belonging
        self._actor = actor
        self._tell = tell
        self._ended = ended
        self._waiting: dict[PlayId | None, deque[Work]] = {}
        self._threads: dict[PlayId | None, threading.Thread] = {}
        self._lock = threading.Lock()

    def add(self, work: Work) -> None:
        """Do something later, after what waits already for the same play."""
        play = self._belonging.here
        with self._lock:
            self._waiting.setdefault(play, deque()).append(work)
            if play not in self._threads:
                name = f"{self._actor} reactions"
                self._threads[play] = threading.Thread(target=self._in_order, args=(play,), name=name, daemon=True)
                self._threads[play].start()

    def idle(self, play: PlayId | None) -> bool:
        """Whether nothing of the play waits or runs, nor anything of which nobody knows whose it is; None: nothing."""
        with self._lock:
            return not self._waiting if play is None else not {play, None} & set(self._waiting)

    def stop(self, seconds: float) -> None:
        """Wait for what is under way, at most that long."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = tuple(self._threads.values())
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _in_order(self, play: PlayId | None) -> None:
        """A play's reactions, until none is left; the one that runs stays in its place until it has ended."""
        self._belonging.turn_to(play)
        while True:
            with self._lock:
                work = self._waiting[play][0]
            self._do(work)
            with self._lock:
                self._waiting[play].popleft()
                left = bool(self._waiting[play])
                if not left:
                    del self._waiting[play], self._threads[play]
            self._ended()
            if not left:
                return

    def _do(self, work: Work) -> None:
        try:
            work()
        except (LinkError, CannotAct) as error:
            self._tell(EventKind.CANNOT_ACT if isinstance(error, CannotAct) else EventKind.LINK_LOST, str(error))
        except Exception:
            self._tell(EventKind.INTERNAL_ERROR, traceback.format_exc(limit=20))
