"""What `swf check` found, as JSON: schema `swf-check-json/1`, every key there whatever was found."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from harness.model.checked import CheckedFile, CheckedFiles, CheckedFinding, CheckedMessage, Recognition
from harness.model.verdict import Outcome, Verdict

SCHEMA = "swf-check-json/1"


def checked_json(found: CheckedFiles, *, everything: bool = False) -> str:
    """The whole result. What is met or does not apply is counted, and listed only with `everything`."""
    messages = [message for file in found.files for message in file.messages]
    data = {
        "schema": SCHEMA,
        "rule_set": found.rule_set,
        "exit_code": found.exit_code,
        "verdict": found.verdict.value,
        "counts": {
            "files": len(found.files),
            "messages": len(messages),
            "checks": sum(message.checks for message in messages),
            "violated": sum(_count(message, Verdict.FAIL) for message in messages),
            "undecided": sum(_count(message, Verdict.INCONCLUSIVE) for message in messages),
            "warnings": sum(one.judged.warning for message in messages for one in message.findings),
        },
        "files": [_file(file, everything) for file in found.files],
        "overrides": [
            {
                "override": asdict(use.override) | {"effect": use.override.effect.value},
                "expired": use.expired,
                "findings": use.findings,
                "changes": [
                    {"before": one.before.value, "after": one.after.value, "count": one.count} for one in use.changes
                ],
            }
            for use in found.overrides
        ],
        "cases": [{"patient": one.patient, "files": list(one.files), "checks": one.checks} for one in found.cases],
    }
    return json.dumps(data, indent=1, ensure_ascii=True)


def _count(message: CheckedMessage, verdict: Verdict) -> int:
    return sum(one.judged.verdict is verdict for one in message.findings)


def _file(file: CheckedFile, everything: bool) -> dict[str, Any]:
    return {
        "name": file.name,
        "verdict": file.verdict.value,
        "notes": list(file.notes),
        "unread": [{"offset": one.offset, "why": one.why} for one in file.unread],
        "messages": [_message(message, everything) for message in file.messages],
    }


def _message(message: CheckedMessage, everything: bool) -> dict[str, Any]:
    shown = [one for one in message.findings if everything or _is_wrong(one)]
    return {
        "what": message.what,
        "line": message.line,
        "verdict": message.verdict.value,
        "checks": message.checks,
        "met": sum(one.judged.finding.outcome is Outcome.MET for one in message.findings),
        "note": message.note,
        "forced": message.forced,
        "recognised": [_recognition(one) for one in message.recognitions],
        "findings": [_finding(one) for one in shown],
    }


def _is_wrong(one: CheckedFinding) -> bool:
    return one.judged.verdict.rank > Verdict.PASS.rank or one.judged.warning


def _recognition(one: Recognition) -> dict[str, Any]:
    return {
        "transaction": one.transaction,
        "leg": one.leg,
        "title": one.title,
        "initiator": one.initiator,
        "responder": one.responder,
        "half": one.half.value,
        "table": one.table,
        "why": list(one.why),
    }


def _finding(one: CheckedFinding) -> dict[str, Any]:
    judged = one.judged
    finding, requirement = judged.finding, judged.requirement
    return {
        "requirement": requirement.id,
        "text": requirement.text,
        "check": finding.check,
        "outcome": finding.outcome.value,
        "verdict": judged.verdict.value,
        "warning": judged.warning,
        "strength": requirement.strength.value,
        "citation": requirement.citation.text,
        "confidence": requirement.citation.confidence.value,
        "actor": finding.actor,
        "path": finding.evidence.path if finding.evidence is not None else "",
        "line": one.line,
        "expected": finding.expected,
        "received": finding.received,
        "origin": finding.origin,
        "together": one.together,
    }
