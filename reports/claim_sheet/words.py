"""The words of the sheet, the procurement view and the draft statement: what each state means, and what is told beside
a claim. A harness tests and never certifies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from harness.model.claimed import ClaimedPart, ClaimState, Observation
from reports.claim_sheet.view import ClaimView, Sheet, TransactionView
from reports.printable import printable

DRAFT: Final = "Draft made by a test"
NOT_A_STATEMENT: Final = (
    "This is not an IHE Integration Statement. It lists what a test observed; only the vendor can state what a product "
    "implements."
)
NOT_A_CERTIFICATE: Final = (
    "This says what was tested and what was found. It is no statement of conformance, and no Connectathon result."
)

STATES: Final[Mapping[ClaimState, str]] = MappingProxyType(
    {
        ClaimState.VERIFIED: "every transaction was shown with enough partners, and nothing stayed undecided",
        ClaimState.PARTIALLY_VERIFIED: "shown with a partner, but not all of it, or not with enough of them",
        ClaimState.FAILED: "a requirement was violated",
        ClaimState.TO_BE_VERIFIED: "nothing was shown yet: not played, not seen, or not decided",
        ClaimState.NO_PEER: "what was shown, was shown with our simulator alone, which is not a partner",
    }
)
OBSERVATIONS: Final[Mapping[Observation, str]] = MappingProxyType(
    {
        Observation.OBSERVED: "every transaction was seen as claimed, whoever was at the other end",
        Observation.PARTLY_OBSERVED: "some of it was seen as claimed; the rest was not seen, or stayed undecided",
        Observation.CONTRADICTED: "some of it was seen to violate a requirement",
        Observation.NOT_OBSERVED: "nothing of it was decided",
    }
)


def state_css(state: ClaimState | Observation) -> str:
    """A state as one word, for a style sheet."""
    return str(state.value).replace(" ", "-")


def partners_words(view: ClaimView | TransactionView) -> str:
    """With which other products it was shown; or that there was none."""
    names = view.partners if isinstance(view, ClaimView) else view.one.partners
    return ", ".join(printable(name, 80) for name in names) or "none"


def wanted_words(partners: int) -> str:
    """How many partners are wanted."""
    return f"{partners} distinct partner{'' if partners == 1 else 's'} wanted for each transaction"


def counted_words(view: ClaimView) -> str:
    """`9 of 11 transactions observed, 152 checks, 140 of them of believed requirements`."""
    part = view.part
    if not view.transactions:
        return "nothing of it was seen"
    of = f"{view.shown} of {len(view.transactions)} transactions observed"
    believed = f", {part.believed} of them of believed requirements" if part.believed else ""
    return f"{of}, {part.checks} checks{believed}"


def remarks(part: ClaimedPart) -> Iterator[str]:
    """What is to be known of a claim besides what was shown."""
    if part.reason:
        yield printable(part.reason)
    if part.missing and part.claimed:
        names = ", ".join(printable(name, 40) for name in part.missing)
        yield f"claimed in part: the profile also requires {names} of this actor"
    if part.citation.confidence.value == "unsure":
        yield f"that {'the profile has this option' if part.option else 'the actor is so'} is unsure"
    if part.option and not part.transactions:
        yield "no scenario of this option was played, and nothing of it was seen"


def transaction_remark(view: TransactionView) -> str:
    """Why nothing was shown of a transaction; empty where something was."""
    if view.one.showings:
        return ""
    return view.remark or "not played, and not seen"


def unseen(view: ClaimView) -> Iterator[tuple[str, str]]:
    """Why nothing was shown of transactions of a claim: each reason with those that it holds for."""
    found: dict[str, list[str]] = {}
    for one in view.transactions:
        remark = transaction_remark(one)
        if remark:
            found.setdefault(remark, []).append(printable(one.one.transaction, 40))
    yield from ((remark, ", ".join(names)) for remark, names in found.items())


def tested_words(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """When it was tested, with which harness and rules, and from which runs."""
    plans = [told.run.plan for told in sheet.runs]
    yield "tested", _listed(plan.started for plan in plans)
    yield "harness", _listed(plan.harness_version for plan in plans)
    yield "rule set", _listed(told.run.rule_set or told.run.plan.rule_set for told in sheet.runs)
    yield "runs", _listed(plan.run for plan in plans)
    overrides = _listed(plan.overrides.sha256 for plan in plans if plan.overrides.files)
    if overrides:
        yield "overrides of the site", overrides
    if sheet.defects:
        yield "defects switched on", _listed(sheet.defects)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(printable(value, 120) for value in values))
