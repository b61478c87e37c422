"""The HL7 segments that the HIS and RIS actors compose, in the shapes of RAD TF for v2.3.1 and v2.5.1.

Pure: values in, segments for `harness.hl7.compose` out. Knows no actor, no link and no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from actors.messages.imaging_order import EntityIdentifier, Order, RequestedProcedure, ScheduledStep
from harness.hl7 import FieldValue
from harness.hl7.person import xcn, xpn
from harness.hl7.time import ts
from harness.model.scenario import Code, Patient, Practitioner, Visit
from harness.model.system import Hl7Address

Segment = tuple[str, Mapping[int, FieldValue]]

V231 = "2.3.1"
V251 = "2.5.1"


@dataclass(frozen=True)
class MessageKind:
    """MSH-9: message type, trigger event, and the structure that v2.5.1 requires (HL7 v2.5.1 2.15.9.9)."""

    type: str
    event: str
    structure: str

    def field(self, version: str) -> FieldValue:
        """MSH-9 in that version; v2.3.1 goes without the structure."""
        return (self.type, self.event) if version == V231 else (self.type, self.event, self.structure)


ORDER_231 = MessageKind("ORM", "O01", "ORM_O01")
IMAGING_ORDER_251 = MessageKind("OMI", "O23", "OMI_O23")
GENERAL_ORDER_251 = MessageKind("OMG", "O19", "OMG_O19")
ORDER_RESPONSE_231 = MessageKind("ORR", "O02", "ORR_O02")
GENERAL_ORDER_RESPONSE_251 = MessageKind("ORG", "O20", "ORG_O20")
RESULT = MessageKind("ORU", "R01", "ORU_R01")


STRUCTURES: Mapping[str, str] = MappingProxyType(
    {
        **{event: f"ADT_{event}" for event in ("A02", "A03", "A05", "A06", "A12", "A38")},
        "A07": "ADT_A06",
        "A11": "ADT_A09",
        "A40": "ADT_A39",
    }
)
"""The structure of an ADT event where it is not ADT_A01 (HL7 v2.5.1 table 0354, RAD TF-2: 4.1, 4.12)."""


def adt(event: str) -> MessageKind:
    """The ADT message of an event."""
    return MessageKind("ADT", event, STRUCTURES.get(event, "ADT_A01"))


def siu(event: str) -> MessageKind:
    """The scheduling message of an event: all have one structure."""
    return MessageKind("SIU", event, "SIU_S12")


def form_of(version: str) -> str:
    """The form that answers a message of that MSH-12: v2.5.1 for it and what came later, else v2.3.1."""
    return V251 if version.split(".")[:2] >= ["2", "5"] else V231


# control


def msh(
    sender: Hl7Address, receiver: Hl7Address, kind: MessageKind, *, version: str, control_id: str, now: datetime
) -> Segment:
    """The message header; MSH-1, MSH-2 and MSH-18 are the composer's."""
    return (
        "MSH",
        {
            3: sender.application,
            4: sender.facility,
            5: receiver.application,
            6: receiver.facility,
            7: ts(now),
            9: kind.field(version),
            10: control_id,
            11: "P",
            12: version,
        },
    )


def msa(code: str, control_id: str) -> Segment:
    """The acknowledgement segment of an application response."""
    return ("MSA", {1: code, 2: control_id})


def evn(event: str, now: datetime, version: str) -> Segment:
    """The event segment; EVN-1 is not supported in v2.5.1."""
    return ("EVN", {1: event if version == V231 else "", 2: ts(now), 6: ts(now)})


# patient and visit


def pid(patient: Patient, visit: Visit, version: str) -> Segment:
    """The patient; PID-18 carries the visit's number. v2.5.1 names the identifier type."""
    identifier = _cx(patient.id, patient.authority, "MR" if version != V231 else "")
    return (
        "PID",
        {
            3: identifier,
            5: xpn(patient.name),
            7: patient.birth_date,
            8: patient.sex,
            10: (patient.race, "", "HL70005") if patient.race else "",
            11: tuple(patient.address),
            18: _cx(visit.number, patient.authority),
        },
    )


def mrg(prior: Patient, version: str) -> Segment:
    """The identity that dissolves in the patient of PID; MRG-4 is of v2.3.1 alone (RAD TF-2: 4.12)."""
    identifier = _cx(prior.id, prior.authority, "MR" if version != V231 else "")
    return ("MRG", {1: identifier, 4: identifier if version == V231 else "", 7: xpn(prior.name)})


def pv1(visit: Visit, patient: Patient, more: Mapping[int, FieldValue] = MappingProxyType({})) -> Segment:
    """The visit; PV1-51 is `V` when PV1-19 carries its number. `more` are fields that the event calls for besides."""
    return (
        "PV1",
        {
            **more,
            2: visit.patient_class,
            3: tuple(visit.location),
            7: _doctor(visit.attending),
            8: _doctor(visit.referring),
            10: visit.hospital_service,
            17: _doctor(visit.admitting),
            19: _cx(visit.number, patient.authority),
            51: "V" if visit.number else "",
        },
    )


# orders


def orc(order: Order, control: str, version: str, now: datetime, *, status: str = "", start: str = "") -> Segment:
    """The common order segment; `start` replaces the requested time (a Scheduled Procedure Step's own)."""
    return (
        "ORC",
        {
            1: control,
            2: ei(order.placer),
            3: ei(order.filler),
            5: status,
            7: _tq(start or order.start, order.priority) if version == V231 else "",
            9: ts(now),
            10: _doctor(order.entered_by),
            12: _doctor(order.orderer),
            14: order.callback,
            17: ce(order.organization),
        },
    )


def order_number(order: Order, control: str, version: str, now: datetime, *, status: str = "") -> Segment:
    """The short ORC of a status change or cancellation: control, numbers, status and time."""
    return ("ORC", {1: control, 2: ei(order.placer), 3: ei(order.filler), 5: status, 9: ts(now)})


def tq1(order: Order, *, start: str = "") -> Segment:
    """Timing and priority of v2.5.1."""
    return ("TQ1", {1: "1", 7: start or order.start, 9: order.priority})


def obr(order: Order, version: str, *, set_id: int = 1) -> Segment:
    """What is ordered."""
    return ("OBR", _order_detail(order, version, set_id))


def scheduled_obr(
    order: Order,
    procedure: RequestedProcedure,
    step: ScheduledStep,
    protocol: Code | None,
    version: str,
    *,
    set_id: int,
) -> Segment:
    """What is scheduled: v2.3.1 carries accession, procedure, step and modality here, v2.5.1 in IPC (RAD TF-2: 4.4)."""
    fields = _order_detail(order, version, set_id, start=ts(step.start))
    fields[44] = ce(procedure.code)
    if version == V231:
        service = (order.service.value, order.service.meaning, order.service.scheme)
        action = (protocol.value, protocol.meaning, protocol.scheme) if protocol else ()
        fields |= {
            4: service + action,
            18: procedure.accession.number,
            19: procedure.id,
            20: step.id,
            24: step.modality,
        }
    return ("OBR", fields)


def ipc(procedure: RequestedProcedure, step: ScheduledStep) -> Segment:
    """The imaging procedure control segment of v2.5.1 (HL7 v2.5.1 4.5.6)."""
    namespace = procedure.accession.namespace
    return (
        "IPC",
        {
            1: ei(procedure.accession),
            2: (procedure.id, namespace),
            3: procedure.study_uid,
            4: (step.id, namespace),
            5: step.modality,
            6: [ce(code) for code in step.protocol],
            7: step.station_name,
            9: step.station,
        },
    )


def zds(study_uid: str, application: str) -> Segment:
    """The Study Instance UID of v2.3.1 (RAD TF-2: 4.4)."""
    return ("ZDS", {1: (study_uid, application, "Application", "DICOM")})


def order_group(order: Order, control: str, version: str, now: datetime) -> Iterable[Segment]:
    """ORC and OBR of an order, with TQ1 between them in v2.5.1."""
    yield orc(order, control, version, now)
    if version != V231:
        yield tq1(order)
    yield obr(order, version)


def scheduled_groups(
    order: Order,
    procedure: RequestedProcedure,
    version: str,
    now: datetime,
    application: str,
    control: str = "NW",
    status: str = "SC",
) -> Iterable[Segment]:
    """The order groups of RAD-4 and RAD-13: one for each step; v2.3.1 repeats a step for each further protocol code."""
    groups = [
        (step, protocol)
        for step in procedure.steps
        for protocol in ((step.protocol or (None,)) if version == V231 else (None,))
    ]
    for set_id, (step, protocol) in enumerate(groups, start=1):
        yield orc(order, control, version, now, status=status, start=ts(step.start))
        if version != V231:
            yield tq1(order, start=ts(step.start))
        yield scheduled_obr(order, procedure, step, protocol, version, set_id=set_id)
        if version != V231:
            yield ipc(procedure, step)
    if version == V231:
        yield zds(procedure.study_uid, application)


def _order_detail(order: Order, version: str, set_id: int, start: str = "") -> dict[int, FieldValue]:
    return {
        1: str(set_id),
        2: ei(order.placer),
        3: ei(order.filler),
        4: ce(order.service),
        12: ("", order.danger) if order.danger else "",
        13: order.clinical,
        16: _doctor(order.orderer),
        27: _tq(start or order.start, order.priority) if version == V231 else "",
        30: order.transport,
        31: ce(order.reason),
    }


# data types


def _hd(authority: str) -> FieldValue:
    parts = authority.split("&")
    return tuple(parts) if len(parts) > 1 else authority


def _cx(number: str, authority: str, identifier_type: str = "") -> FieldValue:
    return (number, "", "", _hd(authority), identifier_type) if number else ""


def ei(identifier: EntityIdentifier) -> FieldValue:
    """A number with whoever assigned it; empty when there is none."""
    if not identifier:
        return ""
    return (identifier.number, identifier.namespace, identifier.universal_id, identifier.universal_type)


def ce(code: Code) -> FieldValue:
    """A coded entry (HL7 CE)."""
    return (code.value, code.meaning, code.scheme)


def _tq(start: str, priority: str) -> FieldValue:
    return ("1", "once", "", start, "", priority)


def _doctor(practitioner: Practitioner | None) -> FieldValue:
    return xcn(practitioner) if practitioner is not None else ""
