"""Reports: what they reference exists, they are passed on as they are, and their export names them (PS3.3 A.35)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.carriers import Carrier, requests
from harness.checks.compare import Syntax, Term, equal
from harness.checks.content_tree import content_items, fault
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.checks.stored import Instance
from harness.dicom.paths import first, values
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.tables import Comparison
from harness.model.verdict import Outcome

CHECK = "reports.content"
EVIDENCE = "reports/evidence-exists"
STUDY = "reports/same-study"
REQUEST = "reports/referenced-request"
ISSUED = "reports/issued-as-submitted"
NAMED = "reports/export-names-report"
ORDER = "reports/export-names-order"
TREE = "reports/content-tree"

_EVIDENCE_SEQUENCES = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_COPIED = (
    ("PatientName", Comparison.NAME),
    ("PatientBirthDate", Comparison.DATE),
    ("PatientSex", Comparison.SEX),
    ("AccessionNumber", Comparison.TEXT),
)
"""What a report copies from the images, where it has a value (RAD TF-2x: A.2)."""

_CHANGING = ("RAD-12", "RAD-13")
"""Transactions that may change these."""


@play_check(CHECK, rules=(EVIDENCE, STUDY, REQUEST, ISSUED, NAMED, ORDER, TREE))
def check(play: PlayView) -> Iterator[Finding]:
    """Every report that was submitted, issued or exported in the play."""
    submitted = facts.stores(play.of("RAD-24"))
    issued = facts.stores(play.of("RAD-25"))
    reports = {one.uid for one in (*submitted, *issued)}
    objects = {one.uid: one for one in facts.stored(play) if one.uid not in reports}
    for report in submitted:
        yield from _tree(play, report)
        yield from _evidence(play, report, objects)
        yield from _study(play, report, objects)
        yield from _request(play, report, objects)
    for report in issued:
        yield from _issued(play, report, submitted)
    for view in play.of("RAD-28"):
        for carrier in requests(view):
            if isinstance(carrier.content, Message):
                yield from _exported(play, carrier, carrier.content, (*submitted, *issued))


def _evidence_of(report: Dataset) -> frozenset[str]:
    """The instances that the evidence sequences list."""
    return frozenset(
        one.value
        for name in _EVIDENCE_SEQUENCES
        for one in values(
            report, f"{name}[*].ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID"
        )
    )


def _referenced(report: Dataset) -> frozenset[str]:
    """The instances that the content tree points at."""
    return frozenset(
        one.value
        for _, item in content_items(report)
        for one in values(item, "ReferencedSOPSequence[*].ReferencedSOPInstanceUID")
    )


def _ruled(
    play: PlayView, rule: str, one: Carrier, path: str, expected: str, received: str, *, holds: bool
) -> Iterator[Finding]:
    yield from play.ruled(
        rule,
        one.leg,
        Outcome.MET if holds else Outcome.VIOLATED,
        one.leg.initiator,
        one.evidence(path),
        expected=expected,
        received=received,
    )


def _tree(play: PlayView, report: Instance) -> Iterator[Finding]:
    """Value types and relationships that the SOP class allows."""
    expected, received = fault(report.dataset)
    yield from _ruled(play, TREE, report.carrier, "ContentSequence", expected, received, holds=not expected)


def _evidence(play: PlayView, report: Instance, objects: Mapping[str, Instance]) -> Iterator[Finding]:
    """What the tree points at stands in the evidence, and the evidence of the procedure was stored."""
    listed, pointed = _evidence_of(report.dataset), _referenced(report.dataset)
    hidden = facts.storing_hidden(play)
    current = frozenset(
        one.value
        for one in values(
            report.dataset,
            f"{_EVIDENCE_SEQUENCES[0]}[*].ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID",
        )
    )
    unlisted = sorted(pointed - listed)
    unknown = sorted(current - set(objects)) if objects and not hidden else []
    if unlisted:
        expected, received = "in the evidence sequence", unlisted[0]
    elif unknown:
        expected, received = "instances that were stored", unknown[0]
    else:
        expected, received = "", f"{len(current)} instances"
    path = _EVIDENCE_SEQUENCES[0]
    yield from _ruled(play, EVIDENCE, report.carrier, path, expected, received, holds=not expected)


def _images(report: Instance, objects: Mapping[str, Instance]) -> list[Instance]:
    """The stored instances that a report is about."""
    named = _evidence_of(report.dataset) | _referenced(report.dataset)
    return [objects[uid] for uid in sorted(named) if uid in objects]


def _study(play: PlayView, report: Instance, objects: Mapping[str, Instance]) -> Iterator[Finding]:
    """Study of the report is one of those reported; so is the patient, unless an update came in between."""
    images = _images(report, objects)
    if not images:
        return
    updated = any(view.exchanges for view in play.of("RAD-12"))
    for path in ("StudyInstanceUID",) if updated else ("StudyInstanceUID", "PatientID"):
        known = {first(one.dataset, path) for one in images}
        value = first(report.dataset, path)
        if value not in known:
            yield from _ruled(play, STUDY, report.carrier, path, sorted(known)[0], value or "absent", holds=False)
            return
    for path, kind in _COPIED:
        values_seen = [Term(text) for text in sorted({first(one.dataset, path) for one in images} - {""})]
        value = first(report.dataset, path)
        changed = any(view.exchanges for name in _CHANGING for view in play.of(name))
        if value and values_seen and not changed and not any(equal(kind, one, Term(value)) for one in values_seen):
            yield from _ruled(play, STUDY, report.carrier, path, values_seen[0].text, value, holds=False)
            return
    yield from _ruled(play, STUDY, report.carrier, "StudyInstanceUID", "", "", holds=True)


def _request(play: PlayView, report: Instance, objects: Mapping[str, Instance]) -> Iterator[Finding]:
    """The request that the images name, or else RAD-4, stands in the Referenced Request Sequence."""
    images = _images(report, objects)
    scheduled = _scheduled(play, first(report.dataset, "StudyInstanceUID"))
    if not scheduled and not _requested(images) and not report.dataset.get("ReferencedRequestSequence"):
        return  # nobody asked for what was not scheduled
    for path, source, field in (
        ("StudyInstanceUID", "StudyInstanceUID", "study"),
        ("AccessionNumber", "AccessionNumber", "accession"),
        ("RequestedProcedureID", "RequestAttributesSequence[*].RequestedProcedureID", "procedure"),
    ):
        known = {one.value.strip() for image in images for one in values(image.dataset, source)} - {""}
        if not images and field in scheduled:
            known = {scheduled[field]} - {""}
        known |= _changed(play, first(report.dataset, "StudyInstanceUID"), field) if known else set()
        where = f"ReferencedRequestSequence[*].{path}"
        named = {one.value.strip() for one in values(report.dataset, where)} - {""}
        if known and not named & known:
            received = ", ".join(sorted(named)) or "absent"
            target = where.replace("[*]", "[0]")
            yield from _ruled(play, REQUEST, report.carrier, target, sorted(known)[0], received, holds=False)
            return
    for path, field in (
        ("PlacerOrderNumberImagingServiceRequest", "OBR-2.1"),
        ("FillerOrderNumberImagingServiceRequest", "OBR-3.1"),
    ):
        where = f"ReferencedRequestSequence[*].{path}"
        named = {one.value.strip() for one in values(report.dataset, where)} - {""}
        if named and scheduled.get(field) and scheduled[field] not in named:
            target = where.replace("[*]", "[0]")
            received = ", ".join(sorted(named))
            yield from _ruled(play, REQUEST, report.carrier, target, scheduled[field], received, holds=False)
            return
    if images or scheduled:
        yield from _ruled(play, REQUEST, report.carrier, "ReferencedRequestSequence", "", "", holds=True)


def _requested(images: list[Instance]) -> bool:
    """Whether images say what they were asked for by."""
    names = ("AccessionNumber", "RequestAttributesSequence[*].RequestedProcedureID")
    return any(one.value.strip() for image in images for path in names for one in values(image.dataset, path))


def _changed(play: PlayView, study: str, kind: str) -> set[str]:
    """What later messages say of a study: RAD-4 for one that was not scheduled, RAD-13 for one that was."""
    found: set[str] = set()
    for view in (*play.of("RAD-4"), *play.of("RAD-13")):
        for carrier in requests(view):
            if study in {one.value for one in carrier.identifiers if one.kind == "study"}:
                found |= {one.value for one in carrier.identifiers if one.kind == kind} - {""}
    return found


def _issued(play: PlayView, report: Instance, submitted: tuple[Instance, ...]) -> Iterator[Finding]:
    """An issued report is about what a submitted one was about; a new version may refer to more.

    The patient may have been updated in between.
    """
    if not submitted:
        return
    updated = any(view.exchanges for view in play.of("RAD-12"))
    mine = _subject(report, patient=not updated)
    known = [_subject(one, patient=not updated) for one in submitted]
    last = known[-1]
    whole = any(
        subject[:2] == mine[:2] and _evidence_of(report.dataset) >= _evidence_of(one.dataset)
        for one, subject in zip(submitted, known, strict=True)
    )
    wrong = [
        (path, last[index], mine[index])
        for index, path in enumerate(("StudyInstanceUID", "PatientID", _EVIDENCE_SEQUENCES[0]))
        if not whole and mine[index] != last[index]
    ]
    path, expected, received = wrong[0] if wrong else ("StudyInstanceUID", "", "")
    yield from _ruled(play, ISSUED, report.carrier, path, expected, received, holds=not wrong)


def _subject(report: Instance, *, patient: bool) -> tuple[str, str, str]:
    return (
        first(report.dataset, "StudyInstanceUID"),
        first(report.dataset, "PatientID") if patient else "",
        ", ".join(sorted(_evidence_of(report.dataset))),
    )


def _exported(play: PlayView, carrier: Carrier, message: Message, reports: tuple[Instance, ...]) -> Iterator[Finding]:
    """The result names the report by UID, and patient and order as the report does.

    A version that was issued where no link of ours shows it may be one that nobody else has seen. An export that names
    no known report has to be that of any.
    """
    named = _observed(message, "SR Instance UID")
    uids = {one.uid: one for one in reports}
    hidden = any(view.planned.state is LegState.NOT_OBSERVABLE for view in play.of("RAD-25"))
    if not reports or (named and named not in uids and hidden):
        return
    yield from _ruled(
        play, NAMED, carrier, "OBX-5", " | ".join(sorted(uids)[:3]), named or "absent", holds=named in uids
    )
    wrong = [_other_order(play, message, one) for one in ([uids[named]] if named in uids else reports)]
    path, expected, received = wrong[-1] or ("", "", "")
    if None in wrong:
        yield from _ruled(play, ORDER, carrier, "OBR-2", "", "", holds=True)
    else:
        yield from _ruled(play, ORDER, carrier, path, expected, received, holds=False)


_OF_EXPORT = (
    ("PID-3.1", Comparison.TEXT, "PatientID"),
    ("PID-5", Comparison.NAME, "PatientName"),
    ("OBR-2.1", Comparison.TEXT, "ReferencedRequestSequence[*].PlacerOrderNumberImagingServiceRequest"),
    ("OBR-3.1", Comparison.TEXT, "ReferencedRequestSequence[*].FillerOrderNumberImagingServiceRequest"),
)
"""Where an export names patient and order, and where a report does (RAD TF-2: 4.28)."""


def _other_order(play: PlayView, message: Message, report: Instance) -> tuple[str, str, str] | None:
    """Where an export names another patient or order than a report: path, what it should be, what it is."""
    updated = any(view.exchanges for view in play.of("RAD-12"))
    scheduled = _scheduled(play, first(report.dataset, "StudyInstanceUID"))
    for path, kind, source in _OF_EXPORT:
        if updated and path.startswith("PID"):
            continue
        wanted = [one.value for one in values(report.dataset, source) if one.value] or [scheduled.get(path, "")]
        given = message.first(path)
        if wanted[0] and not any(equal(kind, Term(given, Syntax.HL7), Term(one, Syntax.DICOM)) for one in wanted):
            return path, " | ".join(wanted), given or "absent"
    return None


def _scheduled(play: PlayView, study: str) -> Mapping[str, str]:
    """What RAD-4 announced of a study: order numbers by the field that an export has them in, and the other numbers."""
    for view in play.of("RAD-4"):
        for carrier in requests(view):
            message = carrier.content
            studies = {one.value for one in carrier.identifiers if one.kind == "study"}
            if isinstance(message, Message) and study in studies:
                return {
                    "OBR-2.1": message.first("ORC-2.1"),
                    "OBR-3.1": message.first("ORC-3.1"),
                    "study": study,
                    **{one.kind: one.value for one in carrier.identifiers if one.kind in ("accession", "procedure")},
                }
    return {}


def _observed(message: Message, name: str) -> str:
    """OBX-5 of the observation of that name (RAD TF-2: 4.28)."""
    for occurrence in range(1, message.segment_names().count("OBX") + 1):
        if name in (message.first(f"OBX[{occurrence}]-3.1"), message.first(f"OBX[{occurrence}]-3.2")):
            return message.first(f"OBX[{occurrence}]-5.1").strip()
    return ""
