"""An examination without a worklist entry claims no schedule, and invents none (RAD TF-2: 4.6; RAD TF-2x: A.1).

Unscheduled is what the scenario's step says to be so, else what names no scheduled step and had no entry waiting.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.acquisition import UNSCHEDULED, Acquisitions, acquisitions, first_hops
from harness.checks.carriers import Carrier, of_play
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.paths import first, has
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "mpps.unscheduled"
STEP = "mpps/unscheduled-names-no-step"
IMAGES = "mpps/unscheduled-images-name-no-step"

_SCHEDULED = "ScheduledStepAttributesSequence"
_REQUEST = "RequestAttributesSequence"
_ACCESSION = "AccessionNumber"
_OF_SCHEDULE = (
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
    "ScheduledProtocolCodeSequence",
    "ReferencedStudySequence",
)
"""What a scheduled step gives to the item of the Scheduled Step Attributes Sequence, its accession number aside."""


@play_check(CHECK, rules=(STEP, IMAGES), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every N-CREATE of a modality without a schedule, and every image of such a step."""
    rule = play.rule(STEP)
    if rule is None:
        return
    cases = play.once(acquisitions)
    steps: set[str] = set()
    for carrier in first_hops(play):
        command = carrier.exchange.exchange.request.command
        created = command is not None and command.service is Service.N_CREATE
        if created and carrier.leg.initiator == rule.actor and _is_unscheduled(carrier, cases):
            steps.add(carrier.instance)
            yield from _step(play, carrier)
    for one in facts.stored(play):
        if one.carrier.leg.initiator == rule.actor and cases.mpps_of(one.carrier) in steps:
            yield from _image(play, one.carrier)


def _is_unscheduled(carrier: Carrier, cases: Acquisitions) -> bool:
    return carrier.leg.step.step.unscheduled or cases.cases.get(carrier.instance) == UNSCHEDULED


def _content(carrier: Carrier) -> Dataset:
    return Dataset() if isinstance(carrier.content, Message) else carrier.content


def _step(play: PlayView, carrier: Carrier) -> Iterator[Finding]:
    """The item names a study and nothing of a schedule; an accession number that is known may be typed."""
    found = [
        (f"{_SCHEDULED}[{number}].{name}", name)
        for number, item in enumerate(_content(carrier).get(_SCHEDULED) or ())
        for name in (*_OF_SCHEDULE, _ACCESSION)
        if has(item, name) and (name != _ACCESSION or _invented(play, carrier, first(item, name)))
    ]
    yield from _ruled(play, STEP, carrier, found)


def _image(play: PlayView, carrier: Carrier) -> Iterator[Finding]:
    """The image has no ID of a schedule, and no accession number that nobody announced."""
    content = _content(carrier)
    found = [
        (f"{_REQUEST}[{number}].{name}", name)
        for number, item in enumerate(content.get(_REQUEST) or ())
        for name in ("RequestedProcedureID", "ScheduledProcedureStepID")
        if name in item
    ]
    if _invented(play, carrier, first(content, _ACCESSION)):
        found.append((_ACCESSION, _ACCESSION))
    yield from _ruled(play, IMAGES, carrier, found)


def _invented(play: PlayView, carrier: Carrier, accession: str) -> bool:
    """Whether nobody but the modality itself had said that accession number before."""
    said = {
        one.value
        for other in of_play(play)
        if other.seq < carrier.seq and other.leg.initiator != carrier.leg.initiator
        for one in other.identifiers
        if one.kind == "accession"
    }
    return bool(accession.strip()) and accession.strip() not in said


def _ruled(play: PlayView, rule: str, carrier: Carrier, found: list[tuple[str, str]]) -> Iterator[Finding]:
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.VIOLATED if found else Outcome.MET,
        carrier.leg.initiator,
        carrier.evidence(found[0][0] if found else ""),
        expected="nothing of a schedule",
        received=", ".join(dict.fromkeys(name for _, name in found)),
    )
