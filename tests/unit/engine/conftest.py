"""A small knowledge, plans and recordings built by hand, so that these tests rest on no shipped data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.engine.planning import Planner
from harness.engine.recording import TranscriptRecorder
from harness.engine.storage import EvidenceWriter
from harness.hl7 import compose
from harness.identifiers import FixedClock
from harness.model.names import (
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    LinkId,
    PlayerName,
    PlayId,
    ScenarioId,
    StepId,
    TransactionId,
)
from harness.model.plan import Plan, Play, StepRef
from harness.model.profile import (
    Citation,
    Count,
    DimseForm,
    Leg,
    LinkKind,
    MessageForm,
    Need,
    Option,
    Profile,
    Service,
    Transaction,
)
from harness.model.scenario import Case, OrderRequest, Patient, PersonName, Practitioner, Scenario, Step, Visit
from harness.model.system import Claim, DimseAddress, Hl7Address, System, SystemActor
from harness.model.tables import LegRule
from harness.model.transcript import (
    DimseCommand,
    Direction,
    EventKind,
    Half,
    PayloadKind,
    SocketAddress,
    Transcript,
)
from harness.model.verdict import Confidence, Strength
from harness.profiles import Knowledge
from harness.transports.recorder import LinkOwner, Passage

MPPS, COMMITMENT = "ModalityPerformedProcedureStep", "StorageCommitmentPushModel"
WORKLIST, CT = "ModalityWorklistInformationModelFind", "CTImageStorage"
NOW = datetime(2024, 5, 17, 8, 30)

PROFILES = {
    "ADT": ("RAD-1",),
    "Order Placer": ("RAD-1", "RAD-2"),
    "Order Filler": ("RAD-1", "RAD-2", "RAD-4", "RAD-5", "RAD-6"),
    "Modality": ("RAD-5", "RAD-6", "RAD-8", "RAD-10"),
    "PPS Manager": ("RAD-6",),
    "Image Manager": ("RAD-4", "RAD-6", "RAD-8", "RAD-10"),
}
DELIVERY_ROWS = {
    "delivered": "initiator",
    "reachable": "responder",
    "context-accepted": "responder",
    "link-kept": "responder",
}


def _leg(
    name: str,
    initiator: str,
    responder: str,
    *,
    messages: Mapping[str, str] | None = None,
    control: tuple[str, ...] = (),
    service: Service | None = None,
    sop_class: str = "",
    required: bool = True,
    reaction: bool = False,
    count: Count = Count.ONE,
) -> Leg:
    return Leg(
        id=LegId(name),
        initiator=ActorName(initiator),
        responder=ActorName(responder),
        link=LinkKind.MLLP if messages else LinkKind.DIMSE,
        required=required,
        reaction=reaction,
        count=count,
        messages=tuple(
            MessageForm(version=version, type=type_, control=control) for version, type_ in (messages or {}).items()
        ),
        dimse=DimseForm(service=service, sop_classes=(sop_class,)) if service else None,
        checks=(CheckName("delivery"), CheckName("stub")),
        core=(CheckName("stub"),),
    )


_ADT = {"2.3.1": "ADT^A04", "2.5.1": "ADT^A04"}
LEGS: Mapping[str, tuple[Leg, ...]] = {
    "RAD-1": (
        _leg("to-order-placer", "ADT", "Order Placer", messages=_ADT, required=False),
        _leg("to-order-filler", "ADT", "Order Filler", messages=_ADT),
    ),
    "RAD-2": (
        _leg("to-order-filler", "Order Placer", "Order Filler", messages={"2.3.1": "ORM^O01"}, control=("NW", "CA")),
    ),
    "RAD-4": (
        _leg(
            "to-image-manager",
            "Order Filler",
            "Image Manager",
            messages={"2.3.1": "ORM^O01", "2.5.1": "OMI^O23"},
            control=("NW",),
        ),
    ),
    "RAD-5": (_leg("query", "Modality", "Order Filler", service=Service.C_FIND, sop_class=WORKLIST),),
    "RAD-6": (
        _leg("to-pps-manager", "Modality", "PPS Manager", service=Service.N_CREATE, sop_class=MPPS),
        _leg("to-order-filler", "PPS Manager", "Order Filler", service=Service.N_CREATE, sop_class=MPPS, reaction=True),
        _leg(
            "to-image-manager", "PPS Manager", "Image Manager", service=Service.N_CREATE, sop_class=MPPS, reaction=True
        ),
    ),
    "RAD-8": (
        _leg("store", "Modality", "Image Manager", service=Service.C_STORE, sop_class="Storage", count=Count.MANY),
    ),
    "RAD-10": (
        _leg("request", "Modality", "Image Manager", service=Service.N_ACTION, sop_class=COMMITMENT),
        _leg(
            "report",
            "Image Manager",
            "Modality",
            service=Service.N_EVENT_REPORT,
            sop_class=COMMITMENT,
            reaction=True,
        ),
    ),
}


def _citation(confidence: Confidence = Confidence.BELIEVED) -> Citation:
    return Citation("RAD TF-2: 4", confidence, "made up for a test")


def _rule(check: str, row: str, charged: str, strength: Strength, confidence: Confidence) -> LegRule:
    return LegRule(
        check=CheckName(check),
        row=row,
        text=row,
        charged=charged,
        strength=strength,
        confidence=confidence,
        citation="RAD TF-2: 4",
    )


_OPTIONS = {
    "HL7 v2.5.1": Option(actors=(ActorName("Order Filler"),), means="forms", citation=_citation(), forms=("2.5.1",)),
    "Display": Option(
        actors=(ActorName("Image Display"),), means="asks", citation=_citation(), transactions=(TransactionId("RAD-5"),)
    ),
}


def small_knowledge() -> Knowledge:
    """Seven transactions, two profiles that differ in their HL7 version, and rules for `delivery` and `stub`."""
    actors = {
        ActorName(actor): {TransactionId(transaction): Need.REQUIRED for transaction in transactions}
        for actor, transactions in PROFILES.items()
    }
    actors[ActorName("Image Display")] = {TransactionId("RAD-5"): Need.OPTIONAL}
    stub = [
        _rule("stub", f"{strength.value.lower()}-{confidence.value}", "initiator", strength, confidence)
        for strength in Strength
        for confidence in Confidence
    ]
    stub.append(_rule("stub", "ack-accepted", "responder", Strength.SHALL, Confidence.BELIEVED))
    delivery = [
        _rule("delivery", row, charged, Strength.SHALL, Confidence.BELIEVED) for row, charged in DELIVERY_ROWS.items()
    ]
    return Knowledge(
        profiles={
            name: Profile(
                id=name, title=name, citation=_citation(), hl7_versions=(version,), actors=actors, options=options
            )
            for name, version, options in (("SWF", "2.3.1", _OPTIONS), ("SWF.b", "2.5.1", {}))
        },
        transactions={
            TransactionId(name): Transaction(id=TransactionId(name), title=name, citation=_citation(), legs=legs)
            for name, legs in LEGS.items()
        },
        hl7_tables={},
        attribute_tables={},
        edges=(),
        leg_rules={CheckName("delivery"): tuple(delivery), CheckName("stub"): tuple(stub)},
        play_rules=(),
        states={},
        keys={},
        rule_set="0" * 64,
    )


class Build:
    """Scenarios, systems and plans in few words."""

    def __init__(self) -> None:
        self.knowledge = small_knowledge()

    @staticmethod
    def case(**patients: str) -> Case:
        """A case whose patients have these identifiers (`main="P1"`); one without an identifier when none is given."""
        doctor = Practitioner(id="D1", name=PersonName(family="Doktor"))
        return Case(
            id="case",
            title="A case",
            patients={
                key: Patient(
                    name=PersonName(family="Muster", given=key),
                    birth_date="19700101",
                    sex="F",
                    id=number,
                    authority="HOSP" if number else "",
                )
                for key, number in (patients or {"main": ""}).items()
            },
            visit=Visit(patient_class="O"),
            order=OrderRequest(service="CT", orderer=doctor, entered_by=doctor),
        )

    @staticmethod
    def step(name: str, transaction: str, initiator: str, **parameters: object) -> Step:
        """A step; further parameters as the model has them."""
        step = Step(id=StepId(name), transaction=TransactionId(transaction), initiator=ActorName(initiator))
        return replace(step, **parameters)  # type: ignore[arg-type]

    @staticmethod
    def scenario(*steps: Step, id: str = "swf.test", forms: tuple[str, ...] = ("2.3.1",)) -> Scenario:  # noqa: A002
        """A scenario that plays with the one case."""
        return Scenario(
            id=ScenarioId(id),
            title=id,
            citation={"SWF": "RAD TF-1: 3", "SWF.b": "RAD TF-1: 34"},
            forms=forms,
            case="case",
            steps=steps,
        )

    @staticmethod
    def system(
        name: str, *actors: str, profile: str = "SWF", offers: Sequence[str] = (), **parameters: object
    ) -> System:
        """A system that claims these actors; `offers` holds for each of them."""
        system = System(
            name=PlayerName(name),
            claims=(Claim(profile=profile, actors=tuple(ActorName(actor) for actor in actors)),),
            actors={
                ActorName(actor): SystemActor(
                    dimse=DimseAddress(ae_title=name.upper(), port=104),
                    hl7=Hl7Address(application=name, facility="HOSP", port=2575),
                    offers=tuple(TransactionId(transaction) for transaction in offers),
                )
                for actor in actors
            },
        )
        return replace(system, **parameters)  # type: ignore[arg-type]

    def plan(self, scenarios: Iterable[Scenario], systems: Iterable[System] = (), seed: int = 1) -> Plan:
        """The plan that the planner makes of them."""
        return Planner(self.knowledge, {"case": self.case()}, seed).plan(
            run="run",
            seed=seed,
            started="2024-05-17T08:30:00",
            version="0",
            scenarios=tuple(scenarios),
            systems=tuple(systems),
        )

    def plays(self, plan: Plan) -> tuple[Play, ...]:
        """Every play of a plan."""
        return tuple(play for assignment in plan.assignments for play in assignment.plays)


class Wire:
    """A recording made by hand: what our actors would have recorded. Time moves by a second with each record."""

    def __init__(self, writer: EvidenceWriter | None = None) -> None:
        self.clock = FixedClock(NOW)
        self.recorder = TranscriptRecorder(self.clock, writer)
        self._port = 40000
        self._message_id = 0

    def transcript(self) -> Transcript:
        """What was recorded."""
        return self.recorder.transcript()

    def link(
        self,
        actor: str,
        peer: str | None,
        *,
        kind: LinkKind = LinkKind.DIMSE,
        ours: bool = True,
        cause: StepRef | None = None,
        ends: tuple[SocketAddress, SocketAddress] | None = None,
    ) -> LinkId:
        """A link that our actor opened (`ours`) or accepted."""
        self.clock.advance(1)
        self._port += 2
        local, other = ends or (SocketAddress("127.0.0.1", self._port), SocketAddress("127.0.0.1", self._port + 1))
        return self.recorder.link_opened(
            kind=kind,
            owner=LinkOwner(actor=ActorName(actor), peer_actor=ActorName(peer) if peer else None, cause=cause),
            ours=ours,
            local=local,
            peer=other,
            facts={},
        )

    def pair(self, dialler: str, listener: str, *, kind: LinkKind = LinkKind.DIMSE) -> tuple[LinkId, LinkId]:
        """One connection that both ends record: the dialler's link and the listener's."""
        self._port += 2
        ends = SocketAddress("127.0.0.1", self._port), SocketAddress("127.0.0.1", self._port + 1)
        return (
            self.link(dialler, listener, kind=kind, ends=ends),
            self.link(listener, dialler, kind=kind, ours=False, ends=(ends[1], ends[0])),
        )

    def hl7(
        self,
        message: bytes,
        actor: str,
        peer: str | None,
        *,
        answer: str | None = "AA",
        sent: bool = True,
        cause: StepRef | None = None,
        link: LinkId | None = None,
    ) -> ExchangeId:
        """A message with its acknowledgement; `answer=None` means that none came."""
        link = link or self.link(actor, peer, kind=LinkKind.MLLP, ours=sent, cause=cause)
        exchange = self.recorder.exchange_opened()
        there, back = (Direction.SENT, Direction.RECEIVED) if sent else (Direction.RECEIVED, Direction.SENT)
        self._pass(link, exchange, Half.REQUEST, there, message, PayloadKind.HL7)
        if answer is not None:
            content = compose([("MSH", {9: "ACK", 10: "A1", 12: "2.3.1"}), ("MSA", {1: answer, 2: "M1"})])
            self._pass(link, exchange, Half.RESPONSE, back, content, PayloadKind.HL7)
        return exchange

    def dimse(
        self,
        service: Service,
        sop_class: str,
        actor: str,
        peer: str | None,
        *,
        request: Dataset | None = None,
        responses: Sequence[tuple[int, Dataset | None]] = ((0x0000, None),),
        instance: str = "",
        sent: bool = True,
        cause: StepRef | None = None,
        link: LinkId | None = None,
    ) -> ExchangeId:
        """A DIMSE request with its responses; `sent=False`: the peer sent it to us."""
        link = link or self.link(actor, peer, ours=sent, cause=cause)
        exchange = self.recorder.exchange_opened()
        self._message_id += 1
        there, back = (Direction.SENT, Direction.RECEIVED) if sent else (Direction.RECEIVED, Direction.SENT)
        for half, direction, status, dataset in (
            (Half.REQUEST, there, None, request),
            *((Half.RESPONSE, back, status, dataset) for status, dataset in responses),
        ):
            command = DimseCommand(
                service=service,
                message_id=self._message_id,
                sop_class=uid_of(sop_class),
                sop_instance=instance,
                status=status,
                transfer_syntax=ExplicitVRLittleEndian,
            )
            content = None if dataset is None else _part_10(dataset, uid_of(sop_class), instance)
            self._pass(link, exchange, half, direction, content, PayloadKind.DICOM, command)
        return exchange

    def happened(self, kind: EventKind, text: str = "", **parameters: object) -> None:
        """An event; `actor` and `peer` become its owner."""
        self.clock.advance(1)
        actor, peer = parameters.pop("actor", None), parameters.pop("peer", None)
        owner = LinkOwner(actor=ActorName(str(actor)), peer_actor=ActorName(str(peer)) if peer else None)
        self.recorder.happened(kind, text, owner=owner if actor else None, **parameters)  # type: ignore[arg-type]

    def begin(self, play: Play | PlayId) -> None:
        """A play starts."""
        self.happened(EventKind.PLAY_STARTED, play=play if isinstance(play, str) else play.id)

    def seal(self, play: Play | PlayId) -> None:
        """A play is sealed."""
        self.happened(EventKind.PLAY_SEALED, play=play if isinstance(play, str) else play.id)

    def begin_step(self, play: Play, step: str) -> StepRef:
        """A step starts; the reference is the cause of what we send for it."""
        reference = StepRef(play.id, StepId(step))
        self.happened(EventKind.STEP_STARTED, step=reference)
        return reference

    def end_step(self, reference: StepRef, state: str = "done") -> None:
        """A step ends."""
        self.happened(EventKind.STEP_ENDED, state, step=reference)

    def _pass(
        self,
        link: LinkId,
        exchange: ExchangeId,
        half: Half,
        direction: Direction,
        content: bytes | None,
        kind: PayloadKind,
        command: DimseCommand | None = None,
    ) -> None:
        self.clock.advance(1)
        self.recorder.passed(
            Passage(
                link=link,
                exchange=exchange,
                half=half,
                direction=direction,
                content=content,
                kind=kind,
                command=command,
            )
        )


def _part_10(dataset: Dataset, sop_class: str, instance: str) -> bytes:
    return wrap_payload(encode(dataset, ExplicitVRLittleEndian), ExplicitVRLittleEndian, sop_class, instance)


class Say:
    """Messages with the values that matter to a test."""

    @staticmethod
    def adt(patient: str, trigger: str = "A04", version: str = "2.3.1") -> bytes:
        """A registration."""
        return compose(
            [
                ("MSH", {9: ("ADT", trigger), 10: "M1", 11: "P", 12: version}),
                ("PID", {3: (patient, "", "", "HOSP")}),
            ]
        )

    @staticmethod
    def orm(
        patient: str, *, placer: str = "", filler: str = "", study: str = "", control: str = "NW", status: str = ""
    ) -> bytes:
        """An order; with a Study Instance UID in ZDS-1 when given."""
        segments: list[tuple[str, Mapping[int, object]]] = [
            ("MSH", {9: ("ORM", "O01"), 10: "M1", 11: "P", 12: "2.3.1"}),
            ("PID", {3: (patient, "", "", "HOSP")}),
            ("ORC", {1: control, 2: (placer, "OP"), 3: (filler, "OF"), 5: status}),
            ("OBR", {2: (placer, "OP"), 3: (filler, "OF")}),
        ]
        if study:
            segments.append(("ZDS", {1: (study, "100", "Application", "DICOM")}))
        return compose(segments)  # type: ignore[arg-type]

    @staticmethod
    def dataset(**attributes: object) -> Dataset:
        """A data set of these attributes; dictionaries in a list become items of a sequence."""
        made = Dataset()
        for keyword, value in attributes.items():
            setattr(made, keyword, [Say.dataset(**item) for item in value] if isinstance(value, list) else value)
        return made

    @staticmethod
    def mpps(patient: str, study: str) -> Dataset:
        """The data set of an N-CREATE."""
        return Say.dataset(PatientID=patient, ScheduledStepAttributesSequence=[{"StudyInstanceUID": study}])

    @staticmethod
    def entry(patient: str, study: str) -> Dataset:
        """An entry of the worklist."""
        return Say.dataset(PatientID=patient, StudyInstanceUID=study)

    @staticmethod
    def image(patient: str, study: str, instance: str) -> Dataset:
        """An image, without pixels."""
        return Say.dataset(
            PatientID=patient, StudyInstanceUID=study, SOPInstanceUID=instance, SOPClassUID=uid_of("CTImageStorage")
        )


@pytest.fixture
def build() -> Build:
    """Scenarios, systems and plans."""
    return Build()


@pytest.fixture
def wire() -> Wire:
    """An empty recording in memory."""
    return Wire()


@pytest.fixture
def wire_to() -> Callable[[EvidenceWriter], Wire]:
    """An empty recording that is written to disk."""
    return Wire


@pytest.fixture
def say() -> Say:
    """Messages."""
    return Say()
