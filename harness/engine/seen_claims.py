"""What the traffic of a watched run shows of the actors of a system that claims nothing itself.

A claim that was made so says what was seen, and of no option; it is no statement of the vendor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.plan import Play
from harness.model.system import Claim
from harness.profiles import Knowledge


def claims_of(system: PlayerName, plays: Iterable[Play], knowledge: Knowledge) -> tuple[Claim, ...]:
    """One claim for each actor that a system was seen as, in the first profile of those forms that has what it did."""
    seen: dict[ActorName, set[TransactionId]] = defaultdict(set)
    forms: dict[ActorName, set[str]] = defaultdict(set)
    for play in plays:
        for step in play.steps:
            for leg in step.legs:
                for actor, player in ((leg.leg.initiator, leg.initiator), (leg.leg.responder, leg.responder)):
                    if player == system:
                        seen[actor].add(step.transaction.id)
                        forms[actor].add(play.form)
    return tuple(
        Claim(profile=profile, actors=(actor,), transactions=own)
        for actor, transactions in seen.items()
        for profile, own in _profiles(actor, transactions, forms[actor], knowledge)
    )


def _profiles(
    actor: ActorName, transactions: set[TransactionId], forms: set[str], knowledge: Knowledge
) -> Sequence[tuple[str, tuple[TransactionId, ...]]]:
    found = []
    left = set(transactions)
    for name, profile in knowledge.profiles.items():
        own = tuple(one for one in profile.actors.get(actor, {}) if one in left)
        if own and forms & set(profile.hl7_versions):
            found.append((name, own))
            left -= set(own)
    return found
