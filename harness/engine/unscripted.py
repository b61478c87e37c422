"""Recordings without a scenario: exchanges whose place is known beforehand, as a plan and a transcript to be judged.

Owns the making of that plan and that transcript. One system plays every actor, so that nothing is excused; a leg
without exchanges was not observable, unless it is awaited. How a message is recognised is in `profiles.recognition`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.checks.recording import ReadPayload
from harness.dicom import paths
from harness.dicom.encoding import decode_payload, encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.engine.reading import transcript_of
from harness.errors import InputError
from harness.hl7 import Message
from harness.model.names import (
    ActorName,
    ExchangeId,
    LegId,
    LinkId,
    PlayerName,
    PlayId,
    ScenarioId,
    StepId,
    TransactionId,
)
from harness.model.plan import Assignment, LegState, Plan, PlannedLeg, PlannedStep, Play, StepRef
from harness.model.profile import Leg, Service
from harness.model.scenario import Case, OrderRequest, Patient, PersonName, Practitioner, Scenario, Step, Visit
from harness.model.system import System
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Event,
    EventKind,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
    Transcript,
)
from harness.profiles import Knowledge

PLAYER = PlayerName("recorded system")
"""Who plays every actor of an unscripted play."""

PLAY = PlayId("unscripted")

_TELLING = frozenset({Service.N_CREATE, Service.C_STORE})
"""Services whose request says whom a play is about; a query may be about anybody."""


@dataclass(frozen=True, kw_only=True)
class UnscriptedResponse:
    """One DIMSE response: its command, and its data set as a Part 10 file, None without one."""

    command: DimseCommand
    content: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class UnscriptedExchange:
    """One exchange and where it belongs.

    `request` is an HL7 message, or a data set as a Part 10 file; `command` makes it a DIMSE request. Exchanges of one
    `step` (empty: the transaction's own) belong together. `opened_by_peer`: sent on an association that its receiver
    had opened. `illegal`: a request of its step is one that no conforming initiator makes, so that a refusal is due.
    """

    transaction: TransactionId
    leg: LegId
    step: str = ""
    request: bytes | None = None
    answer: bytes | None = None
    command: DimseCommand | None = None
    responses: tuple[UnscriptedResponse, ...] = ()
    opened_by_peer: bool = False
    illegal: bool = False

    @property
    def step_id(self) -> StepId:
        """The step it belongs to."""
        return StepId(self.step or self.transaction.lower())


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """A leg that had its time: that nothing came is the initiator's doing."""

    transaction: TransactionId
    leg: LegId
    step: str = ""

    @property
    def step_id(self) -> StepId:
        """The step it belongs to."""
        return StepId(self.step or self.transaction.lower())


def hl7_exchange(
    transaction: str, leg: str, request: bytes, answer: bytes | None = None, *, step: str = ""
) -> UnscriptedExchange:
    """An HL7 message and its acknowledgement; None when there was none."""
    return UnscriptedExchange(
        transaction=TransactionId(transaction), leg=LegId(leg), step=step, request=request, answer=answer
    )


def dimse_exchange(
    transaction: str,
    leg: str,
    service: Service,
    dataset: Dataset | None,
    *,
    sop_class: str,
    sop_instance: str = "",
    fields: Mapping[str, str] | None = None,
    responses: Sequence[tuple[int, Dataset | None]] = ((0, None),),
    step: str = "",
    transfer_syntax: str = ExplicitVRLittleEndian,
    opened_by_peer: bool = False,
) -> UnscriptedExchange:
    """A DIMSE request and its responses, each a status and perhaps a data set; `sop_class` is a keyword or UID.

    ValueError for an unknown keyword, RecordingError for a data set that has no bytes in that transfer syntax.
    """
    command = DimseCommand(
        service=service,
        message_id=1,
        sop_class=uid_of(sop_class),
        sop_instance=sop_instance,
        transfer_syntax=transfer_syntax,
        fields=dict(fields or {}),
    )
    answered = []
    for status, content in responses:
        said = replace(command, status=status, fields={})
        answered.append(UnscriptedResponse(command=said, content=_wrapped(content, said)))
    return UnscriptedExchange(
        transaction=TransactionId(transaction),
        leg=LegId(leg),
        step=step,
        request=_wrapped(dataset, command),
        command=command,
        responses=tuple(answered),
        opened_by_peer=opened_by_peer,
    )


def _wrapped(dataset: Dataset | None, command: DimseCommand) -> bytes | None:
    if dataset is None:
        return None
    content = encode(dataset, command.transfer_syntax)
    return wrap_payload(content, command.transfer_syntax, command.sop_class, command.sop_instance)


def unscripted_play(
    recorded: Sequence[UnscriptedExchange],
    knowledge: Knowledge,
    *,
    form: str = "2.5.1",
    profile: str = "",
    awaited: Iterable[Awaited] = (),
    complete: bool = True,
) -> tuple[Plan, Transcript, ReadPayload]:
    """A plan with one play, its transcript, and the reader of its payloads: what `judge` takes.

    Exchange n of the transcript is the n-th of `recorded`, counted from 1. `complete`: the play came to its end, so
    that what is missing is missing. InputError for a transaction or leg that is none, or a step of two transactions.
    """
    expected = tuple(awaited)
    play = _play(recorded, expected, knowledge, form, profile)
    tape = _Tape(play)
    for number, exchange in enumerate(recorded, start=1):
        tape.add(ExchangeId(number), exchange)
    missed = [one for one in expected if not any(_same_place(one, other) for other in recorded)]
    return _plan(play, knowledge), tape.transcript(missed, complete=complete), tape.read


def _same_place(one: Awaited, other: UnscriptedExchange) -> bool:
    return (one.transaction, one.leg, one.step_id) == (other.transaction, other.leg, other.step_id)


def _play(
    recorded: Sequence[UnscriptedExchange],
    awaited: Sequence[Awaited],
    knowledge: Knowledge,
    form: str,
    profile: str,
) -> Play:
    steps: dict[StepId, tuple[TransactionId, set[LegId]]] = {}
    places: list[UnscriptedExchange | Awaited] = [*recorded, *awaited]
    for one in places:
        transaction, legs = steps.setdefault(one.step_id, (one.transaction, set()))
        if transaction != one.transaction:
            raise InputError(f"step {one.step_id} is of {transaction} and of {one.transaction}")
        legs.add(one.leg)
    illegal = {one.step_id for one in recorded if one.illegal}
    planned = tuple(
        _step(name, transaction, legs, knowledge, illegal=name in illegal)
        for name, (transaction, legs) in steps.items()
    )
    case = _case(recorded)
    scenario = Scenario(
        id=ScenarioId(PLAY),
        title="Without a scenario",
        citation={},
        forms=(form,),
        case=case.id,
        steps=tuple(one.step for one in planned),
    )
    actors = {actor for one in planned for leg in one.legs for actor in (leg.leg.initiator, leg.leg.responder)}
    roles = dict.fromkeys(sorted(actors), PLAYER)
    return Play(id=PLAY, scenario=scenario, form=form, profile=profile, case=case, steps=planned, roles=roles)


def _step(
    name: StepId, transaction_id: TransactionId, present: set[LegId], knowledge: Knowledge, *, illegal: bool
) -> PlannedStep:
    transaction = knowledge.transactions.get(transaction_id)
    if transaction is None:
        raise InputError(f"there is no transaction {transaction_id}")
    unknown = present - {leg.id for leg in transaction.legs}
    if unknown:
        legs = ", ".join(leg.id for leg in transaction.legs)
        raise InputError(f"{transaction_id} has no leg {min(unknown)}; it has {legs}")
    bound = tuple(
        PlannedLeg(
            leg=leg,
            state=LegState.LIVE if leg.id in present else LegState.NOT_OBSERVABLE,
            initiator=PLAYER,
            responder=PLAYER,
        )
        for leg in transaction.legs
    )
    first = next(leg for leg in transaction.legs if leg.id in present)
    step = Step(id=name, transaction=transaction_id, initiator=first.initiator, illegal=illegal)
    return PlannedStep(step=step, transaction=transaction, legs=bound, initiator=PLAYER)


def _case(recorded: Sequence[UnscriptedExchange]) -> Case:
    """A case that expects nothing: its patients are those that the messages are about."""
    nobody = Practitioner(id="", name=PersonName(family=""))
    ids = dict.fromkeys(patient for exchange in recorded for patient in _patients(exchange))
    patients = {
        "main" if place == 0 else f"patient-{place + 1}": Patient(
            name=PersonName(family=""), birth_date="", sex="", id=patient
        )
        for place, patient in enumerate(ids)
    }
    return Case(
        id=PLAY,
        title="Whoever the messages are about",
        patients=patients,
        visit=Visit(patient_class=""),
        order=OrderRequest(service="", orderer=nobody, entered_by=nobody),
    )


def _patients(exchange: UnscriptedExchange) -> Iterable[str]:
    if exchange.request is None:
        return
    if exchange.command is None:
        yield from (found.value for found in Message.parse(exchange.request).all("PID-3.1") if found.value)
    elif exchange.command.service in _TELLING:
        dataset = decode_payload(exchange.request)
        if dataset is not None and paths.first(dataset, "PatientID"):
            yield paths.first(dataset, "PatientID")


def _plan(play: Play, knowledge: Knowledge) -> Plan:
    serves: dict[ActorName, dict[TransactionId, PlayerName]] = {}
    for planned in play.steps:
        for leg in planned.legs:
            for actor in (leg.leg.initiator, leg.leg.responder):
                serves.setdefault(actor, {})[planned.transaction.id] = PLAYER
    return Plan(
        run=PLAY,
        seed=0,
        started="",
        harness_version="",
        rule_set=knowledge.rule_set,
        systems=(System(name=PLAYER, claims=()),),
        assignments=(Assignment(id="", ours={}, theirs=(), serves=serves, plays=(play,)),),
    )


@dataclass
class _Tape:
    """The records of a transcript in the making; a link for each exchange."""

    play: Play
    _payloads: dict[str, bytes] = field(default_factory=dict)
    _links: list[Link] = field(default_factory=list)
    _captures: list[Capture] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _seq: int = 0

    def __post_init__(self) -> None:
        self._event(EventKind.PLAY_STARTED)

    def read(self, payload: Payload) -> bytes:
        """The content of a payload."""
        return self._payloads[payload.sha256]

    def add(self, number: ExchangeId, exchange: UnscriptedExchange) -> None:
        """Record an exchange."""
        leg = self.play.step(exchange.step_id).transaction.leg(exchange.leg)
        self._open(number, exchange, leg)
        kind = PayloadKind.HL7 if exchange.command is None else PayloadKind.DICOM
        self._capture(number, Half.REQUEST, self._payload(exchange.request, kind), exchange.command)
        if exchange.answer is not None:
            self._capture(number, Half.RESPONSE, self._payload(exchange.answer, PayloadKind.HL7), None)
        for response in exchange.responses:
            content = self._payload(response.content, PayloadKind.DICOM)
            self._capture(number, Half.RESPONSE, content, response.command)

    def transcript(self, missed: Iterable[Awaited], *, complete: bool) -> Transcript:
        """Everything that was recorded; `missed` are legs that came to nothing in their time."""
        for one in missed:
            step = StepRef(self.play.id, one.step_id)
            self._event(EventKind.LEG_EXPIRED, step=step, leg=one.leg, facts={"seconds": "its time"})
        if complete:
            self._event(EventKind.PLAY_SEALED)
        return transcript_of(tuple(self._links), tuple(self._captures), tuple(self._events))

    def _open(self, number: ExchangeId, exchange: UnscriptedExchange, leg: Leg) -> None:
        seq = self._next()
        self._links.append(
            Link(
                seq=seq,
                time=float(seq),
                id=LinkId(number),
                kind=leg.link,
                actor=leg.initiator,
                ours=not exchange.opened_by_peer,
                local=SocketAddress("", number),
                peer=SocketAddress("", 0),
                peer_actor=leg.responder,
                cause=StepRef(self.play.id, exchange.step_id),
                leg=leg.id,
            )
        )

    def _capture(self, number: ExchangeId, half: Half, payload: Payload | None, command: DimseCommand | None) -> None:
        seq = self._next()
        self._captures.append(
            Capture(
                seq=seq,
                time=float(seq),
                link=LinkId(number),
                exchange=number,
                half=half,
                direction=Direction.SENT if half is Half.REQUEST else Direction.RECEIVED,
                payload=payload,
                command=command,
            )
        )

    def _event(
        self,
        kind: EventKind,
        step: StepRef | None = None,
        leg: str = "",
        facts: Mapping[str, str] | None = None,
    ) -> None:
        seq = self._next()
        self._events.append(
            Event(seq=seq, time=float(seq), kind=kind, step=step, play=self.play.id, leg=leg, facts=dict(facts or {}))
        )

    def _payload(self, content: bytes | None, kind: PayloadKind) -> Payload | None:
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        self._payloads[digest] = content
        return Payload(digest, kind, len(content))

    def _next(self) -> int:
        self._seq += 1
        return self._seq
