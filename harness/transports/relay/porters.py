"""Threads that see to arrivals: one for each at a time, kept for the next one instead of ended."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

_KEPT = 32
"""Threads that stay when nobody arrives."""


class Porters:
    """Runs tasks at once, each on a thread of its own. A task raises nothing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._threads: set[threading.Thread] = set()
        self._closed = False

    def see_to(self, task: Callable[[], None]) -> None:
        """Have a task done; after `close` nothing is."""
        with self._lock:
            if self._closed:
                return
            there = self._waiting > 0
            self._waiting -= there
        self._tasks.put(task)
        if not there:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            with self._lock:
                self._threads.add(thread)
            thread.start()

    def close(self) -> frozenset[threading.Thread]:
        """Let go of whoever waits; the threads that are still busy, which end with their task."""
        with self._lock:
            self._closed = True
            for _ in self._threads:
                self._tasks.put(None)
            return frozenset(self._threads)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            if task is not None:
                task()
            with self._lock:
                if task is None or self._closed or self._waiting >= _KEPT:
                    self._threads.discard(threading.current_thread())
                    return
                self._waiting += 1
