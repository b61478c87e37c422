"""The sheet as JSON, for programs: every claim with its state and observation, and every place that shows something."""

from __future__ import annotations

import json
from typing import Final

from harness.model.claimed import ClaimedTransaction, Showing
from reports.claim_sheet.statement import drafts
from reports.claim_sheet.view import ClaimView, Sheet, SystemView, TransactionView
from reports.claim_sheet.words import DRAFT, NOT_A_STATEMENT, remarks, tested_words, transaction_remark
from reports.printable import printable

FORMAT: Final = "swf-claims-json/1"
STATEMENT_FORMAT: Final = "swf-statement-json/1"

_Value = object


def sheet_json(sheet: Sheet) -> str:
    """The sheet with all its evidence."""
    return _text(
        {
            "format": FORMAT,
            "partners_wanted": sheet.partners,
            "interrupted": sheet.interrupted,
            "tested": dict(tested_words(sheet)),
            "systems": [_system(system) for system in sheet.systems],
        }
    )


def statement_json(sheet: Sheet) -> str:
    """The drafts."""
    return _text(
        {
            "format": STATEMENT_FORMAT,
            "draft": f"{DRAFT}. {NOT_A_STATEMENT}",
            "interrupted": sheet.interrupted,
            "tested": dict(tested_words(sheet)),
            "systems": [
                {
                    "name": _safe(draft.system.name),
                    "version": _safe(draft.system.version),
                    "listed": [
                        {
                            "profile": profile.profile,
                            "actor": _safe(stated.actor.part.actor),
                            "options": [_safe(option.part.option) for option in stated.options],
                            "transactions": [_safe(one.one.transaction) for one in stated.actor.transactions],
                            "partners": list(stated.actor.partners),
                            "claimed": stated.actor.part.claimed,
                        }
                        for profile in draft.profiles
                        for stated in profile.actors
                    ],
                    "not_listed": [
                        {**_head(held.claim), "observation": held.claim.part.observation.value, "why": list(held.why)}
                        for held in draft.held
                    ],
                }
                for draft in drafts(sheet)
            ],
        }
    )


def _system(system: SystemView) -> dict[str, _Value]:
    return {
        "name": _safe(system.name),
        "version": _safe(system.version),
        "states": {state.value: count for state, count in system.counts},
        "partners": list(system.partners),
        "claims": [_claim(claim) for claim in (*system.claims, *system.unclaimed)],
    }


def _head(claim: ClaimView) -> dict[str, _Value]:
    part = claim.part
    return {
        "profile": _safe(part.profile),
        "actor": _safe(part.actor),
        "option": _safe(part.option),
        "claimed": part.claimed,
    }


def _claim(claim: ClaimView) -> dict[str, _Value]:
    part = claim.part
    return {
        **_head(claim),
        "means": _safe(part.means),
        "citation": {"text": _safe(part.citation.text), "confidence": part.citation.confidence.value},
        "state": claim.state.value,
        "observation": part.observation.value,
        "partners": list(claim.partners),
        "checks": part.checks,
        "believed": part.believed,
        "missing": [_safe(name) for name in part.missing],
        "remarks": list(remarks(part)),
        "transactions": [_transaction(view) for view in claim.transactions],
    }


def _transaction(view: TransactionView) -> dict[str, _Value]:
    one: ClaimedTransaction = view.one
    return {
        "transaction": _safe(one.transaction),
        "title": _safe(one.title),
        "need": one.need.value,
        "state": view.state.value,
        "observation": one.observation.value,
        "partners": [_safe(name) for name in one.partners],
        "checks": one.checks,
        "remark": transaction_remark(view),
        "evidence": [_showing(showing) for showing in one.showings],
    }


def _showing(showing: Showing) -> dict[str, _Value]:
    return {
        "run": _safe(showing.run.partition(":")[2]),
        "play": _safe(showing.play),
        "step": _safe(showing.step),
        "leg": _safe(showing.leg),
        "with": _safe(showing.counterpart),
        "verdict": showing.verdict.value,
        "exchange": showing.exchange,
        "known": showing.known,
    }


def _safe(text: str) -> str:
    return printable(text)


def _text(data: dict[str, _Value]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
