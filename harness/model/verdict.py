"""From outcome to verdict: the one table, and the one combining function."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Outcome(Enum):
    """What a check decided about one fact."""

    __hash__ = object.__hash__

    MET = "met"
    VIOLATED = "violated"
    UNDECIDED = "undecided"
    """The recording does not hold what the decision needs."""
    NOT_APPLICABLE = "not applicable"
    """The requirement's condition does not hold here."""


class Strength(Enum):
    """How binding an obligation is."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Confidence(Enum):
    """How sure we are that the obligation is worded as our table says."""

    VERIFIED = "verified"
    """Seen in a normative or highly weighted source."""
    BELIEVED = "believed"
    """Known, or seen in a weaker source: may fail a system, and is counted as such."""
    UNSURE = "unsure"
    """May only inform."""


class Owner(Enum):
    """Whose the decided fact is."""

    SYSTEM = "system under test"
    OTHER_SYSTEM = "another system"
    """It only passed on what another system had given it, or followed from that system's fault."""
    HARNESS = "simulated actor"
    ENVIRONMENT = "environment"
    SCENARIO = "scenario"
    """The scenario asked for it."""
    UNDECIDED = "undecided"


class Reason(Enum):
    """Why a fact is whose it is."""

    OWN_DOING = "its own doing"
    SENT_IT = "sent it"
    OWED_IT = "owed what did not come"
    COPIED_FROM = "was given it so"
    AFTER_FAULT_OF = "follows from an earlier fault"
    NOT_TAKEN = "what it sent was not taken"
    ASKED_BY_SYSTEM = "a system asked the question"
    DEVIATION = "the step departs from the standard on purpose"
    ILLEGAL_STEP = "the step is illegal on purpose"
    REFUSAL_WANTED = "the step is to be refused"
    LEFT_UNSTORED = "the step leaves instances out on purpose"
    LINK_NOT_PROVEN = "the system was not heard in this run"
    NOT_REACHED = "no connection could be made"
    FITS_NO_PLAY = "a message came that fits no play"
    AFTER_UNDONE = "an operator's step was not done"
    CUT_SHORT = "the play was cut short"
    NOT_IN_RECORDING = "the recording does not show it"


class Verdict(Enum):
    """The verdict words, in rising order of gravity."""

    __hash__ = object.__hash__

    NONE = "none"
    """Nothing to judge: not claimed, not observable, not applicable."""
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    """The system under test violated a requirement."""
    ERROR = "error"
    """The harness itself did wrong."""

    @property
    def rank(self) -> int:
        """Place in the order NONE < PASS < INCONCLUSIVE < FAIL < ERROR."""
        return _ORDER[self.value]


_ORDER = {verdict.value: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest verdict; NONE when there is none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NONE)


def verdict_of(
    outcome: Outcome,
    strength: Strength,
    confidence: Confidence,
    owner: Owner,
    *,
    excused: bool = False,
    strict: bool = False,
    least: Confidence = Confidence.BELIEVED,
) -> Verdict:
    """Verdict of one decided fact.

    `excused`: the violation is one that the scenario commits on purpose, or it follows from a fault that is charged by
    itself. `strict`: a violated SHOULD fails.
    `least`: the weakest confidence that may fail a system; an unsure requirement never does.
    """
    too_weak = confidence is Confidence.UNSURE or (
        least is Confidence.VERIFIED and confidence is not Confidence.VERIFIED
    )
    if outcome is Outcome.NOT_APPLICABLE or too_weak:
        return Verdict.NONE
    if outcome is Outcome.MET:
        return Verdict.PASS
    if outcome is Outcome.UNDECIDED:
        return Verdict.INCONCLUSIVE if strength is Strength.SHALL else Verdict.NONE
    return _violated(strength, owner, excused=excused, strict=strict)


def _violated(strength: Strength, owner: Owner, *, excused: bool, strict: bool) -> Verdict:
    if excused or owner in (Owner.OTHER_SYSTEM, Owner.SCENARIO):
        return Verdict.NONE
    if strength is Strength.MAY or (strength is Strength.SHOULD and not strict):
        return Verdict.PASS
    return {Owner.SYSTEM: Verdict.FAIL, Owner.HARNESS: Verdict.ERROR}.get(owner, Verdict.INCONCLUSIVE)
