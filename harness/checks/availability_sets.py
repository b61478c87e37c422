"""Instance Availability Notifications against the list of the performed step that they are about (PS3.4 R)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from harness.checks import stored as facts
from harness.checks.carriers import Carrier, requests
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.paths import first, values
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.verdict import Outcome

CHECK = "storage.availability"
EVERY = "availability/names-every-instance"
ONCE = "availability/names-each-once"

_INSTANCES = "ReferencedSeriesSequence[*].ReferencedSOPSequence[*].ReferencedSOPInstanceUID"
_STEPS = "ReferencedPerformedProcedureStepSequence[*].ReferencedSOPInstanceUID"


@play_check(CHECK, rules=(EVERY, ONCE), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every notification; those about one performed step together have to name all that the step lists."""
    about: dict[str, list[Carrier]] = defaultdict(list)
    for view in play.of("RAD-49"):
        for carrier in requests(view):
            yield from _once(play, carrier)
            if not isinstance(carrier.content, Message):
                for one in values(carrier.content, _STEPS):
                    about[one.value.strip()].append(carrier)
    lists = {one.mpps: one for one in facts.listed(play)}
    for mpps, carriers in about.items():
        if mpps in lists and lists[mpps].instances:
            yield from _every(play, lists[mpps].instances, carriers)


def _named(carrier: Carrier) -> tuple[str, ...]:
    if isinstance(carrier.content, Message):
        return ()
    return tuple(one.value.strip() for one in values(carrier.content, _INSTANCES) if one.value)


def _once(play: PlayView, carrier: Carrier) -> Iterator[Finding]:
    counts = Counter(_named(carrier))
    twice = [uid for uid, count in counts.items() if count > 1]
    if counts:
        yield from play.ruled(
            ONCE,
            carrier.leg,
            Outcome.VIOLATED if twice else Outcome.MET,
            carrier.leg.initiator,
            carrier.evidence("ReferencedSeriesSequence"),
            expected="each instance once",
            received=f"{twice[0]} {counts[twice[0]]} times" if twice else "",
        )


def _every(play: PlayView, listed: frozenset[str], carriers: list[Carrier]) -> Iterator[Finding]:
    """What the archive took of the step is named, by one notification or by several.

    What it did not take, or only after the last notification, it cannot tell of; what was stored where no link of ours
    shows it is unknown.
    """
    last = max(carriers, key=lambda one: one.seq)
    archive = last.leg.initiator
    stores = [one for one in facts.stored(play) if one.carrier.leg.responder == archive]
    before = facts.holdings(one for one in stores if one.carrier.seq < last.seq)
    named = {uid for carrier in carriers for uid in _named(carrier)}
    hidden = facts.storing_hidden(play)
    missing = (listed & before.sure if stores or hidden else listed) - named
    unknown = hidden and listed - named - {one.uid for one in stores}
    yield from play.ruled(
        EVERY,
        last.leg,
        Outcome.VIOLATED if missing else Outcome.UNDECIDED if unknown else Outcome.MET,
        archive,
        last.evidence("ReferencedSeriesSequence"),
        expected=f"{len(listed)} instances of the step",
        received=f"{len(named)} named{'; not named: ' + facts.named(missing) if missing else ''}",
        origin=f"listed by {_step(last)}" if missing else "",
    )


def _step(carrier: Carrier) -> str:
    return "" if isinstance(carrier.content, Message) else first(carrier.content, _STEPS)
