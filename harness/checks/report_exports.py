"""The text export of a report against the report: which images it names, and that a final result is a final report.

RAD TF-2: 4.28. Which report, patient and order it names is in `reports.content`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from harness.checks import stored as facts
from harness.checks.carriers import Carrier, requests
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.stored import Instance
from harness.dicom.paths import first, values
from harness.dicom.uids import keyword_of
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "reports.exports"
IMAGES = "reports/export-names-images"
STATUS = "reports/export-of-final-report"

_REPORT = "SR Instance UID"
_KINDS: Mapping[str, int] = MappingProxyType(
    {"Study Instance UID": 0, "Series Instance UID": 1, "SOP Instance UID": 2, "SOP Class UID": 3}
)
"""Names of the observations about an image, each with its place in a reference."""

_EVIDENCE = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
_REFERENCED = "ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID"
_FINAL = "F"

_Reference = tuple[str, str, str, str]


@play_check(CHECK, rules=(IMAGES, STATUS), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every exported result whose report was seen."""
    reports = {one.uid: one for one in (*facts.stores(play.of("RAD-24")), *facts.stores(play.of("RAD-25")))}
    for view in play.of("RAD-28"):
        for carrier in requests(view):
            message = carrier.content
            if not isinstance(message, Message):
                continue
            observed = tuple(_observations(message))
            report = next(
                (reports[value] for name, _, value, _ in observed if name == _REPORT and value in reports), None
            )
            if report is not None:
                yield from _images(play, carrier, observed, report)
                yield from _status(play, carrier, message, report)


def _observations(message: Message) -> Iterator[tuple[str, str, str, str]]:
    """Name, group, value and path of each observation."""
    for number in range(1, message.segment_names().count("OBX") + 1):
        here = f"OBX[{number}]"
        name = message.first(f"{here}-3.2") or message.first(f"{here}-3.1")
        yield name, message.first(f"{here}-4"), message.first(f"{here}-5.1").strip(), f"{here}-5"


def _references(report: Instance) -> tuple[_Reference, ...]:
    found = []
    for name in _EVIDENCE:
        for one in values(report.dataset, f"{name}[*].{_REFERENCED}"):
            item = one.path.rpartition(".")[0]
            series = item.rpartition(".")[0]
            study = series.rpartition(".")[0]
            found.append(
                (
                    first(report.dataset, f"{study}.StudyInstanceUID").strip(),
                    first(report.dataset, f"{series}.SeriesInstanceUID").strip(),
                    one.value.strip(),
                    keyword_of(first(report.dataset, f"{item}.ReferencedSOPClassUID").strip()),
                )
            )
    return tuple(found)


def _images(
    play: PlayView, carrier: Carrier, observed: tuple[tuple[str, str, str, str], ...], report: Instance
) -> Iterator[Finding]:
    """The UIDs of each group are those of one image that the report refers to."""
    references = _references(report)
    groups: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
    for name, group, value, path in observed:
        if name in _KINDS and value:
            groups[group][_KINDS[name]] = keyword_of(value) if name == "SOP Class UID" else value, path
    for named in groups.values() if references else ():
        if any(all(reference[place] == value for place, (value, _) in named.items()) for reference in references):
            continue
        wrong = next(
            ((place, told) for place, told in named.items() if told[0] not in {one[place] for one in references}),
            next(iter(named.items())),
        )
        place, (value, path) = wrong
        known = facts.named({one[place] for one in references})
        yield from _ruled(play, IMAGES, carrier, False, path, known, value)
        return
    if groups and references:
        yield from _ruled(play, IMAGES, carrier, True, "OBX", "", "")


def _status(play: PlayView, carrier: Carrier, message: Message, report: Instance) -> Iterator[Finding]:
    """A result that is told as final is of a report that is complete and verified."""
    status = message.first("OBR-25")
    if status != _FINAL:
        return
    flags = " ".join(first(report.dataset, name).strip() for name in ("CompletionFlag", "VerificationFlag"))
    yield from _ruled(
        play, STATUS, carrier, flags == "COMPLETE VERIFIED", "OBR-25", "of a report COMPLETE VERIFIED", flags
    )


def _ruled(
    play: PlayView, rule: str, carrier: Carrier, holds: bool, path: str, expected: str, received: str
) -> Iterator[Finding]:
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.MET if holds else Outcome.VIOLATED,
        carrier.leg.initiator,
        carrier.evidence(path),
        expected="" if holds else expected,
        received="" if holds else received,
    )
