"""What a hook is told: bedside facts, the addresses of its peers, and values already seen on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.engine.department import Department
from harness.engine.storage import adapter
from harness.model.names import ActorName
from harness.model.plan import PlannedStep, Play
from harness.model.scenario import Case, PersonName, Step
from harness.model.system import Party


def hook_facts(
    department: Department, play: Play, planned: PlannedStep, actor: ActorName, folder: Path
) -> Mapping[str, object]:
    """JSON-ready facts. `folder` holds the files that our stand-in wrote; `case` goes to originators only."""
    patient = play.case.patients[planned.step.patient]
    facts: dict[str, object] = {
        "play": play.id,
        "step": adapter(Step).dump_python(planned.step, mode="json"),
        "actor": actor,
        "transaction": planned.transaction.id,
        "form": play.form,
        "folder": str(folder),
        "patient": {
            "id": patient.id,
            "authority": patient.authority,
            "name": adapter(PersonName).dump_python(patient.name, mode="json"),
        },
        "service": planned.step.service or play.case.order.service,
        "peers": {
            peer: adapter(Party).dump_python(party, mode="json")
            for peer in _peers(planned, actor)
            if (party := _party(department, peer, planned)) is not None
        },
    }
    prior = play.case.patients.get(planned.step.prior)
    if prior is not None:
        facts["prior"] = {"id": prior.id, "authority": prior.authority}
    own = _party(department, actor, planned)
    if own is not None:
        facts["own"] = adapter(Party).dump_python(own, mode="json")
    if department.originates(actor):
        facts["case"] = adapter(Case).dump_python(play.case, mode="json")
    return facts


def _peers(planned: PlannedStep, actor: ActorName) -> list[ActorName]:
    ends = [end for leg in planned.legs for end in (leg.leg.initiator, leg.leg.responder)]
    return [end for end in dict.fromkeys(ends) if end != actor]


def _party(department: Department, actor: ActorName, planned: PlannedStep) -> Party | None:
    assignment = department.assignment
    return assignment.party(actor, assignment.player(actor, planned.transaction.id))
