"""What the traffic of a watched run shows of the actors of a system that claims nothing itself.

A claim that was made so says what was seen, and of no option; it is no statement of the vendor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.plan import Play
from harness.model.system import Claim
from harness.profiles import Knowledge


def claims_of(system: PlayerName, plays: Iterable[Play], knowledge: Knowledge) -> tuple[Claim, ...]:
    """The claims that what a system was seen doing amounts to, each of one actor in one profile."""
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
) -> Iterator[tuple[str, tuple[TransactionId, ...]]]:
    """The profiles that have the transactions of an actor: as few as will do, those of its HL7 versions first."""
    left = set(transactions)
    while left:
        having = {
            name: tuple(one for one in profile.actors.get(actor, {}) if one in left)
            for name, profile in knowledge.profiles.items()
        }
        name = max(having, key=lambda one: (len(having[one]), bool(forms & set(knowledge.profiles[one].hl7_versions))))
        if not having[name]:
            return
        yield name, having[name]
        left -= set(having[name])
