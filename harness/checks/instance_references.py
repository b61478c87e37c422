"""Items that refer to instances: each names its instance once, with its class, and below its own series.

For the lists of performed steps, and for requests and reports of storage commitment (PS3.4 F.7.2, J.3).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from harness.checks import stored as facts
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.stored import Commitment, Instance, Listed, Reference, Report
from harness.dicom.paths import first
from harness.dicom.uids import keyword_of
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "storage.references"
LISTED_ONCE = "storage/listed-once"
LISTED_CLASS = "storage/listed-class"
LISTED_SERIES = "storage/listed-series"
REQUESTED_ONCE = "storage/requested-once"
REQUESTED_CLASS = "storage/requested-class"
REPORTED_ONCE = "storage/reported-once"
REPORTED_CLASS = "storage/reported-class"
ONE_REPORT = "storage/one-report"
ONE_TRANSACTION = "storage/transaction-used-once"

_COMMITTED, _FAILED = "ReferencedSOPSequence", "FailedSOPSequence"


@play_check(
    CHECK,
    rules=(
        LISTED_ONCE,
        LISTED_CLASS,
        LISTED_SERIES,
        REQUESTED_ONCE,
        REQUESTED_CLASS,
        REPORTED_ONCE,
        REPORTED_CLASS,
        ONE_REPORT,
        ONE_TRANSACTION,
    ),
    scope=Scope.PLAY,
)
def check(play: PlayView) -> Iterator[Finding]:
    """Every list of a finished step, every commitment request and every commitment report."""
    instances = facts.stored(play)
    for one in facts.listed(play):
        yield from _list(play, one, instances)
    for request in facts.commitment_requests(play):
        yield from _request(play, request, instances)
    for commitment in facts.commitments(play):
        for report in commitment.reports:
            yield from _report(play, commitment, report)
        yield from _one_report(play, commitment)
    yield from _one_transaction(play)


def _by_uid(instances: Iterable[Instance]) -> Mapping[str, Instance]:
    """The instances as they were last sent, those that were refused only where no other transmission is known."""
    return {one.uid: one for one in sorted(instances, key=lambda one: (one.taken is not False, one.carrier.seq))}


def _list(play: PlayView, one: Listed, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    view = one.carrier.leg
    listed = facts.listed_references(one.source)
    own = _by_uid(store for store in instances if store.carrier.leg.initiator == view.initiator)
    known = [reference for reference in listed if reference.uid in own]
    yield from _once(play, LISTED_ONCE, one.source, listed)
    if not known:
        return
    wrong_class = [
        (reference, own[reference.uid].sop_class)
        for reference in known
        if not _same_class(reference.sop_class, own[reference.uid].sop_class)
    ]
    yield from _matching(play, LISTED_CLASS, one.source, known, wrong_class, "ReferencedSOPClassUID")
    right = {one.uid for one in known if one.series == own[one.uid].series}
    wrong_series = [
        (reference, own[reference.uid].series)
        for reference in known
        if reference.series and own[reference.uid].series and reference.uid not in right
    ]
    charged = facts.responsible(play, view)
    yield from play.ruled(
        LISTED_SERIES,
        charged,
        Outcome.VIOLATED if wrong_series else Outcome.MET,
        charged.initiator,
        one.source.evidence(wrong_series[0][0].path if wrong_series else "PerformedSeriesSequence"),
        expected=f"in series {wrong_series[0][1]}" if wrong_series else "each image in its series",
        received=f"in series {wrong_series[0][0].series}" if wrong_series else "",
        origin=f"stored in exchange {_number(own[wrong_series[0][0].uid])}" if wrong_series else "",
    )


def _number(one: Instance) -> int:
    return one.carrier.exchange.exchange.id


def _same_class(one: str, other: str) -> bool:
    """Whether two SOP Class UIDs are equal; an empty one is the tables' business."""
    return not one or not other or keyword_of(one) == keyword_of(other)


def _once(play: PlayView, rule: str, carrier: Carrier, references: Iterable[Reference]) -> Iterator[Finding]:
    found = tuple(references)
    counts = Counter(one.uid for one in found)
    twice = [one for one in found if counts[one.uid] > 1]
    if not found:
        return
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.VIOLATED if twice else Outcome.MET,
        carrier.leg.initiator,
        carrier.evidence(twice[-1].path if twice else found[0].path.partition("[")[0]),
        expected="each instance once",
        received=f"{twice[-1].uid} {counts[twice[-1].uid]} times" if twice else "",
    )


def _matching(
    play: PlayView,
    rule: str,
    carrier: Carrier,
    known: Iterable[Reference],
    wrong: list[tuple[Reference, str]],
    attribute: str,
) -> Iterator[Finding]:
    """The SOP classes of references against those that are known; the first wrong one is shown."""
    if not tuple(known):
        return
    path = f"{wrong[0][0].path.rpartition('.')[0]}.{attribute}" if wrong else ""
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.VIOLATED if wrong else Outcome.MET,
        carrier.leg.initiator,
        carrier.evidence(path),
        expected=keyword_of(wrong[0][1]) if wrong else "",
        received=keyword_of(wrong[0][0].sop_class) if wrong else "",
    )


def _request(play: PlayView, request: Carrier, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    asked = facts.references(request, _COMMITTED)
    own = _by_uid(one for one in instances if one.carrier.leg.responder == request.leg.responder)
    known = [one for one in asked if one.uid in own]
    wrong = [(one, own[one.uid].sop_class) for one in known if not _same_class(one.sop_class, own[one.uid].sop_class)]
    yield from _once(play, REQUESTED_ONCE, request, asked)
    yield from _matching(play, REQUESTED_CLASS, request, known, wrong, "ReferencedSOPClassUID")


def _report(play: PlayView, commitment: Commitment, report: Report) -> Iterator[Finding]:
    committed = facts.references(report.carrier, _COMMITTED)
    failed = facts.references(report.carrier, _FAILED)
    asked = {one.uid: one.sop_class for one in facts.references(commitment.request, _COMMITTED)}
    both = [*committed, *failed]
    echoed = {one.uid for one in _repeated(facts.references(commitment.request, _COMMITTED))}
    twice = [one for one in (*_repeated(committed), *_repeated(failed)) if one.uid not in echoed]
    yield from _once(play, REPORTED_ONCE, report.carrier, twice or both[:1])
    known = [one for one in both if one.uid in asked]
    wrong = [(one, asked[one.uid]) for one in known if not _same_class(one.sop_class, asked[one.uid])]
    yield from _matching(play, REPORTED_CLASS, report.carrier, known, wrong, "ReferencedSOPClassUID")


def _repeated(references: tuple[Reference, ...]) -> list[Reference]:
    counts = Counter(one.uid for one in references)
    return [one for one in references if counts[one.uid] > 1]


def _one_report(play: PlayView, commitment: Commitment) -> Iterator[Finding]:
    """A report that the requester took ends the transaction; the same may be told again (PS3.4 J.3.3.1.2)."""
    ended: tuple[frozenset[str], frozenset[str]] | None = None
    for report in sorted(commitment.reports, key=lambda one: one.carrier.seq):
        told = frozenset(report.committed), frozenset(report.failed)
        other = ended is not None and told != ended
        view = report.carrier.leg
        yield from play.ruled(
            ONE_REPORT,
            view,
            Outcome.VIOLATED if other else Outcome.MET,
            view.initiator,
            report.carrier.evidence("TransactionUID"),
            expected="one result for each Transaction UID",
            received=f"{len(told[0])} committed, {len(told[1])} failed" if other else "",
            origin=f"{len(ended[0])} committed, {len(ended[1])} failed before" if other and ended else "",
        )
        if ended is None and accepted(report.carrier.exchange.status):
            ended = told


def _one_transaction(play: PlayView) -> Iterator[Finding]:
    """A Transaction UID is used for one request, and is dead after its report or a refusal (PS3.4 J.3.2.1.2).

    The very same request may be sent again as long as it was neither refused nor reported on. A report that the
    requester did not take ends nothing that it knows of.
    """
    earlier: dict[str, list[Carrier]] = defaultdict(list)
    reports = [one for one in facts.reports(play.legs) if accepted(one.carrier.exchange.status)]
    for request in facts.commitment_requests(play):
        uid = "" if isinstance(request.content, Message) else first(request.content, "TransactionUID")
        fault = ""
        for other in earlier[uid]:
            if {one.uid for one in facts.references(other, _COMMITTED)} != {
                one.uid for one in facts.references(request, _COMMITTED)
            }:
                fault = "used for another request"
            elif other.exchange.status is not None and not accepted(other.exchange.status):
                fault = "used for a request that was refused"
            elif any(one.uid == uid and other.seq < one.carrier.seq < request.seq for one in reports):
                fault = "used for a request that was reported on"
        earlier[uid].append(request)
        if uid:
            yield from _used(play, request.leg, request, uid, fault)


def _used(play: PlayView, view: LegView, request: Carrier, uid: str, fault: str) -> Iterator[Finding]:
    yield from play.ruled(
        ONE_TRANSACTION,
        view,
        Outcome.VIOLATED if fault else Outcome.MET,
        view.initiator,
        request.evidence("TransactionUID"),
        expected="a new Transaction UID",
        received=f"{uid}, {fault}" if fault else uid,
    )
