"""Reports: what they reference exists, they are passed on as they are, and their export names them (PS3.3 A.35)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.carriers import Carrier, requests
from harness.checks.compare import Syntax, Term, equal
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.checks.stored import Instance
from harness.dicom.paths import first, values
from harness.dicom.uids import keyword_of
from harness.hl7 import Message
from harness.model.finding import Finding
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

_BASIC = frozenset(
    {"TEXT", "CODE", "DATETIME", "DATE", "TIME", "UIDREF", "PNAME", "COMPOSITE", "IMAGE", "WAVEFORM", "CONTAINER"}
)
_VALUE_TYPES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"BasicTextSRStorage": _BASIC, "EnhancedSRStorage": _BASIC | {"NUM", "SCOORD", "TCOORD"}}
)
"""Value types by SOP class (PS3.3 A.35.1.3.1, A.35.2.3.1); the others allow all."""


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


def _content_items(root: Dataset) -> Iterator[Dataset]:
    """Every item of the content tree below the root."""
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        for item in parent.get("ContentSequence") or ():
            yield item
            waiting.append(item)


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
        for item in _content_items(report)
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
    """Value types that the SOP class allows, each with its relationship."""
    sop_class = keyword_of(first(report.dataset, "SOPClassUID"))
    allowed = _VALUE_TYPES.get(sop_class)
    for item in _content_items(report.dataset):
        kind = first(item, "ValueType")
        by_reference = "ReferencedContentItemIdentifier" in item
        if allowed is not None and (by_reference or kind not in allowed):
            received = "by reference" if by_reference else kind or "absent"
            yield from _ruled(
                play, TREE, report.carrier, "ContentSequence", f"a value type of {sop_class}", received, holds=False
            )
            return
        if not first(item, "RelationshipType"):
            yield from _ruled(play, TREE, report.carrier, "ContentSequence", "RelationshipType", "absent", holds=False)
            return
    yield from _ruled(play, TREE, report.carrier, "ContentSequence", "", "", holds=True)


def _evidence(play: PlayView, report: Instance, objects: Mapping[str, Instance]) -> Iterator[Finding]:
    """What the tree points at stands in the evidence, and the evidence of the procedure was stored."""
    listed, pointed = _evidence_of(report.dataset), _referenced(report.dataset)
    current = frozenset(
        one.value
        for one in values(
            report.dataset,
            f"{_EVIDENCE_SEQUENCES[0]}[*].ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID",
        )
    )
    unlisted = sorted(pointed - listed)
    unknown = sorted(current - set(objects)) if objects else []
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
    for path, source, field in (
        ("StudyInstanceUID", "StudyInstanceUID", "study"),
        ("AccessionNumber", "AccessionNumber", "accession"),
        ("RequestedProcedureID", "RequestAttributesSequence[*].RequestedProcedureID", "procedure"),
    ):
        known = {one.value.strip() for image in images for one in values(image.dataset, source)} - {""}
        if not images and field in scheduled:
            known = {scheduled[field]} - {""}
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


def _issued(play: PlayView, report: Instance, submitted: tuple[Instance, ...]) -> Iterator[Finding]:
    """An issued report is about what a submitted one was about."""
    if not submitted:
        return
    mine = _subject(report)
    known = [_subject(one) for one in submitted]
    wrong = [
        (path, known[-1][index], mine[index])
        for index, path in enumerate(("StudyInstanceUID", "PatientID", _EVIDENCE_SEQUENCES[0]))
        if mine not in known and mine[index] != known[-1][index]
    ]
    path, expected, received = wrong[0] if wrong else ("StudyInstanceUID", "", "")
    yield from _ruled(play, ISSUED, report.carrier, path, expected, received, holds=not wrong)


def _subject(report: Instance) -> tuple[str, str, str]:
    return (
        first(report.dataset, "StudyInstanceUID"),
        first(report.dataset, "PatientID"),
        ", ".join(sorted(_evidence_of(report.dataset))),
    )


def _exported(play: PlayView, carrier: Carrier, message: Message, reports: tuple[Instance, ...]) -> Iterator[Finding]:
    """The result names the report by UID, and patient and order as the report does."""
    if not reports:
        return
    named = _observed(message, "SR Instance UID")
    uids = {one.uid: one for one in reports}
    yield from _ruled(
        play, NAMED, carrier, "OBX-5", " | ".join(sorted(uids)[:3]), named or "absent", holds=named in uids
    )
    report = uids.get(named, reports[-1])
    scheduled = _scheduled(play, first(report.dataset, "StudyInstanceUID"))
    for path, kind, source in (
        ("PID-3.1", Comparison.TEXT, "PatientID"),
        ("PID-5", Comparison.NAME, "PatientName"),
        ("OBR-2.1", Comparison.TEXT, "ReferencedRequestSequence[*].PlacerOrderNumberImagingServiceRequest"),
        ("OBR-3.1", Comparison.TEXT, "ReferencedRequestSequence[*].FillerOrderNumberImagingServiceRequest"),
    ):
        wanted, given = first(report.dataset, source) or scheduled.get(path, ""), message.first(path)
        if wanted and not equal(kind, Term(given, Syntax.HL7), Term(wanted, Syntax.DICOM)):
            yield from _ruled(play, ORDER, carrier, path, wanted, given or "absent", holds=False)
            return
    yield from _ruled(play, ORDER, carrier, "OBR-2", "", "", holds=True)


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
