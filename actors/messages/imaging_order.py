"""What an order is and what a department makes of it: numbers, Requested Procedure, Scheduled Procedure Steps.

Plain values that pass between placer, filler and message composition. Knows neither HL7 nor DICOM syntax.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from harness.model.scenario import Code, Practitioner


@dataclass(frozen=True)
class EntityIdentifier:
    """A number with whoever assigned it (HL7 EI): `universal_id` and its type are empty when not given."""

    number: str
    namespace: str = ""
    universal_id: str = ""
    universal_type: str = ""

    def __bool__(self) -> bool:
        return bool(self.number)


NO_NUMBER = EntityIdentifier("")
"""A number that nobody has assigned yet."""

NO_CODE = Code(value="", scheme="", meaning="")
"""A coded field that is empty."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order as its messages carry it.

    `start` is the requested time (HL7 TS, possibly empty), `priority` from table 0485, `reason` coded or free text in
    its meaning, `danger` OBR-12 and `clinical` OBR-13 as text.
    """

    service: Code
    placer: EntityIdentifier = NO_NUMBER
    filler: EntityIdentifier = NO_NUMBER
    priority: str = "R"
    start: str = ""
    reason: Code = NO_CODE
    orderer: Practitioner | None = None
    entered_by: Practitioner | None = None
    organization: Code = NO_CODE
    callback: str = ""
    transport: str = ""
    danger: str = ""
    clinical: str = ""


@dataclass(frozen=True, kw_only=True)
class ScheduledStep:
    """One Scheduled Procedure Step. `station` is an AE title, `station_name` its name, `start` local time."""

    id: str
    protocol: tuple[Code, ...]
    description: str
    modality: str
    station: str
    start: datetime
    station_name: str = ""


@dataclass(frozen=True, kw_only=True)
class RequestedProcedure:
    """One Requested Procedure of an order, with its steps; one study."""

    id: str
    accession: EntityIdentifier
    study_uid: str
    code: Code
    description: str
    steps: tuple[ScheduledStep, ...]
