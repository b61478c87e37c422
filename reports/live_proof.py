"""The live proof for people, and as JSON. Renders a finished proof and decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from harness.model.live_proof import DefectKind, LiveProof, LiveTrial

SCHEMA = "swf-selftest-live/1"


def trial_line(trial: LiveTrial) -> str:
    """One defect in a line."""
    seen = trial.defect.detection
    outcome = "noticed" if trial.holds else "NOT PROVED"
    where = f"{seen.scenario} {seen.step}: {seen.requirement}"
    return f"{outcome:10} {trial.defect.id:36} {', '.join(trial.actors):28} {where}  {trial.seconds:.1f} s"


def live_proof_lines(proof: LiveProof) -> Iterator[str]:
    """The proof in lines, without the trials themselves."""
    for trial in proof.trials:
        yield from _faults(trial)
    for line in proof.faultless:
        yield f"without a defect: {line}"
    yield ""
    counts = Counter(actor for trial in proof.trials for actor in trial.actors)
    for actor, count in sorted(counts.items()):
        yield f"  {actor:34} {count:3}"
    held = sum(trial.holds for trial in proof.trials)
    behaviour = sum(trial.kind is DefectKind.BEHAVIOUR for trial in proof.trials)
    later = sum(trial.later for trial in proof.trials)
    yield (
        f"{held} of {len(proof.trials)} defects noticed with the right blame "
        f"({behaviour} of behaviour, {later} on an item that is not the first), {proof.seconds:.0f} s"
    )


def _faults(trial: LiveTrial) -> Iterator[str]:
    name = trial.defect.id
    if trial.idle:
        yield f"{name}: its change never took effect"
    elif not trial.noticed:
        yield f"{name}: not noticed; what failed: {', '.join(map(str, trial.system)) or 'nothing'}"
    for one in trial.misplaced:
        yield f"{name}: charged to the wrong actor: {one}"
    for play in trial.errors:
        yield f"{name}: an error of the harness in {play}"


def live_proof_json(proof: LiveProof) -> str:
    """The proof as JSON."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "holds": proof.holds,
            "seconds": round(proof.seconds, 1),
            "faultless": list(proof.faultless),
            "defects": [_defect(trial) for trial in proof.trials],
        },
        indent=1,
    )


def _defect(trial: LiveTrial) -> dict[str, object]:
    seen = trial.defect.detection
    return {
        "defect": trial.defect.id,
        "title": trial.defect.title,
        "actors": list(trial.actors),
        "kind": trial.kind.value,
        "later": trial.later,
        "scenario": seen.scenario,
        "step": seen.step,
        "requirement": seen.requirement,
        "noticed": trial.noticed,
        "holds": trial.holds,
        "failed": [str(one) for one in trial.system],
        "misplaced": [str(one) for one in trial.misplaced],
        "errors": list(trial.errors),
        "idle": trial.idle,
        "seconds": round(trial.seconds, 1),
    }
