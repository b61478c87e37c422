"""Mutants of what nobody asked for or gave: a schedule that an unscheduled step claims, a query that ends as if it had
been taken back, charges that are gone although they were wanted.

Owns which values and statuses these are. It must not know how a check decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from harness.dicom.paths import present
from harness.dicom.statuses import is_success
from harness.model.profile import Service
from harness.model.proof import Mutation
from harness.model.transcript import Half
from harness.selftest import attributes
from harness.selftest.changes import EditCommand
from harness.selftest.edits import Edit, Operation
from harness.selftest.mutants import WRONG, Base, Mutant, Spot, of_one, of_whole

_CANCELLED = 0xFE00
_CANCEL, _UNSCHEDULED = "dimse.cancel", "mpps.unscheduled"
_STEP, _IMAGES = "mpps/unscheduled-names-no-step", "mpps/unscheduled-images-name-no-step"
_INVENTED = MappingProxyType(
    {
        Service.N_CREATE: (_STEP, "ScheduledStepAttributesSequence[0].ScheduledProcedureStepDescription"),
        Service.C_STORE: (_IMAGES, "AccessionNumber"),
    }
)
"""By service, the rule against what is made up, and a place that tells of a schedule and joins nothing to one."""

_BILLING = "expectation/rad-7-billing"
_CHARGED = (
    "BillingProcedureStepSequence",
    "FilmConsumptionSequence",
    "BillingSuppliesAndDevicesSequence",
)


def of_exchange(base: Base, spot: Spot) -> Iterator[Mutant]:
    """Every such mutant of one exchange."""
    command = spot.exchange.exchange.request.command
    if command is None or spot.leg.planned.leg.reaction:
        return
    if command.service is Service.C_FIND:
        yield from _taken_back(base, spot)
    elif command.service in _INVENTED:
        yield from _made_up(base, spot, *_INVENTED[command.service])
    elif command.service is Service.N_SET:
        yield from _not_charged(base, spot)


def _taken_back(base: Base, spot: Spot) -> Iterator[Mutant]:
    """A query that nobody took back ends with the status of one that was (PS3.4 C.4.1.1.4)."""
    rules = [one for one in base.of_check(_CANCEL, spot.leg) if one.endswith("-unasked")]
    if rules and spot.exchange.status is not None and is_success(spot.exchange.status):
        last = len(spot.exchange.exchange.responses) - 1
        end = Spot(spot.leg, spot.exchange, Half.RESPONSE, last)
        change = EditCommand(end.at, status=_CANCELLED)
        yield of_whole(spot, Mutation.WRONG_STATUS, change, _CANCEL, *rules, key=("unasked", *rules))


def _made_up(base: Base, spot: Spot, rule: str, path: str) -> Iterator[Mutant]:
    """An examination without a schedule names something of one."""
    dataset = spot.dataset
    decided = any(
        one.requirement == rule and one.evidence is not None and one.evidence.exchange == spot.exchange.exchange.id
        for one in base.findings
        if one.requirement in base.met
    )
    if decided and dataset is not None and not attributes.value_at(dataset, path):
        edits = (Edit(Operation.SET, path, WRONG),)
        yield spot.mutant(Mutation.WRONG_VALUE, edits, of_one(_UNSCHEDULED, rule), key=("made up", rule))


def _not_charged(base: Base, spot: Spot) -> Iterator[Mutant]:
    """A step that names what is to be charged names nothing any more."""
    dataset = spot.dataset
    named = [name for name in _CHARGED if dataset is not None and present(dataset, name)]
    if named and _BILLING in base.on(spot.leg) and spot.leg.step.step.expect.billing:
        edits = tuple(Edit(Operation.REMOVE, name) for name in named)
        yield spot.mutant(Mutation.REMOVED, edits, of_one("expectations", _BILLING), key=("not charged",))
