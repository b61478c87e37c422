"""Sets of instances: listed, found and retrieved is what was stored, committed is what was asked for.

PS3.4 F.7.2.2.2 for lists, J.3 for commitment, C.4 for query and retrieve.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.checks import found, retrieved
from harness.checks import stored as facts
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import play_check
from harness.checks.stored import Commitment, Holdings, Instance, Listed, Report
from harness.dicom.paths import first
from harness.model.finding import Finding
from harness.model.names import HARNESS
from harness.model.plan import LegState
from harness.model.transcript import EventKind
from harness.model.verdict import Outcome

CHECK = "storage.sets"
LISTED = "storage/listed-equals-stored"
REQUESTED = "storage/requested-contains-stored"
COMMITTED = "storage/committed-equals-requested"
STORED = "storage/stored-is-committed"
NEVER = "storage/never-stored-not-committed"
FOUND = found.RULE
RETRIEVED = retrieved.RULE
REPORTS_RETRIEVED = retrieved.OF_REPORTS
_KEPT = frozenset(
    {EventKind.UNREACHABLE, EventKind.REJECTED, EventKind.TLS_FAILED, EventKind.CONTEXT_REFUSED, EventKind.LINK_LOST}
)
"""What may befall an association so that nothing is stored on it."""


@play_check(CHECK, rules=(LISTED, REQUESTED, COMMITTED, STORED, NEVER, FOUND, RETRIEVED, REPORTS_RETRIEVED))
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
    yield from _unknown_reports(play)
    yield from found.judge(play, instances)
    yield from retrieved.judge(play, instances)


def _listed(play: PlayView, one: Listed, instances: tuple[Instance, ...], steps: frozenset[str]) -> Iterator[Finding]:
    """What was stored for a step is listed by it, and what it lists was stored (PS3.4 F.7.2.2.2).

    The instances of a discontinued step need not be stored; what was stored where no link of ours shows it is unknown.
    """
    view = one.carrier.leg
    makers = [store for store in instances if store.carrier.leg.initiator == view.initiator]
    evidence = one.carrier.evidence("PerformedSeriesSequence")
    if not makers and not _storing_observed(play, view):
        yield from play.ruled(LISTED, view, Outcome.NOT_APPLICABLE, view.initiator, evidence)
        return
    certain = [store for store in makers if _is_named(store, one)]
    studies = {first(store.dataset, "StudyInstanceUID") for store in certain}
    others = {store.uid for store in makers if not _belongs(store, one, steps, studies)}
    sent = {store.uid for store in makers} - others
    held = facts.holdings(store for store in makers if store.uid in sent)
    gap = facts.gap(held.sure - one.instances, one.instances - sent, "not listed", "not stored")
    charged = facts.responsible(play, view)
    if charged is not view and not makers:
        return  # a product that stored nothing at all is the delivery's business
    if charged is not view:
        evidence = makers[-1].carrier.evidence()
    unseen = one.discontinued or _storing_hidden(play, view) or _kept_from_storing(play, view)
    elsewhere = not held.sure - one.instances and unseen
    yield from play.ruled(
        LISTED,
        charged,
        Outcome.UNDECIDED if gap and elsewhere else _outcome(gap, held),
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


def _storing_observed(play: PlayView, view: LegView) -> bool:
    """Whether C-STOREs of the actor that made the step would have been seen."""
    return any(leg.planned.state is LegState.LIVE for leg in facts.storing(play, view.initiator))


def _storing_hidden(play: PlayView, view: LegView) -> bool:
    """Whether the actor that made the step also stores where no link of ours shows it."""
    return any(leg.planned.state is LegState.NOT_OBSERVABLE for leg in facts.storing(play, view.initiator))


def _kept_from_storing(play: PlayView, view: LegView) -> bool:
    """Whether our actor that made the step could not hand its instances over, because nobody took its association."""
    return any(
        event.kind in _KEPT and (event.actor, event.peer_actor) == (leg.initiator, leg.responder)
        for leg in facts.storing(play, view.initiator)
        for event in play.events_of(leg.step.step.id)
    )


def _belongs(store: Instance, one: Listed, steps: frozenset[str], studies: set[str]) -> bool:
    """Whether an instance is of a step: it says so, or its series or itself is listed; or it names no other step, lies
    in a study of the step, and there is only one."""
    mpps = facts.performed_step(store)
    if mpps in steps:
        return mpps == one.mpps
    if _is_named(store, one):
        return True
    known = not studies or first(store.dataset, "StudyInstanceUID") in studies
    return not mpps and known and steps == {one.mpps}


def _is_named(store: Instance, one: Listed) -> bool:
    return store.uid in one.instances or store.series in one.series or facts.performed_step(store) == one.mpps


def _requested(
    play: PlayView, commitments: tuple[Commitment, ...], instances: tuple[Instance, ...]
) -> Iterator[Finding]:
    """Every instance that the archive took is in some request of its maker (RAD TF-2: 4.10).

    What was made with the wrong worklist entry need not be kept.
    """
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
        gap = facts.gap(held.sure - asked - facts.withdrawn(play), (), "not requested", "")
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
    gap = facts.gap(commitment.asked - told, told - commitment.asked, "not reported", "not requested")
    twice = committed & failed
    if twice:
        gap = f"{gap}; " * bool(gap) + f"both committed and failed: {facts.named(twice)}"
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
    before = [one for one in instances if one.carrier.seq < commitment.request.seq]
    sure = facts.holdings(before).sure - facts.withdrawn(play)
    yield from _told(play, report, STORED, failed & sure, "FailedSOPSequence", "stored instances committed")
    never = (committed & commitment.asked) - {one.uid for one in instances if one.taken is not False}
    never &= _of_this_play(play, commitment, instances)
    yield from _told(play, report, NEVER, never, "ReferencedSOPSequence", "only stored instances committed")


def _of_this_play(play: PlayView, commitment: Commitment, instances: tuple[Instance, ...]) -> frozenset[str]:
    """The instances whose storing would have been seen; a product may ask for what it stored before or elsewhere."""
    if commitment.request.leg.planned.initiator == HARNESS:
        return commitment.asked
    seen = {one.uid for one in instances}
    return frozenset(seen).union(*(one.instances for one in facts.listed(play)))


def _is_refused(request: Carrier) -> bool:
    status = request.exchange.status
    return status is not None and not accepted(status)


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
        received=facts.named(wrong),
    )


def _unknown_reports(play: PlayView) -> Iterator[Finding]:
    """A report carries the Transaction UID of a request (PS3.4 J.3.3.1.2).

    One that tells of nothing that was asked for in the play is of a request that was not seen, perhaps a long time ago.
    """
    asked = [one for one in facts.commitment_requests(play) if not _is_refused(one)]
    known = {facts.transaction_uid(one) for one in asked}
    wanted = {one.uid for request in asked for one in facts.references(request, "ReferencedSOPSequence")}
    for report in facts.reports(play.legs):
        if report.uid not in known and wanted & {*report.committed, *report.failed}:
            view = report.carrier.leg
            yield from play.ruled(
                COMMITTED,
                view,
                Outcome.VIOLATED,
                view.initiator,
                report.carrier.evidence("TransactionUID"),
                expected=facts.named(known),
                received=report.uid or "absent",
            )
