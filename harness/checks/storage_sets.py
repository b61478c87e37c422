"""Sets of instances: listed, found and retrieved is what was stored, committed is what was asked for.

PS3.4 F.7.2.2.2 for lists, J.3 for commitment, C.4 for query and retrieve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from harness.checks import stored as facts
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted, hexadecimal
from harness.checks.likeness import difference
from harness.checks.matching import mismatches
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import play_check
from harness.checks.stored import Commitment, Holdings, Instance, Listed, Report
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import HARNESS
from harness.model.plan import LegState
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "storage.sets"
LISTED = "storage/listed-equals-stored"
REQUESTED = "storage/requested-contains-stored"
COMMITTED = "storage/committed-equals-requested"
STORED = "storage/stored-is-committed"
NEVER = "storage/never-stored-not-committed"
FOUND = "storage/found-contains-stored"
RETRIEVED = "storage/retrieved-equals-stored"

_SHOWN = 3
_UPDATING = frozenset({"RAD-4", "RAD-12", "RAD-13"})
"""Transactions after which an archive may change what it holds (RAD TF-2: 4.12, 4.13)."""

_COERCED = frozenset(
    Tag(name)
    for name in (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "IssuerOfPatientIDQualifiersSequence",
        "OtherPatientIDsSequence",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "IssuerOfAccessionNumberSequence",
        "ReferringPhysicianName",
        "StudyDescription",
        "ProcedureCodeSequence",
        "ReferencedStudySequence",
        "RequestAttributesSequence",
    )
)
_OF_ARCHIVE = frozenset(
    Tag(name)
    for name in (
        "OriginalAttributesSequence",
        "InstanceAvailability",
        "RetrieveAETitle",
        "TimezoneOffsetFromUTC",
        "InstanceCoercionDateTime",
    )
)


@play_check(CHECK, rules=(LISTED, REQUESTED, COMMITTED, STORED, NEVER, FOUND, RETRIEVED))
def check(play: PlayView) -> Iterator[Finding]:
    """Every finished step, commitment, query at image level and retrieve of the play."""
    instances = facts.stored(play)
    finished = tuple(facts.listed(play))
    for one in finished:
        yield from _listed(play, one, instances, frozenset(other.mpps for other in finished))
    commitments = facts.commitments(play)
    if not facts.storing_hidden(play):
        yield from _requested(play, commitments, instances)
    for commitment in commitments:
        for report in commitment.reports:
            yield from _committed(play, commitment, report, instances)
    yield from _unknown_reports(play, commitments)
    yield from _found(play, instances)
    yield from _retrieved(play, instances)


def _named(uids: Iterable[str]) -> str:
    ordered = sorted(uids)
    more = f" ... ({len(ordered)})" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + more


def _gap(missing: Iterable[str], extra: Iterable[str], lacking: str, surplus: str) -> str:
    """What differs between two sets, empty when nothing does."""
    parts = [f"{lacking}: {_named(missing)}"] if missing else []
    parts += [f"{surplus}: {_named(extra)}"] if extra else []
    return "; ".join(parts)


def _listed(play: PlayView, one: Listed, instances: tuple[Instance, ...], steps: frozenset[str]) -> Iterator[Finding]:
    view = one.carrier.leg
    makers = [store for store in instances if store.carrier.leg.initiator == view.initiator]
    evidence = one.carrier.evidence("PerformedSeriesSequence")
    if not makers and not _storing_observed(play, view):
        yield from play.ruled(LISTED, view, Outcome.NOT_APPLICABLE, view.initiator, evidence)
        return
    others = {store.uid for store in makers if not _belongs(store, one, steps)}
    sent = {store.uid for store in makers} - others
    held = facts.holdings(store for store in makers if store.uid in sent)
    gap = _gap(held.sure - one.instances, one.instances - sent, "not listed", "not stored")
    charged = _charged(play, view)
    if charged is not view and not makers:
        return  # a product that stored nothing at all is the delivery's business
    if charged is not view:
        evidence = makers[-1].carrier.evidence()
    yield from play.ruled(
        LISTED,
        charged,
        _outcome(gap, held),
        charged.initiator,
        evidence,
        expected=f"{len(held.sure)} instances stored",
        received=f"{len(one.instances)} listed{'; ' + gap if gap else ''}",
    )


def _outcome(gap: str, held: Holdings) -> Outcome:
    """What a comparison with what is surely held shows; nothing when no store was answered."""
    if gap:
        return Outcome.VIOLATED
    return Outcome.UNDECIDED if held.unsure and not held.sure else Outcome.MET


def _charged(play: PlayView, view: LegView) -> LegView:
    """Where a wrong list is charged: at the storing, when a product was to store what our part of the actor lists."""
    if view.planned.initiator != HARNESS:
        return view
    by_product = [
        leg
        for leg in play.legs
        if leg.planned.leg.id == "store" and leg.initiator == view.initiator and leg.planned.initiator != HARNESS
    ]
    return by_product[-1] if by_product else view


def _storing_observed(play: PlayView, view: LegView) -> bool:
    """Whether C-STOREs of the actor that made the step would have been seen."""
    return any(
        leg.planned.state is LegState.LIVE and leg.initiator == view.initiator and leg.planned.leg.id == "store"
        for leg in play.legs
    )


def _belongs(store: Instance, one: Listed, steps: frozenset[str]) -> bool:
    """Whether an instance is of a step: it says so, or its series or itself is listed, or there is only one step."""
    mpps = first(store.dataset, "ReferencedPerformedProcedureStepSequence[*].ReferencedSOPInstanceUID")
    if mpps in steps:
        return mpps == one.mpps
    series = first(store.dataset, "SeriesInstanceUID")
    return store.uid in one.instances or series in one.series or steps == {one.mpps}


def _requested(
    play: PlayView, commitments: tuple[Commitment, ...], instances: tuple[Instance, ...]
) -> Iterator[Finding]:
    """Every instance that the archive took is in some request of its maker (RAD TF-2: 4.10)."""
    makers: dict[str, list[Commitment]] = defaultdict(list)
    for commitment in commitments:
        makers[commitment.request.leg.initiator].append(commitment)
    for actor, own in makers.items():
        asked = frozenset().union(*(commitment.asked for commitment in own))
        last = own[-1].request
        held = facts.holdings(
            one
            for one in instances
            if one.carrier.leg.initiator == actor and one.carrier.leg.responder == last.leg.responder
        )
        gap = _gap(held.sure - asked, (), "not requested", "")
        yield from play.ruled(
            REQUESTED,
            last.leg,
            _outcome(gap, held),
            last.leg.initiator,
            last.evidence("ReferencedSOPSequence"),
            expected=f"{len(held.sure)} instances stored",
            received=f"{len(asked)} requested{'; ' + gap if gap else ''}",
        )


def _committed(
    play: PlayView, commitment: Commitment, report: Report, instances: tuple[Instance, ...]
) -> Iterator[Finding]:
    view = report.carrier.leg
    committed, failed = frozenset(report.committed), frozenset(report.failed)
    told = committed | failed
    gap = _gap(commitment.asked - told, told - commitment.asked, "not reported", "not requested")
    twice = committed & failed
    if twice:
        gap = f"{gap}; " * bool(gap) + f"both committed and failed: {_named(twice)}"
    yield from play.ruled(
        COMMITTED,
        view,
        Outcome.VIOLATED if gap else Outcome.MET,
        view.initiator,
        report.carrier.evidence("ReferencedSOPSequence"),
        expected=f"{len(commitment.asked)} instances requested",
        received=f"{len(committed)} committed, {len(failed)} failed{'; ' + gap if gap else ''}",
        origin=f"requested in {commitment.request.transaction}, exchange {commitment.request.exchange.exchange.id}",
    )
    if facts.storing_hidden(play) or not (instances or any(leg.exchanges for leg in play.of("RAD-8"))):
        return
    sure = facts.holdings(instances).sure
    yield from _told(play, report, STORED, failed & sure, "FailedSOPSequence", "stored instances committed")
    never = (committed & commitment.asked) - {one.uid for one in instances}
    yield from _told(play, report, NEVER, never, "ReferencedSOPSequence", "only stored instances committed")


def _told(
    play: PlayView, report: Report, rule: str, wrong: Iterable[str], path: str, expected: str
) -> Iterator[Finding]:
    view = report.carrier.leg
    wrong = frozenset(wrong)
    yield from play.ruled(
        rule,
        view,
        Outcome.VIOLATED if wrong else Outcome.MET,
        view.initiator,
        report.carrier.evidence(path),
        expected=expected,
        received=_named(wrong),
    )


def _unknown_reports(play: PlayView, commitments: tuple[Commitment, ...]) -> Iterator[Finding]:
    """A report carries the Transaction UID of a request (PS3.4 J.3.3.1)."""
    known = {commitment.uid for commitment in commitments}
    if not commitments:
        return
    for report in facts.reports(play.legs):
        if report.uid not in known:
            view = report.carrier.leg
            yield from play.ruled(
                COMMITTED,
                view,
                Outcome.VIOLATED,
                view.initiator,
                report.carrier.evidence("TransactionUID"),
                expected=_named(known),
                received=report.uid or "absent",
            )


def _found(play: PlayView, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    """What was stored before a query at image level and fits its keys is found by it (PS3.4 C.4.1)."""
    hidden = frozenset().union(*(one.instances for one in facts.listed(play) if one.wrong_entry))
    for view, exchange in facts.image_queries(play.legs):
        identifier = exchange.request_dataset
        if identifier is None or not accepted(exchange.status):
            continue
        expected = {
            one.uid
            for one in instances
            if one.taken
            and one.carrier.leg.responder == view.responder
            and one.uid not in hidden
            and one.carrier.seq < exchange.exchange.request.seq
            and not mismatches(identifier, one.dataset)
        }
        if not expected:
            continue
        got = facts.found_instances(exchange)
        gap = _gap(expected - got, (), "not found", "")
        yield from play.ruled(
            FOUND,
            view,
            Outcome.VIOLATED if gap else Outcome.MET,
            view.responder,
            exchange.evidence("SOPInstanceUID", Half.RESPONSE),
            expected=f"{len(expected)} instances stored",
            received=f"{len(got)} found{'; ' + gap if gap else ''}",
        )


def _retrieved(play: PlayView, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    """What a retrieve names arrives as it was stored, and nothing else."""
    steps: dict[str, list[LegView]] = defaultdict(list)
    for view in play.of("RAD-16"):
        steps[view.step.step.id].append(view)
    for views in steps.values():
        asked = [carrier for carrier in facts.moves(views) if accepted(carrier.exchange.status)]
        if not asked:
            continue
        archive = asked[-1].leg.responder
        kept = [one for one in instances if one.carrier.leg.responder == archive]
        by_uid = {one.uid: one for one in kept if one.taken}
        if not by_uid:
            continue
        copies = {one.uid: one for one in facts.stores(views)}
        wanted = {uid for uid, one in by_uid.items() if any(_selected(move, one) for move in asked)}
        yield from _same_set(play, asked[-1], wanted, set(copies) - facts.holdings(kept).unsure)
        for uid in filter(wanted.__contains__, copies):
            yield from _same_object(play, by_uid[uid], copies[uid])


def _selected(move: Carrier, one: Instance) -> bool:
    return (
        not isinstance(move.content, Message)
        and move.seq > one.carrier.seq
        and not mismatches(_unique_keys(move.content), one.dataset)
    )


def _unique_keys(identifier: Dataset) -> Dataset:
    """The UIDs of a retrieve; the patient ID may have changed in the archive since the instance was stored."""
    keys = Dataset()
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        if name in identifier:
            keys[name] = identifier[name]
    return keys


def _same_set(play: PlayView, move: Carrier, wanted: set[str], got: set[str]) -> Iterator[Finding]:
    gap = _gap(wanted - got, got - wanted, "not received", "not stored")
    yield from play.ruled(
        RETRIEVED,
        move.leg,
        Outcome.VIOLATED if gap else Outcome.MET,
        move.leg.responder,
        move.evidence(),
        expected=f"{len(wanted)} instances stored",
        received=f"{len(got)} received (status {hexadecimal(move.exchange.status)}){'; ' + gap if gap else ''}",
    )


def _same_object(play: PlayView, original: Instance, copy: Instance) -> Iterator[Finding]:
    found = difference(
        original.dataset,
        copy.dataset,
        ignoring=_OF_ARCHIVE | _may_have_changed(play, original, copy),
        bulk=_syntax(original) == _syntax(copy),
    )
    path, expected, received = found or ("", "", "")
    yield from play.ruled(
        RETRIEVED,
        copy.carrier.leg,
        Outcome.VIOLATED if found else Outcome.MET,
        copy.carrier.leg.initiator,
        copy.carrier.evidence(path),
        expected=expected,
        received=received,
        origin=f"stored in exchange {original.carrier.exchange.exchange.id}" if found else "",
    )


def _may_have_changed(play: PlayView, original: Instance, copy: Instance) -> frozenset[BaseTag]:
    """Patient and procedure attributes, where an update reached the archive or it says that it coerced them."""
    updated = any(
        view.step.transaction.id in _UPDATING
        and view.responder == original.carrier.leg.responder
        and any(exchange.exchange.request.seq > original.carrier.seq for exchange in view.exchanges)
        for view in play.legs
    )
    coerced = original.carrier.exchange.status != 0 or "OriginalAttributesSequence" in copy.dataset
    return _COERCED if updated or coerced else frozenset()


def _syntax(one: Instance) -> str:
    command = one.carrier.exchange.exchange.request.command
    return command.transfer_syntax if command is not None else ""
