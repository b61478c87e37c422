"""What was stored, listed, committed, found and retrieved in a play, as sets of SOP instances. Nothing is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from harness.checks.acquisition import first_hops
from harness.checks.attribute_tables import pending
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import first, has, values
from harness.dicom.statuses import is_pending
from harness.hl7 import Message
from harness.model.plan import LegState
from harness.model.profile import Service

_LISTS = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
_FINAL = ("COMPLETED", "DISCONTINUED")
_STATUS = "PerformedProcedureStepStatus"
_WRONG_ENTRY = "110514"
"""Incorrect worklist entry selected (PS3.16 CID 9301): such instances are no longer shown."""


@dataclass(frozen=True)
class Instance:
    """One composite object as it was sent: where, and whether the archive took it; None when it gave no answer."""

    uid: str
    carrier: Carrier
    taken: bool | None

    @property
    def dataset(self) -> Dataset:
        """Its attributes."""
        content = self.carrier.content
        return Dataset() if isinstance(content, Message) else content


def stores(views: Iterable[LegView]) -> tuple[Instance, ...]:
    """The C-STOREs of some legs in order; an instance that was sent again stands there again."""
    found = [
        Instance(carrier.instance, carrier, _taken(carrier.exchange.status))
        for view in views
        for carrier in requests(view)
        if _service(carrier.exchange) is Service.C_STORE and carrier.instance
    ]
    return tuple(sorted(found, key=lambda one: one.carrier.seq))


def stored(play: PlayView) -> tuple[Instance, ...]:
    """What makers of objects sent to the archive, retrieved copies left out."""
    return stores(view for view in play.legs if view.step.transaction.id != "RAD-16")


def _taken(status: int | None) -> bool | None:
    return None if status is None or is_pending(status) else accepted(status)


@dataclass(frozen=True)
class Holdings:
    """The SOP instances that an archive holds for sure, and those it may hold: their C-STORE was not answered."""

    sure: frozenset[str]
    unsure: frozenset[str]


def holdings(instances: Iterable[Instance]) -> Holdings:
    """What was taken of some instances; one answered transmission settles the others of the same instance."""
    answers: dict[str, set[bool | None]] = defaultdict(set)
    for one in instances:
        answers[one.uid].add(one.taken)
    sure = frozenset(uid for uid, taken in answers.items() if True in taken)
    return Holdings(sure, frozenset(uid for uid, taken in answers.items() if None in taken) - sure)


def storing_hidden(play: PlayView) -> bool:
    """Whether objects are stored where no link of ours shows it: between two products, or inside one."""
    hidden = (view.planned.leg for view in play.legs if view.planned.state is LegState.NOT_OBSERVABLE)
    return any(leg.dimse is not None and leg.dimse.service is Service.C_STORE and not leg.reaction for leg in hidden)


def _service(exchange: ExchangeView) -> Service | None:
    command = exchange.exchange.request.command
    return command.service if command is not None else None


@dataclass(frozen=True)
class Listed:
    """The list of a finished performed procedure step: instance UIDs with the carrier that made the step final."""

    mpps: str
    carrier: Carrier
    instances: frozenset[str]
    series: frozenset[str]
    wrong_entry: bool


def listed(play: PlayView) -> Iterator[Listed]:
    """Each finished step; a series list holds until it is replaced (PS3.4 F.7.2.2.2)."""
    lists: dict[str, Dataset] = {}
    done: set[str] = set()
    for carrier in first_hops(play):
        content = carrier.content
        if isinstance(content, Message) or not accepted(carrier.exchange.status):
            continue
        if "PerformedSeriesSequence" in content:
            lists[carrier.instance] = content
        final = _service(carrier.exchange) is Service.N_SET and first(content, _STATUS) in _FINAL
        if final and carrier.instance not in done:
            done.add(carrier.instance)
            source = lists.get(carrier.instance, content)
            yield Listed(
                carrier.instance,
                carrier,
                frozenset(_listed_instances(source)),
                frozenset(one.value for one in values(source, "PerformedSeriesSequence[*].SeriesInstanceUID")),
                first(content, "PerformedProcedureStepDiscontinuationReasonCodeSequence[*].CodeValue") == _WRONG_ENTRY,
            )


def _listed_instances(dataset: Dataset) -> Iterator[str]:
    for name in _LISTS:
        for one in values(dataset, f"PerformedSeriesSequence[*].{name}[*].ReferencedSOPInstanceUID"):
            yield one.value


@dataclass(frozen=True)
class Commitment:
    """One storage commitment request with the reports that carry its Transaction UID."""

    uid: str
    request: Carrier
    asked: frozenset[str]
    reports: tuple[Report, ...]


@dataclass(frozen=True)
class Report:
    """One storage commitment report."""

    uid: str
    carrier: Carrier
    committed: tuple[str, ...]
    failed: tuple[str, ...]


def reports(views: Iterable[LegView]) -> tuple[Report, ...]:
    """The commitment reports of some legs."""
    return tuple(
        Report(
            first(carrier.content, "TransactionUID"),
            carrier,
            tuple(_referenced(carrier.content, "ReferencedSOPSequence")),
            tuple(_referenced(carrier.content, "FailedSOPSequence")),
        )
        for view in views
        for carrier in requests(view)
        if _service(carrier.exchange) is Service.N_EVENT_REPORT and not isinstance(carrier.content, Message)
    )


def commitments(play: PlayView) -> tuple[Commitment, ...]:
    """Every commitment request that the archive accepted."""
    heard = reports(play.legs)
    found = []
    for view in play.legs:
        for carrier in requests(view):
            content = carrier.content
            if _service(carrier.exchange) is not Service.N_ACTION or isinstance(content, Message):
                continue
            if not accepted(carrier.exchange.status):
                continue
            uid = first(content, "TransactionUID")
            asked = frozenset(_referenced(content, "ReferencedSOPSequence"))
            found.append(Commitment(uid, carrier, asked, tuple(one for one in heard if one.uid == uid)))
    return tuple(found)


def _referenced(dataset: Dataset, sequence: str) -> Iterator[str]:
    for one in values(dataset, f"{sequence}[*].ReferencedSOPInstanceUID"):
        yield one.value.strip(" \0")


def image_queries(views: Iterable[LegView]) -> tuple[tuple[LegView, ExchangeView], ...]:
    """The last query at image level for each set of keys and step: a probe that was repeated counts once."""
    last: dict[tuple[object, ...], tuple[LegView, ExchangeView]] = {}
    for view in views:
        for exchange in view.exchanges:
            identifier = exchange.request_dataset
            if identifier is None or _service(exchange) is not Service.C_FIND:
                continue
            if first(identifier, "QueryRetrieveLevel") == "IMAGE":
                last[view.step.step.id, *_keys(identifier)] = (view, exchange)
    return tuple(last.values())


def _keys(identifier: Dataset) -> tuple[str, ...]:
    names = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return tuple(first(identifier, name) for name in names)


def found_instances(exchange: ExchangeView) -> frozenset[str]:
    """The SOP Instance UIDs that a query returned."""
    return frozenset(
        first(entry, "SOPInstanceUID").strip(" \0") for _, entry in pending(exchange) if has(entry, "SOPInstanceUID")
    )


def moves(views: Iterable[LegView]) -> tuple[Carrier, ...]:
    """The retrieve requests of some legs."""
    return tuple(
        carrier
        for view in views
        for carrier in requests(view)
        if _service(carrier.exchange) in (Service.C_MOVE, Service.C_GET)
    )
