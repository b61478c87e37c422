"""The proof of the rules for people, and as JSON. Renders a finished proof and decides nothing."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from harness.model.proof import Broken, Proof, Standing, Survivor, Trial

SCHEMA = "swf-selftest/1"
_SHOWN = 12


def proof_lines(proof: Proof, *, verbose: bool = False) -> Iterator[str]:
    """The proof in lines; `verbose` shows every mutant with what it broke."""
    yield f"{len(proof.bases)} recordings, {len(proof.trials)} mutants, {proof.seconds:.0f} s"
    for name, reasons in proof.refused.items():
        yield f"no base: {name}: {'; '.join(reasons[:3])}"
    if verbose:
        for trial in proof.trials:
            yield from _trial(trial)
    yield ""
    width = max((len(one.kind) for one in proof.kinds), default=4)
    for one in proof.kinds:
        yield f"  {one.kind:{width}}  {one.killed:5} of {one.total:5} noticed  {one.rate:6.1%}"
    killed = sum(one.killed for one in proof.kinds)
    yield f"  {'all':{width}}  {killed:5} of {proof.total:5} noticed  {proof.rate:6.1%}"
    yield from _survivors(proof)
    yield from _collateral(proof)
    for trial in proof.crashes:
        yield f"A check raised: {trial.name}  [{trial.base}]: {trial.crash}"
    yield from _standings(proof)
    for entry in proof.drift:
        yield f"survivors.yaml: nothing survives any more: {entry}"


def _trial(trial: Trial) -> Iterator[str]:
    outcome = "survived" if trial.survived else "noticed" if trial.expected else "broke" if trial.broken else "legal"
    yield f"{outcome:9} {trial.name}  [{trial.base}]"
    if trial.crash:
        yield f"          a check raised {trial.crash}"
    for expected in trial.survived:
        yield f"          expected {_some(expected.requirements)}"
    for broken in trial.broken:
        mark = "  unrelated" if broken in trial.collateral else ""
        yield f"          {broken.requirement}  {broken.where}{mark}"


def _some(names: tuple[str, ...]) -> str:
    more = f" or {len(names) - 3} more" if len(names) > 3 else ""
    return " or ".join(names[:3]) + more


def _survivors(proof: Proof) -> Iterator[str]:
    yield ""
    counted = Counter(_reason(one) for one in proof.survivors)
    listed = ", ".join(f"{count} {reason}" for reason, count in sorted(counted.items()))
    yield f"Survivors: {len(proof.survivors)}{f' ({listed})' if listed else ''}"
    for survivor in proof.unexplained:
        yield f"  {survivor.trial.name}  [{survivor.trial.base}]: {_some(survivor.expected.requirements)}"


def _reason(survivor: Survivor) -> str:
    return survivor.reason.value if survivor.reason is not None else "unexplained"


def _collateral(proof: Proof) -> Iterator[str]:
    groups: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for trial in proof.collateral:
        groups[_names(trial.collateral)].append(trial)
    yield f"Collateral: {len(proof.collateral)} mutants"
    for names, trials in sorted(groups.items(), key=lambda one: -len(one[1]))[:_SHOWN]:
        yield f"  {len(trials):4} x {_some(names)}: {trials[0].name}  [{trials[0].base}]"


def _names(broken: tuple[Broken, ...]) -> tuple[str, ...]:
    return tuple(sorted({one.requirement for one in broken}))


def _standings(proof: Proof) -> Iterator[str]:
    if not proof.standings:
        return
    counts = Counter(proof.standings.values())
    yield "Requirements: " + ", ".join(f"{counts[one]} {one.value}" for one in Standing)
    reasons = Counter(reason.value for reason in proof.unproved.values() if reason is not None)
    if reasons:
        yield "  unproved: " + ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    for name, reason in proof.unproved.items():
        if reason is None:
            yield f"  unproved without a reason: {name}"


def proof_json(proof: Proof) -> str:
    """The proof as JSON: totals, survivors, collateral and every requirement's standing."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "recordings": list(proof.bases),
            "refused": {name: list(reasons) for name, reasons in proof.refused.items()},
            "mutants": len(proof.trials),
            "seconds": round(proof.seconds, 1),
            "rate": round(proof.rate, 4),
            "kinds": {one.kind: {"noticed": one.killed, "of": one.total} for one in proof.kinds},
            "survivors": [
                {
                    "mutant": one.trial.name,
                    "recording": one.trial.base,
                    "expected": list(one.expected.requirements),
                    "reason": _reason(one),
                }
                for one in proof.survivors
            ],
            "collateral": [
                {"mutant": one.name, "recording": one.base, "requirements": list(_names(one.collateral))}
                for one in proof.collateral
            ],
            "crashes": [{"mutant": one.name, "recording": one.base, "raised": one.crash} for one in proof.crashes],
            "requirements": {name: standing.value for name, standing in proof.standings.items()},
            "unproved": {name: reason.value if reason else None for name, reason in proof.unproved.items()},
            "drift": list(proof.drift),
        },
        indent=1,
    )
