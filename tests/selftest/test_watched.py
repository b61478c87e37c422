"""What a scripted run shows of a defect, its traffic alone shows too, and it is held against the same side.

The reference system is tested in one role; then only what a relay would have seen of the run is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.engine.judging import judge
from harness.engine.storage import Evidence
from harness.model.run import Run
from harness.model.system import Times
from harness.model.verdict import Outcome, Verdict
from harness.profiles import knowledge
from tests.watched import Relayed, apart

DECLARED = Times(answer=20.0, act=60.0, show=15.0)
"""Times of a department that works slower than its test."""

DEFECTS = [
    ("adt-reuses-control-ids", "swf.inpatient", "ADT", "control-ids/adt"),
    ("obr2-differs", "swf.scheduled", "Order Placer", "rad-2.omg-o19-nw/OBR-2.1"),
    ("filler-worklist-keeps-the-old-time", "swf.procedure-changed", "Order Filler", "updates/worklist-shows-procedure"),
    ("ideographic-group-not-copied", "swf.characters", "Modality", "consistency/patient-name.rad-6-to-rad-8"),
    ("discontinued-lists-too-few", "swf.discontinued-with-images", "Modality", "storage/listed-equals-stored"),
    ("relay-rewrites-status", "swf.discontinued-with-images", "PPS Manager", "mpps/relayed-unchanged"),
    ("changes-a-pixel", "swf.sop-classes", "Image Manager", "storage/retrieved-equals-stored"),
    ("display-silent-on-an-image", "swf.scheduled", "Image Display", "rad-16.store/answered"),
]


def violations(run: Run) -> Iterator[tuple[int | None, str, str, Verdict]]:
    """The message, the requirement and the system of every violation."""
    for play in run.plays:
        for step in play.steps:
            for leg in step.legs:
                for one in leg.findings:
                    if one.finding.outcome is Outcome.VIOLATED:
                        where = one.finding.evidence.exchange if one.finding.evidence is not None else None
                        yield where, str(one.finding.requirement), str(one.player), one.verdict


def watched(run: Run, folder: Path, first: int = 0, last: int | None = None) -> Run:
    """What a relay between all the actors of a run saw, judged; of the whole it saw ten quiet minutes more."""
    assert run.transcript is not None
    relayed = Relayed(run, run.transcript, apart, times=DECLARED)
    seen = relayed.transcript(first=first, last=last)
    seen = seen if last is not None else relayed.lasting(seen, 600.0)
    return judge(relayed.plan, seen, Evidence(folder).read, knowledge())


@pytest.mark.parametrize(("defect", "scenario", "role", "requirement"), DEFECTS)
def test_a_defect_is_found_in_traffic_and_blamed_on_its_side(
    defect: str, scenario: str, role: str, requirement: str, play: Callable[..., Run], tmp_path: Path
) -> None:
    run = play(scenario, roles=[role], defect=defect)
    seen = watched(run, tmp_path / "run")
    failed = {(player, name) for _, name, player, verdict in violations(seen) if verdict is Verdict.FAIL}
    assert (f"the {role}", requirement) in failed
    scripted = {(where, name) for where, name, _, _ in violations(run)}
    others = {
        (where, name, player)
        for where, name, player, verdict in violations(seen)
        if verdict is Verdict.FAIL and player != f"the {role}" and (where, name) not in scripted
    }
    assert others == set()


@pytest.mark.parametrize("scenario", ["swf.scheduled", "swf.procedure-changed", "pir.case-4"])
def test_without_a_defect_no_part_of_the_traffic_fails(scenario: str, play: Callable[..., Run], tmp_path: Path) -> None:
    run = play(scenario, roles=["Order Filler", "Modality", "Image Manager"])
    assert {verdict for *_, verdict in violations(run)} <= {Verdict.NONE, Verdict.PASS}
    assert watched(run, tmp_path / "run").verdict is Verdict.PASS
    for cut in range(1, 200, 23):
        for seen in (watched(run, tmp_path / "run", first=cut), watched(run, tmp_path / "run", last=cut)):
            assert [one for one in violations(seen) if one[3] in (Verdict.FAIL, Verdict.ERROR)] == [], cut
