"""Who is under test together: systems with the part of their claims that is tested at one time, and what they offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import InputError
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.system import PPS_MANAGER, SIMULATED, Binding, Claim, System
from harness.profiles import Knowledge


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What a group of systems claims and plays.

    `claimed` maps actor and transaction to the claiming system; `served` to the system that really offers it;
    `claims` are the claims of each actor. An empty group is the box alone.
    """

    id: str
    systems: tuple[System, ...]
    claimed: Mapping[tuple[ActorName, TransactionId], PlayerName]
    served: Mapping[tuple[ActorName, TransactionId], PlayerName]
    claims: Mapping[ActorName, tuple[Claim, ...]]

    @property
    def actors(self) -> Mapping[ActorName, PlayerName]:
        """Actors under test, by system."""
        return {actor: player for (actor, _), player in self.claimed.items()}


def role_groups(systems: Sequence[System], knowledge: Knowledge) -> Iterator[Roles]:
    """The groups that are tested one after the other: the systems together, and each actor of one bound one by one."""
    together = [system for system in systems if system.binding is Binding.TOGETHER]
    if together or not systems:
        yield _roles(together, None, "", knowledge)
    each = [
        (system, actor)
        for system in systems
        if system.binding is Binding.EACH
        for actor in dict.fromkeys(actor for actor, _ in _claims(system, None))
    ]
    players = Counter(actor for _, actor in each)
    for system, actor in each:
        yield _roles([system], actor, actor if players[actor] == 1 else f"{actor} of {system.name}", knowledge)


def claimed_transactions(claim: Claim, actor: ActorName, knowledge: Knowledge) -> tuple[TransactionId, ...]:
    """The transactions of the actor that a claim includes, in the profile's order."""
    profile = knowledge.profiles[claim.profile]
    chosen = claim.transactions or profile.transactions_of(actor, claim.options)
    return tuple(transaction for transaction in profile.actors.get(actor, {}) if transaction in chosen)


def _claims(system: System, only: ActorName | None) -> Iterator[tuple[ActorName, Claim]]:
    """What is tested of a system: all that it claims, but for a PPS Manager that is switched off."""
    for claim in system.claims:
        for actor in claim.actors:
            if only in (None, actor) and not (actor == PPS_MANAGER and system.pps_manager == SIMULATED):
                yield actor, claim


def _both(one: PlayerName, other: PlayerName, actor: ActorName, transaction: TransactionId) -> str:
    text = f"{one} and {other} both claim {actor} in {transaction}"
    if actor == PPS_MANAGER:
        return f"{text}: exactly one is active; say `pps_manager: {SIMULATED}` in the system file of the other"
    return text


def _roles(systems: Sequence[System], only: ActorName | None, name: str, knowledge: Knowledge) -> Roles:
    claimed: dict[tuple[ActorName, TransactionId], PlayerName] = {}
    served: dict[tuple[ActorName, TransactionId], PlayerName] = {}
    claims: dict[ActorName, list[Claim]] = {}
    for system in systems:
        for actor, claim in _claims(system, only):
            claims.setdefault(actor, []).append(claim)
            for transaction in claimed_transactions(claim, actor, knowledge):
                other = claimed.setdefault((actor, transaction), system.name)
                if other != system.name:
                    raise InputError(_both(other, system.name, actor, transaction))
                offers = system.actors[actor].offers if actor in system.actors else ()
                if not offers or transaction in offers:
                    served[actor, transaction] = system.name
    return Roles(
        id=name,
        systems=tuple(systems),
        claimed=claimed,
        served=served,
        claims={actor: tuple(made) for actor, made in claims.items()},
    )
