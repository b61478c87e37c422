from __future__ import annotations

import threading
from types import SimpleNamespace

import pynetdicom

from harness.transports.dimse import hardening


def test_pynetdicom_is_the_version_that_the_hardening_was_written_against() -> None:
    """Red on another version: read what the hardening replaces there before moving the pin."""
    assert pynetdicom.__version__ == hardening.PINNED_VERSION
    assert hardening.pinned()


def step_of_the_reactor(assoc: SimpleNamespace, checkpoint: threading.Event) -> bool:
    """The first lines of pynetdicom's reactor loop, up to the moment before it says that it runs again."""
    assoc._is_paused = True
    checkpoint.wait()
    return bool(assoc._is_paused)


def test_the_stock_checkpoint_says_paused_while_the_reactor_runs() -> None:
    """The fault: a user that clears the checkpoint now sees `paused`, sends, and the reactor takes the response.

    With ten busy users in one process the stock class loses responses within 200 echoes each; the user then waits out
    its time limit and the peer is blamed.
    """
    assoc = SimpleNamespace(_is_paused=False)
    checkpoint = threading.Event()
    checkpoint.set()
    assert step_of_the_reactor(assoc, checkpoint) is True


def test_the_mended_checkpoint_does_not() -> None:
    assoc = SimpleNamespace(_is_paused=False)
    hardening.mend_race(assoc)
    assert step_of_the_reactor(assoc, assoc._reactor_checkpoint) is False


def test_the_mended_checkpoint_pauses_while_it_is_cleared() -> None:
    assoc = SimpleNamespace(_is_paused=False)
    hardening.mend_race(assoc)
    checkpoint = assoc._reactor_checkpoint
    checkpoint.clear()
    reactor = threading.Thread(target=step_of_the_reactor, args=(assoc, checkpoint), daemon=True)
    reactor.start()
    assert reactor.is_alive()
    assert assoc._is_paused is True
    checkpoint.set()
    reactor.join(5)
    assert not reactor.is_alive()
    assert assoc._is_paused is False


def test_the_listener_has_a_backlog_that_holds() -> None:
    assert hardening.Listener.request_queue_size == 1024
