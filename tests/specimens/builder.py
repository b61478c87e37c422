"""Recordings by hand: exchanges in memory, placed at the steps and legs of a play."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian

from harness.checks import load
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import leg_checks, play_checks
from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.hl7 import Message, compose
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName, ExchangeId, LinkId, PlayId, ScenarioId, StepId
from harness.model.plan import LegState, PlannedLeg, PlannedStep, Play
from harness.model.profile import LinkKind, Service
from harness.model.scenario import Case, OrderRequest, Patient, PersonName, Practitioner, Scenario, Step, Visit
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
from harness.model.verdict import Outcome
from harness.profiles import Knowledge

DOCTOR = Practitioner(id="3004", name=PersonName(family="HOLM", given="PETER"))
PATIENTS = {
    "main": Patient(
        name=PersonName(family="LINDGREN", given="ASTA"), birth_date="19580714", sex="F", id="P1001", authority="SWF"
    ),
    "other": Patient(
        name=PersonName(family="OAKES", given="ASTA"), birth_date="19580714", sex="F", id="P1002", authority="SWF"
    ),
}
CASE = Case(
    id="ct",
    title="CT",
    patients=PATIENTS,
    visit=Visit(patient_class="O"),
    order=OrderRequest(service="CT-CHEST", orderer=DOCTOR, entered_by=DOCTOR),
)


def dataset(**attributes: object) -> Dataset:
    """A data set from keywords; a list of data sets makes a sequence."""
    made = Dataset()
    for keyword, value in attributes.items():
        of_items = isinstance(value, list) and all(isinstance(one, Dataset) for one in value)
        setattr(made, keyword, Items(value) if of_items else value)
    return made


def code(value: str, scheme: str = "99SWF", meaning: str = "a meaning") -> Dataset:
    """One item of a code sequence."""
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


@dataclass
class Leg:
    """One leg of one step that is being recorded."""

    step: Step
    transaction: str
    leg: str
    state: LegState = LegState.LIVE
    exchanges: list[ExchangeView] = field(default_factory=list)


class Recording:
    """A play that is filled exchange by exchange."""

    def __init__(self, knowledge: Knowledge, case: Case = CASE, form: str = "2.5.1") -> None:
        self.knowledge = knowledge
        self.case = case
        self.form = form
        self.payloads: dict[str, bytes] = {}
        self.legs: list[Leg] = []
        self._seq = 0
        self._number = 0

    def leg(
        self, transaction: str, leg: str, step: str = "", *, state: LegState = LegState.LIVE, **of_step: object
    ) -> Leg:
        """Open a leg; further keywords go to its step."""
        name = StepId(step or transaction.lower())
        known = next((one.step for one in self.legs if one.step.id == name), None)
        initiator = self.knowledge.transactions[transaction].legs[0].initiator
        made = known or Step(id=name, transaction=transaction, initiator=initiator, **of_step)
        opened = Leg(made, transaction, leg, state)
        self.legs.append(opened)
        return opened

    def hl7(self, leg: Leg, request: bytes, answer: bytes | str | None = "AA") -> ExchangeView:
        """Record a message and its answer: bytes, None for silence, or a code for a plain acknowledgement."""
        number = self._next_number()
        asked = self._capture(number, Half.REQUEST, self._payload(request, PayloadKind.HL7))
        if isinstance(answer, str):
            answer = plain_ack(request, answer, f"ACK{number}")
        responses = []
        if answer is not None:
            responses.append(self._capture(number, Half.RESPONSE, self._payload(answer, PayloadKind.HL7)))
        return self._add(leg, LinkKind.MLLP, number, asked, responses)

    def dimse(
        self,
        leg: Leg,
        service: Service,
        request: Dataset | None,
        responses: Sequence[tuple[int, Dataset | None] | tuple[int, Dataset | None, Mapping[str, str]]] = ((0, None),),
        *,
        sop_class: str = "ModalityPerformedProcedureStep",
        instance: str = "",
        fields: Mapping[str, str] | None = None,
        opened_by_peer: bool = False,
    ) -> ExchangeView:
        """Record a DIMSE request with its responses, each a status, perhaps a data set, perhaps command fields.

        `opened_by_peer`: the request was sent on an association that its receiver had opened.
        """
        number = self._next_number()
        command = DimseCommand(
            service=service,
            message_id=number,
            sop_class=uid_of(sop_class),
            sop_instance=instance,
            transfer_syntax=ExplicitVRLittleEndian,
            fields=fields or {},
        )
        asked = self._capture(number, Half.REQUEST, self._dicom(request, command), command)
        answered = []
        for status, content, *rest in responses:
            said = replace(command, status=status, fields=rest[0] if rest else {})
            answered.append(self._capture(number, Half.RESPONSE, self._dicom(content, said), said))
        return self._add(leg, LinkKind.DIMSE, number, asked, answered, ours=not opened_by_peer)

    def cancel(self, leg: Leg, query: ExchangeView) -> ExchangeView:
        """Record a C-CANCEL for a request, on its association."""
        asked = query.exchange.request.command
        assert asked is not None
        view = self.dimse(leg, Service.C_CANCEL, None, (), sop_class=asked.sop_class)
        exchange = view.exchange
        command = replace(asked, service=Service.C_CANCEL)
        request = replace(exchange.request, link=query.exchange.link.id, command=command)
        made = replace(view, exchange=replace(exchange, link=query.exchange.link, request=request))
        leg.exchanges[-1] = made
        return made

    def play(self) -> PlayView:
        """The play as the checks see it."""
        steps: dict[str, list[Leg]] = {}
        for leg in self.legs:
            steps.setdefault(leg.step.id, []).append(leg)
        planned = tuple(self._planned(legs) for legs in steps.values())
        scenario = Scenario(
            id=ScenarioId("specimen"),
            title="A specimen",
            citation={},
            forms=(self.form,),
            case=self.case.id,
            steps=tuple(one.step for one in planned),
        )
        play = Play(
            id=PlayId("specimen"), scenario=scenario, form=self.form, profile="SWF.b", case=self.case, steps=planned
        )
        views = []
        for leg in self.legs:
            step = play.step(leg.step.id)
            bound = next(one for one in step.legs if one.leg.id == leg.leg)
            views.append(LegView(play, step, bound, tuple(leg.exchanges), self.knowledge))
        return PlayView(play, tuple(views), (), self.knowledge)

    def view(self, leg: Leg) -> LegView:
        """One leg as the checks see it."""
        return self.play().legs[self.legs.index(leg)]

    def _planned(self, legs: list[Leg]) -> PlannedStep:
        transaction = self.knowledge.transactions[legs[0].transaction]
        states = {leg.leg: leg.state for leg in legs}
        bound = tuple(
            PlannedLeg(leg=one, state=states.get(one.id, LegState.NOT_OBSERVABLE), initiator=HARNESS, responder=HARNESS)
            for one in transaction.legs
        )
        return PlannedStep(step=legs[0].step, transaction=transaction, legs=bound, initiator=HARNESS)

    def _next_number(self) -> ExchangeId:
        self._number += 1
        return ExchangeId(self._number)

    def _dicom(self, content: Dataset | None, command: DimseCommand) -> Payload | None:
        if content is None:
            return None
        encoded = encode(content, command.transfer_syntax)
        wrapped = wrap_payload(encoded, command.transfer_syntax, command.sop_class, command.sop_instance)
        return self._payload(wrapped, PayloadKind.DICOM)

    def _payload(self, content: bytes, kind: PayloadKind) -> Payload:
        digest = hashlib.sha256(content).hexdigest()
        self.payloads[digest] = content
        return Payload(digest, kind, len(content))

    def _capture(
        self, number: ExchangeId, half: Half, payload: Payload | None, command: DimseCommand | None = None
    ) -> Capture:
        self._seq += 1
        return Capture(
            seq=self._seq,
            time=float(self._seq),
            link=LinkId(number),
            exchange=number,
            half=half,
            direction=Direction.SENT if half is Half.REQUEST else Direction.RECEIVED,
            payload=payload,
            command=command,
        )

    def _add(
        self, leg: Leg, kind: LinkKind, number: ExchangeId, asked: Capture, responses: list[Capture], ours: bool = True
    ) -> ExchangeView:
        link = Link(
            seq=asked.seq,
            time=asked.time,
            id=LinkId(number),
            kind=kind,
            actor=ActorName("ADT"),
            ours=ours,
            local=SocketAddress("127.0.0.1", 1),
            peer=SocketAddress("127.0.0.1", 2),
        )
        exchange = Exchange(id=number, link=link, request=asked, responses=tuple(responses))
        view = ExchangeView(exchange, lambda payload: self.payloads[payload.sha256])
        leg.exchanges.append(view)
        return view


def plain_ack(request: bytes, answer_code: str, control_id: str) -> bytes:
    """An acknowledgement with no more than it must have."""
    message = Message.parse(request)
    event = message.type.partition("^")[2]
    kind = ("ACK", event, "ACK") if message.version >= "2.5" else ("ACK", event)
    error = [] if answer_code == "AA" else [("ERR", {3: ("207", "Application internal error", "HL70357"), 4: "E"})]
    back = {number: message.first(f"MSH-{other}") for number, other in ((3, 5), (4, 6), (5, 3), (6, 4))}
    header = {**back, 7: "20240102101501", 9: kind, 10: control_id, 11: "P"}
    return compose([("MSH", {**header, 12: message.version}), ("MSA", {1: answer_code, 2: message.control_id}), *error])


def findings_of(play: PlayView) -> list[Finding]:
    """Every finding of the checks that the legs name, and of every check on a play."""
    load()
    found: list[Finding] = []
    for view in play.legs:
        for name in view.planned.leg.checks:
            check = leg_checks().get(name)
            if check is not None and view.exchanges:
                found.extend(check(view))
    for name, play_check in play_checks().items():
        if name != "delivery":
            found.extend(play_check(play))
    return found


def violated(findings: Sequence[Finding]) -> set[str]:
    """The requirements that are violated."""
    return {finding.requirement for finding in findings if finding.outcome is Outcome.VIOLATED}


def met(findings: Sequence[Finding]) -> set[str]:
    """The requirements that are met."""
    return {finding.requirement for finding in findings if finding.outcome is Outcome.MET}
