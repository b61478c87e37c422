"""A department in memory: our imaging actors, joined by associations that are function calls, and a scripted peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from actors.evidence_creator import EvidenceCreator
from actors.image_display import ImageDisplay
from actors.image_manager import ImageManager
from actors.modality import Modality
from actors.objects.copying import put
from harness.actor import Action, Actor, Bedside
from harness.dicom.encoding import decode, decode_payload, encode, read_file_meta, unwrap_payload
from harness.dicom.uids import uid_of
from harness.errors import CannotAct, LinkLost, Unreachable
from harness.hl7 import Message
from harness.identifiers import FixedClock, Identifiers
from harness.model.names import HARNESS, ActorName, PlayId, StepId, TransactionId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.scenario import (
    Code,
    PersonName,
    PlannedProcedure,
    PlannedProcedureStep,
    ProcedurePlan,
    Step,
)
from harness.model.system import DimseAddress, Party
from harness.transports.dimse import DimseHandler, DimseRequest, DimseResponse, MovePlan

EXPLICIT = "1.2.840.10008.1.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
NOW = datetime(2024, 3, 5, 10, 20, 30)
AE_TITLES = {"Modality": "MOD", "Image Manager": "ARCHIVE", "Image Display": "DISPLAY", "Evidence Creator": "CREATOR"}
CHEST = PlannedProcedure(
    service=Code(value="CTCHEST", scheme="99OP", meaning="CT chest"),
    procedure=Code(value="36643-5", scheme="LN", meaning="CT chest"),
    description="CT chest",
    steps=(
        PlannedProcedureStep(
            protocol=(Code(value="RPID16", scheme="RADLEX", meaning="CT chest plain"),),
            description="CT chest plain",
            modality="CT",
        ),
    ),
)


@dataclass
class Call:
    """One DIMSE request of a simulated actor."""

    service: str
    peer: str
    sop_class: str
    sop_instance: str
    dataset: Dataset
    response: DimseResponse | None = None


@dataclass
class Wire:
    """Everything that joins the actors: who answers as what, what was said, which links are broken."""

    answering: dict[str, DimseHandler] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    reactions: list[Callable[[], None]] = field(default_factory=list)
    keeps_association: bool = True
    forced: dict[str, bool] = field(default_factory=dict)
    refused_syntaxes: set[str] = field(default_factory=set)

    def of(self, service: str) -> list[Call]:
        """The requests of a service, in order."""
        return [call for call in self.calls if call.service == service]

    def last(self, service: str) -> Dataset:
        """The data set of the latest request of a service."""
        return self.of(service)[-1].dataset

    def settle(self) -> None:
        """Run the reactions that wait."""
        while self.reactions:
            self.reactions.pop(0)()


class FakeAssociation:
    """Calls the peer's handler, with the data set encoded and decoded as on a wire."""

    def __init__(self, wire: Wire, peer: str, calling_ae: str) -> None:
        self.wire, self.peer, self.calling_ae = wire, peer, calling_ae
        self.open = True
        self.reports: list[DimseRequest] = []

    def _request(self, service: Service, sop_class: str, sop_instance: str, dataset: Dataset, **fields: str):
        content = encode(dataset, EXPLICIT)
        request = DimseRequest(
            service=service,
            sop_class=uid_of(sop_class),
            sop_instance=sop_instance,
            calling_ae=self.calling_ae,
            dataset=decode(content, EXPLICIT),
            content=content,
            transfer_syntax=EXPLICIT,
            fields=fields,
            report=self._report,
        )
        call = Call(service.name, self.peer, request.sop_class, sop_instance, request.dataset)
        self.wire.calls.append(call)
        return request, call, self.wire.answering[self.peer]

    def _report(self, sop_instance: str, event_type: int, dataset: Dataset) -> DimseResponse:
        if not (self.open and self.wire.keeps_association):
            raise LinkLost("the association was released")
        self.reports.append(
            DimseRequest(
                service=Service.N_EVENT_REPORT,
                sop_class=uid_of("StorageCommitmentPushModel"),
                sop_instance=sop_instance,
                dataset=decode(encode(dataset, EXPLICIT), EXPLICIT),
                fields={"EventTypeID": str(event_type)},
            )
        )
        return DimseResponse(0x0000)

    def c_find(self, sop_class: str, identifier: Dataset) -> tuple[DimseResponse, ...]:
        request, call, handler = self._request(Service.C_FIND, sop_class, "", identifier)
        answers = []
        for answer in handler.c_find(request):
            dataset = None if answer.dataset is None else decode(encode(answer.dataset, EXPLICIT), EXPLICIT)
            answers.append(DimseResponse(answer.status, dataset, answer.fields))
        if not answers or answers[-1].status in (0xFF00, 0xFF01):
            answers.append(DimseResponse(0x0000))
        call.response = answers[-1]
        return tuple(answers)

    def takes(self, sop_class: str, transfer_syntax: str) -> bool:
        return transfer_syntax not in self.wire.refused_syntaxes

    def c_store(self, content: Dataset | Path | bytes) -> DimseResponse:
        if isinstance(content, Path):
            content = content.read_bytes()
        dataset = decode_payload(content) if isinstance(content, bytes) else content
        assert dataset is not None
        request, call, handler = self._request(Service.C_STORE, dataset.SOPClassUID, dataset.SOPInstanceUID, dataset)
        call.response = handler.c_store(request)
        return call.response

    def n_create(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        request, call, handler = self._request(Service.N_CREATE, sop_class, sop_instance, dataset)
        call.response = handler.n_create(request)
        return call.response

    def n_set(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        request, call, handler = self._request(Service.N_SET, sop_class, sop_instance, dataset)
        call.response = handler.n_set(request)
        return call.response

    def n_action(self, sop_class: str, sop_instance: str, action_type: int, dataset: Dataset) -> DimseResponse:
        request, call, handler = self._request(
            Service.N_ACTION, sop_class, sop_instance, dataset, ActionTypeID=str(action_type)
        )
        call.response = handler.n_action(request)
        if self.wire.keeps_association:
            self.wire.settle()
        return call.response

    def n_event_report(self, sop_class: str, sop_instance: str, event_type: int, dataset: Dataset) -> DimseResponse:
        request, call, handler = self._request(
            Service.N_EVENT_REPORT, sop_class, sop_instance, dataset, EventTypeID=str(event_type)
        )
        call.response = handler.n_event_report(request)
        return call.response

    def c_move(
        self, sop_class: str, identifier: Dataset, destination_ae: str, busy: Callable[[], bool] = bool
    ) -> tuple[DimseResponse, ...]:
        request, call, handler = self._request(
            Service.C_MOVE, sop_class, "", identifier, MoveDestination=destination_ae
        )
        plan = handler.c_move(request)
        call.response = plan if isinstance(plan, DimseResponse) else self._carry_out(plan)
        return (call.response,)

    def _carry_out(self, plan: MovePlan) -> DimseResponse:
        assert plan.destination is not None
        peer = next(actor for actor, title in AE_TITLES.items() if title == plan.destination.ae_title)
        for instance in plan.instances:
            FakeAssociation(self.wire, peer, plan.calling_ae).c_store(instance)
        return DimseResponse(0x0000)

    def wait_event_report(self, timeout: float) -> DimseRequest | None:
        return self.reports.pop(0) if self.reports else None


@dataclass
class FakeWorld:
    """The world of one actor."""

    actor: str
    wire: Wire
    clock: FixedClock
    identifiers: Identifiers
    procedures: ProcedurePlan

    @property
    def me(self) -> Party:
        return party_of(self.actor)

    def knows(self, actor: ActorName) -> bool:
        return actor in self.wire.answering

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        return party_of(actor)

    def send(self, transaction: TransactionId, to: ActorName, message: bytes, cause: StepRef | None = None) -> Message:
        raise CannotAct("imaging actors send no HL7")

    @contextmanager
    def associate(
        self,
        transaction: TransactionId,
        to: ActorName,
        sop_classes: Iterable[str],
        cause: StepRef | None = None,
        *,
        transfer_syntaxes: Iterable[str] = (),
        as_scp: Iterable[str] = (),
    ) -> Iterator[FakeAssociation]:
        assert tuple(sop_classes)
        if to in self.wire.broken:
            self.wire.broken.remove(to)
            raise Unreachable(f"{to} does not listen")
        association = FakeAssociation(self.wire, to, AE_TITLES[self.actor])
        yield association
        association.open = False
        self.wire.settle()

    def by_ae_title(self, ae_title: str) -> Party | None:
        return next((party_of(actor) for actor, title in AE_TITLES.items() if title == ae_title), None)

    def decide(self, decision: str, answer: bool) -> bool:
        return self.wire.forced.get(decision, answer)

    def react(self, work: Callable[[], None]) -> None:
        self.wire.reactions.append(work)


def party_of(actor: str) -> Party:
    """A party of the harness with the actor's AE title."""
    address = DimseAddress(ae_title=AE_TITLES.get(actor, "PEER"), port=104)
    return Party(actor=ActorName(actor), player=HARNESS, dimse=address)


class Scripted(DimseHandler):
    """A peer that offers worklist entries and takes everything else, unless told to answer otherwise."""

    def __init__(self) -> None:
        self.entries: list[Dataset] = []
        self.status = 0x0000

    def c_find(self, request: DimseRequest) -> Iterator[DimseResponse]:
        for entry in self.entries:
            yield DimseResponse(0xFF00, entry)

    def n_create(self, request: DimseRequest) -> DimseResponse:
        return DimseResponse(self.status)

    def n_set(self, request: DimseRequest) -> DimseResponse:
        return DimseResponse(self.status)


class Department:
    """Modality, archive and workstation on one wire; a scripted peer is Order Filler and PPS Manager."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.clock = FixedClock(NOW)
        self.identifiers = Identifiers(7)
        self.peer = Scripted()
        self.modality = Modality(self.world("Modality"))
        self.modality.report_patience = 0.0
        self.archive = ImageManager(self.world("Image Manager"))
        self.archive.report_pauses = (0.0,)
        self.display = ImageDisplay(self.world("Image Display"))
        self.creator = EvidenceCreator(self.world("Evidence Creator"))
        self.creator.report_patience = 0.0
        self.wire.answering = {
            "Order Filler": self.peer,
            "PPS Manager": self.peer,
            "Modality": self.modality,
            "Image Manager": self.archive,
            "Image Display": self.display,
            "Evidence Creator": self.creator,
        }

    def world(self, actor: str) -> FakeWorld:
        plan = ProcedurePlan(id="plan", services={"CTCHEST": CHEST}, default="CTCHEST")
        return FakeWorld(actor, self.wire, self.clock, self.identifiers, plan)

    def ask_for_everybody(self) -> None:
        """Let the modality ask the worklist while nobody is at the bedside."""
        nobody = Bedside(name=PersonName(family=""), patient_id="", authority="", service="")
        self.modality.perform(replace(self.action(self.modality, "RAD-5"), bedside=nobody))

    def act(self, actor: Actor, transaction: str, patient_id: str = "P1001", **step: object) -> None:
        """Let an actor perform a transaction beside the patient."""
        actor.perform(self.action(actor, transaction, patient_id, **step))

    def action(self, actor: Actor, transaction: str, patient_id: str = "P1001", **step: object) -> Action:
        """What a step asks of an actor."""
        return Action(
            cause=StepRef(PlayId("play"), StepId("step")),
            step=Step(id=StepId("step"), transaction=TransactionId(transaction), initiator=actor.name, **step),
            form="2.5.1",
            bedside=Bedside(
                name=PersonName(family="DOE", given="JANE"), patient_id=patient_id, authority="HOSP", service="CTCHEST"
            ),
        )

    def examine(self, *transactions: str, patient_id: str = "P1001", **step: object) -> None:
        """Let the modality perform several transactions."""
        for transaction in transactions:
            self.act(self.modality, transaction, patient_id, **step)

    def tell_archive(self, *segments: str) -> Message:
        """Send the archive an HL7 message and return the answer."""
        answer = self.archive.receive(Message.parse("".join(f"{segment}\r" for segment in segments).encode()))
        assert answer is not None
        return Message.parse(answer)

    def ask_archive(self, level: str, root: str = "StudyRoot", **keys: object) -> tuple[DimseResponse, ...]:
        """Query the archive as a workstation does."""
        identifier = Dataset()
        identifier.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            put(identifier, keyword, value or None)
        association = FakeAssociation(self.wire, "Image Manager", "DISPLAY")
        return association.c_find(f"{root}QueryRetrieveInformationModelFind", identifier)


@pytest.fixture
def department() -> Department:
    """An idle department with one entry for P1001 on the worklist."""
    made = Department()
    made.peer.entries = [worklist_entry()]
    return made


@pytest.fixture
def entry() -> Callable[..., Dataset]:
    """Makes worklist entries."""
    return worklist_entry


@pytest.fixture
def association(department: Department) -> FakeAssociation:
    """An association of the workstation with the archive."""
    return FakeAssociation(department.wire, "Image Manager", "DISPLAY")


@pytest.fixture
def stored_bytes() -> Callable[[bytes], tuple[bytes, str]]:
    """Takes a Part 10 file apart: data set bytes and SOP Instance UID."""
    return lambda payload: (unwrap_payload(payload)[0], read_file_meta(payload).sop_instance)


def worklist_entry(patient_id: str = "P1001", step_id: str = "SPS1", protocols: int = 1) -> Dataset:
    """A worklist entry as an Order Filler answers, values typed by hand."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 100"
    made.AccessionNumber = "ACC1"
    made.ReferringPhysicianName = "REFER^RAY"
    made.ReferencedStudySequence = [_reference("1.2.840.10008.3.1.2.3.1", "1.2.826.0.1.99.4711")]
    made.PatientName = "DOE^JANE"
    made.PatientID = patient_id
    made.IssuerOfPatientID = "HOSP"
    made.PatientBirthDate = "19700101"
    made.PatientSex = "F"
    made.StudyInstanceUID = f"1.2.826.0.1.99.4711.{patient_id[1:]}"
    made.RequestedProcedureDescription = "CT chest"
    made.RequestedProcedureCodeSequence = [_code("36643-5", "LN", "CT chest")]
    made.RequestedProcedureID = "RP1"
    made.PlacerOrderNumberImagingServiceRequest = "A1"
    made.FillerOrderNumberImagingServiceRequest = "F1"
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledStationAETitle = "MOD"
    step.ScheduledProcedureStepStartDate = "20240305"
    step.ScheduledProcedureStepStartTime = "100000"
    step.ScheduledPerformingPhysicianName = "READ^RHEA"
    step.ScheduledProcedureStepDescription = "CT chest plain"
    step.ScheduledProcedureStepID = step_id
    step.ScheduledProtocolCodeSequence = [
        _code(f"RPID{16 + number}", "RADLEX", f"CT chest plain {number}") for number in range(protocols)
    ]
    made.ScheduledProcedureStepSequence = [step]
    return made


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
    return item
