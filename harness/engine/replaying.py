"""Sending a recorded request again, byte for byte, to an address of the user's choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from harness.dicom.encoding import decode_payload
from harness.dicom.uids import keyword_of
from harness.engine.planning import ae_title
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence
from harness.errors import InputError, RecordingError
from harness.hl7 import Message
from harness.identifiers import SystemClock
from harness.model.names import ActorName, ExchangeId
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress, Endpoints, Hl7Address
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import DimseCommand, Exchange, Payload
from harness.transports.dimse import Association, DimseResponse, associate
from harness.transports.mllp import send
from harness.transports.recorder import LinkOwner

TIMEOUT = 30.0
"""Seconds to wait for an answer."""

_NEAR = 4


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to send: host and port, and for DICOM the called AE title."""

    host: str
    port: int
    ae_title: str = ""


def parse_target(text: str) -> Target:
    """`HOST:PORT` or `AE@HOST:PORT`; InputError otherwise."""
    title, _, rest = text.rpartition("@")
    host, _, port = rest.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"{text!r} is no address; write HOST:PORT, or AE@HOST:PORT for DICOM")
    return Target(host=host.strip("[]"), port=int(port), ae_title=title)


def replay(evidence: Evidence, number: ExchangeId, target: Target) -> str:
    """Send the exchange's request again and describe the answer; LinkError when there is none."""
    exchange = _exchange(evidence, number)
    if exchange.link.kind is LinkKind.MLLP:
        return _replay_message(evidence, exchange, target)
    return _replay_dimse(evidence, exchange, target)


def _exchange(evidence: Evidence, number: ExchangeId) -> Exchange:
    exchanges = {exchange.id: exchange for exchange in evidence.transcript().exchanges}
    if number not in exchanges:
        near = sorted(exchanges, key=lambda known: abs(known - number))[:_NEAR]
        names = ", ".join(str(known) for known in sorted(near)) or "none"
        raise InputError(f"the run has no exchange {number}; those next to it: {names}. report.html shows them all")
    return exchanges[number]


def _payload(exchange: Exchange) -> Payload:
    if exchange.request.payload is None:
        raise InputError(f"exchange {exchange.id} carried no data that could be sent again")
    return exchange.request.payload


def _replay_message(evidence: Evidence, exchange: Exchange, target: Target) -> str:
    message = evidence.read(_payload(exchange))
    answer = send(
        Hl7Address(application="", facility="", host=target.host, port=target.port, **_secured(evidence, target)),
        message if isinstance(message, bytes) else message.read_bytes(),
        owner=_owner(exchange),
        recorder=TranscriptRecorder(SystemClock(), None),
        timeout=TIMEOUT,
    )
    acknowledgement = Message.parse(answer)
    text = answer.decode("utf-8", "backslashreplace").replace("\r", "\n").strip()
    return f"{acknowledgement.first('MSA-1') or 'no MSA-1'}\n{text}"


def _replay_dimse(evidence: Evidence, exchange: Exchange, target: Target) -> str:
    command = exchange.request.command
    if command is None:
        raise RecordingError(f"exchange {exchange.id} has no command set")
    facts = exchange.link.facts
    address = DimseAddress(
        ae_title=target.ae_title or facts.get("called_ae", "ANY-SCP"),
        host=target.host,
        port=target.port,
        **_secured(evidence, target),
    )
    with associate(
        address,
        calling_ae=facts.get("calling_ae") or ae_title(exchange.link.actor),
        sop_classes=[keyword_of(command.sop_class)],
        transfer_syntaxes=[command.transfer_syntax] if command.transfer_syntax else (),
        owner=_owner(exchange),
        recorder=TranscriptRecorder(SystemClock(), None),
        timeout=TIMEOUT,
    ) as association:
        responses = _again(association, command, evidence, exchange)
    return "\n".join(_response_text(response) for response in responses)


class _Tls(TypedDict):
    tls: TlsMode
    tls_files: TlsFiles | None


def _secured(evidence: Evidence, target: Target) -> _Tls:
    """TLS where the run had it at that host and port."""
    for assignment in evidence.plan().assignments:
        for party in assignment.theirs:
            for place in (Endpoints(dimse=party.dimse, hl7=party.hl7), *party.links.values()):
                for address in (place.dimse, place.hl7):
                    if address is not None and (address.host, address.port) == (target.host, target.port):
                        return {"tls": address.tls, "tls_files": address.tls_files}
    return {"tls": TlsMode.NONE, "tls_files": None}


def _again(
    association: Association, command: DimseCommand, evidence: Evidence, exchange: Exchange
) -> tuple[DimseResponse, ...]:
    sop_class = keyword_of(command.sop_class)
    if command.service is Service.C_ECHO:
        return (association.c_echo(),)
    content = evidence.read(_payload(exchange))
    if command.service is Service.C_STORE:
        return (association.c_store(content),)
    dataset = decode_payload(content)
    if dataset is None:
        raise InputError(f"the data set of exchange {exchange.id} cannot be decoded, so it cannot be sent again")
    if command.service is Service.C_FIND:
        return association.c_find(sop_class, dataset)
    if command.service is Service.C_MOVE:
        return association.c_move(sop_class, dataset, command.fields.get("MoveDestination", ""))
    if command.service is Service.C_GET:
        return association.c_get(sop_class, dataset)
    if command.service is Service.N_CREATE:
        return (association.n_create(sop_class, command.sop_instance, dataset),)
    if command.service is Service.N_SET:
        return (association.n_set(sop_class, command.sop_instance, dataset),)
    if command.service is Service.N_ACTION:
        action = int(command.fields.get("ActionTypeID", "1"))
        return (association.n_action(sop_class, command.sop_instance, action, dataset),)
    raise InputError(f"a {command.service.value} is not sent again: it answers a request of the other side")


def _owner(exchange: Exchange) -> LinkOwner:
    return LinkOwner(actor=exchange.link.actor, peer_actor=exchange.link.peer_actor or ActorName("peer"))


def _response_text(response: DimseResponse) -> str:
    lines = [
        f"status {response.status:04X}",
        *(f"{name}: {value}" for name, value in response.fields.items()),
    ]
    if response.dataset is not None:
        lines.append(str(response.dataset))
    return "\n".join(lines)
