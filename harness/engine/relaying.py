"""The relay of a run: its hops, open, recorded on the run's recorder, and closed before its evidence is sealed.

It joins what the plan says with what the transports do, and knows neither protocols nor verdicts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from harness.identifiers import Clock
from harness.model.hop import Hop, HopSide
from harness.model.profile import LinkKind
from harness.model.tls import TlsMode
from harness.model.transcript import EventKind
from harness.transports.listeners import allow_many
from harness.transports.recorder import Recorder
from harness.transports.relay.dimse import DimseTap
from harness.transports.relay.entrance import Bounds, Entrance
from harness.transports.relay.held import Held
from harness.transports.relay.mllp import MllpTap
from harness.transports.relay.pump import Pump
from harness.transports.relay.tap import OWNER, TapMaker
from harness.transports.relay.trail import Trail
from harness.transports.tls import rehearse

TURN = 0.0005
"""Seconds after which the thread that reads along leaves the turn to the pump; what passes goes before what is read."""
STOPPING = 30.0
"""Seconds in which everything that passed must be read and recorded once the relay stops."""


class Relay:
    """The hops of a run. Use as a context manager: entering opens them all, or none; leaving has all read that passed.

    PortInUse when a port is taken, InputError when files of TLS cannot be used.
    """

    def __init__(self, hops: Iterable[Hop], *, recorder: Recorder, clock: Clock, bounds: Bounds | None = None) -> None:
        self._hops = tuple(hops)
        self._recorder = recorder
        self._clock = clock
        self._bounds = bounds
        self._stack = ExitStack()
        self._entrances: list[Entrance] = []

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The hops, with the ports that their listeners got."""
        return self._hops

    @property
    def connections(self) -> int:
        """How many connections pass now."""
        return sum(entrance.connections for entrance in self._entrances)

    def __enter__(self) -> Self:
        for side in (side for hop in self._hops for side in (hop.accepts, hop.leads_to)):
            if side.tls is not TlsMode.NONE and side.tls_files is not None:
                rehearse(side.tls_files)
        allow_many()
        with ExitStack() as stack:
            stack.callback(sys.setswitchinterval, sys.getswitchinterval())
            sys.setswitchinterval(TURN)
            trail = Trail()
            stack.callback(self._read_out, trail)
            pump = Pump(trail, self._clock)
            stack.callback(pump.stop, STOPPING)
            taps = _taps()
            for hop in self._hops:
                entrance = Entrance(
                    hop,
                    pump=pump,
                    recorder=self._recorder,
                    clock=self._clock,
                    tap=taps[hop.kind],
                    bounds=self._bounds,
                )
                port = entrance.start()
                stack.callback(entrance.stop)
                self._entrances.append(entrance)
                self._hops = tuple(_at(one, port) if one is hop else one for one in self._hops)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _read_out(self, trail: Trail) -> None:
        if not trail.close(STOPPING):
            text = (
                f"what passed last was not read within {STOPPING:g} s: {trail.unread} bytes are missing in the record"
            )
            self._recorder.happened(EventKind.INTERNAL_ERROR, text, owner=OWNER)


def _taps() -> dict[LinkKind, TapMaker]:
    """Who reads along on each protocol."""
    held = Held()
    return {
        LinkKind.MLLP: lambda crossing: MllpTap(crossing, held),
        LinkKind.DIMSE: lambda crossing: DimseTap(crossing, held),
    }


def _at(hop: Hop, port: int) -> Hop:
    accepts: HopSide = replace(hop.accepts, port=port)
    return replace(hop, accepts=accepts)
