"""Whether the responder of a query was given what it is expected to show: something stored, or an order.

What never reached an actor cannot be held against it, or against whoever asks it.
"""

from __future__ import annotations

from harness.checks import stored as facts
from harness.checks.dimse_reply import accepted, hexadecimal
from harness.checks.expecting import shower
from harness.checks.recording import ExchangeView, LegView, PlayView
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.scenario import Patient

NOTHING_STORED = "nothing was stored that an answer says was taken"

_ACCEPTING = frozenset({"AA", "CA"})
_ORDER, _OWN_ORDER = "RAD-2", "RAD-3"
"""How an order reaches the worklist: from the placer, or made by the filler itself (RAD TF-2: 4.2, 4.3)."""


def never_given(patient: Patient, view: LegView, play: PlayView) -> str:
    """Why nothing of the patient can be shown: nothing was stored, or no order was taken; empty when it can."""
    actor = shower(view)
    given = [leg for leg in play.legs if leg.responder == actor and leg.planned.state is LegState.LIVE]
    stores = [leg for leg in given if _stores(leg)]
    if stores:
        return "" if facts.holdings(facts.stores(stores)).sure else NOTHING_STORED
    orders = [leg for leg in given if leg.step.transaction.id == _ORDER]
    own = any(leg.step.transaction.id == _OWN_ORDER and leg.initiator == actor for leg in play.legs)
    if not orders or own or any(_takes_order(exchange, patient) for leg in orders for exchange in leg.exchanges):
        return ""
    return "no order for the patient was accepted"


def _stores(view: LegView) -> bool:
    return view.dimse is not None and view.dimse.service is Service.C_STORE and not view.planned.leg.reaction


def _takes_order(exchange: ExchangeView, patient: Patient) -> bool:
    message = exchange.request_message
    return message is not None and message.first("PID-3.1") == patient.id and answer_of(exchange)[0] is True


def answer_of(exchange: ExchangeView) -> tuple[bool | None, str]:
    """Whether the responder took the request, and what it said."""
    if exchange.exchange.request.command is not None:
        status = exchange.status
        return (None if status is None else accepted(status)), hexadecimal(status)
    message = exchange.answer_message
    code = message.first("MSA-1") if message is not None else ""
    return (code in _ACCEPTING if code else None), code or "no answer"
