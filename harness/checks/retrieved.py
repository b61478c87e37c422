"""What a retrieve delivers against what was stored: the same instances, with the same attributes and pixels.

Part of the check `storage.sets`. An archive keeps every attribute and may add private ones (PS3.4 B.4.1); what it may
change is in `archive_changes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from harness.checks import stored as facts
from harness.checks.archive_changes import OF_ARCHIVE, changeable
from harness.checks.carriers import Carrier
from harness.checks.dimse_reply import accepted, hexadecimal
from harness.checks.likeness import Difference, difference
from harness.checks.matching import mismatches
from harness.checks.recording import LegView, PlayView
from harness.checks.retrieval import failed_of
from harness.checks.stored import Instance
from harness.dicom.paths import first, value_text
from harness.dicom.pixel_values import is_native, same_pixels
from harness.dicom.uids import keyword_of
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.names import HARNESS, ActorName
from harness.model.verdict import Outcome

RULE = "storage/retrieved-equals-stored"
OF_REPORTS = "storage/retrieved-equals-issued"

_PIXELS = Tag("PixelData")
_OF_COMPRESSION = frozenset(
    Tag(name)
    for name in (
        "PhotometricInterpretation",
        "PlanarConfiguration",
        "LossyImageCompression",
        "LossyImageCompressionRatio",
        "LossyImageCompressionMethod",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    )
)
"""Attributes that describe how the pixels are encoded (PS3.5 8.2)."""

_PADDING = Tag(0xFFFC, 0xFFFC)


def judge(play: PlayView, instances: tuple[Instance, ...]) -> Iterator[Finding]:
    """What a retrieve names arrives as it was stored, and nothing else."""
    steps: dict[tuple[str, ActorName], list[LegView]] = defaultdict(list)
    for view in (*play.of("RAD-16"), *play.of("RAD-27")):
        archive = view.initiator if view.planned.leg.reaction else view.responder
        steps[view.step.step.id, archive].append(view)
    for (_, archive), views in steps.items():
        asked = [carrier for carrier in facts.moves(views) if accepted(carrier.exchange.status)]
        if not asked:
            continue
        kept = [one for one in instances if one.carrier.leg.responder == archive]
        by_uid = _originals(kept, before=asked[0].seq)
        if not by_uid:
            continue
        copies = {one.uid: one for one in facts.stores(views)}
        loose = {uid for uid, one in by_uid.items() if not _has_keys(asked, one)} | facts.withdrawn(play)
        got = set(copies) - facts.holdings(kept).unsure - loose
        if facts.storing_hidden(play):
            got -= {uid for uid, one in copies.items() if uid not in by_uid and _fits(asked, one)}
        firm = {uid: one for uid, one in by_uid.items() if uid not in loose}
        yield from _same_set(play, asked, firm, copies, got)
        for uid in (uid for uid in copies if uid in by_uid and any(_selected(move, by_uid[uid]) for move in asked)):
            yield from _same_object(play, by_uid[uid], copies[uid])


def _originals(kept: Sequence[Instance], before: int) -> Mapping[str, Instance]:
    """What an archive took, by UID; of one that came more than once the last from before it was asked for."""
    found: dict[str, Instance] = {}
    for one in kept:
        if one.taken and (one.uid not in found or one.carrier.seq < before):
            found[one.uid] = one
    return found


def _selected(move: Carrier, one: Instance) -> bool:
    return (
        not isinstance(move.content, Message)
        and move.seq > one.carrier.seq
        and not mismatches(_unique_keys(move.content), one.dataset)
    )


def _fits(asked: Sequence[Carrier], copy: Instance) -> bool:
    """Whether an object that was stored where no link of ours shows it is one that was asked for."""
    return any(
        not isinstance(move.content, Message) and not mismatches(_unique_keys(move.content), copy.dataset)
        for move in asked
    )


def _has_keys(asked: Sequence[Carrier], one: Instance) -> bool:
    """Whether an instance has every UID that is asked by: where an archive puts one that has not is not said."""
    keys = (
        element.keyword
        for move in asked
        if not isinstance(move.content, Message)
        for element in _unique_keys(move.content)
    )
    return all(first(one.dataset, keyword).strip(" \0") for keyword in keys)


def _unique_keys(identifier: Dataset) -> Dataset:
    """The UIDs of a retrieve; the patient ID may have changed in the archive since the instance was stored."""
    keys = Dataset()
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        if name in identifier:
            keys[name] = identifier[name]
    return keys


def _rule(move: Carrier) -> str:
    return RULE if move.leg.step.transaction.id == "RAD-16" else OF_REPORTS


def _same_set(
    play: PlayView,
    asked: Sequence[Carrier],
    by_uid: Mapping[str, Instance],
    copies: Mapping[str, Instance],
    got: set[str],
) -> Iterator[Finding]:
    """What was asked for arrives. A product may be unable to take an object; the archive then says that it failed."""
    wanted = {uid for uid, one in by_uid.items() if any(_selected(move, one) for move in asked)}
    missing = wanted - got
    move = _at_fault(asked, [by_uid[uid] for uid in missing], [copies[uid] for uid in got - wanted])
    told = sum(failed_of(one.exchange) for one in asked)
    excused = missing and not got - wanted and told >= len(missing) and move.leg.planned.initiator != HARNESS
    gap = facts.gap(missing, got - wanted, "not received", "not stored or not asked for")
    yield from play.ruled(
        _rule(move),
        move.leg,
        Outcome.UNDECIDED if excused else Outcome.VIOLATED if gap else Outcome.MET,
        move.leg.responder,
        move.evidence(),
        expected=f"{len(wanted)} instances stored{_under(move)}",
        received=f"{len(got)} received (status {hexadecimal(move.exchange.status)}){'; ' + gap if gap else ''}",
    )


def _at_fault(asked: Sequence[Carrier], missing: Sequence[Instance], surplus: Sequence[Instance]) -> Carrier:
    """The retrieve that a difference is of: it asked for what is missing, or was the last before what is too many."""
    asking = [move for move in asked if any(_selected(move, one) for one in missing)]
    before = [move for move in asked if any(move.seq < one.carrier.seq for one in surplus[:1])]
    return (asking or before or asked)[-1]


def _under(move: Carrier) -> str:
    """The UIDs by which a retrieve selects."""
    keys = Dataset() if isinstance(move.content, Message) else _unique_keys(move.content)
    named = ", ".join(f"{element.keyword} {value_text(element)}" for element in keys if value_text(element))
    return f" under {named}" if named else ""


@dataclass(frozen=True)
class _Comparison:
    """How a copy differs from its original; `undecided` where the pixels could not be compared."""

    found: Difference | None = None
    undecided: str = ""

    @property
    def outcome(self) -> Outcome:
        if self.found is not None:
            return Outcome.VIOLATED
        return Outcome.UNDECIDED if self.undecided else Outcome.MET


def _same_object(play: PlayView, original: Instance, copy: Instance) -> Iterator[Finding]:
    compared = _compared(play, original, copy)
    path, expected, received = compared.found or ("", "", compared.undecided)
    yield from play.ruled(
        _rule(copy.carrier),
        copy.carrier.leg,
        compared.outcome,
        copy.carrier.leg.initiator,
        copy.carrier.evidence(path),
        expected=expected,
        received=received,
        origin=f"stored in exchange {original.carrier.exchange.exchange.id}" if compared.found else "",
    )


def _compared(play: PlayView, original: Instance, copy: Instance) -> _Comparison:
    ours, theirs = _syntax(original), _syntax(copy)
    ignored = {_PADDING} | OF_ARCHIVE | changeable(play, original, copy) | _added_privately(original, copy)
    if ours == theirs:
        return _Comparison(difference(original.dataset, copy.dataset, ignoring=ignored))
    if not (is_native(ours) and is_native(theirs)):
        ignored |= _OF_COMPRESSION
    found = difference(original.dataset, copy.dataset, ignoring=ignored | {_PIXELS}, bulk=False)
    if found is not None or (_PIXELS not in original.dataset and _PIXELS not in copy.dataset):
        return _Comparison(found)
    same = same_pixels(original.dataset, ours, copy.dataset, theirs)
    if same is None:
        return _Comparison(undecided=f"pixels of {keyword_of(ours)} and {keyword_of(theirs)} cannot be compared")
    return _Comparison(None if same else ("PixelData", "the pixels that were stored", "other pixels"))


def _added_privately(original: Instance, copy: Instance) -> frozenset[BaseTag]:
    return frozenset(tag for tag in map(_tag, copy.dataset) if tag.is_private and tag not in original.dataset)


def _tag(element: DataElement) -> BaseTag:
    return element.tag


def _syntax(one: Instance) -> str:
    command = one.carrier.exchange.exchange.request.command
    return command.transfer_syntax if command is not None else ""
