"""What a hook is told: bedside facts, the addresses of its peers, and values already seen on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.checks.identifiers import Sighting, sightings
from harness.checks.recording import LegView, PlayView
from harness.engine.department import Department
from harness.engine.storage import adapter
from harness.model.names import HARNESS, ActorName, PlayerName, StepId
from harness.model.plan import PlannedStep, Play
from harness.model.scenario import Case, Code, Patient, PersonName, ProcedurePlan, Step
from harness.model.system import Party


def hook_facts(
    department: Department, so_far: PlayView, planned: PlannedStep, actor: ActorName, folder: Path
) -> Mapping[str, object]:
    """JSON-ready facts. `folder` holds the files that our stand-in wrote; `case` goes to originators only.

    `so_far` is what has crossed our links for the play; of it, the hook is told what its own actor saw.
    """
    play = so_far.play
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
        "code": _code(department.procedures, planned.step.service or play.case.order.service),
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
    player = department.assignment.player(actor, planned.transaction.id)
    seen = seen_before(so_far, planned.step.id, actor, player)
    facts["seen"] = newest(seen, patient)
    facts["sightings"] = [_told_of(one) for one in seen]
    if department.originates(actor):
        facts["case"] = adapter(Case).dump_python(play.case, mode="json")
    return facts


def _code(procedures: ProcedurePlan, service: str) -> Mapping[str, object]:
    """The code under which a service is ordered here; empty where the plan does not know it."""
    known = procedures.services.get(service, procedures.services.get(procedures.default))
    return adapter(Code).dump_python(known.service, mode="json") if known is not None else {}


def seen_by(department: Department, so_far: PlayView, planned: PlannedStep, actor: ActorName) -> Mapping[str, str]:
    """Of each identifier that the actor has seen on the wire before a step, the value that came last."""
    player = department.assignment.player(actor, planned.transaction.id)
    return newest(seen_before(so_far, planned.step.id, actor, player), so_far.play.case.patients[planned.step.patient])


def newest(seen: Iterable[Sighting], patient: Patient) -> Mapping[str, str]:
    """Of each identifier the value that came last, of those beside which no other patient stands."""
    return {fact_name(one): one.value for one in seen if not one.patients or patient.id in one.patients}


def fact_name(one: Sighting) -> str:
    """How a hook calls an identifier: `accession_number`."""
    return one.name.lower().replace(" ", "_")


def seen_before(so_far: PlayView, now: StepId, actor: ActorName, player: PlayerName) -> tuple[Sighting, ...]:
    """Identifiers that passed before a step on the links of the actor, and of the product's others.

    What a person, or the product, could have read there; the links of others show nothing here. The actor's are meant
    whoever plays it, because our stand-in tells the product what it knows.
    """
    own = tuple(leg for leg in so_far.legs if leg.step.step.id != now and _took_part(leg, actor, player))
    return tuple(sightings(replace(so_far, legs=own)))


def _told_of(one: Sighting) -> Mapping[str, object]:
    return {
        "name": fact_name(one),
        "value": one.value,
        "transaction": one.transaction,
        "step": one.step,
        "path": one.path,
        "patients": sorted(one.patients),
    }


def _took_part(leg: LegView, actor: ActorName, player: PlayerName) -> bool:
    players = (leg.planned.initiator, leg.planned.responder)
    return actor in (leg.initiator, leg.responder) or (player != HARNESS and player in players)


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
    hidden: Mapping[str, bool | set[str]] = {"links": True, "dimse": {"tls_files"}, "hl7": {"tls_files"}}
    told: Mapping[str, object] = adapter(Party).dump_python(party, mode="json", exclude=hidden)
    return told
