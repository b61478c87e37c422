"""What a product calls the services of our cases: its codes, stations and modalities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.record import Record
from harness.model.scenario import Code


@dataclass(frozen=True, kw_only=True)
class ServiceCodes(Record):
    """One service as a product knows it; what is left out is as in the procedure plan.

    `code` is the universal service identifier of an order, `procedure` the code of the Requested Procedure (left out:
    `code`, where the plan has one code for both), `protocol` the codes of the one Scheduled Procedure Step. `station`
    is the AE title of the scheduled station, of which `station_name` is the name.
    """

    code: Code | None = None
    procedure: Code | None = None
    protocol: tuple[Code, ...] = ()
    modality: str = ""
    station: str = ""
    station_name: str = ""


@dataclass(frozen=True, kw_only=True)
class CodeMap(Record):
    """The services of a procedure plan by their keys, as a product knows them."""

    services: Mapping[str, ServiceCodes] = field(default_factory=dict)
