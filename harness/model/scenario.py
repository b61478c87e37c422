"""Scenarios: the sequence diagram of a workflow, naming actors and never who is under test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from harness.model.deviation import Deviation
from harness.model.names import ActorName, ScenarioId, StepId, TransactionId
from harness.model.record import Record


class Answer(Enum):
    """Whether the responder should take the request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    EITHER = "either"
    """The standards leave it open: an answer is due, and whatever it says is right."""
    OBJECTED = "objected"
    """Refused, or taken with a warning: the fault has to be named either way (PS3.4 B.2.3)."""


class Protocol(Enum):
    """What our reader expects a performed step to say of its protocol codes, beside those that were scheduled."""

    SCHEDULED = "scheduled"
    """The scheduled ones, as the worklist showed them."""
    OTHER = "other"
    """Some, and others than were scheduled."""


class ReportLink(Enum):
    """On which association a storage commitment report is awaited by our modality (PS3.4 J.3.3)."""

    SAME = "same"
    SEPARATE = "separate"
    AWAY = "away"
    """On a separate one, of which the modality turns the first away: the archive has to repeat its report."""


@dataclass(frozen=True, kw_only=True)
class Expectation(Record):
    """What a step must bring about, beyond well-formed messages.

    `matches`: entries or studies found. `instances`: `stored` (exactly what was stored) or a number.
    `answer`, `status`: how the responder answers; `status` is a DIMSE status in hexadecimal (`0110`) or MSA-1.
    `patient`: the case's patient whose demographics the answer must show. `uncommitted`: instances that the
    commitment report must list as failed. `protocol`: what the performed step says of its protocol codes. `billing`:
    whether it names what is to be charged. `visit`: the case's visit whose location the answers must show. `service`:
    the ordered service whose codes, as they were last announced, the answers must show. `entries`: scheduled steps that
    the performed step must name.
    """

    matches: int | None = None
    instances: str | None = None
    answer: Answer | None = None
    status: str | None = None
    patient: str | None = None
    uncommitted: int | None = None
    protocol: Protocol | None = None
    billing: bool | None = None
    visit: str | None = None
    service: str | None = None
    entries: int | None = None


class KeyMatch(Enum):
    """How whoever asks fills in a matching key of a query (PS3.4 C.2.2.2)."""

    VALUE = "value"
    """The very value, of the patient or of what an earlier query returned."""
    LIST = "list"
    """The value, and another one besides."""
    WILDCARD = "wildcard"
    """The beginning of the value, and an asterisk."""
    RANGE = "range"
    """From the day before to the day itself."""
    NOTHING = "nothing"
    """A value that no entry has."""


class QueryLevel(Enum):
    """The level of a query or retrieve (PS3.4 C.3.1)."""

    STUDY = "study"
    SERIES = "series"
    IMAGE = "image"


class Destination(Enum):
    """Where a retrieve has the instances sent."""

    ITSELF = "itself"
    """The actor that asks."""
    NOWHERE = "nowhere"
    """An AE title that nobody has."""


class ObjectKind(Enum):
    """What a modality makes beside images, by its Modality (PS3.3 C.7.3.1.1.1)."""

    PRESENTATION_STATE = "PR"
    KEY_OBJECTS = "KO"
    DOCUMENT = "SR"


class TransferSyntax(Enum):
    """Transfer syntaxes that our modality can send (PS3.5 10), by their keyword; JPEG needs an encoder of the extra."""

    IMPLICIT = "ImplicitVRLittleEndian"
    EXPLICIT = "ExplicitVRLittleEndian"
    DEFLATED = "DeflatedExplicitVRLittleEndian"
    RLE = "RLELossless"
    JPEG_LS = "JPEGLSLossless"
    JPEG_2000 = "JPEG2000Lossless"


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One occurrence of a transaction in a scenario.

    Everything but `id`, `transaction` and `initiator` (`from` in the file) is a parameter of *our* actors, or an
    expectation. `trigger` is an HL7 event (A04), `control` an order control code (NW), `status` an order status (IP),
    `instances` how many objects our modality makes, `patient` which of the case's patients, `unstored` how many
    instances that were never stored are added to a commitment request, `until` makes a query a probe that is
    repeated until its expectation holds, `illegal` marks a request that no conforming initiator makes (it is never
    asked of a system under test), `service` is what is ordered instead of the case's service, `keys` are the matching
    keys of a query by DICOM keyword (none: patient's name and ID), `prior` is the identity of the case that
    dissolves in `patient` (A40), or under which was examined what the order is made for, `at` which of several
    repositories is asked, `addendum` adds to the patient's final report. `unscheduled` lets our modality examine
    without a worklist entry, `entries` in one performed step for so many; `performed` is a service that is done instead
    of the scheduled one, `billing` has what is to be charged reported, `unknown` sets a step that nobody created,
    `unreported` stores images of an examination whose performed step is created later.
    `visit` is which of the case's visits an ADT message carries (none: the current one), `copies` how often the very
    same HL7 message is sent (a retransmission), `delay` by how many minutes a procedure or an appointment is moved.
    `level` is that of a query or retrieve (none: every level, from the top), `to` where a retrieve goes, `cancel` takes
    the query back as soon as it is sent.
    `objects` are made beside the images, and `transfer_syntax` is what our modality proposes first and sends where it
    is taken; `frames` and `matrix` (rows and columns) say how large its images are.
    `temporary` lets the filler schedule for a patient whom nobody registered, under an identity of the department.
    """

    id: StepId
    transaction: TransactionId
    initiator: ActorName
    trigger: str = ""
    control: str = ""
    status: str = ""
    instances: int | None = None
    patient: str = "main"
    unstored: int = 0
    report_on: ReportLink = ReportLink.SAME
    until: bool = False
    illegal: bool = False
    service: str = ""
    keys: Mapping[str, KeyMatch] = field(default_factory=dict)
    expect: Expectation = field(default_factory=Expectation)
    deviation: Deviation | None = None
    line: int = 0
    prior: str = ""
    at: ActorName | None = None
    addendum: bool = False
    unscheduled: bool = False
    entries: int = 1
    performed: str = ""
    billing: bool = False
    unknown: bool = False
    visit: str = ""
    copies: int = 1
    delay: int = 0
    level: QueryLevel | None = None
    to: Destination = Destination.ITSELF
    cancel: bool = False
    unreported: bool = False
    objects: tuple[ObjectKind, ...] = ()
    transfer_syntax: TransferSyntax | None = None
    frames: int = 1
    matrix: int = 64
    temporary: bool = False


@dataclass(frozen=True, kw_only=True)
class Scenario(Record):
    """A workflow. `citation` maps profile id to clause; `forms` are HL7 versions.

    `options` names, for an actor, the option of its profile that a system has to claim to be tested with it.
    """

    id: ScenarioId
    title: str
    citation: Mapping[str, str]
    forms: tuple[str, ...]
    case: str
    steps: tuple[Step, ...]
    exclusive: bool = False
    proves: tuple[str, ...] = ()
    path: str = ""
    options: Mapping[ActorName, str] = field(default_factory=dict)

    def step(self, step_id: StepId) -> Step:
        """The step of that name; KeyError when there is none."""
        return {step.id: step for step in self.steps}[step_id]


@dataclass(frozen=True, kw_only=True)
class PersonName(Record):
    """A person's name in its parts; none of them holds a delimiter.

    `ideographic` and `phonetic` are the same name in other writing: family, given, middle, suffix and prefix, as many
    of them as there are (PS3.5 6.2.1.1).
    """

    family: str
    given: str = ""
    middle: str = ""
    suffix: str = ""
    prefix: str = ""
    ideographic: tuple[str, ...] = ()
    phonetic: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Patient(Record):
    """A synthetic patient. `id` is filled in for each play, so that two plays never share a patient.

    Entries of one `person` are identities of the same person at different times, and share the identifier.
    `birth_date` is YYYYMMDD; `sex` is from HL7 table 0001. `characters` are the character sets in which the hospital
    writes of the patient: the repetitions of MSH-18, none for whatever serves.
    """

    name: PersonName
    birth_date: str
    sex: str
    race: str = ""
    address: tuple[str, ...] = ()
    person: str = ""
    id: str = ""
    authority: str = ""
    characters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Practitioner(Record):
    """A doctor or clerk: identifier and name."""

    id: str
    name: PersonName


@dataclass(frozen=True, kw_only=True)
class Visit(Record):
    """An encounter. `patient_class` is from table 0004; `location` is point of care, room, bed, facility."""

    patient_class: str
    location: tuple[str, ...] = ()
    attending: Practitioner | None = None
    referring: Practitioner | None = None
    admitting: Practitioner | None = None
    hospital_service: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True)
class OrderRequest(Record):
    """What the ordering physician asks for. `service` is a key of the procedure plan."""

    service: str
    reason: str = ""
    priority: str = "R"
    orderer: Practitioner
    entered_by: Practitioner
    organization: str = ""
    callback: str = ""
    transport: str = ""


@dataclass(frozen=True, kw_only=True)
class Case(Record):
    """Patient, visit and order that a scenario plays with; `patients` holds later identities too, `visits` what becomes
    of the visit by its name: after an admission, a transfer, a change of class."""

    id: str
    title: str
    patients: Mapping[str, Patient]
    visit: Visit
    order: OrderRequest
    visits: Mapping[str, Visit] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Code(Record):
    """A coded entry: value, coding scheme designator, meaning."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class PlannedProcedureStep(Record):
    """One Scheduled Procedure Step that a service is split into: `duration` in minutes, `station` by its AE title."""

    protocol: tuple[Code, ...]
    description: str
    modality: str
    station: str = ""
    duration: int = 30
    station_name: str = ""


@dataclass(frozen=True, kw_only=True)
class PlannedProcedure(Record):
    """The Requested Procedure that an ordered service becomes.

    `further` (`with` in the file) are services whose procedures the same order becomes besides.
    """

    service: Code
    procedure: Code
    description: str
    steps: tuple[PlannedProcedureStep, ...]
    further: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProcedurePlan(Record):
    """Which procedures and steps an ordered service becomes; `default` serves the services it does not know."""

    id: str
    services: Mapping[str, PlannedProcedure]
    default: str

    def procedure(self, service: str) -> PlannedProcedure:
        """The procedure for an ordered service code, or the default one."""
        return self.services.get(service, self.services[self.default])

    def ordered(self, code: str) -> tuple[PlannedProcedure, ...]:
        """Every procedure that an order with that universal service code becomes; a site's codes are not our keys."""
        named = self.services.get(code)
        if named is not None and named.service.value == code:
            return self.procedures(code)
        return self.procedures(next((name for name, one in self.services.items() if one.service.value == code), code))

    def procedures(self, service: str) -> tuple[PlannedProcedure, ...]:
        """Every procedure that an order of the service becomes, the service's own first."""
        first = self.procedure(service)
        return (first, *(self.procedure(name) for name in first.further))
