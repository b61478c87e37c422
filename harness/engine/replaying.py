"""Sending recorded requests again, byte for byte, to the address where they went or to one of the user's choice.

What a request brings about besides its answer is waited for: the objects of a C-MOVE, and the report of a commitment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from harness.dicom.encoding import decode_payload
from harness.dicom.uids import keyword_of
from harness.engine.planning import ae_title
from harness.engine.receiving import WAIT, Arriving, arriving
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import Evidence
from harness.errors import InputError, RecordingError
from harness.hl7 import Message
from harness.identifiers import SystemClock
from harness.model.names import ActorName, ExchangeId
from harness.model.profile import LinkKind, Service
from harness.model.system import DimseAddress, Endpoints, Hl7Address
from harness.model.target import Target, target_of
from harness.model.tls import TlsFiles, TlsMode
from harness.model.transcript import DimseCommand, Exchange, Payload
from harness.transports.dimse import Association, DimseResponse, associate
from harness.transports.mllp import send
from harness.transports.recorder import LinkOwner

TIMEOUT = 30.0
"""Seconds to wait for an answer."""

_NEAR = 4
_ANY_IMAGE = "ImageStorage"
_SCP = frozenset({Service.N_EVENT_REPORT})
"""What is asked in the SCP role (PS3.7 D.3.3.4)."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """How a request is sent again: for how long what it brings about is waited for, and whether we listen for it."""

    wait: float = WAIT
    listen: bool = True


def parse_target(text: str) -> Target:
    """`HOST:PORT` or `AE@HOST:PORT`; InputError otherwise."""
    title, _, rest = text.rpartition("@")
    host, _, port = rest.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"{text!r} is no address; write HOST:PORT, or AE@HOST:PORT for DICOM")
    return Target(host=host.strip("[]"), port=int(port), ae_title=title)


class Replay:
    """The recorded requests of a run, to be sent again."""

    def __init__(self, evidence: Evidence, sending: Sending | None = None) -> None:
        self._evidence = evidence
        self._sending = sending or Sending()
        self._plan = evidence.plan()
        self._transcript = evidence.transcript()
        self._exchanges = {exchange.id: exchange for exchange in self._transcript.exchanges}

    def exchange(self, number: ExchangeId) -> Exchange:
        """The exchange of that number; InputError with those next to it when there is none."""
        if number not in self._exchanges:
            near = sorted(self._exchanges, key=lambda known: abs(known - number))[:_NEAR]
            names = ", ".join(str(known) for known in sorted(near)) or "none"
            raise InputError(f"the run has no exchange {number}; those next to it: {names}. report.html shows them all")
        return self._exchanges[number]

    def target(self, number: ExchangeId) -> Target | None:
        """Where the request of an exchange went; None when it came to an actor of ours, or that is not known."""
        return target_of(self.exchange(number), self._transcript, self._plan)

    def send(self, number: ExchangeId, target: Target) -> str:
        """Send a request again and describe the answer; LinkError when there is none."""
        exchange = self.exchange(number)
        if exchange.link.kind is LinkKind.MLLP:
            return self._message(exchange, target)
        return "\n".join(self._dimse(exchange, target))

    def _message(self, exchange: Exchange, target: Target) -> str:
        message = self._evidence.read(_payload(exchange))
        answer = send(
            Hl7Address(application="", facility="", host=target.host, port=target.port, **self._secured(target)),
            message if isinstance(message, bytes) else message.read_bytes(),
            owner=_owner(exchange),
            recorder=TranscriptRecorder(SystemClock(), None),
            timeout=TIMEOUT,
        )
        acknowledgement = Message.parse(answer)
        text = answer.decode("utf-8", "backslashreplace").replace("\r", "\n").strip()
        return f"{acknowledgement.first('MSA-1') or 'no MSA-1'}\n{text}"

    def _dimse(self, exchange: Exchange, target: Target) -> Iterator[str]:
        """The answers, and what else came of it."""
        exchange = self._asked(exchange)
        command = exchange.request.command
        if command is None:
            raise RecordingError(f"exchange {exchange.id} has no command set")
        facts = exchange.link.facts
        listen = self._sending.listen and exchange.sent
        with (
            arriving(self._plan, exchange if listen else None) as coming,
            associate(
                DimseAddress(
                    ae_title=target.ae_title or facts.get("called_ae", "ANY-SCP"),
                    host=target.host,
                    port=target.port,
                    **self._secured(target),
                ),
                calling_ae=facts.get("calling_ae") or ae_title(exchange.link.actor),
                sop_classes=() if command.service in _SCP else [keyword_of(command.sop_class)],
                as_scp=self._as_scp(exchange, command),
                transfer_syntaxes=[command.transfer_syntax] if command.transfer_syntax else (),
                owner=_owner(exchange),
                recorder=TranscriptRecorder(SystemClock(), None),
                timeout=TIMEOUT,
                on_event_report=coming.report,
            ) as association,
        ):
            responses = self._again(association, command, exchange, coming)
            yield from (_response_text(response) for response in responses)
            if command.service is Service.C_GET:
                yield f"{len(association.received)} objects came on the association"
            yield from coming.told(command.service, responses[-1].status if responses else 0, self._sending.wait)

    def _asked(self, exchange: Exchange) -> Exchange:
        """The exchange itself; of a C-CANCEL, which is sent with its query, that one."""
        if _service(exchange) is not Service.C_CANCEL:
            return exchange
        before = (one for one in self._on_link(exchange) if one.request.seq < exchange.request.seq)
        asked = [one for one in before if _service(one) is Service.C_FIND]
        if not asked:
            raise InputError(f"exchange {exchange.id} takes back a request that is not a query of this run")
        return asked[-1]

    def _on_link(self, exchange: Exchange) -> Iterable[Exchange]:
        found = (one for one in self._exchanges.values() if one.link.id == exchange.link.id)
        return sorted(found, key=lambda one: one.request.seq)

    def _is_taken_back(self, exchange: Exchange) -> bool:
        """Whether a C-CANCEL followed a query before anything else was asked."""
        after = (one for one in self._on_link(exchange) if one.request.seq > exchange.request.seq)
        following = next(iter(after), None)
        return following is not None and _service(following) is Service.C_CANCEL

    def _as_scp(self, exchange: Exchange, command: DimseCommand) -> Iterable[str]:
        if command.service in _SCP:
            return [keyword_of(command.sop_class)]
        if command.service is not Service.C_GET:
            return ()
        commands = (one.request.command for one in self._on_link(exchange))
        stored = {one.sop_class for one in commands if one is not None and one.service is Service.C_STORE}
        return sorted(stored) or [_ANY_IMAGE]

    def _secured(self, target: Target) -> _Tls:
        """TLS where the run had it at that host and port."""
        for assignment in self._plan.assignments:
            for party in assignment.theirs:
                for place in (Endpoints(dimse=party.dimse, hl7=party.hl7), *party.links.values()):
                    for address in (place.dimse, place.hl7):
                        if address is not None and (address.host, address.port) == (target.host, target.port):
                            return {"tls": address.tls, "tls_files": address.tls_files}
        return {"tls": TlsMode.NONE, "tls_files": None}

    def _again(
        self, association: Association, command: DimseCommand, exchange: Exchange, coming: Arriving
    ) -> tuple[DimseResponse, ...]:
        sop_class = keyword_of(command.sop_class)
        if command.service is Service.C_ECHO:
            return (association.c_echo(),)
        content = self._evidence.read(_payload(exchange))
        if command.service is Service.C_STORE:
            return (association.c_store(content),)
        dataset = decode_payload(content)
        if dataset is None:
            raise InputError(f"the data set of exchange {exchange.id} cannot be decoded, so it cannot be sent again")
        instance, fields = command.sop_instance, command.fields
        match command.service:
            case Service.C_FIND:
                return association.c_find(sop_class, dataset, cancel=self._is_taken_back(exchange))
            case Service.C_MOVE:
                return association.c_move(sop_class, dataset, fields.get("MoveDestination", ""), coming.since)
            case Service.C_GET:
                return association.c_get(sop_class, dataset)
            case Service.N_CREATE:
                return (association.n_create(sop_class, instance, dataset),)
            case Service.N_SET:
                return (association.n_set(sop_class, instance, dataset),)
            case Service.N_ACTION:
                return (association.n_action(sop_class, instance, _number(fields, "ActionTypeID"), dataset),)
            case Service.N_EVENT_REPORT:
                return (association.n_event_report(sop_class, instance, _number(fields, "EventTypeID"), dataset),)
        raise InputError(f"a {command.service.value} is not sent again")


class _Tls(TypedDict):
    tls: TlsMode
    tls_files: TlsFiles | None


def _service(exchange: Exchange) -> Service | None:
    return exchange.request.command.service if exchange.request.command is not None else None


def _number(fields: Mapping[str, str], name: str) -> int:
    value = fields.get(name, "1")
    return int(value) if value.isdigit() else 1


def _payload(exchange: Exchange) -> Payload:
    if exchange.request.payload is None:
        raise InputError(f"exchange {exchange.id} carried no data that could be sent again")
    return exchange.request.payload


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
