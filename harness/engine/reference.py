"""The reference system: the project's own actors as a product, in a process of its own, reached only over sockets.

It is told to act through its control link, as an operator would, and who its peers are. Defects are deviations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import ValidationError

from harness.actor import Action, Bedside, actor_classes
from harness.engine.department import Department
from harness.engine.storage import adapter
from harness.engine.unrecorded import Unrecorded
from harness.engine.unrest import Unrest
from harness.errors import InputError
from harness.identifiers import Identifiers, SystemClock
from harness.model.deviation import Deviation
from harness.model.names import HARNESS, ActorName, PlayerName, PlayId, StepId, TransactionId
from harness.model.plan import Assignment, StepRef
from harness.model.scenario import Case, PersonName, ProcedurePlan, Step
from harness.model.system import DimseAddress, Hl7Address, Party, Strain
from harness.model.tls import TlsFiles, TlsMode
from harness.profiles import Knowledge
from harness.transports.control import ControlServer

TESTER = PlayerName("tester")
FACILITY = "REFERENCE"


REPEAT_EVERY = 3
"""How often a noisy system sends an HL7 message a second time: each third."""
EXAMINED = 3
"""How many foreign patients have images in the archive of a noisy system."""

_ORDERED = (("ADT", "RAD-1", "A04", ""), ("Order Placer", "RAD-2", "", "NW"))
_EXAMINED = (
    *_ORDERED,
    ("Order Filler", "RAD-4", "", "NW"),
    ("Modality", "RAD-5", "", ""),
    ("Modality", "RAD-6", "", ""),
    ("Modality", "RAD-8", "", ""),
    ("Modality", "RAD-7", "", ""),
)
"""Actor, transaction, trigger event and order control of what was before the run."""


class ReferenceSystem:
    """A context manager: entering opens every endpoint and the control link."""

    def __init__(
        self,
        knowledge: Knowledge,
        procedures: ProcedurePlan,
        *,
        seed: int,
        deviations: Iterable[Deviation] = (),
        history: Iterable[Case] = (),
        strain: Strain | None = None,
        tls: TlsFiles | None = None,
    ) -> None:
        parties = {name: _own_party(name, tls) for name in actor_classes()}
        self._department = Department(
            Assignment(id="reference", ours=parties, theirs=(), serves={}, plays=()),
            knowledge=knowledge,
            recorder=Unrecorded(),
            clock=SystemClock(),
            seed=seed,
            procedures=procedures,
        )
        self._deviations = tuple(deviations)
        self._history = tuple(history)
        self._identifiers = Identifiers(seed, "history")
        self._strain = strain or Strain()
        self._unrest = Unrest(self._peers, _titles(parties.values())) if self._strain.noise else None
        self._control = ControlServer(self._handle)

    def __enter__(self) -> ReferenceSystem:
        self._department.__enter__()
        for case in self._history:
            self._remember(case, _ORDERED)
        if self._strain.noise:
            for number, case in enumerate(self._history):
                self._remember(case, _EXAMINED if number < EXAMINED else _ORDERED)
        self._department.deviate(self._deviations)
        self._department.delay = self._strain.delay
        self._department.repeat_every = REPEAT_EVERY if self._strain.noise else 0
        self._control.start()
        if self._unrest is not None:
            self._unrest.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._unrest is not None:
            self._unrest.stop()
        self._control.stop()
        self._department.__exit__()

    def introduction(self) -> Mapping[str, object]:
        """What whoever started the process must know: the control address and the parties."""
        return {
            "control": self._control.url,
            "actors": {
                name: adapter(Party).dump_python(party, mode="json")
                for name, party in self._department.assignment.ours.items()
            },
        }

    def _peers(self) -> Sequence[DimseAddress]:
        return [party.dimse for party in self._department.assignment.theirs if party.dimse and party.dimse.port]

    def _remember(self, case: Case, flow: Sequence[tuple[str, str, str, str]]) -> None:
        """Register, order and perhaps examine a patient of its own: a real system is never empty."""
        number = self._identifiers.number("H", 8)
        patients = {key: replace(patient, id=number, authority="HOSP") for key, patient in case.patients.items()}
        case = replace(case, patients=patients, visit=replace(case.visit, number=self._identifiers.number("V", 8)))
        patient = patients["main"]
        for actor, transaction, trigger, control in flow:
            step = Step(
                id=StepId("history"),
                transaction=TransactionId(transaction),
                initiator=ActorName(actor),
                trigger=trigger,
                control=control,
                instances=1,
            )
            player = self._department.actor(step.initiator)
            player.perform(
                Action(
                    cause=StepRef(PlayId("history"), step.id),
                    step=step,
                    form="2.5.1",
                    bedside=Bedside(
                        name=patient.name,
                        patient_id=patient.id,
                        authority=patient.authority,
                        service=case.order.service,
                    ),
                    case=case if player.originates else None,
                )
            )

    def _handle(self, name: str, body: Mapping[str, object]) -> Mapping[str, object]:
        try:
            if name == "peers":
                self._meet(body)
            elif name == "act":
                self._act(body)
            elif name == "idle":
                idle = self._department.idle_deviations()
                return {"idle": [adapter(Deviation).dump_python(one, mode="json") for one in idle]}
            else:
                raise InputError(f"the reference system does not know {name!r}")
        except (ValidationError, KeyError, TypeError) as error:
            raise InputError(f"unusable request: {error}") from None
        return {"done": name}

    def _meet(self, body: Mapping[str, object]) -> None:
        """Learn which actors somebody else plays, and where they are."""
        parties = adapter(dict[ActorName, Party]).validate_python(body["parties"])
        self._department.belonging.expect(
            adapter(dict[PlayId, tuple[str, ...]]).validate_python(body.get("patients", {}))
        )
        if "procedures" in body:
            self._department.procedures = adapter(ProcedurePlan).validate_python(body["procedures"])
        theirs = tuple(replace(party, player=TESTER) for party in parties.values())
        transactions = self._department.knowledge.transactions
        self._department.bind(
            replace(
                self._department.assignment,
                theirs=theirs,
                serves={party.actor: dict.fromkeys(transactions, TESTER) for party in theirs},
            )
        )

    def _act(self, body: Mapping[str, object]) -> None:
        step = adapter(Step).validate_python(body["step"])
        actor = self._department.actor(ActorName(str(body["actor"])))
        patient = adapter(dict[str, object]).validate_python(body["patient"])
        prior = adapter(dict[str, str]).validate_python(body.get("prior", {}))
        case = body.get("case")
        play = PlayId(str(body["play"]))
        action = Action(
            cause=StepRef(play, step.id),
            step=step,
            form=str(body["form"]),
            bedside=Bedside(
                name=adapter(PersonName).validate_python(patient["name"]),
                patient_id=str(patient["id"]),
                authority=str(patient["authority"]),
                service=str(body["service"]),
                prior_id=prior.get("id", ""),
                prior_authority=prior.get("authority", ""),
            ),
            case=adapter(Case).validate_python(case) if case is not None and actor.originates else None,
        )
        with self._department.belonging.working(play):
            actor.perform(action)


def _own_party(actor: ActorName, files: TlsFiles | None) -> Party:
    words = actor.upper().split()
    title = ("REF_" + "_".join(words)) if len("_".join(words)) <= 12 else "REF_" + "_".join(w[:4] for w in words)
    mode = TlsMode.NONE if files is None else TlsMode.MUTUAL
    return Party(
        actor=actor,
        player=HARNESS,
        dimse=DimseAddress(ae_title=title[:16], tls=mode, tls_files=files),
        hl7=Hl7Address(application=title[:16], facility=FACILITY, tls=mode, tls_files=files),
    )


def _titles(parties: Iterable[Party]) -> Sequence[str]:
    return [party.dimse.ae_title for party in parties if party.dimse]
