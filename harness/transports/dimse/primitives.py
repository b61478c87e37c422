"""What passes between the DIMSE transport and its users: requests, responses, supported classes, retrieval plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harness.dicom.bulk import Bulk
from harness.errors import LinkLost
from harness.model.names import ExchangeId, LinkId
from harness.model.profile import Service
from harness.model.system import DimseAddress

NATIVE_TRANSFER_SYNTAXES: tuple[str, ...] = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
"""The uncompressed transfer syntaxes that are accepted and proposed by default, in order of preference."""


@dataclass(frozen=True)
class SupportedClass:
    """A SOP class (UID keyword, UID or group name) that our acceptor takes.

    `transfer_syntaxes` are keywords or UIDs in order of preference. `requestor_is_scp` lets the requestor take the SCP
    role by role selection (PS3.7 D.3.3.4): reports of storage commitment, storing by C-GET.
    """

    sop_class: str
    transfer_syntaxes: tuple[str, ...] = NATIVE_TRANSFER_SYNTAXES
    requestor_is_scp: bool = False


@dataclass(frozen=True)
class DimseResponse:
    """A response: its status, its data set if it has one, and further command elements by keyword."""

    status: int
    dataset: Dataset | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


Report = Callable[[str, int, Dataset], DimseResponse]
"""(SOP Instance UID, Event Type ID, event information) -> the answer; LinkLost or NoResponse."""


NO_LINK = LinkId(0)
NO_EXCHANGE = ExchangeId(0)


def never_cancelled() -> bool:
    """For requests that cannot be cancelled."""
    return False


def no_association(sop_instance: str, event_type: int, dataset: Dataset) -> DimseResponse:
    """For requests without an association: there is nothing to report on."""
    raise LinkLost(f"no association to report event {event_type} of {sop_instance} on")


@dataclass(frozen=True, kw_only=True)
class DimseRequest:
    """A request as a handler gets it.

    `sop_class`, `sop_instance` are UIDs as in the command (affected or requested). `dataset` is decoded, and empty when
    there is none or it cannot be decoded; `content` is the data set as received. `fields` holds further command
    elements by keyword: ActionTypeID, EventTypeID, MoveDestination. `cancelled` says whether a C-CANCEL came, or the
    association is over. `report` sends an N-EVENT-REPORT of the same SOP class on the same association, after this
    request was answered (PS3.4 J.3.3); call it from another thread than the handler's.

    Of a large object to store `content` is bulk, `file` is its Part 10 file, and the large values of `dataset` are
    bulk, too. The file is removed when the request is concluded: link or copy it to keep it.
    """

    service: Service
    sop_class: str
    sop_instance: str = ""
    calling_ae: str = ""
    called_ae: str = ""
    link: LinkId = NO_LINK
    exchange: ExchangeId = NO_EXCHANGE
    dataset: Dataset = field(default_factory=Dataset)
    content: bytes | Bulk = b""
    transfer_syntax: str = str(ExplicitVRLittleEndian)
    fields: Mapping[str, str] = field(default_factory=dict)
    message_id: int = 0
    cancelled: Callable[[], bool] = never_cancelled
    report: Report = no_association
    file: Path | None = None


@dataclass(frozen=True)
class MovePlan:
    """What to send for a C-MOVE or C-GET.

    `destination` is where a C-MOVE sends to (None for C-GET); `instances` are Part 10 files or what they hold;
    `calling_ae` is the AE title to use towards the destination ("": the endpoint's own).
    """

    destination: DimseAddress | None = None
    instances: Sequence[bytes | Path | Bulk] = ()
    calling_ae: str = ""
