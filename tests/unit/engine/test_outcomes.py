"""Whether a request was accepted, in the words of who refused it."""

from __future__ import annotations

import pytest

from harness.engine.outcomes import refusal
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import LinkKind, Service
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
)

HERE, THERE = SocketAddress("127.0.0.1", 1), SocketAddress("127.0.0.1", 2)


def _exchange(kind: LinkKind, service: Service | None = None, final: Capture | None = None) -> Exchange:
    link = Link(
        seq=1, time=0.0, id=LinkId(1), kind=kind, actor=ActorName("Modality"), ours=True, local=HERE, peer=THERE
    )
    command = DimseCommand(service=service, message_id=1) if service is not None else None
    request = Capture(
        seq=2,
        time=0.0,
        link=link.id,
        exchange=ExchangeId(1),
        half=Half.REQUEST,
        direction=Direction.SENT,
        command=command,
    )
    return Exchange(id=ExchangeId(1), link=link, request=request, responses=(final,) if final is not None else ())


def _final(command: DimseCommand | None = None, payload: Payload | None = None) -> Capture:
    return Capture(
        seq=3,
        time=0.0,
        link=LinkId(1),
        exchange=ExchangeId(1),
        half=Half.RESPONSE,
        direction=Direction.RECEIVED,
        command=command,
        payload=payload,
    )


def _status(status: int, **fields: str) -> str:
    command = DimseCommand(service=Service.N_CREATE, message_id=1, status=status, fields=fields)
    return refusal(_exchange(LinkKind.DIMSE, Service.N_CREATE, _final(command)), lambda payload: b"")


@pytest.mark.parametrize("status", [0x0000, 0xFF00, 0xB000, 0x0107])
def test_success_pending_and_warnings_are_no_refusal(status: int) -> None:
    assert _status(status) == ""


def test_a_failure_is_told_with_its_comment() -> None:
    assert _status(0x0110) == "status 0110"
    assert _status(0x0106, ErrorComment="not in progress") == "status 0106 (not in progress)"


def test_no_answer_is_told_as_such_unless_none_is_due() -> None:
    assert refusal(_exchange(LinkKind.DIMSE, Service.C_STORE), lambda payload: b"") == "no answer"
    assert refusal(_exchange(LinkKind.DIMSE, Service.C_CANCEL), lambda payload: b"") == ""


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("MSA|AA|1", ""),
        ("MSA|CA|1", ""),
        ("MSA|AE|1", "AE"),
        ("MSA|AR|1|unknown", "AR (unknown)"),
        ("MSA|AE|1\rERR||PID^1^3|101|E||||Required field missing", "AE (Required field missing)"),
        ("NTE|1", "no MSA-1"),
    ],
)
def test_an_acknowledgement_says_by_its_code_and_text(answer: str, told: str) -> None:
    content = f"MSH|^~\\&|A|B|C|D|20240517||ACK|1|P|2.5.1\r{answer}\r".encode()
    final = _final(payload=Payload("0" * 64, PayloadKind.HL7, len(content)))
    assert refusal(_exchange(LinkKind.MLLP, final=final), lambda payload: content) == told
