"""The draft of an IHE Integration Statement: actors and options of which everything was observed and nothing violated;
and what is claimed and cannot be listed, with the reason. As data and as text.

A draft says what a test saw. Only the vendor can make the statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.claimed import Observation
from harness.model.names import TransactionId
from reports.claim_sheet.view import ClaimView, Sheet, SystemView
from reports.claim_sheet.words import DRAFT, NOT_A_STATEMENT, remarks, tested_words
from reports.printable import printable

BLANKS = ("Vendor", "Date", "Where the vendor's own conformance statements are found", "Name and signature")
"""What a test cannot know, and the vendor fills in."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """An actor that can be listed, with those of its options that can."""

    actor: ClaimView
    options: tuple[ClaimView, ...]


@dataclass(frozen=True, kw_only=True)
class StatedProfile:
    """A profile with the actors that can be listed."""

    profile: str
    title: str
    citation: str
    actors: tuple[Stated, ...]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A claim that cannot be listed, and why."""

    claim: ClaimView
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The draft for one product."""

    system: SystemView
    profiles: tuple[StatedProfile, ...]
    held: tuple[Held, ...]


def drafts(sheet: Sheet) -> tuple[Draft, ...]:
    """A draft for each product."""
    return tuple(_draft(system) for system in sheet.systems)


def _draft(system: SystemView) -> Draft:
    everything = (*system.claims, *system.unclaimed)
    actors = [claim for claim in everything if not claim.part.option]
    listed = {_actor_key(claim) for claim in actors if _can_be_listed(claim)}
    profiles = dict.fromkeys(claim.part.profile for claim in actors if _actor_key(claim) in listed)
    return Draft(
        system=system,
        profiles=tuple(_profile(name, everything, listed) for name in profiles),
        held=tuple(
            Held(claim=claim, why=tuple(_why(claim, listed))) for claim in everything if _is_held(claim, listed)
        ),
    )


def _actor_key(claim: ClaimView) -> tuple[str, str]:
    return claim.part.profile, claim.part.actor


def _can_be_listed(claim: ClaimView) -> bool:
    return claim.part.observation is Observation.OBSERVED and not claim.part.missing


def _is_held(claim: ClaimView, listed: set[tuple[str, str]]) -> bool:
    return not _can_be_listed(claim) or _actor_key(claim) not in listed


def _profile(name: str, everything: tuple[ClaimView, ...], listed: set[tuple[str, str]]) -> StatedProfile:
    own = [claim for claim in everything if claim.part.profile == name and _actor_key(claim) in listed]
    actors = [claim for claim in own if not claim.part.option]
    return StatedProfile(
        profile=printable(name),
        title=printable(actors[0].part.profile_title),
        citation=printable(actors[0].part.citation.text),
        actors=tuple(
            Stated(
                actor=claim,
                options=tuple(
                    option
                    for option in own
                    if option.part.option and option.part.actor == claim.part.actor and _can_be_listed(option)
                ),
            )
            for claim in actors
        ),
    )


def _why(claim: ClaimView, listed: set[tuple[str, str]]) -> Iterator[str]:
    yield from remarks(claim.part)
    if claim.part.option and _actor_key(claim) not in listed:
        yield "its actor cannot be listed"
    for observation, words in (
        (Observation.CONTRADICTED, "violated a requirement"),
        (Observation.PARTLY_OBSERVED, "observed in part"),
        (Observation.NOT_OBSERVED, "not observed"),
    ):
        names = [one.one.transaction for one in claim.transactions if one.one.observation is observation]
        if names:
            yield f"{words}: {_listed(names)}"


def _listed(names: list[TransactionId]) -> str:
    return ", ".join(printable(name, 40) for name in names)


def with_words(claim: ClaimView) -> str:
    """With whom it was observed."""
    simulated = any(opposite.simulated for one in claim.transactions for opposite in one.opposites)
    if not claim.partners:
        return "our simulator alone"
    return ", ".join(claim.partners) + (", and our simulator" if simulated else "")


def statement_text(sheet: Sheet) -> Iterator[str]:
    """The drafts in lines."""
    for draft in drafts(sheet):
        yield f"{DRAFT.upper()}: {draft.system.title}"
        yield NOT_A_STATEMENT
        yield ""
        yield from (f"{blank}: ______________________________ (for the vendor to fill in)" for blank in BLANKS)
        yield ""
        yield from _listing(draft)
        if draft.held:
            yield ""
            yield "Not listed:"
            for held in draft.held:
                claimed = "" if held.claim.part.claimed else " (not claimed)"
                yield f"  {held.claim.title}{claimed}: {'; '.join(held.why)}"
        yield ""
        yield from (f"{name}: {value}" for name, value in tested_words(sheet))
        if sheet.interrupted:
            yield "a run was interrupted: what is missing was not tested"
        yield ""


def _listing(draft: Draft) -> Iterator[str]:
    if not draft.profiles:
        yield "No actor can be listed: of none was everything observed without a violation."
    for profile in draft.profiles:
        yield f"{profile.profile}  {profile.title}  ({profile.citation})"
        for stated in profile.actors:
            claimed = "" if stated.actor.part.claimed else " (observed, not claimed)"
            names = _listed([one.one.transaction for one in stated.actor.transactions])
            yield f"  {printable(stated.actor.part.actor)}{claimed}: {names}; observed with {with_words(stated.actor)}"
            for option in stated.options:
                remark = "; ".join(remarks(option.part))
                yield f"    option {printable(option.part.option)}" + (f" ({remark})" if remark else "")
            if not stated.options:
                yield "    no option"
