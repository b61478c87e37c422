"""What was stored, listed, committed, found and retrieved in a play, as sets of SOP instances. Nothing is judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from harness.checks.acquisition import first_hops, relays
from harness.checks.attribute_tables import pending
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.dicom.paths import first, has, values
from harness.dicom.statuses import is_pending
from harness.hl7 import Message
from harness.model.names import HARNESS, ActorName
from harness.model.plan import LegState
from harness.model.profile import Service

_LISTS = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
_FINAL = ("COMPLETED", "DISCONTINUED")
_STATUS = "PerformedProcedureStepStatus"
_SHOWN = 3
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
        return _content(self.carrier)

    @property
    def sop_class(self) -> str:
        """Its SOP Class UID: in the data set, else in the command."""
        command = self.carrier.exchange.exchange.request.command
        return first(self.dataset, "SOPClassUID").strip(" \0") or (command.sop_class if command is not None else "")

    @property
    def series(self) -> str:
        """Its Series Instance UID."""
        return first(self.dataset, "SeriesInstanceUID").strip(" \0")


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
    """What makers of objects sent to the archive; what a retrieve delivers, as a reaction, is left out."""
    return stores(view for view in play.legs if not view.planned.leg.reaction)


def storing(play: PlayView, actor: ActorName) -> tuple[LegView, ...]:
    """The legs on which an actor stores what it made."""
    return tuple(
        leg
        for leg in play.legs
        if leg.initiator == actor
        and not leg.planned.leg.reaction
        and leg.dimse is not None
        and leg.dimse.service is Service.C_STORE
    )


def responsible(play: PlayView, view: LegView) -> LegView:
    """Where a wrong list is charged: at the storing, when a product was to store what our part of the actor lists."""
    if view.planned.initiator != HARNESS:
        return view
    by_product = [leg for leg in storing(play, view.initiator) if leg.planned.initiator != HARNESS]
    return by_product[-1] if by_product else view


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


def named(uids: Iterable[str]) -> str:
    """The first of some UIDs, and how many there are."""
    ordered = sorted(uids)
    more = f" ... ({len(ordered)})" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more


def gap(missing: Iterable[str], extra: Iterable[str], lacking: str, surplus: str) -> str:
    """What differs between two sets, empty when nothing does."""
    parts = [f"{lacking}: {named(missing)}"] if missing else []
    parts += [f"{surplus}: {named(extra)}"] if extra else []
    return "; ".join(parts)


@dataclass(frozen=True)
class Listed:
    """The list of a finished performed procedure step: instance UIDs with the carrier that made the step final.

    `source` is the message that the list stood in; it may be an earlier one.
    """

    mpps: str
    carrier: Carrier
    source: Carrier
    instances: frozenset[str]
    series: frozenset[str]
    wrong_entry: bool
    discontinued: bool = False


def listed(play: PlayView) -> Iterator[Listed]:
    """Each finished step; a series list holds until it is replaced (PS3.4 F.7.2.2.2)."""
    yield from _finished(first_hops(play))


def _finished(messages: Iterable[Carrier]) -> Iterator[Listed]:
    lists: dict[str, Carrier] = {}
    done: set[str] = set()
    for carrier in messages:
        content = carrier.content
        if isinstance(content, Message) or not accepted(carrier.exchange.status):
            continue
        if "PerformedSeriesSequence" in content:
            lists[carrier.instance] = carrier
        final = _service(carrier.exchange) is Service.N_SET and first(content, _STATUS) in _FINAL
        if final and carrier.instance not in done:
            done.add(carrier.instance)
            source = lists.get(carrier.instance, carrier)
            yield Listed(
                carrier.instance,
                carrier,
                source,
                frozenset(one.uid for one in listed_references(source)),
                frozenset(
                    one.value for one in values(_content(source), "PerformedSeriesSequence[*].SeriesInstanceUID")
                ),
                first(content, "PerformedProcedureStepDiscontinuationReasonCodeSequence[*].CodeValue") == _WRONG_ENTRY,
                first(content, _STATUS) == "DISCONTINUED",
            )


def withdrawn(play: PlayView, steps: Iterable[Listed] | None = None) -> frozenset[str]:
    """Instances made with the wrong worklist entry: an archive shows them no more (RAD TF-1: 3.3.4).

    Their step listed them when it ended, or they say themselves that they are of it; `steps` are all such steps when
    not given.
    """
    wrong = tuple(wrong_entries(play) if steps is None else steps)
    names = {one.mpps for one in wrong}
    of_step = {one.uid for one in stored(play) if performed_step(one) in names} if names else set()
    return frozenset(of_step).union(*(one.instances for one in wrong))


def performed_step(one: Instance) -> str:
    """The performed step that an instance says it is of; empty when it names none."""
    return first(one.dataset, "ReferencedPerformedProcedureStepSequence[*].ReferencedSOPInstanceUID").strip(" \0")


def wrong_entries(play: PlayView) -> Iterator[Listed]:
    """Each step that was given up because of a wrong worklist entry; what its maker said of it where no link of ours
    shows it is known by what was passed on.
    """
    seen = {carrier.instance for carrier in first_hops(play)}
    passed_on = (carrier for carrier in relays(play) if carrier.instance not in seen)
    yield from (one for one in (*listed(play), *_finished(passed_on)) if one.wrong_entry)


def _content(carrier: Carrier) -> Dataset:
    return Dataset() if isinstance(carrier.content, Message) else carrier.content


def _items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    if keyword not in dataset or dataset[keyword].VR != "SQ":
        return ()
    return tuple(dataset[keyword].value or ())


@dataclass(frozen=True)
class Reference:
    """One item that refers to an instance; `series` is the Series Instance UID that it is listed under."""

    uid: str
    sop_class: str
    path: str
    series: str = ""


def listed_references(carrier: Carrier) -> tuple[Reference, ...]:
    """What the Performed Series Sequence of a message refers to."""
    found: list[Reference] = []
    for number, performed in enumerate(_items(_content(carrier), "PerformedSeriesSequence")):
        series = first(performed, "SeriesInstanceUID").strip(" \0")
        for name in _LISTS:
            found += _references(performed, name, f"PerformedSeriesSequence[{number}].", series)
    return tuple(found)


def references(carrier: Carrier, sequence: str) -> tuple[Reference, ...]:
    """The items of a sequence that refer to instances, those without a UID left out."""
    return tuple(_references(_content(carrier), sequence))


def _references(dataset: Dataset, sequence: str, prefix: str = "", series: str = "") -> Iterator[Reference]:
    for number, item in enumerate(_items(dataset, sequence)):
        uid = first(item, "ReferencedSOPInstanceUID").strip(" \0")
        if uid:
            sop_class = first(item, "ReferencedSOPClassUID").strip(" \0")
            yield Reference(uid, sop_class, f"{prefix}{sequence}[{number}].ReferencedSOPInstanceUID", series)


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
            tuple(one.uid for one in references(carrier, "ReferencedSOPSequence")),
            tuple(one.uid for one in references(carrier, "FailedSOPSequence")),
        )
        for view in views
        for carrier in requests(view)
        if _service(carrier.exchange) is Service.N_EVENT_REPORT and not isinstance(carrier.content, Message)
    )


def commitments(play: PlayView) -> tuple[Commitment, ...]:
    """Every commitment request that the archive accepted; a report belongs to the last request before it of its UID."""
    asked = [carrier for carrier in commitment_requests(play) if accepted(carrier.exchange.status)]
    answered: dict[int, list[Report]] = defaultdict(list)
    for report in reports(play.legs):
        own = [one for one in asked if transaction_uid(one) == report.uid]
        before = [one for one in own if one.seq < report.carrier.seq] or own[:1]
        for one in before[-1:]:
            answered[one.seq].append(report)
    return tuple(
        Commitment(
            transaction_uid(carrier),
            carrier,
            frozenset(one.uid for one in references(carrier, "ReferencedSOPSequence")),
            tuple(answered[carrier.seq]),
        )
        for carrier in asked
    )


def commitment_requests(play: PlayView) -> tuple[Carrier, ...]:
    """Every commitment request in order, refused ones included."""
    found = [
        carrier
        for view in play.legs
        for carrier in requests(view)
        if _service(carrier.exchange) is Service.N_ACTION and not isinstance(carrier.content, Message)
    ]
    return tuple(sorted(found, key=lambda carrier: carrier.seq))


def transaction_uid(carrier: Carrier) -> str:
    """The Transaction UID of a commitment request; empty when it has none."""
    return first(_content(carrier), "TransactionUID")


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
