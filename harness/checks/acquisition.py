"""Which acquisition case a performed procedure step is: simple, unscheduled, append or group (RAD TF-2x: A.1).

Detected from the MPPS and from what the worklist had announced before. Nothing is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.checks.carriers import Carrier, answers, requests
from harness.checks.dimse_reply import accepted, is_mpps
from harness.checks.recording import PlayView
from harness.dicom.paths import present
from harness.hl7 import Message
from harness.model.profile import Service
from harness.model.transcript import Half

SIMPLE, UNSCHEDULED, APPEND, GROUP = "simple", "unscheduled", "append", "group"

_STEPS = "ScheduledStepAttributesSequence"


@dataclass(frozen=True)
class Acquisitions:
    """The case of each MPPS by SOP Instance UID, and which series belong to which MPPS."""

    cases: Mapping[str, str]
    series: Mapping[str, str]

    def of(self, carrier: Carrier) -> frozenset[str]:
        """The cases that a message may be judged under."""
        mpps = self.mpps_of(carrier)
        if mpps in self.cases:
            return frozenset({self.cases[mpps]})
        if _is_acquired(carrier) and len(set(self.cases.values())) == 1:
            return frozenset(self.cases.values())
        return frozenset({SIMPLE, *self.cases.values()})

    def by_series(self, carrier: Carrier) -> str:
        """The MPPS whose series an instance lies in; empty when it is of none."""
        if not _is_acquired(carrier):
            return ""
        series = (one.value for one in carrier.identifiers if one.kind == "series")
        return next((self.series[value] for value in series if value in self.series), "")

    def mpps_of(self, carrier: Carrier) -> str:
        """The MPPS that a message is, or that an instance belongs to; empty when none is named."""
        for kind in ("mpps", "series"):
            for one in carrier.identifiers:
                if one.kind == kind:
                    found = one.value if kind == "mpps" else self.series.get(one.value, "")
                    if found in self.cases:
                        return found
        return ""


def _is_acquired(carrier: Carrier) -> bool:
    command = carrier.exchange.exchange.request.command
    return command is not None and command.service is Service.C_STORE


def first_hops(play: PlayView) -> Iterator[Carrier]:
    """The MPPS messages as their maker sent them, relays left out, in order."""
    found = [
        carrier
        for view in play.legs
        if not view.planned.leg.reaction
        for carrier in requests(view)
        if is_mpps(carrier.exchange)
    ]
    yield from sorted(found, key=lambda carrier: carrier.seq)


def relays(play: PlayView) -> Iterator[Carrier]:
    """The MPPS messages as they were passed on, in order."""
    found = [
        carrier
        for view in play.legs
        if view.planned.leg.reaction
        for carrier in requests(view)
        if is_mpps(carrier.exchange)
    ]
    yield from sorted(found, key=lambda carrier: carrier.seq)


def acquisitions(play: PlayView) -> Acquisitions:
    """The cases of a play."""
    cases: dict[str, str] = {}
    series: dict[str, str] = {}
    used: set[str] = set()
    announced = _announced(play)
    for carrier in first_hops(play):
        for one in carrier.identifiers:
            if one.kind == "series":
                series.setdefault(one.value, carrier.instance)
        command = carrier.exchange.exchange.request.command
        if command is None or command.service is not Service.N_CREATE or carrier.instance in cases:
            continue
        steps = {one.value for one in carrier.identifiers if one.kind == "step"}
        cases[carrier.instance] = _case(carrier, steps, used, announced)
        if accepted(carrier.exchange.status) or carrier.exchange.status is None:
            used |= steps
    return Acquisitions(cases, series)


@dataclass(frozen=True)
class _Announced:
    """One study, and perhaps one step of it, that an order or a worklist entry named, and when."""

    seq: int
    entry: bool
    step: str
    study: str


def _announced(play: PlayView) -> tuple[_Announced, ...]:
    """What orders and worklist entries for the play's patients announced."""
    patients = {patient.id for patient in play.play.case.patients.values()}
    found: list[_Announced] = []
    for view in play.legs:
        for carrier in (*requests(view), *answers(view)):
            entry = _is_entry(carrier)
            if not entry and not isinstance(carrier.content, Message):
                continue
            kinds = {one.kind: one.value for one in carrier.identifiers}
            if kinds.get("patient") in patients:
                found.append(_Announced(carrier.seq, entry, kinds.get("step", ""), kinds.get("study", "")))
    return tuple(found)


def _is_entry(carrier: Carrier) -> bool:
    command = carrier.exchange.exchange.request.command
    return (
        carrier.half is Half.RESPONSE
        and command is not None
        and command.service is Service.C_FIND
        and not isinstance(carrier.content, Message)
        and present(carrier.content, "ScheduledProcedureStepSequence")
    )


def _case(carrier: Carrier, steps: set[str], used: set[str], announced: tuple[_Announced, ...]) -> str:
    """An MPPS without scheduled identifiers is unscheduled, unless an entry for the patient waited to be used."""
    content = carrier.content
    grouped = not isinstance(content, Message) and len(content.get(_STEPS) or ()) > 1
    if steps:
        return GROUP if grouped else APPEND if steps & used else SIMPLE
    kinds = {one.kind: one.value for one in carrier.identifiers}
    earlier = [one for one in announced if one.seq < carrier.seq]
    scheduled = (
        "procedure" in kinds
        or any(one.study and one.study == kinds.get("study") for one in earlier)
        or any(one.entry and one.step not in used for one in earlier)
    )
    return UNSCHEDULED if not scheduled else GROUP if grouped else SIMPLE
