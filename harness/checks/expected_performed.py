"""What a scenario expects a performed step to report: the steps it stands for, its protocol, what is to be charged.

An attribute has the value that the latest N-CREATE or N-SET of its step gave it (PS3.4 F.7.2.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from harness.checks.acquisition import first_hops
from harness.checks.carriers import Carrier, answers, requests
from harness.checks.dimse_reply import accepted, is_mpps
from harness.checks.expecting import decided, inapplicable
from harness.checks.recording import LegView, PlayView
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.plan import PlannedStep
from harness.model.scenario import Protocol

_FINAL = ("COMPLETED", "DISCONTINUED")
_STATUS = "PerformedProcedureStepStatus"
_CHARGED = ("BillingProcedureStepSequence", "FilmConsumptionSequence", "BillingSuppliesAndDevicesSequence")
_SSA = "ScheduledStepAttributesSequence"
_PERFORMED, _SCHEDULED = "PerformedProtocolCodeSequence", "ScheduledProtocolCodeSequence"

_Pair = tuple[str, str]
"""A code by value and scheme, or a scheduled step by its procedure's ID and its own."""


def protocol(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The finished step reports the protocol codes that the worklist showed, or others."""
    wanted = step.step.expect.protocol
    final = _final(legs) if wanted is not None else None
    if wanted is None or final is None:
        return
    told = _messages(play, final)
    performed = _codes(_latest(told, _PERFORMED), _PERFORMED)
    scheduled = _on_worklist(play, _steps(told))
    view, evidence = final.leg, final.evidence(_PERFORMED)
    if not scheduled:
        yield inapplicable(view, "protocol", evidence, wanted.value, "the worklist showed no protocol code")
        return
    same = performed == scheduled
    holds = same if wanted is Protocol.SCHEDULED else bool(performed) and not same
    expected = _named(scheduled) if wanted is Protocol.SCHEDULED else f"others than {_named(scheduled)}"
    yield decided(view, "protocol", holds, evidence, expected, _named(performed) or "none", view.initiator)


def entries(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The performed step names so many scheduled ones, each by its own identifiers."""
    wanted = step.step.expect.entries
    sent = [one for view in legs if not view.planned.leg.reaction for one in requests(view) if is_mpps(one.exchange)]
    created = [one for one in sent if accepted(one.exchange.status) and _SSA in _content(one)]
    if wanted is None or not created:
        return
    last = max(created, key=lambda one: one.seq)
    named = len({one for one in _steps([last]) if all(one)})
    view = last.leg
    yield decided(view, "entries", named == wanted, last.evidence(_SSA), str(wanted), str(named), view.initiator)


def billing(step: PlannedStep, legs: Sequence[LegView], play: PlayView) -> Iterator[Finding]:
    """The finished step names a procedure, films or supplies to be charged, or does not."""
    wanted = step.step.expect.billing
    final = _final(legs) if wanted is not None else None
    if wanted is None or final is None:
        return
    told = _messages(play, final)
    charged = [name for name in _CHARGED if _latest(told, name).get(name)]
    view = final.leg
    expected = "something to be charged" if wanted else "nothing to be charged"
    received = ", ".join(charged) or "nothing to be charged"
    evidence = final.evidence(charged[0] if charged else "")
    yield decided(view, "billing", bool(charged) is wanted, evidence, expected, received, view.initiator)


def _final(legs: Sequence[LegView]) -> Carrier | None:
    """The accepted message of the legs that made the performed step final."""
    sent = [one for view in legs if not view.planned.leg.reaction for one in requests(view) if is_mpps(one.exchange)]
    ends = [one for one in sent if accepted(one.exchange.status) and first(_content(one), _STATUS).strip() in _FINAL]
    return min(ends, key=lambda one: one.seq, default=None)


def _messages(play: PlayView, final: Carrier) -> tuple[Carrier, ...]:
    """What the maker of the step said of it up to its end."""
    return tuple(
        one
        for one in first_hops(play)
        if one.instance == final.instance and one.seq <= final.seq and accepted(one.exchange.status)
    )


def _content(carrier: Carrier) -> Dataset:
    return Dataset() if isinstance(carrier.content, Message) else carrier.content


def _latest(told: Sequence[Carrier], keyword: str) -> Dataset:
    """The last message that holds the attribute; an empty data set when none does."""
    return next((_content(one) for one in reversed(told) if keyword in _content(one)), Dataset())


def _codes(dataset: Dataset, keyword: str) -> frozenset[_Pair]:
    """The codes of a sequence by value and coding scheme."""
    return frozenset(
        (value, first(item, "CodingSchemeDesignator").strip())
        for item in dataset.get(keyword) or ()
        if (value := (first(item, "CodeValue") or first(item, "LongCodeValue") or first(item, "URNCodeValue")).strip())
    )


def _steps(told: Sequence[Carrier]) -> frozenset[_Pair]:
    """The scheduled steps that the performed one stands for."""
    items = _latest(told, _SSA).get(_SSA) or ()
    return frozenset(_step(item, item) for item in items)


def _step(entry: Dataset, step: Dataset) -> _Pair:
    return first(entry, "RequestedProcedureID").strip(), first(step, "ScheduledProcedureStepID").strip()


def _on_worklist(play: PlayView, steps: frozenset[_Pair]) -> frozenset[_Pair]:
    """The protocol codes that the worklist showed for these steps."""
    found: frozenset[_Pair] = frozenset()
    for view in play.of("RAD-5"):
        for carrier in answers(view):
            entry = _content(carrier)
            for step in entry.get("ScheduledProcedureStepSequence") or ():
                if _step(entry, step) in steps:
                    found |= _codes(step, _SCHEDULED)
    return found


def _named(codes: frozenset[_Pair]) -> str:
    return ", ".join("^^".join(code) for code in sorted(codes))
