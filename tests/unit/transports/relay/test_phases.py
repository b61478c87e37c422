"""The life of an association, transcribed a second time as what may be sent when."""

from __future__ import annotations

import pytest

from harness.transports.relay.pdus import PduType
from harness.transports.relay.phases import Phase, after
from harness.transports.relay.tap import Side

REQUESTOR, ACCEPTOR = Side.ACCEPTED, Side.OPENED
RQ, AC, RJ = PduType.A_ASSOCIATE_RQ, PduType.A_ASSOCIATE_AC, PduType.A_ASSOCIATE_RJ
DATA, ASK, LEAVE, ABORT = PduType.P_DATA_TF, PduType.A_RELEASE_RQ, PduType.A_RELEASE_RP, PduType.A_ABORT

LIVES = {
    "used and released": [(REQUESTOR, RQ), (ACCEPTOR, AC), (REQUESTOR, DATA), (ACCEPTOR, DATA), (REQUESTOR, ASK),
                          (ACCEPTOR, LEAVE)],
    "released by the acceptor": [(REQUESTOR, RQ), (ACCEPTOR, AC), (ACCEPTOR, ASK), (REQUESTOR, LEAVE)],
    "answered while a release is asked for": [(REQUESTOR, RQ), (ACCEPTOR, AC), (REQUESTOR, ASK), (ACCEPTOR, DATA),
                                              (ACCEPTOR, LEAVE)],
    "both ask at once": [(REQUESTOR, RQ), (ACCEPTOR, AC), (REQUESTOR, ASK), (ACCEPTOR, ASK), (REQUESTOR, LEAVE),
                         (ACCEPTOR, LEAVE)],
}  # fmt: skip


@pytest.mark.parametrize("name", LIVES)
def test_a_legal_life(name: str) -> None:
    phase = Phase.IDLE
    for side, pdu in LIVES[name]:
        found = after(phase, side, pdu)
        assert found is not None, (phase, side, pdu)
        phase = found
    assert phase is Phase.RELEASED


def test_a_rejection() -> None:
    assert after(Phase.REQUESTED, ACCEPTOR, RJ) is Phase.REJECTED
    assert after(Phase.REQUESTED, REQUESTOR, RJ) is None


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.REQUESTED, Phase.OPEN, Phase.RELEASING])
@pytest.mark.parametrize("side", list(Side))
def test_either_side_aborts_at_any_time(phase: Phase, side: Side) -> None:
    assert after(phase, side, ABORT) is Phase.ABORTED


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("pdu", [DATA, ASK, LEAVE, ABORT])
def test_what_was_on_its_way_when_the_other_aborted_is_no_fault(side: Side, pdu: PduType) -> None:
    assert after(Phase.ABORTED, side, pdu) is Phase.ABORTED


@pytest.mark.parametrize(
    ("phase", "side", "pdu"),
    [
        (Phase.IDLE, ACCEPTOR, RQ),
        (Phase.IDLE, REQUESTOR, DATA),
        (Phase.IDLE, REQUESTOR, ASK),
        (Phase.REQUESTED, REQUESTOR, RQ),
        (Phase.REQUESTED, REQUESTOR, DATA),
        (Phase.REQUESTED, REQUESTOR, AC),
        (Phase.OPEN, REQUESTOR, RQ),
        (Phase.OPEN, ACCEPTOR, AC),
        (Phase.OPEN, ACCEPTOR, LEAVE),
        (Phase.RELEASED, REQUESTOR, DATA),
        (Phase.RELEASED, REQUESTOR, RQ),
        (Phase.REJECTED, REQUESTOR, DATA),
        (Phase.REJECTED, REQUESTOR, RQ),
        (Phase.ABORTED, REQUESTOR, RQ),
    ],
)
def test_what_has_no_place(phase: Phase, side: Side, pdu: PduType) -> None:
    assert after(phase, side, pdu) is None
