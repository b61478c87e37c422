"""A department without links: actors in one process that reach each other by plain calls; identifiers count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pytest
from pydicom.dataset import Dataset

from harness.actor import Action, Actor, Bedside, World
from harness.errors import CannotAct
from harness.hl7 import Message
from harness.identifiers import FixedClock, Identifiers
from harness.model.names import HARNESS, ActorName, PlayId, StepId, TransactionId
from harness.model.plan import StepRef
from harness.model.profile import Service
from harness.model.scenario import (
    Case,
    Code,
    OrderRequest,
    Patient,
    PersonName,
    PlannedProcedure,
    PlannedProcedureStep,
    Practitioner,
    ProcedurePlan,
    Step,
    Visit,
)
from harness.model.system import DimseAddress, Hl7Address, Party
from harness.transports.dimse import DimseRequest, DimseResponse

_A = TypeVar("_A", bound=Actor)

MPPS_CLASS = "1.2.840.10008.3.1.2.3.3"


class CountingIdentifiers(Identifiers):
    """Numbers that count from 1 by prefix, so that a test can write them down beforehand."""

    def __init__(self) -> None:
        super().__init__(0)
        self._counts: Counter[str] = Counter()

    def uid(self) -> str:
        self._counts["uid"] += 1
        return f"1.2.3.{self._counts['uid']}"

    def number(self, prefix: str, digits: int = 8) -> str:
        self._counts[prefix] += 1
        return f"{prefix}{self._counts[prefix]}"


@dataclass(frozen=True)
class Sent:
    """A message that an actor sent, with the answer it got."""

    transaction: str
    to: str
    message: Message
    answer: Message


@dataclass(frozen=True)
class Asked:
    """A DIMSE request that an actor made."""

    transaction: str
    to: str
    service: Service
    sop_instance: str
    dataset: Dataset


class DirectAssociation:
    """The requestor's side of an association that ends in another actor of the same process, or in a script."""

    def __init__(self, department: FakeDepartment, caller: str, transaction: str, to: str) -> None:
        self._department, self._caller = department, caller
        self._transaction, self._to = transaction, to

    def c_find(self, sop_class: str, identifier: Dataset) -> tuple[DimseResponse, ...]:
        request = self._request(Service.C_FIND, "", identifier)
        script = self._department.scripts.get(self._to)
        if script is not None:
            return tuple(script(request))
        responses = tuple(self._department.actor(self._to).c_find(request))
        return (*responses, DimseResponse(0x0000))

    def c_store(self, content: Dataset) -> DimseResponse:
        sop_class, instance = str(content.SOPClassUID), str(content.SOPInstanceUID)
        request = self._request(Service.C_STORE, instance, content, sop_class)
        return self._answered(lambda actor: actor.c_store(request))

    def n_create(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        request = self._request(Service.N_CREATE, sop_instance, dataset)
        return self._answered(lambda actor: actor.n_create(request))

    def n_set(self, sop_class: str, sop_instance: str, dataset: Dataset) -> DimseResponse:
        request = self._request(Service.N_SET, sop_instance, dataset)
        return self._answered(lambda actor: actor.n_set(request))

    def _answered(self, ask: Callable[[Actor], DimseResponse]) -> DimseResponse:
        actor = self._department.actors.get(self._to)
        return DimseResponse(0x0000) if actor is None else ask(actor)

    def _request(self, service: Service, instance: str, dataset: Dataset, sop_class: str = MPPS_CLASS) -> DimseRequest:
        self._department.asked.append(Asked(self._transaction, self._to, service, instance, dataset))
        return DimseRequest(
            service=service,
            sop_class=sop_class,
            sop_instance=instance,
            calling_ae=self._department.ae_title(self._caller),
            dataset=dataset,
        )


@dataclass
class FakeWorld(World):
    """What one actor sees of the fake department. `decisions` overrides what the actor decides."""

    department: FakeDepartment
    actor: str
    decisions: dict[str, bool] = field(default_factory=dict)
    reactions: list[Callable[[], None]] = field(default_factory=list)

    @property
    def clock(self) -> FixedClock:
        return self.department.clock

    @property
    def identifiers(self) -> Identifiers:
        return self.department.identifiers

    @property
    def procedures(self) -> ProcedurePlan:
        return self.department.procedures

    @property
    def me(self) -> Party:
        return self.department.party(self.actor)

    def knows(self, actor: ActorName) -> bool:
        return actor in self.department.present

    def party(self, actor: ActorName, transaction: TransactionId) -> Party:
        if actor not in self.department.present:
            raise CannotAct(f"nobody plays {actor} in {transaction}")
        return self.department.party(actor)

    def send(self, transaction: TransactionId, to: ActorName, message: bytes, cause: StepRef | None = None) -> Message:
        return self.department.deliver(transaction, to, message)

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
    ) -> Iterator[DirectAssociation]:
        self.department.meet(to)
        yield DirectAssociation(self.department, self.actor, transaction, to)

    def version(self, transaction: TransactionId, to: ActorName, form: str, cause: StepRef | None = None) -> str:
        return form

    def by_ae_title(self, ae_title: str) -> Party | None:
        parties = (self.department.party(name) for name in self.department.present)
        return next((party for party in parties if party.dimse and party.dimse.ae_title == ae_title), None)

    def decide(self, decision: str, answer: bool) -> bool:
        return self.decisions.get(decision, answer)

    def react(self, work: Callable[[], None]) -> None:
        self.reactions.append(work)


class FakeDepartment:
    """Actors by name. `present` are those that somebody plays; who is present without an actor accepts everything."""

    def __init__(self, procedures: ProcedurePlan, present: Sequence[str]) -> None:
        self.procedures = procedures
        self.present = tuple(present)
        self.clock = FixedClock(datetime(2024, 1, 2, 10, 15))
        self.identifiers = CountingIdentifiers()
        self.actors: dict[str, Actor] = {}
        self.worlds: dict[str, FakeWorld] = {}
        self.sent: list[Sent] = []
        self.asked: list[Asked] = []
        self.failing: dict[str, Exception] = {}
        self.scripts: dict[str, Callable[[DimseRequest], Iterable[DimseResponse]]] = {}

    def play(self, actor_class: type[_A]) -> _A:
        """Create an actor of ours."""
        world = self.worlds[actor_class.name] = FakeWorld(self, actor_class.name)
        actor = actor_class(world)
        self.actors[actor_class.name] = actor
        return actor

    def actor(self, name: str) -> Actor:
        return self.actors[name]

    def ae_title(self, name: str) -> str:
        return name.upper().replace(" ", "_")[:16]

    def party(self, name: str) -> Party:
        short = "".join(word[0] for word in name.split())
        return Party(
            actor=ActorName(name),
            player=HARNESS,
            dimse=DimseAddress(ae_title=self.ae_title(name)),
            hl7=Hl7Address(application=short, facility="HOSP"),
        )

    def meet(self, to: str) -> None:
        """Raise what a link to that actor fails with."""
        if to in self.failing:
            raise self.failing[to]

    def deliver(self, transaction: str, to: str, message: bytes) -> Message:
        self.meet(to)
        request = Message.parse(message)
        actor = self.actors.get(to)
        answer = actor.receive(request) if actor else f"MSH|^~\\&|||||||ACK\rMSA|AA|{request.control_id}\r".encode()
        received = Message.parse(answer or b"")
        self.sent.append(Sent(transaction, to, request, received))
        return received

    def settle(self) -> None:
        """Run reactions until none is left."""
        while pending := [work for world in self.worlds.values() for work in world.reactions]:
            for world in self.worlds.values():
                world.reactions.clear()
            for work in pending:
                work()

    def act(
        self,
        name: str,
        transaction: str,
        case: Case,
        *,
        form: str = "2.5.1",
        bedside: Case | None = None,
        **step: str,
    ) -> None:
        """Let an actor perform a step of that transaction for the case's patient, or for that of `bedside`."""
        patient = (bedside or case).patients[step.get("patient", "main")]
        self.actors[name].perform(self.action(name, transaction, case, patient, form, **step))

    def action(
        self, name: str, transaction: str, case: Case, bedside: Patient, form: str = "2.5.1", **step: str
    ) -> Action:
        """What a step asks of the actor."""
        ref = StepRef(PlayId("play"), StepId("step"))
        return Action(
            cause=ref,
            step=Step(
                id=ref.step,
                transaction=TransactionId(transaction),
                initiator=ActorName(name),
                **step,  # type: ignore[arg-type]
            ),
            form=form,
            bedside=Bedside(
                name=bedside.name,
                patient_id=bedside.id,
                authority=bedside.authority,
                service=step.get("service") or case.order.service,
                prior_id=case.patients[step["prior"]].id if "prior" in step else "",
                prior_authority=case.patients[step["prior"]].authority if "prior" in step else "",
            ),
            case=case if type(self.actors[name]).originates else None,
        )


def _lines(message: Message) -> list[str]:
    return message.raw.decode("utf-8").rstrip("\r").split("\r")


def _typed(*segments: str) -> Message:
    return Message.parse("".join(f"{segment}\r" for segment in segments).encode("utf-8"))


@pytest.fixture
def lines() -> Callable[[Message], list[str]]:
    """The segments of a message as text."""
    return _lines


@pytest.fixture
def hl7() -> Callable[..., Message]:
    """A message typed by hand, one argument for each segment."""
    return _typed


@pytest.fixture
def dimse() -> Callable[..., DimseRequest]:
    """A DIMSE request as a handler gets it."""

    def request(service: Service, dataset: Dataset, instance: str = "", **more: object) -> DimseRequest:
        fields = {"sop_class": MPPS_CLASS, **more}
        return DimseRequest(service=service, sop_instance=instance, dataset=dataset, **fields)  # type: ignore[arg-type]

    return request


def _code(value: str, meaning: str) -> Code:
    return Code(value=value, scheme="L", meaning=meaning)


@pytest.fixture
def procedures() -> ProcedurePlan:
    """CTH has one step, MRB two, DXH one step of two protocol codes."""

    def planned(service: Code, *steps: PlannedProcedureStep) -> PlannedProcedure:
        return PlannedProcedure(service=service, procedure=service, description=service.meaning, steps=steps)

    def step(modality: str, station: str, *protocol: Code) -> PlannedProcedureStep:
        return PlannedProcedureStep(
            protocol=protocol, description=protocol[0].meaning, modality=modality, station=station, duration=20
        )

    services: Mapping[str, PlannedProcedure] = {
        "CTH": planned(_code("CTH", "CT head"), step("CT", "CT1", _code("CTHP", "CT head plain"))),
        "MRB": planned(
            _code("MRB", "MR brain"),
            step("MR", "", _code("MRBP", "Brain plain")),
            step("MR", "", _code("MRBC", "Brain contrast")),
        ),
        "DXH": planned(_code("DXH", "Hip 2 views"), step("DX", "DX1", _code("AP", "Hip AP"), _code("AX", "Hip axial"))),
    }
    return ProcedurePlan(id="test", services=services, default="CTH")


@pytest.fixture
def case() -> Case:
    """Jane Doe, outpatient, CT of the head; `identified` is her under another name."""
    doctor = Practitioner(id="77", name=PersonName(family="ORDER", given="DOC"))
    return Case(
        id="test",
        title="test",
        patients={
            "main": Patient(
                name=PersonName(family="DOE", given="JANE"),
                birth_date="19700101",
                sex="F",
                race="2106-3",
                address=("1 MAIN ST", "", "TOWN"),
                id="P1001",
                authority="HOSP",
            ),
            "identified": Patient(
                name=PersonName(family="ROE", given="JANET"),
                birth_date="19710203",
                sex="F",
                id="P1001",
                authority="HOSP",
            ),
        },
        visit=Visit(
            patient_class="O",
            location=("WARD", "12", "1", "HOSP"),
            referring=Practitioner(id="88", name=PersonName(family="REFER", given="RAY", prefix="DR")),
            number="V900",
        ),
        order=OrderRequest(
            service="CTH",
            reason="headache",
            orderer=doctor,
            entered_by=Practitioner(id="9", name=PersonName(family="CLERK", given="C")),
            organization="WARD",
            callback="555",
            transport="WALK",
        ),
    )


EVERYBODY = (
    "ADT",
    "Order Placer",
    "Order Filler",
    "PPS Manager",
    "Modality",
    "Image Manager",
    "Evidence Creator",
    "Report Creator",
    "Report Manager",
    "Report Repository",
    "Enterprise Report Repository",
)


@pytest.fixture
def department(procedures: ProcedurePlan) -> FakeDepartment:
    """Everybody is present; the test decides whom we play."""
    return FakeDepartment(procedures, EVERYBODY)
