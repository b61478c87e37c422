"""Reports as documents with versions: a version never changes, a new one names the old, and what is issued is final.

Also where the evidence of a report lies: below the study, the series and the class of each instance (PS3.3 C.17.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydicom.tag import Tag

from harness.checks import stored as facts
from harness.checks.archive_changes import COERCIBLE, ISSUERS, OF_ARCHIVE
from harness.checks.likeness import difference
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.stored import Instance
from harness.dicom.paths import Located, first, values
from harness.dicom.uids import keyword_of
from harness.model.finding import Finding
from harness.model.names import HARNESS
from harness.model.verdict import Outcome

CHECK = "reports.versions"
UNCHANGED = "reports/version-unchanged"
PREDECESSOR = "reports/new-version-names-predecessor"
ISSUED_FINAL = "reports/issued-is-final"
SUBMITTED_FINAL = "reports/submitted-is-final"
PLACE = "reports/evidence-in-its-place"
SUBMITTED_PREDECESSOR = "reports/submitted-names-predecessor"
NEW_INSTANCE = "reports/version-is-new-instance"

_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_REFERENCED = "ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID"
_FINAL = (("CompletionFlag", "COMPLETE"), ("VerificationFlag", "VERIFIED"))
_OF_REQUEST = Tag("ReferencedRequestSequence")


_RULES = (UNCHANGED, PREDECESSOR, ISSUED_FINAL, SUBMITTED_FINAL, PLACE, SUBMITTED_PREDECESSOR, NEW_INSTANCE)


@play_check(CHECK, rules=_RULES, scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every report that was submitted or issued in the play."""
    submitted = facts.stores(play.of("RAD-24"))
    issued = facts.stores(play.of("RAD-25"))
    reports = {one.uid for one in (*submitted, *issued)}
    objects = {one.uid: one for one in facts.stored(play) if one.uid not in reports}
    for report in (*submitted, *issued):
        yield from _place(play, report, objects)
    for report in issued:
        yield from _version(play, report, submitted, [one for one in issued if one.carrier.seq < report.carrier.seq])
        path, expected, received = _lacking(report)
        yield from _ruled(play, ISSUED_FINAL, report, not path, path or "VerificationFlag", expected, received)
    for report in submitted:
        yield from _succession(play, report, [one for one in submitted if one.carrier.seq < report.carrier.seq])
        if _has_to_be_final(play, report):
            path, expected, received = _lacking(report)
            yield from _ruled(play, SUBMITTED_FINAL, report, not path, path or "VerificationFlag", expected, received)


def _ruled(
    play: PlayView, rule: str, one: Instance, holds: bool, path: str, expected: str, received: str
) -> Iterator[Finding]:
    yield from play.ruled(
        rule,
        one.carrier.leg,
        Outcome.MET if holds else Outcome.VIOLATED,
        one.carrier.leg.initiator,
        one.carrier.evidence(path),
        expected=expected,
        received=received,
    )


def _lacking(report: Instance) -> tuple[str, str, str]:
    """What keeps a report from being final: path, what it should be, what it is; empty when it is final."""
    for path, wanted in _FINAL:
        value = first(report.dataset, path).strip()
        if value != wanted:
            return path, wanted, value or "absent"
    if not first(report.dataset, "VerifyingObserverSequence[*].VerifyingObserverName"):
        return "VerifyingObserverSequence", "a verifying observer", "absent"
    return "", "", ""


def _has_to_be_final(play: PlayView, report: Instance) -> bool:
    """Whether a submitted report is the last of its patient before it is issued or exported by a stand-in.

    A manager under test may complete and verify it; our stand-in only passes on what is final.
    """
    own = report.carrier.leg
    place = next(index for index, view in enumerate(play.legs) if view is own)
    later = [view for view in play.legs[place + 1 :] if view.step.step.patient == own.step.step.patient]
    following = next((view for view in later if view.step.transaction.id in ("RAD-24", "RAD-25", "RAD-28")), None)
    last = max(exchange.exchange.request.seq for exchange in own.exchanges)
    return (
        following is not None
        and following.step.transaction.id != "RAD-24"
        and following.planned.initiator == HARNESS
        and report.carrier.seq == last
        and not _is_draft(own)
    )


def _is_draft(view: LegView) -> bool:
    return any(word in view.step.step.status.upper() for word in ("PARTIAL", "UNVERIFIED"))


def _version(
    play: PlayView, report: Instance, submitted: tuple[Instance, ...], before: list[Instance]
) -> Iterator[Finding]:
    """The issued report is a submitted one as it was, or a new version that names one, or a version of that.

    A report on another study is a version of nothing that was submitted.
    """
    if not submitted:
        return
    same = [one for one in submitted if one.uid == report.uid]
    if same:
        updated = any(view.exchanges for name in ("RAD-12", "RAD-13") for view in play.of(name))
        added = frozenset(tag for tag in ISSUERS if tag not in same[-1].dataset) | OF_ARCHIVE
        ignored = added | COERCIBLE | {_OF_REQUEST} if updated else added
        taken = [one for one in same if one.carrier.seq < report.carrier.seq] or same
        differences = [difference(one.dataset, report.dataset, ignoring=ignored) for one in taken]
        found = differences[-1] if all(differences) else None
        path, expected, received = found or ("", "", "")
        yield from _ruled(play, UNCHANGED, report, found is None, path, expected, received)
        return
    named = {one.value.strip() for one in _predecessors(report)}
    known = {one.uid for one in (*submitted, *before)}
    if _study(report) not in {_study(one) for one in submitted}:
        return
    yield from _ruled(
        play,
        PREDECESSOR,
        report,
        bool(named & known),
        "PredecessorDocumentsSequence",
        facts.named(known),
        facts.named(named) or "absent",
    )


def _succession(play: PlayView, report: Instance, before: list[Instance]) -> Iterator[Finding]:
    """A later report of one maker on one study is another instance, and names what it completes or adds to.

    One that was sent again is the same report still.
    """
    earlier = [one for one in before if one.taken and _study(one) == _study(report)]
    if not earlier:
        return
    same = [one for one in earlier if one.uid == report.uid]
    found = difference(same[-1].dataset, report.dataset) if same else None
    path, expected, received = ("SOPInstanceUID", "another than before", report.uid) if found else ("", "", "")
    yield from _ruled(play, NEW_INSTANCE, report, found is None, path or "SOPInstanceUID", expected, received)
    if same or not (report.carrier.leg.step.step.addendum or _lacking(earlier[-1])[0]):
        return
    named = {one.value.strip() for one in _predecessors(report)}
    known = {one.uid for one in before if one.taken and _is_of_same_examination(one, report)}
    received = facts.named(named) or "absent"
    path = "PredecessorDocumentsSequence"
    yield from _ruled(play, SUBMITTED_PREDECESSOR, report, bool(named & known), path, facts.named(known), received)


def _is_of_same_examination(one: Instance, other: Instance) -> bool:
    """Whether two reports lie in one study, or have evidence in common; one of them may lie in the wrong study."""
    return _study(one) == _study(other) or bool(_evidence(one) & _evidence(other))


def _evidence(report: Instance) -> frozenset[str]:
    return frozenset(
        one.value.strip() for name in _EVIDENCE for one in values(report.dataset, f"{name}[*].{_REFERENCED}")
    )


def _study(report: Instance) -> str:
    return first(report.dataset, "StudyInstanceUID").strip()


def _predecessors(report: Instance) -> tuple[Located, ...]:
    return values(report.dataset, f"PredecessorDocumentsSequence[*].{_REFERENCED}")


def _place(play: PlayView, report: Instance, objects: Mapping[str, Instance]) -> Iterator[Finding]:
    """Each instance of the evidence that was stored is listed in its study, its series and with its class."""
    known = [
        one
        for name in _EVIDENCE
        for one in values(report.dataset, f"{name}[*].{_REFERENCED}")
        if one.value.strip() in objects
    ]
    for one in known:
        source = objects[one.value.strip()]
        item = one.path.rpartition(".")[0]
        series = item.rpartition(".")[0]
        study = series.rpartition(".")[0]
        for path, wanted in (
            (f"{study}.StudyInstanceUID", first(source.dataset, "StudyInstanceUID").strip()),
            (f"{series}.SeriesInstanceUID", source.series),
            (f"{item}.ReferencedSOPClassUID", source.sop_class),
        ):
            value = first(report.dataset, path).strip()
            if value and wanted and keyword_of(value) != keyword_of(wanted):
                yield from _ruled(play, PLACE, report, False, path, wanted, value)
                return
    if known:
        yield from _ruled(play, PLACE, report, True, _EVIDENCE[0], "", "")
