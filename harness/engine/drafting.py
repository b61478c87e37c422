"""From what a person answered about a product to its system: which of our actors it meets, and at which ports.

Who meets whom is read off a plan of the product, never listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.actor import actor_classes
from harness.engine.connections import connections
from harness.engine.roles import claimed_transactions
from harness.model.connection import Connection, Need, is_loopback
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.plan import Plan
from harness.model.product_kind import Acting, Answers, ProductKind
from harness.model.profile import LinkKind
from harness.model.system import Claim, DepartmentActor, DimseAddress, Hl7Address, Hook, System, SystemActor
from harness.profiles import Knowledge

FIRST_PORT = 11112
"""Where the ports of our listeners begin that a product calls."""

MakePlan = Callable[[System], Plan]
_ANYWHERE = 1


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What has to be known of a product: `begins` are the transactions that it starts and `fed` those that it can only
    answer when somebody tells it what it would else know from HL7 messages or its own images; `must_listen`: what it is
    called for by DICOM cannot pass on associations of its own."""

    dimse: bool
    dimse_port: bool
    must_listen: bool
    hl7: bool
    hl7_port: bool
    called: bool
    begins: tuple[TransactionId, ...]
    fed: tuple[TransactionId, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A system that is to be written down, with the connections that it will have."""

    system: System
    connections: tuple[Connection, ...]


def claims_of(
    kind: ProductKind, profiles: Sequence[str], transactions: Sequence[TransactionId], knowledge: Knowledge
) -> tuple[Claim, ...]:
    """The claims of a product; an actor that has none of the transactions is left out, and so is the list of what a
    profile requires anyway."""
    found = []
    for profile in profiles:
        known = knowledge.profiles[profile]
        parts = {
            actor: tuple(one for one in known.actors.get(actor, {}) if one in transactions) for actor in kind.actors
        }
        actors = tuple(actor for actor in kind.actors if parts[actor] or not transactions)
        if not actors:
            continue
        chosen = {one for actor in actors for one in parts[actor]}
        needed = {one for actor in kind.actors for one in known.transactions_of(actor)}
        narrowed = tuple(one for one in transactions if one in chosen) if chosen != needed else ()
        found.append(Claim(profile=profile, actors=actors, transactions=narrowed))
    return tuple(found)


def possible(kind: ProductKind, profiles: Sequence[str], knowledge: Knowledge) -> Mapping[TransactionId, bool]:
    """The transactions of the kind's actors, and whether a profile requires each, in the order of their numbers."""
    found: dict[TransactionId, bool] = {}
    for profile in profiles:
        known = knowledge.profiles[profile]
        for actor in kind.actors:
            for transaction in known.actors.get(actor, {}):
                required = transaction in known.transactions_of(actor)
                found[transaction] = found.get(transaction, False) or required
    return {transaction: found[transaction] for transaction in knowledge.transactions if transaction in found}


def demands(claims: tuple[Claim, ...], make_plan: MakePlan, knowledge: Knowledge) -> Demands:
    """What has to be known of a product with those claims, from a plan in which its addresses are invented."""
    found = connections(make_plan(_anywhere(claims)))
    return Demands(
        dimse=any(one.kind is LinkKind.DIMSE for one in found),
        dimse_port=any(one.kind is LinkKind.DIMSE and not one.inward for one in found),
        must_listen=any(one.kind is LinkKind.DIMSE and not one.inward and not one.can_do_without for one in found),
        hl7=any(one.kind is LinkKind.MLLP for one in found),
        hl7_port=any(one.kind is LinkKind.MLLP and not one.inward for one in found),
        called=any(one.inward for one in found),
        begins=_sorted((need.transaction for _, need in _begun(found)), knowledge),
        fed=_sorted((transaction for _, transaction in _fed(claims, found, knowledge)), knowledge),
    )


def _anywhere(claims: tuple[Claim, ...]) -> System:
    address = DimseAddress(ae_title="PRODUCT", port=_ANYWHERE)
    hl7 = Hl7Address(application="PRODUCT", facility="PRODUCT", port=_ANYWHERE)
    actors = dict.fromkeys((actor for claim in claims for actor in claim.actors), SystemActor(dimse=address, hl7=hl7))
    return System(name=PlayerName("product"), claims=claims, actors=actors)


def _begun(found: Iterable[Connection]) -> Iterator[tuple[ActorName, Need]]:
    for one in found:
        if one.inward:
            yield from ((one.theirs.actor, need) for need in one.needs if not need.reaction)


def _fed(
    claims: tuple[Claim, ...], found: Iterable[Connection], knowledge: Knowledge
) -> Iterator[tuple[ActorName, TransactionId]]:
    """What the product answers without having taken part in what it would know the answer from."""
    classes = actor_classes()
    for one in found:
        actor = one.theirs.actor
        own = {t for claim in claims if actor in claim.actors for t in claimed_transactions(claim, actor, knowledge)}
        for transaction in one.transactions if not one.inward else ():
            source = set(knowledge.transactions[transaction].knows_from.get(actor, ()))
            feeds = actor in classes and transaction in classes[actor].feeds_for()
            if source and source.isdisjoint(own) and feeds:
                yield actor, transaction


def _sorted(found: Iterable[TransactionId], knowledge: Knowledge) -> tuple[TransactionId, ...]:
    wanted = set(found)
    return tuple(transaction for transaction in knowledge.transactions if transaction in wanted)


def draft(
    answers: Answers,
    make_plan: MakePlan,
    knowledge: Knowledge,
    *,
    first_port: int = FIRST_PORT,
    is_taken: Callable[[int], bool] = lambda port: False,
) -> Draft:
    """The system that a person described; our listeners that it calls get ports from `first_port` on, one for each,
    without those that are taken."""
    claims = claims_of(answers.kind, answers.profiles, answers.transactions, knowledge)
    rough = _anywhere(claims)
    found = connections(make_plan(rough))
    system = replace(
        rough,
        name=PlayerName(answers.name),
        version=answers.version,
        actors=dict(_actors(answers, claims, found, knowledge)),
        department=dict(_department(answers, found, first_port, is_taken)),
    )
    return Draft(system=system, connections=connections(make_plan(system)))


def _actors(
    answers: Answers, claims: tuple[Claim, ...], found: Sequence[Connection], knowledge: Knowledge
) -> Iterator[tuple[ActorName, SystemActor]]:
    ways = {Acting.COMMAND: Hook(command=answers.command or ("",)), Acting.PERSON: Hook(operator="")}
    way = ways.get(answers.acting)
    feed = Hook(command=answers.feed) if answers.feed else None
    fed = set(_fed(claims, found, knowledge))
    begun = {(actor, need.transaction) for actor, need in _begun(found)}
    for actor in dict.fromkeys(actor for claim in claims for actor in claim.actors):
        own = [one for one in found if one.theirs.actor == actor]
        dimse = [one for one in own if one.kind is LinkKind.DIMSE]
        hl7 = [one for one in own if one.kind is LinkKind.MLLP]
        if not own:
            continue
        yield (
            actor,
            SystemActor(
                dimse=DimseAddress(
                    ae_title=answers.ae_title,
                    host=answers.host,
                    port=answers.dimse_port if any(not one.inward for one in dimse) else 0,
                )
                if dimse
                else None,
                hl7=Hl7Address(
                    application=answers.application,
                    facility=answers.facility,
                    host=answers.host,
                    port=answers.hl7_port if any(not one.inward for one in hl7) else 0,
                )
                if hl7
                else None,
                acts=_hooks(way, (t for t in knowledge.transactions if (actor, t) in begun)),
                feeds=_hooks(feed, (t for t in knowledge.transactions if (actor, t) in fed)),
            ),
        )


def _hooks(hook: Hook | None, transactions: Iterable[TransactionId]) -> Mapping[TransactionId, Hook]:
    return {} if hook is None else dict.fromkeys(transactions, hook)


def _department(
    answers: Answers, found: Sequence[Connection], first_port: int, is_taken: Callable[[int], bool]
) -> Iterator[tuple[ActorName, DepartmentActor]]:
    """Every actor of ours that the product meets, under the names that it has anyway."""
    own = {answers.dimse_port, answers.hl7_port} if is_loopback(answers.host) else set()
    ports = (port for port in range(first_port, 65536) if port not in own and not is_taken(port))
    remote = not is_loopback(answers.advertise)
    for actor in dict.fromkeys(one.ours.actor for one in found):
        met = [one for one in found if one.ours.actor == actor]
        ours, kinds = met[0].ours, {one.kind for one in met}
        called = {one.kind for one in met if one.inward}
        hl7 = ours.hl7 if LinkKind.MLLP in kinds else None
        listens = DepartmentActor(
            ae_title=ours.dimse.ae_title if ours.dimse and LinkKind.DIMSE in kinds else "",
            port=next(ports) if LinkKind.DIMSE in called else 0,
            hl7_port=next(ports) if LinkKind.MLLP in called else 0,
            application=hl7.application if hl7 else "",
            facility=hl7.facility if hl7 else "",
        )
        if remote:
            bind = ("::" if ":" in answers.advertise else "0.0.0.0") if called else listens.bind  # noqa: S104
            listens = replace(listens, bind=bind, advertise=answers.advertise)
        yield actor, listens
