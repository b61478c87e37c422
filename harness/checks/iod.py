"""Composite objects against their information object definitions (PS3.3 A), every one that is stored.

Who made an object answers for it. A system that hands on what it was given does not: a fault that the object had when
it was stored is not that of the archive that returns it, and a value that our actor was given is charged where it
began. Where the way into an archive was not seen, nobody can say whose a fault is, and it is left undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydicom.dataset import Dataset

from harness.checks.copies import Copies
from harness.checks.expecting import cut_off
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.checks.registry import Scope, play_check
from harness.dicom.iod import NEED_TABLES, IodFault, Kind, iod_of, judge
from harness.dicom.paths import first, values
from harness.dicom.uids import keyword_of
from harness.model.finding import Finding
from harness.model.names import HARNESS
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.verdict import Outcome

CHECK = "iod"
ROWS = tuple(kind.value for kind in Kind)

_HAND_ON = frozenset({"RAD-16", "RAD-25", "RAD-27"})
"""Transactions that store what was stored before."""
_JUDGED = (LegState.LIVE, LegState.NOT_OFFERED)
_NAMED = 12
"""How many undecided attributes a finding names."""


@dataclass(frozen=True)
class _Object:
    """A composite object as it was sent; None when it could not be decoded."""

    view: LegView
    exchange: ExchangeView
    dataset: Dataset | None

    @cached_property
    def faults(self) -> tuple[IodFault, ...]:
        """What the object's own IOD says against it."""
        if self.dataset is None:
            return ()
        return tuple(judge(self.dataset, transfer_syntax=_transfer_syntax(self.exchange)))

    @property
    def uid(self) -> str:
        """SOP Instance UID, as the command names it."""
        command = self.exchange.exchange.request.command
        return command.sop_instance if command is not None else ""

    @property
    def ours(self) -> bool:
        """Whether our actor sent it."""
        return self.view.planned.initiator == HARNESS


@play_check(CHECK, ROWS, scope=Scope.MESSAGE)
def check(play: PlayView) -> Iterator[Finding]:
    """Every object on a leg that names the check."""
    stored = tuple(_objects(play.legs))
    history = _History(play, stored)
    for one in stored:
        if CHECK in one.view.planned.leg.checks:
            yield from _findings(one, history)


def _objects(legs: Iterable[LegView]) -> Iterator[_Object]:
    for view in legs:
        if view.planned.state not in _JUDGED:
            continue
        for exchange in view.exchanges:
            command = exchange.exchange.request.command
            if command is not None and command.service is Service.C_STORE:
                yield _Object(view, exchange, exchange.request_dataset)


def _transfer_syntax(exchange: ExchangeView) -> str:
    command = exchange.exchange.request.command
    return command.transfer_syntax if command is not None else ""


class _History:
    """Where an object, or a value in it, had been before."""

    def __init__(self, play: PlayView, stored: Iterable[_Object]) -> None:
        self._play = play
        self._made = [one for one in stored if one.view.step.transaction.id not in _HAND_ON]
        self._copies = Copies(play)

    @cached_property
    def _by_uid(self) -> Mapping[str, _Object]:
        return {one.uid: one for one in reversed(self._made)}

    def excuse(self, one: _Object, fault: IodFault) -> tuple[Outcome, str]:
        """The outcome of a fault, and where it came from when it is not charged."""
        if one.view.step.transaction.id in _HAND_ON:
            return self._handed_on(one, fault)
        if one.ours:
            source = self._given(one, fault)
            if source:
                return Outcome.NOT_APPLICABLE, f"as given in {source}"
        return fault.outcome, ""

    def _handed_on(self, one: _Object, fault: IodFault) -> tuple[Outcome, str]:
        before = self._by_uid.get(one.uid)
        if before is None and one.view.step.transaction.id == "RAD-25":
            before = next((made for made in self._made if made.view.step.transaction.id == "RAD-24"), None)
        if before is None:
            return Outcome.UNDECIDED, "how it was stored was not seen"
        known = {(same.kind, same.path, same.received) for same in before.faults}
        if (fault.kind, fault.path, fault.received) in known:
            return Outcome.NOT_APPLICABLE, f"as stored in {before.view.step.transaction.id}"
        return fault.outcome, ""

    def _given(self, one: _Object, fault: IodFault) -> str:
        """Where our actor had a value from: by the edges of the consistency tables, or the same attribute before."""
        source = self._copies.source_of(one.view, one.view.initiator, one.exchange.evidence(fault.path))
        if source is not None or one.dataset is None:
            return str(source or "")
        keyword = fault.path.rpartition(".")[2].partition("[")[0]
        value = "" if keyword.startswith("(") else first(one.dataset, fault.path)
        return self._seen_before(one, keyword, value) if value else ""

    def _seen_before(self, one: _Object, keyword: str, value: str) -> str:
        for view in self._play.legs:
            for exchange in view.exchanges:
                if exchange.exchange.request.seq >= one.exchange.exchange.request.seq:
                    continue
                answered = () if view.planned.responder == HARNESS else exchange.response_datasets
                asked = () if view.planned.initiator == HARNESS else (exchange.request_dataset,)
                if any(_holds(dataset, keyword, value) for dataset in (*asked, *answered)):
                    return f"{view.step.transaction.id} {keyword}"
        return ""


def _holds(dataset: Dataset | None, keyword: str, value: str) -> bool:
    """Whether a data set has the value in an attribute of that name, at any depth."""
    if dataset is None:
        return False
    if any(found.value == value for found in values(dataset, keyword)):
        return True
    return any(
        _holds(item, keyword, value) for element in dataset if element.VR == "SQ" for item in element.value or ()
    )


def _findings(one: _Object, history: _History) -> Iterator[Finding]:
    if one.dataset is None:
        outcome = Outcome.NOT_APPLICABLE if cut_off(one.view.step, one.view.planned) else Outcome.UNDECIDED
        yield from _ruled(one, Kind.SOP_CLASS, outcome, "", received="cannot be decoded")
        return
    sop_class = first(one.dataset, "SOPClassUID")
    known = iod_of(sop_class)
    open_ones = [fault for fault in one.faults if fault.kind is Kind.OPEN]
    for kind in Kind:
        faults = [fault for fault in one.faults if fault.kind is kind]
        if kind is Kind.OPEN and open_ones:
            yield from _open(one, open_ones)
        elif faults:
            for fault in faults:
                outcome, origin = history.excuse(one, fault)
                place = f"{fault.module}; {fault.citation}" if fault.module else fault.citation
                origin = f"{origin}; {place}" if origin else place
                yield from _ruled(one, kind, outcome, fault.path, fault.expected, fault.received, origin)
        elif known is None and kind in NEED_TABLES:
            received = f"no table for {keyword_of(sop_class)}"
            yield from _ruled(one, kind, Outcome.NOT_APPLICABLE, "SOPClassUID", received=received)
        elif kind not in (Kind.OPEN, Kind.UNSURE):
            yield from _ruled(one, kind, Outcome.MET, "")


def _open(one: _Object, faults: list[IodFault]) -> Iterator[Finding]:
    """One finding for all that the object alone does not decide."""
    names = sorted({fault.path for fault in faults})
    named = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    yield from _ruled(one, Kind.OPEN, Outcome.UNDECIDED, names[0], "present if its condition holds", f"absent: {named}")


def _ruled(
    one: _Object,
    kind: Kind,
    outcome: Outcome,
    path: str,
    expected: str = "",
    received: str = "",
    origin: str = "",
) -> Iterator[Finding]:
    rule = one.view.rule(CHECK, kind.value)
    if rule is not None:
        yield one.view.finding(
            CHECK,
            one.view.requirement(kind.value),
            outcome,
            one.view.initiator if rule.charged == "initiator" else one.view.responder,
            one.exchange.evidence(path),
            expected=expected,
            received=received,
            origin=origin,
        )
