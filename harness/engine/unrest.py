"""What goes on around a reference system that is not quiet: associations that have nothing to do with the scenarios.

Echoes, associations that are opened and released, and such as are aborted, one after the other to each of the peers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count

from harness.engine.unrecorded import Unrecorded
from harness.errors import LinkError
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.transports.dimse import Association, associate
from harness.transports.recorder import LinkOwner

INTERVAL = 0.15
"""Seconds between two of them."""
NOBODY = "REF_UNRELATED"
"""An AE title that no peer was told about."""


class _Disturbed(Exception):
    """Ends an association by an abort."""


class Unrest:
    """A thread that disturbs; `peers` says whom, `titles` are those it calls itself by, besides one that is unknown."""

    def __init__(self, peers: Callable[[], Sequence[DimseAddress]], titles: Sequence[str]) -> None:
        self._peers = peers
        self._titles = (NOBODY, *titles)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._disturb, name="unrest", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the association that is open."""
        self._stopping.set()
        self._thread.join(5.0)

    def _disturb(self) -> None:
        for number in count():
            if self._stopping.wait(INTERVAL):
                return
            peers = self._peers()
            if peers:
                title = self._titles[number % len(self._titles)]
                act = _ACTS[number % len(_ACTS)]
                self._visit(peers[number % len(peers)], title, act)

    def _visit(self, peer: DimseAddress, title: str, act: Callable[[Association], None]) -> None:
        owner = LinkOwner(actor=ActorName("unrest"))
        try:
            with associate(
                peer, calling_ae=title, sop_classes=("Verification",), owner=owner, recorder=Unrecorded(), timeout=5.0
            ) as association:
                act(association)
        except (LinkError, _Disturbed):
            return


def _echo(association: Association) -> None:
    association.c_echo()


def _leave(association: Association) -> None:
    """Opened, and released without a word."""


def _abort(association: Association) -> None:
    raise _Disturbed


_ACTS = (_echo, _leave, _abort)
