"""Whether each link of a system works, in plain words: what was tried, what came back, whose side it likely is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.engine.planning import ae_title
from harness.engine.recording import TranscriptRecorder
from harness.errors import ContextRefused, HarnessError, LinkError, NoResponse, Rejected, Unreachable
from harness.identifiers import SystemClock
from harness.model.names import ActorName
from harness.model.system import DimseAddress, Hl7Address, System
from harness.transports.dimse import associate
from harness.transports.mllp import connect
from harness.transports.recorder import LinkOwner

TESTER = ActorName("Modality")
"""The actor in whose name an endpoint is asked that has told us of no other."""


@dataclass(frozen=True, kw_only=True)
class PingResult:
    """One link: whether it works, what was seen, and what to do; `tried` is False where there is nothing to call."""

    actor: ActorName
    what: str
    works: bool
    text: str
    tried: bool = True


def ping(system: System) -> Iterator[PingResult]:
    """Try every address of a system: a DICOM verification, a TCP connection for HL7."""
    recorder = TranscriptRecorder(SystemClock(), None)
    for actor, described in system.actors.items():
        if described.dimse is not None:
            yield _verify(recorder, system, actor, described.dimse)
        if described.hl7 is not None and described.hl7.port:
            yield _connect(recorder, system, actor, described.hl7)
        if described.dimse is None and (described.hl7 is None or not described.hl7.port):
            yield PingResult(actor=actor, what="no address", works=True, text="nothing to try", tried=False)


def _verify(recorder: TranscriptRecorder, system: System, actor: ActorName, address: DimseAddress) -> PingResult:
    what = f"DICOM {address.ae_title} at {address.host}:{address.port}"
    if not address.port:
        return PingResult(
            actor=actor,
            what=f"DICOM {address.ae_title}",
            works=True,
            text="only calls, is never called: nothing to try",
            tried=False,
        )
    told = system.department.get(TESTER)
    calling = (told.ae_title if told else "") or ae_title(TESTER)
    try:
        with associate(
            address,
            calling_ae=calling,
            sop_classes=["Verification"],
            owner=LinkOwner(actor=TESTER, peer_actor=actor),
            recorder=recorder,
            timeout=system.times.answer,
        ) as association:
            response = association.c_echo()
    except LinkError as error:
        return PingResult(actor=actor, what=what, works=False, text=f"{error}. {_advice(error, system, calling)}")
    if response.status != 0:
        return PingResult(
            actor=actor,
            what=what,
            works=False,
            text=f"C-ECHO was answered with {response.status:04X}: its side",
        )
    return PingResult(actor=actor, what=what, works=True, text="C-ECHO answered with 0000")


def _connect(recorder: TranscriptRecorder, system: System, actor: ActorName, address: Hl7Address) -> PingResult:
    what = f"HL7 {address.application}|{address.facility} at {address.host}:{address.port}"
    try:
        connect(
            address,
            owner=LinkOwner(actor=TESTER, peer_actor=actor),
            recorder=recorder,
            timeout=system.times.answer,
        )
    except LinkError as error:
        return PingResult(actor=actor, what=what, works=False, text=f"{error}. {_advice(error, system, '')}")
    return PingResult(actor=actor, what=what, works=True, text="accepts connections (no message was sent)")


def _advice(error: HarnessError, system: System, calling: str) -> str:
    if isinstance(error, Unreachable):
        return f"Nothing listens there: is {system.name} running, and are host and port in the system file right?"
    if isinstance(error, Rejected):
        return (
            f"{system.name} listens and rejects the association: check that it knows the calling AE title {calling}, "
            "and that the called AE title in the system file is its own"
        )
    if isinstance(error, ContextRefused):
        return f"{system.name} accepts associations but not the Verification SOP class; its side"
    if isinstance(error, NoResponse):
        return "Something listens there and does not speak this protocol, or is too slow: check the port"
    return "The link was closed by the other side: check the port and the protocol"
