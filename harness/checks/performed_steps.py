"""Performed procedure steps as wholes: how they end, what is theirs alone, and that their images name what they do.

The messages of a step are taken together (PS3.4 F.7.2); single attributes are the tables' business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from harness.checks import stored as facts
from harness.checks.acquisition import first_hops
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.checks.value_forms import well_formed
from harness.dicom.paths import first, values
from harness.dicom.uids import uid_of
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "mpps.steps"
ENDS = "mpps/ends-as-meant"
TIMES = "mpps/end-not-before-start"
STEP_ID = "mpps/step-id-unique"
SERIES = "mpps/series-of-one-step"
IMAGES = "mpps/images-name-every-step"
ITEMS = "mpps/one-item-per-scheduled-step"
CLASS = "mpps/images-name-step-class"
SAYS = "mpps/wrong-entry-says-so"

_STATUS = "PerformedProcedureStepStatus"
_FINAL = ("COMPLETED", "DISCONTINUED")
_REASON = "PerformedProcedureStepDiscontinuationReasonCodeSequence"
_WRONG_ENTRY = "110514"
"""Incorrect worklist entry selected (PS3.16 CID 9301)."""
_SCHEDULED = "ScheduledStepAttributesSequence"
_REQUEST = "RequestAttributesSequence"
_STEPS = "ReferencedPerformedProcedureStepSequence"
_PERFORMED = f"{_STEPS}[*].ReferencedSOPInstanceUID"
_MPPS = uid_of("ModalityPerformedProcedureStep")


@dataclass
class _Step:
    """One performed procedure step: its N-CREATE, and the messages that were accepted, in order."""

    mpps: str
    created: Carrier | None = None
    carriers: list[Carrier] = field(default_factory=list)

    def last(self, path: str) -> tuple[str, Carrier | None]:
        """The value that an attribute has in the end, with the message that gave it."""
        for carrier in reversed(self.carriers):
            value = first(_content(carrier), path).strip(" \0")
            if value:
                return value, carrier
        return "", None


@play_check(CHECK, rules=(ENDS, SAYS, TIMES, STEP_ID, SERIES, IMAGES, ITEMS, CLASS), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every performed procedure step, alone and beside the others of the play."""
    steps = _steps(play)
    for step in steps:
        yield from _ends(play, step)
        yield from _times(play, step)
        yield from _items(play, step)
    yield from _step_ids(play, steps)
    yield from _series(play, steps)
    yield from _images(play, steps)
    yield from _classes(play, steps)


def _content(carrier: Carrier) -> Dataset:
    return Dataset() if isinstance(carrier.content, Message) else carrier.content


def _steps(play: PlayView) -> tuple[_Step, ...]:
    steps: dict[str, _Step] = {}
    for carrier in first_hops(play):
        if not carrier.instance or not accepted(carrier.exchange.status):
            continue
        step = steps.setdefault(carrier.instance, _Step(carrier.instance))
        command = carrier.exchange.exchange.request.command
        if command is not None and command.service is Service.N_CREATE and step.created is None:
            step.created = carrier
        step.carriers.append(carrier)
    return tuple(steps.values())


def _ruled(
    play: PlayView, rule: str, carrier: Carrier, holds: bool, path: str, expected: str, received: str, origin: str = ""
) -> Iterator[Finding]:
    yield from play.ruled(
        rule,
        carrier.leg,
        Outcome.MET if holds else Outcome.VIOLATED,
        carrier.leg.initiator,
        carrier.evidence(path),
        expected=expected,
        received=received,
        origin=origin,
    )


def _ends(play: PlayView, step: _Step) -> Iterator[Finding]:
    """The final state is the one that the step of the scenario means: COMPLETED where it says nothing.

    What was recorded without a scenario (it has no file) means what it says.
    """
    by_default = "COMPLETED" if play.play.scenario.path else ""
    for carrier in step.carriers:
        value = first(_content(carrier), _STATUS).strip()
        of_step = carrier.leg.step.step
        if value not in _FINAL or of_step.illegal or of_step.deviation is not None:
            continue
        meant, _, reason = of_step.status.upper().partition(" ")
        if (meant or by_default) in _FINAL:
            meant = meant or by_default
            yield from _ruled(play, ENDS, carrier, value == meant, _STATUS, meant, value)
        if reason.strip() == _WRONG_ENTRY and value == "DISCONTINUED":
            said, _ = step.last(f"{_REASON}[*].CodeValue")
            holds = said == _WRONG_ENTRY
            yield from _ruled(play, SAYS, carrier, holds, _REASON, _WRONG_ENTRY, said or "no reason")
        return


def _times(play: PlayView, step: _Step) -> Iterator[Finding]:
    """The step does not end before it started; what is no date or time is for the tables to judge."""
    ends = [step.last(f"PerformedProcedureStepEnd{part}") for part in ("Date", "Time")]
    starts = [step.last(f"PerformedProcedureStepStart{part}")[0] for part in ("Date", "Time")]
    carrier = ends[0][1]
    said = (*starts, *(value for value, _ in ends))
    if carrier is None or not all(said) or not all(map(well_formed, ("DA", "TM") * 2, said)):
        return
    start, end = "".join(starts), "".join(value for value, _ in ends)
    common = min(len(start.partition(".")[0]), len(end.partition(".")[0]))
    path = "PerformedProcedureStepEndTime"
    holds = start[:common] <= end[:common]
    yield from _ruled(
        play, TIMES, carrier, holds, path, f"not before {starts[0]} {starts[1]}", f"{ends[0][0]} {ends[1][0]}"
    )


def _items(play: PlayView, step: _Step) -> Iterator[Finding]:
    """The Scheduled Step Attributes Sequence has one item for each scheduled step.

    Steps of different orders may have the same IDs, so that accession number and study count, too.
    """
    if step.created is None:
        return
    names = _scheduled(_content(step.created), _SCHEDULED, ("AccessionNumber", "StudyInstanceUID"))
    twice = sorted({name for name in names if names.count(name) > 1})
    if names:
        received = f"{twice[0]} {names.count(twice[0])} times" if twice else ""
        yield from _ruled(play, ITEMS, step.created, not twice, _SCHEDULED, "one item for each step", received)


def _step_ids(play: PlayView, steps: tuple[_Step, ...]) -> Iterator[Finding]:
    """Two steps of one study at one station have two Performed Procedure Step IDs."""
    used: dict[tuple[str, str, str], Carrier] = {}
    for step in steps:
        if step.created is None:
            continue
        content = _content(step.created)
        identifier = first(content, "PerformedProcedureStepID").strip()
        station = first(content, "PerformedStationAETitle").strip()
        studies = {one.value for one in values(content, f"{_SCHEDULED}[*].StudyInstanceUID")} - {""}
        others = [used[study, station, identifier] for study in studies if (study, station, identifier) in used]
        if identifier and studies:
            origin = f"used in {others[0].transaction}, exchange {others[0].exchange.exchange.id}" if others else ""
            path = "PerformedProcedureStepID"
            yield from _ruled(play, STEP_ID, step.created, not others, path, "a new ID", identifier, origin)
        used.update({(study, station, identifier): step.created for study in studies})


def _series(play: PlayView, steps: tuple[_Step, ...]) -> Iterator[Finding]:
    """A series belongs to one step."""
    owners: dict[str, Carrier] = {}
    for step in steps:
        listed = {
            one.value.strip(): (carrier, one.path)
            for carrier in step.carriers
            for one in values(_content(carrier), "PerformedSeriesSequence[*].SeriesInstanceUID")
            if one.value
        }
        shared = [uid for uid in listed if uid in owners]
        for uid in shared[:1] or list(listed)[:1]:
            carrier, path = listed[uid]
            origin = f"listed in exchange {owners[uid].exchange.exchange.id}" if shared else ""
            yield from _ruled(play, SERIES, carrier, not shared, path, "a series of this step alone", uid, origin)
        owners.update({uid: carrier for uid, (carrier, _) in listed.items()})


def _images(play: PlayView, steps: tuple[_Step, ...]) -> Iterator[Finding]:
    """Where one step performs several scheduled ones, each of its images names all of them.

    Images that are copied into the study of each procedure name what is of their study (PS3.17 J.4.2).
    """
    created = {step.mpps: _content(step.created) for step in steps if step.created}
    judged: dict[str, tuple[Carrier, set[str], set[str]]] = {}
    images = [(first(one.dataset, _PERFORMED).strip(), one) for one in facts.stored(play)]
    studies: dict[str, set[str]] = defaultdict(set)
    for mpps, one in images:
        studies[mpps].add(_study(one.dataset))
    for mpps, one in images:
        if mpps not in created or len(_wanted(created[mpps], "")) < 2:
            continue
        wanted = _wanted(created[mpps], _study(one.dataset) * (len(studies[mpps]) > 1))
        named = set(_scheduled(one.dataset, _REQUEST))
        if wanted and named:
            known = judged.setdefault(mpps, (one.carrier, wanted, named))
            if not known[1] - known[2] and wanted - named:
                judged[mpps] = (one.carrier, wanted, named)
    for carrier, wanted, named in judged.values():
        holds = not wanted - named
        expected, received = (", ".join(sorted(uids)) for uids in (wanted, named))
        yield from _ruled(play, IMAGES, carrier, holds, _REQUEST, expected, received)


def _classes(play: PlayView, steps: tuple[_Step, ...]) -> Iterator[Finding]:
    """An image names its performed step with the SOP class that such steps have."""
    known = {step.mpps for step in steps}
    for one in facts.stored(play):
        for item in one.dataset.get(_STEPS) or ():
            named = first(item, "ReferencedSOPClassUID").strip(" \0")
            if named and first(item, "ReferencedSOPInstanceUID").strip(" \0") in known:
                path = f"{_STEPS}[0].ReferencedSOPClassUID"
                yield from _ruled(play, CLASS, one.carrier, named == _MPPS, path, _MPPS, named)


def _study(content: Dataset) -> str:
    return first(content, "StudyInstanceUID").strip()


def _wanted(created: Dataset, study: str) -> set[str]:
    """The scheduled steps of a performed one: all, or those of one study."""
    items = created.get(_SCHEDULED) or ()
    return {name for item in items if study in ("", _study(item)) and (name := _name(item, ()))}


def _scheduled(content: Dataset, sequence: str, beside: tuple[str, ...] = ()) -> list[str]:
    """The scheduled steps that the items of a sequence name."""
    return [name for item in content.get(sequence) or () if (name := _name(item, beside))]


def _name(item: Dataset, beside: tuple[str, ...]) -> str:
    """Requested Procedure ID and Scheduled Procedure Step ID, perhaps with what tells their order; or nothing."""
    parts = [first(item, name).strip() for name in ("RequestedProcedureID", "ScheduledProcedureStepID", *beside)]
    return " / ".join(filter(None, parts)) if parts[1] and "RequestedProcedureID" in item else ""
