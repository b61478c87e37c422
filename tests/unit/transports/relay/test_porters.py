"""Threads that are kept for the next arrival."""

from __future__ import annotations

import threading

from harness.transports.relay.porters import Porters


def test_tasks_are_done_at_the_same_time() -> None:
    porters, together = Porters("porter"), threading.Barrier(5)
    for _ in range(4):
        porters.see_to(together.wait)
    together.wait(10)
    for thread in porters.close():
        thread.join(10)


def test_a_thread_that_is_free_does_the_next_task() -> None:
    porters, seen = Porters("porter"), set()
    for _ in range(20):
        done = threading.Event()

        def task(done: threading.Event = done) -> None:
            seen.add(threading.current_thread())
            done.set()

        porters.see_to(task)
        assert done.wait(10)
    assert len(seen) < 20
    for thread in porters.close():
        thread.join(10)
        assert not thread.is_alive()


def test_closing_names_who_is_still_busy() -> None:
    porters, begun, go = Porters("porter"), threading.Event(), threading.Event()

    def task() -> None:
        begun.set()
        go.wait(10)

    porters.see_to(task)
    assert begun.wait(10)
    (busy,) = porters.close()
    assert busy.is_alive()
    go.set()
    busy.join(10)
    assert not busy.is_alive()


def test_nothing_is_done_once_it_is_closed() -> None:
    porters, done = Porters("porter"), threading.Event()
    porters.close()
    porters.see_to(done.set)
    assert not done.wait(0.1)
