"""Which HL7 version a leg is spoken in, and whether that shows what a system claims.

A play has one form; a link of a system may speak another version, because the system file says so. The workflow goes on
in that version and its messages are judged as such. What a claim demands in the form of the play stays undecided then:
neither was the system seen to fail in it, nor to master it.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.engine.claims import claimed_forms
from harness.engine.legs import ends
from harness.engine.roles import Roles, claimed_transactions
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Leg, LinkKind
from harness.model.system import Claim
from harness.profiles import Knowledge


def declared(roles: Roles, actor: ActorName, transaction: TransactionId) -> str:
    """The HL7 version that the system's link of an actor is said to speak in a transaction; empty when none is."""
    player = roles.served.get((actor, transaction))
    system = next((one for one in roles.systems if one.name == player), None)
    party = system.party(actor) if system is not None else None
    address = party.at(transaction).hl7 if party is not None else None
    return address.version if address is not None else ""


def spoken(roles: Roles, transaction: TransactionId, leg: Leg, form: str) -> str:
    """The HL7 version of a leg in a play of that form; empty on an association."""
    if leg.link is not LinkKind.MLLP:
        return ""
    return next(filter(None, (declared(roles, actor, transaction) for actor in ends(leg))), form)


def unshown(roles: Roles, knowledge: Knowledge, transaction: TransactionId, leg: Leg, form: str) -> str:
    """Why a leg cannot show what a system claims of it in the form; empty when it can."""
    version = spoken(roles, transaction, leg, form)
    if version in ("", form):
        return ""
    return "; ".join(
        f"{roles.served[actor, transaction]} speaks HL7 {version} in {transaction}, and {why}"
        for actor in ends(leg)
        if (actor, transaction) in roles.served
        if (why := _why(roles, knowledge, actor, transaction, form, version))
    )


def _why(
    roles: Roles, knowledge: Knowledge, actor: ActorName, transaction: TransactionId, form: str, version: str
) -> str:
    claims = list(_claims(roles, knowledge, actor, transaction))
    demanding = dict.fromkeys(claim.profile for claim in claims if _demands(knowledge, claim, form, version))
    if demanding:
        return f"{actor} is claimed in {', '.join(demanding)} with {form}: that is not shown"
    if not any(version in claimed_forms(knowledge, claim) for claim in claims):
        return f"no claim of {actor} is of that version: it is not tested"
    return ""


def _claims(roles: Roles, knowledge: Knowledge, actor: ActorName, transaction: TransactionId) -> Iterator[Claim]:
    for claim in roles.claims.get(actor, ()):
        if transaction in claimed_transactions(claim, actor, knowledge):
            yield claim


def _demands(knowledge: Knowledge, claim: Claim, form: str, version: str) -> bool:
    """Whether a claim is of the form, and the other version does not do as well: a profile may go with either."""
    either = {form, version} <= set(knowledge.profiles[claim.profile].hl7_versions)
    return form in claimed_forms(knowledge, claim) and not either
