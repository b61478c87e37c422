"""Which transactions' legs a message could be, from what it says of itself and what is known of its two ends.

Pure functions over the loaded transactions. An end that is not known is None and narrows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.model.names import ActorName
from harness.model.profile import Leg, MessageForm, Service, Transaction
from harness.profiles.loader import knowledge
from harness.profiles.sop_classes import is_in


def recognise_hl7(
    message_type: str,
    version: str,
    control: str,
    initiator: ActorName | None,
    responder: ActorName | None,
    transactions: Iterable[Transaction] | None = None,
) -> tuple[tuple[Transaction, Leg, MessageForm], ...]:
    """Legs that an HL7 request may be: by MSH-9 (`ORM^O01`), ORC-1 (empty: none) and its ends.

    A form of the message's own version goes before all others; without one, every form of the type will do.
    """
    found = []
    for transaction, leg in _legs(initiator, responder, transactions):
        form = form_of(leg, message_type, version, control)
        if form is not None:
            found.append((transaction, leg, form))
    exact = [entry for entry in found if entry[2].version == version]
    return tuple(exact or found)


def form_of(leg: Leg, message_type: str, version: str, control: str) -> MessageForm | None:
    """The form of a leg that a request has: type and control code first, then its version; None when it has none."""
    fitting = [
        form for form in leg.messages if form.type == message_type and (not form.control or control in form.control)
    ]
    exact = [form for form in fitting if form.version == version]
    return next(iter(exact or fitting), None)


def recognise_dimse(
    service: Service,
    sop_class_uid: str,
    initiator: ActorName | None,
    responder: ActorName | None,
    transactions: Iterable[Transaction] | None = None,
) -> tuple[tuple[Transaction, Leg], ...]:
    """Legs that a DIMSE request may be: by service, SOP Class UID and its ends."""
    return tuple(
        (transaction, leg)
        for transaction, leg in _legs(initiator, responder, transactions)
        if leg.dimse is not None and leg.dimse.service is service and is_in(sop_class_uid, leg.dimse.sop_classes)
    )


def _legs(
    initiator: ActorName | None, responder: ActorName | None, transactions: Iterable[Transaction] | None
) -> Iterator[tuple[Transaction, Leg]]:
    for transaction in knowledge().transactions.values() if transactions is None else transactions:
        for leg in transaction.legs:
            if initiator in (None, leg.initiator) and responder in (None, leg.responder):
                yield transaction, leg
