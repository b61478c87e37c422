"""Code sequences are copied whole: of several protocol codes of a scheduled step none is lost on the way.

A wrong code is the consistency's business (RAD TF-2x: A); this is about one that is missing beside right ones, and a
message with a wrong one is no source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.checks.carriers import Carrier, answers, requests
from harness.checks.compare import Term, equal, is_empty
from harness.checks.recording import PlayView
from harness.checks.registry import Scope, play_check
from harness.model.finding import Finding
from harness.model.names import ActorName
from harness.model.tables import Comparison
from harness.model.transcript import Half
from harness.model.verdict import Outcome

CHECK = "codes.complete"
WORKLIST = "codes/worklist-has-every-code"
MPPS = "codes/mpps-has-every-code"
IMAGE = "codes/image-has-every-code"

_ORDERED = ("IPC-6.1", "OBR-4.4")
_ENTRY = "ScheduledProcedureStepSequence[*].ScheduledProtocolCodeSequence"
_SCHEDULED = "ScheduledStepAttributesSequence[*].ScheduledProtocolCodeSequence"
_REQUEST = "RequestAttributesSequence[*].ScheduledProtocolCodeSequence"

_Key = tuple[str, ...]
_Codes = dict[_Key, list[Term]]
_Sources = dict[_Key, list[list[Term]]]
"""The codes of each step as they were said, once or, after a change, again."""


@play_check(CHECK, rules=(WORKLIST, MPPS, IMAGE), scope=Scope.PLAY)
def check(play: PlayView) -> Iterator[Finding]:
    """Every worklist entry, N-CREATE and image against the message that it copies the codes of a step from.

    Of what is complete one finding is told for each rule and step.
    """
    told: set[tuple[object, ...]] = set()
    for finding in _all(play):
        key = (finding.requirement, finding.step)
        if finding.outcome is Outcome.VIOLATED or key not in told:
            yield finding
        told.add(key)


def _all(play: PlayView) -> Iterator[Finding]:
    ordered, entered, performed = _Sources(), _Sources(), _Sources()
    changed = any(view.exchanges for view in play.of("RAD-13"))
    for carrier in _carriers(play):
        transaction = carrier.transaction
        if transaction == "RAD-4":
            _keep(ordered, next((found for path in _ORDERED if (found := _codes(carrier, path, "study"))), {}))
        elif transaction == "RAD-5":
            found = _codes(carrier, _ENTRY, "study")
            if not changed:
                yield from _judge(play, WORKLIST, carrier, _ENTRY, found, ordered, carrier.leg.responder)
            if _copied(found, ordered):
                _keep(entered, _codes(carrier, _ENTRY, "procedure"))
        elif transaction == "RAD-6":
            found = _codes(carrier, _SCHEDULED, "procedure")
            yield from _judge(play, MPPS, carrier, _SCHEDULED, found, entered, carrier.leg.initiator)
            if _copied(found, entered):
                _keep(performed, _codes(carrier, _SCHEDULED, "mpps"))
        elif transaction == "RAD-8":
            found = _codes(carrier, _REQUEST, "mpps")
            yield from _judge(play, IMAGE, carrier, _REQUEST, found, performed, carrier.leg.initiator)


def _carriers(play: PlayView) -> Sequence[Carrier]:
    """The messages that carry codes, in order; relays left out."""
    found = [carrier for view in play.of("RAD-5") for carrier in answers(view)]
    for transaction in ("RAD-4", "RAD-6", "RAD-8"):
        found += [
            carrier
            for view in play.of(transaction)
            if not view.planned.leg.reaction
            for carrier in requests(view)
            if carrier.half is Half.REQUEST
        ]
    return sorted(found, key=lambda carrier: carrier.seq)


def _codes(carrier: Carrier, path: str, owner: str) -> _Codes:
    """The codes at a path by the step that they stand beside and its owner: study, procedure or performed step."""
    found: _Codes = defaultdict(list)
    for seen in carrier.seen(path, code=True):
        if is_empty(Comparison.CODE, seen.term):
            continue
        beside = carrier.beside(seen.path)
        for step in beside.get("step", ()):
            for one in beside.get(owner, ()):
                found[one, step].append(seen.term)
    return dict(found)


def _keep(sources: _Sources, found: _Codes) -> None:
    for key, codes in found.items():
        sources.setdefault(key, []).append(codes)


def _copied(found: _Codes, sources: _Sources) -> bool:
    """Whether each code has a source, as far as there is any."""
    return all(
        any(_among(one, source) for source in sources.get(key, [codes]))
        for key, codes in found.items()
        for one in codes
    )


def _judge(
    play: PlayView, rule: str, carrier: Carrier, path: str, found: _Codes, sources: _Sources, actor: ActorName
) -> Iterator[Finding]:
    """The codes of each step against what they were copied from, the old list or the new one."""
    for key, codes in found.items():
        fitting = [source for source in sources.get(key, []) if all(_among(one, source) for one in codes)]
        if not fitting:
            continue
        source = next((one for one in fitting if all(_among(code, codes) for code in one)), fitting[-1])
        missing = [one for one in source if not _among(one, codes)]
        yield from play.ruled(
            rule,
            carrier.leg,
            Outcome.VIOLATED if missing else Outcome.MET,
            actor,
            carrier.evidence(path.replace("[*]", "[0]")),
            expected=" and ".join(one.text for one in source) if missing else "",
            received=" and ".join(one.text for one in codes) if missing else "",
        )


def _among(code: Term, others: Sequence[Term]) -> bool:
    return any(equal(Comparison.CODE, code, one) for one in others)
