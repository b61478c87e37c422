"""The PPS Manager passes on what it got, unchanged (RAD TF-2: 4.6, 4.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.checks.acquisition import first_hops
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted, is_mpps
from harness.checks.likeness import difference
from harness.checks.recording import LegView, PlayView
from harness.checks.registry import play_check
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import LegState
from harness.model.verdict import Outcome

CHECK = "mpps.relay"
RULE = "mpps/relayed-unchanged"
PASSED_ON = "mpps/relayed"

_Key = tuple[object, str]
"""Service and SOP Instance UID."""


@play_check(CHECK, rules=(RULE, PASSED_ON))
def check(play: PlayView) -> Iterator[Finding]:
    """Each relayed N-CREATE and N-SET against what came in for the same step by the same service."""
    originals: dict[_Key, list[Carrier]] = defaultdict(list)
    for carrier in first_hops(play):
        originals[_key(carrier)].append(carrier)
    for view in play.legs:
        if not view.planned.leg.reaction:
            continue
        counts: dict[_Key, int] = defaultdict(int)
        for carrier in requests(view):
            if is_mpps(carrier.exchange):
                key = _key(carrier)
                yield from _judge(play, carrier, originals[key], counts[key])
                counts[key] += 1
        if counts:
            yield from _passed_on(play, view, originals, counts)


def _key(carrier: Carrier) -> _Key:
    command = carrier.exchange.exchange.request.command
    return (command.service if command else None, carrier.instance)


def _passed_on(
    play: PlayView, view: LegView, originals: dict[_Key, list[Carrier]], counts: dict[_Key, int]
) -> Iterator[Finding]:
    """Each message of the step that was accepted is passed on; a leg without any message is delivery's business."""
    for key, carriers in originals.items():
        due = {one.digest for one in carriers if one.step == view.step.step.id and accepted(one.exchange.status)}
        if due:
            yield from play.ruled(
                PASSED_ON,
                view,
                Outcome.MET if counts.get(key, 0) >= len(due) else Outcome.VIOLATED,
                view.initiator,
                carriers[-1].evidence(),
                expected=f"{len(due)} messages relayed",
                received=f"{counts.get(key, 0)}",
            )


def _judge(play: PlayView, carrier: Carrier, originals: list[Carrier], position: int) -> Iterator[Finding]:
    view = carrier.leg
    evidence = carrier.evidence()
    if not originals:
        seen = any(
            leg.state is LegState.LIVE and not leg.leg.reaction and leg.leg.dimse is not None for leg in view.step.legs
        )
        outcome = Outcome.VIOLATED if seen else Outcome.NOT_APPLICABLE
        expected, received = "an MPPS message that was received", carrier.instance
        yield from play.ruled(RULE, view, outcome, view.initiator, evidence, expected=expected, received=received)
        return
    if any(_difference(original, carrier) is None for original in originals):
        yield from play.ruled(RULE, view, Outcome.MET, view.initiator, evidence)
        return
    original = originals[min(position, len(originals) - 1)]
    path, expected, received = _difference(original, carrier) or ("", "", "")
    yield from play.ruled(
        RULE,
        view,
        Outcome.VIOLATED,
        view.initiator,
        carrier.evidence(path),
        expected=expected,
        received=received,
        origin=f"sent in {original.transaction}, exchange {original.exchange.exchange.id}",
    )


def _difference(original: Carrier, relayed: Carrier) -> tuple[str, str, str] | None:
    if original.digest and original.digest == relayed.digest:
        return None
    if isinstance(original.content, Message) or isinstance(relayed.content, Message):
        return None
    return difference(original.content, relayed.content)
