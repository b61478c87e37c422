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
        "form": _form(play, planned, actor),
        "folder": str(folder),
        "patient": {
            "id": patient.id,
            "authority": patient.authority,
            "name": adapter(PersonName).dump_python(patient.name, mode="json"),
        },
        "service": planned.step.service or play.case.order.service,
        "peers": {
            peer: _told(party)
            for peer in _peers(planned, actor)
            if (party := _party(department, peer, planned)) is not None
        },
    }
    prior = play.case.patients.get(planned.step.prior)
    if prior is not None:
        facts["prior"] = {"id": prior.id, "authority": prior.authority}
    own = _party(department, actor, planned)
    if own is not None:
        facts["own"] = _told(own)
    if department.originates(actor):
        facts["case"] = adapter(Case).dump_python(play.case, mode="json")
    return facts


def _form(play: Play, planned: PlannedStep, actor: ActorName) -> str:
    """The HL7 version that the actor speaks in the step; that of the play on an association."""
    own = (leg.version for leg in planned.legs if actor in (leg.leg.initiator, leg.leg.responder))
    return next(filter(None, own), play.form)


def _peers(planned: PlannedStep, actor: ActorName) -> list[ActorName]:
    ends = [end for leg in planned.legs for end in (leg.leg.initiator, leg.leg.responder)]
    return [end for end in dict.fromkeys(ends) if end != actor]


def _party(department: Department, actor: ActorName, planned: PlannedStep) -> Party | None:
    """Whoever plays the actor, as it is reached in the step's transaction."""
    assignment, transaction = department.assignment, planned.transaction.id
    party = assignment.party(actor, assignment.player(actor, transaction))
    return party.at(transaction) if party is not None else None


def _told(party: Party) -> Mapping[str, object]:
    told: Mapping[str, object] = adapter(Party).dump_python(party, mode="json", exclude={"links"})
    return told
