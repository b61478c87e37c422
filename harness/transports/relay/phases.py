"""How far an association between two systems has got, as one reads who sent which PDU (PS3.8 9.2). Pure.

More lenient than either system may be: what matters is which PDUs mean something where they came, not who was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from harness.transports.relay.pdus import PduType
from harness.transports.relay.tap import Side


class Phase(Enum):
    """The life of an association, seen from between the two systems."""

    __hash__ = object.__hash__

    IDLE = "before any association request"
    REQUESTED = "before the association request was answered"
    OPEN = "on an open association"
    RELEASING = "after a request to release"
    RELEASED = "after the release"
    REJECTED = "after the rejection"
    ABORTED = "after the abort"


_ACCEPTED, _OPENED = Side.ACCEPTED, Side.OPENED

_TABLE: Mapping[tuple[Phase, Side, PduType], Phase] = MappingProxyType(
    {
        (Phase.IDLE, _ACCEPTED, PduType.A_ASSOCIATE_RQ): Phase.REQUESTED,
        (Phase.REQUESTED, _OPENED, PduType.A_ASSOCIATE_AC): Phase.OPEN,
        (Phase.REQUESTED, _OPENED, PduType.A_ASSOCIATE_RJ): Phase.REJECTED,
        **{
            (phase, side, PduType.P_DATA_TF): phase
            for phase in (Phase.OPEN, Phase.RELEASING, Phase.ABORTED)
            for side in Side
        },
        **{
            (phase, side, PduType.A_RELEASE_RQ): after
            for phase, after in (
                (Phase.OPEN, Phase.RELEASING),
                (Phase.RELEASING, Phase.RELEASING),  # both ask at once
                (Phase.ABORTED, Phase.ABORTED),
            )
            for side in Side
        },
        **{
            (phase, side, PduType.A_RELEASE_RP): after
            for phase, after in (
                (Phase.RELEASING, Phase.RELEASED),
                (Phase.RELEASED, Phase.RELEASED),
                (Phase.ABORTED, Phase.ABORTED),
            )
            for side in Side
        },
        **{(phase, side, PduType.A_ABORT): Phase.ABORTED for phase in Phase for side in Side},
        (Phase.RELEASED, _ACCEPTED, PduType.A_ABORT): Phase.RELEASED,
        (Phase.RELEASED, _OPENED, PduType.A_ABORT): Phase.RELEASED,
        (Phase.REJECTED, _ACCEPTED, PduType.A_ABORT): Phase.REJECTED,
        (Phase.REJECTED, _OPENED, PduType.A_ABORT): Phase.REJECTED,
    }
)
"""What follows; what is not in the table has no place there. What was on its way when the other side aborted has."""


def after(phase: Phase, side: Side, pdu: PduType) -> Phase | None:
    """The phase after a PDU of a side; None when that PDU has no place in this phase."""
    return _TABLE.get((phase, side, pdu))
