"""The ADT actor: registers patients (RAD-1) and announces changes of their data (RAD-12).

Owns demographics, and tells the Order Placer and the Order Filler alike (RAD TF-1: 3.1).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from actors.messages import messaging
from actors.messages.segments import Segment, adt, evn, mrg, pid, pv1
from actors.peers import ADT, ORDER_FILLER, ORDER_PLACER
from harness.actor import Action, Actor, World, performs, register
from harness.errors import CannotAct
from harness.hl7 import FieldValue
from harness.hl7.time import ts
from harness.model.scenario import Case, Patient, Step, Visit

UPDATES = ("A02", "A03", "A06", "A07", "A08", "A12", "A13")
"""Events of RAD-12 that our ADT announces (RAD TF-2: 4.12)."""


@register
class Adt(Actor):
    """ADT Patient Registration."""

    name = ADT
    originates = True

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._lock = threading.Lock()
        self._visits: dict[tuple[str, str], Visit] = {}
        self._before: dict[tuple[str, str], Visit] = {}

    @performs("RAD-1")
    def register_patient(self, action: Action) -> None:
        """Register the step's patient with the event it names (A04 when it names none), or cancel that (A11, A38)."""
        case = _case(action)
        patient = _patient(case, action.step.patient)
        self._tell(action, action.step.trigger or "A04", patient, self._next_visit(patient, case, action.step))

    @performs("RAD-12")
    def update_patient(self, action: Action) -> None:
        """Announce the step's patient as the new data of the registered one, whose ID stays (A08), as the one who
        survives a merge (A40), or what became of the visit."""
        case = _case(action)
        event = action.step.trigger or "A08"
        if event == "A40":
            self._merge(action, case)
            return
        if event not in UPDATES:
            raise CannotAct(f"the simulated ADT announces {', '.join(UPDATES)} and A40 in RAD-12, not {event}")
        patient = self._registered(case, _patient(case, action.step.patient))
        before = self._visit(patient, case)
        visit = self._next_visit(patient, case, action.step)
        more: dict[int, FieldValue] = {}
        if event == "A02":
            more[6] = tuple(before.location)
        elif event == "A03":
            more[45] = ts(self.world.clock.now())
        self._tell(action, event, patient, visit, more)

    def _merge(self, action: Action, case: Case) -> None:
        """Let the step's prior identity dissolve in its patient; the visit of the one that stays goes on."""
        if not action.step.prior:
            raise CannotAct(f"step {action.step.id} does not say whose identity dissolves: `prior` names it")
        patient, prior = _patient(case, action.step.patient), _patient(case, action.step.prior)
        visit = self._visit(patient, case)
        self._send(
            action,
            "A40",
            lambda version: [
                evn("A40", self.world.clock.now(), version),
                pid(patient, visit, version),
                mrg(prior, version),
            ],
            patient.characters,
        )
        with self._lock:
            self._visits.pop((prior.id, prior.authority), None)

    def _tell(
        self,
        action: Action,
        event: str,
        patient: Patient,
        visit: Visit,
        more: Mapping[int, FieldValue] = MappingProxyType({}),
    ) -> None:
        """Send patient and visit to everybody that should know."""

        def person(version: str) -> list[Segment]:
            return [
                evn(event, self.world.clock.now(), version),
                pid(patient, visit, version),
                pv1(visit, patient, more),
            ]

        self._send(action, event, person, patient.characters)

    def _send(
        self, action: Action, event: str, body: Callable[[str], list[Segment]], characters: tuple[str, ...]
    ) -> None:
        messaging.deliver_to_all(
            self.world,
            action.step.transaction,
            [receiver for receiver in (ORDER_PLACER, ORDER_FILLER) if self.world.knows(receiver)],
            lambda version: (adt(event), body(version)),
            form=action.form,
            cause=action.cause,
            characters=characters,
        )

    def _visit(self, patient: Patient, case: Case) -> Visit:
        """The patient's visit; its number is made once."""
        key = (patient.id, patient.authority)
        with self._lock:
            if key not in self._visits:
                own = patient.person == case.patients["main"].person
                number = (case.visit.number if own else "") or self.world.identifiers.number("V")
                self._visits[key] = replace(case.visit, number=number)
            return self._visits[key]

    def _next_visit(self, patient: Patient, case: Case, step: Step) -> Visit:
        """What the visit becomes: the one that the step names, after a cancelled transfer the one before (A12)."""
        key = (patient.id, patient.authority)
        current = self._visit(patient, case)
        visit = current
        with self._lock:
            if step.visit:
                own = patient.person == case.patients["main"].person
                named = case.visits[step.visit]
                visit = replace(named, number=(named.number if own else "") or current.number)
            elif step.trigger == "A12":
                visit = self._before.pop(key, current)
            if step.trigger == "A02":
                self._before[key] = current
            self._visits[key] = visit
        return visit

    def _registered(self, case: Case, patient: Patient) -> Patient:
        """The patient under the ID that was registered: A08 never changes it (RAD TF-2: 4.12)."""
        with self._lock:
            if (patient.id, patient.authority) in self._visits:
                return patient
        main = case.patients.get("main", patient)
        return replace(patient, id=main.id, authority=main.authority)


def _case(action: Action) -> Case:
    if action.case is None:
        raise CannotAct("the simulated ADT was not given a case")
    return action.case


def _patient(case: Case, name: str) -> Patient:
    patient = case.patients.get(name)
    if patient is None:
        raise CannotAct(f"case {case.id} has no patient {name!r}; it has {', '.join(case.patients)}")
    return patient
