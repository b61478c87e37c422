"""What vendors claim, and what a run, or several, showed of it: the states of a claim, and the one way to reach them.

A claim is an actor of a profile, or an option of it. What was seen is counted by transaction and by who was at the
other end: another product is a partner, our simulated actor never is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from harness.model.names import HARNESS, ActorName, ExchangeId, LegId, PlayerName, PlayId, StepId, TransactionId
from harness.model.profile import Citation, Need
from harness.model.record import Record
from harness.model.verdict import Verdict, worst

LEAST_PARTNERS: Final = 1
"""Distinct partners with which a transaction must have been shown, where nobody asks for more."""


class ClaimState(Enum):
    """What is to be said of a claim, or of one transaction of it, to those who want partners for a proof."""

    __hash__ = object.__hash__

    VERIFIED = "verified"
    """Shown with enough partners, and nothing stayed undecided."""
    PARTIALLY_VERIFIED = "partially verified"
    """Shown with a partner, but not with enough of them, or not all of it."""
    FAILED = "failed"
    """A requirement was violated."""
    TO_BE_VERIFIED = "to be verified"
    """Nothing was shown yet: not played, not seen, or not decided."""
    NO_PEER = "no peer"
    """What was shown, was shown with our simulator alone, which is not a partner."""


class Observation(Enum):
    """What was seen of a claim, whoever was at the other end: for those who compare claims with facts."""

    __hash__ = object.__hash__

    OBSERVED = "observed"
    """Every transaction of it was seen, and nothing was violated or stayed undecided."""
    PARTLY_OBSERVED = "observed in part"
    """Something of it was seen as claimed; the rest was not seen, or not decided."""
    CONTRADICTED = "contradicted"
    """Something of it was seen, and violated a requirement."""
    NOT_OBSERVED = "not observed"
    """Nothing of it was decided."""


@dataclass(frozen=True, kw_only=True)
class Showing(Record):
    """One leg that says something of a claim: where, with whom, and the verdict on the claiming system.

    `counterpart` played the other end; HARNESS is our simulator. `exchange` is the one of the first complaint, else the
    first of the leg. `run` names the run, once several are put together. `checks` decided something about the system,
    `believed` of them rest on requirements of that confidence. `known`: it failed, and all that failed is a known
    deviation.
    """

    play: PlayId
    step: StepId
    leg: LegId
    counterpart: PlayerName
    verdict: Verdict
    exchange: ExchangeId | None = None
    checks: int = 0
    believed: int = 0
    known: bool = False
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimedTransaction(Record):
    """One transaction of a claim. `reason` says why nothing was judged, where nothing was."""

    transaction: TransactionId
    title: str
    need: Need = Need.REQUIRED
    showings: tuple[Showing, ...] = ()
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst one."""
        return worst(showing.verdict for showing in self.showings)

    @property
    def checks(self) -> int:
        """How many checks decided something about the system."""
        return sum(showing.checks for showing in self.showings)

    @property
    def believed(self) -> int:
        """How many of these rest on believed requirements."""
        return sum(showing.believed for showing in self.showings)

    @property
    def partners(self) -> tuple[PlayerName, ...]:
        """The other products with which it was shown without a violation, each once."""
        good = {one.counterpart for one in self.showings if one.verdict is Verdict.PASS}
        bad = {one.counterpart for one in self.showings if one.verdict is Verdict.FAIL}
        return tuple(sorted(good - bad - {HARNESS}))

    @property
    def observation(self) -> Observation:
        """What was seen of it."""
        verdicts = {showing.verdict for showing in self.showings}
        if Verdict.FAIL in verdicts:
            return Observation.CONTRADICTED
        if Verdict.PASS not in verdicts:
            return Observation.NOT_OBSERVED
        return Observation.PARTLY_OBSERVED if _undecided(verdicts) else Observation.OBSERVED

    def state(self, partners: int = LEAST_PARTNERS) -> ClaimState:
        """Its state, where so many distinct partners are wanted."""
        seen = self.observation
        if seen is Observation.CONTRADICTED:
            return ClaimState.FAILED
        if not self.partners:
            return ClaimState.NO_PEER if seen is Observation.OBSERVED else ClaimState.TO_BE_VERIFIED
        enough = seen is Observation.OBSERVED and len(self.partners) >= partners
        return ClaimState.VERIFIED if enough else ClaimState.PARTIALLY_VERIFIED


def _undecided(verdicts: Iterable[Verdict]) -> bool:
    return bool({Verdict.INCONCLUSIVE, Verdict.ERROR} & set(verdicts))


@dataclass(frozen=True, kw_only=True)
class ClaimedPart(Record):
    """An actor of a profile as a system claims it, or, where `option` is named, an option of that actor.

    `claimed` is false for what was only seen. `missing` are transactions that the profile requires of the actor and the
    claim leaves out. `means` and `citation` are the profile's. `reason` says why it is not tested, where the system
    file wants it so. `forms` are the HL7 versions of the claim.
    """

    system: PlayerName
    version: str = ""
    profile: str
    profile_title: str = ""
    actor: ActorName
    option: str = ""
    claimed: bool = True
    means: str = ""
    citation: Citation
    forms: tuple[str, ...] = ()
    transactions: tuple[ClaimedTransaction, ...] = ()
    missing: tuple[TransactionId, ...] = ()
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of its transactions."""
        return worst(one.verdict for one in self.transactions)

    @property
    def checks(self) -> int:
        """How many checks decided something about the system."""
        return sum(one.checks for one in self.transactions)

    @property
    def believed(self) -> int:
        """How many of these rest on believed requirements."""
        return sum(one.believed for one in self.transactions)

    @property
    def partners(self) -> tuple[PlayerName, ...]:
        """Every other product with which some transaction of it was shown, each once."""
        return tuple(sorted({partner for one in self.transactions for partner in one.partners}))

    @property
    def observation(self) -> Observation:
        """What was seen of it."""
        seen = {one.observation for one in self.transactions}
        for alone in (Observation.CONTRADICTED, Observation.PARTLY_OBSERVED):
            if alone in seen:
                return alone
        if Observation.OBSERVED not in seen:
            return Observation.NOT_OBSERVED
        return Observation.PARTLY_OBSERVED if len(seen) > 1 else Observation.OBSERVED

    def state(self, partners: int = LEAST_PARTNERS) -> ClaimState:
        """Its state, where so many distinct partners are wanted for each transaction."""
        states = {one.state(partners) for one in self.transactions}
        if ClaimState.FAILED in states:
            return ClaimState.FAILED
        if states == {ClaimState.VERIFIED}:
            return ClaimState.VERIFIED
        if states & {ClaimState.VERIFIED, ClaimState.PARTIALLY_VERIFIED}:
            return ClaimState.PARTIALLY_VERIFIED
        return ClaimState.NO_PEER if ClaimState.NO_PEER in states else ClaimState.TO_BE_VERIFIED

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes it the same claim in another run."""
        return (self.system, self.version, self.profile, self.actor, self.option)


def put_together(runs: Mapping[str, Iterable[ClaimedPart]]) -> tuple[ClaimedPart, ...]:
    """The claims of several runs, by the runs' names: the same claim once, with all that was shown of it.

    A product in another version is another system.
    """
    found: dict[tuple[str, ...], ClaimedPart] = {}
    for name, parts in runs.items():
        for part in parts:
            own = replace(part, transactions=tuple(_of_run(one, name) for one in part.transactions))
            held = found.get(part.key)
            found[part.key] = own if held is None else _joined(held, own)
    return tuple(sorted(found.values(), key=lambda part: (part.system, part.version)))


def _of_run(one: ClaimedTransaction, name: str) -> ClaimedTransaction:
    return replace(one, showings=tuple(replace(showing, run=name) for showing in one.showings))


def _joined(first: ClaimedPart, other: ClaimedPart) -> ClaimedPart:
    held = {one.transaction: one for one in first.transactions}
    for one in other.transactions:
        before = held.get(one.transaction)
        if before is not None:
            reason = "" if before.showings or one.showings else before.reason or one.reason
            one = replace(before, showings=(*before.showings, *one.showings), reason=reason)
        held[one.transaction] = one
    return replace(
        first,
        claimed=first.claimed or other.claimed,
        forms=tuple(sorted({*first.forms, *other.forms})),
        transactions=tuple(held.values()),
        missing=tuple(one for one in first.missing if one in other.missing),
        reason=first.reason if other.reason else "",
    )


def counted_states(parts: Iterable[ClaimedPart], partners: int = LEAST_PARTNERS) -> Mapping[ClaimState, int]:
    """How many claims are in each state; what was only seen is none."""
    counts = Counter(part.state(partners) for part in parts if part.claimed)
    return {state: counts[state] for state in ClaimState if counts[state]}
