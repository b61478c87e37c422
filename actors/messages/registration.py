"""Patients and visits as an actor has been told of them: created by RAD-1, changed by RAD-12.

The key of a patient is (ID, assigning authority). Thread-safe. Knows nothing of orders.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace

from actors.messages import messaging, received
from harness.actor import World
from harness.hl7 import AckError, Message
from harness.model.scenario import Patient, Visit

_CLOSING = ("A03", "A11", "A38")
"""Events after which the visit is over, or was cancelled (RAD TF-2: 4.1, 4.12)."""
_OPENING = ("A01", "A04", "A05", "A13")


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A patient with the current visit.

    `before` is the visit before its last transfer, None without one; `open` is False once it was cancelled or the
    patient was discharged.
    """

    patient: Patient
    visit: Visit
    before: Visit | None = None
    open: bool = True


class Registrations:
    """Every patient an actor knows, found by any of the identifiers the patient was announced under."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[Registration] = []
        self._places: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def register(self, world: World, message: Message) -> bytes:
        """Take a patient from ADT (RAD-1, RAD-12), and the answer to it; one without identity is refused."""
        fault = received.missing_identity(message)
        if fault is not None:
            return messaging.refuse(world, message, fault)
        self.follow(message)
        return messaging.accept(world, message)

    def update(self, world: World, message: Message) -> bytes:
        """Follow what ADT tells of the visit of a known patient (RAD-1 cancels, RAD-12), and the answer to it."""
        fault = received.missing_identity(message)
        if fault is None and self.known(message) is None:
            fault = AckError(location="PID^1^3^1^1", code="204", text="Unknown patient identifier")
        if fault is not None:
            return messaging.refuse(world, message, fault)
        if world.decide("visit-is-updated", True):
            self.follow(message)
        return messaging.accept(world, message)

    def known(self, message: Message) -> Registration | None:
        """The patient of a message, by whichever of its identifiers is known."""
        found = (self.find(number, authority) for number, authority in received.identifiers(message))
        return next((one for one in found if one is not None), None)

    def follow(self, message: Message) -> Registration:
        """Bring the visit to where the event of a message says it is."""
        event = message.type.partition("^")[2]
        before = self.known(message)
        now = self.enter(message)
        old = None if before is None else before.visit
        if event == "A02":
            now = replace(now, before=old)
        elif event == "A12":
            now = replace(_back(now, message, before), before=None)
        return self._put(replace(now, open=event not in _CLOSING and (event in _OPENING or now.open)))

    def _put(self, registration: Registration) -> Registration:
        patient = registration.patient
        with self._lock:
            place = self._place(patient.id, patient.authority)
            if place is not None:
                self._known[place] = registration
        return registration

    def enter(self, message: Message) -> Registration:
        """Create the patient of a message, or bring the known one up to date: empty fields change nothing."""
        visit = received.visit(message)
        with self._lock:
            patient = received.patient(message, lambda number, of: self._place(number, of) is not None)
            place = self._place(patient.id, patient.authority)
            if place is None:
                place = len(self._known)
                self._known.append(Registration(patient=_cleared(patient), visit=visit))
            else:
                self._known[place] = _updated(self._known[place], patient, visit)
            for number, authority in received.identifiers(message):
                self._places[number][namespace(authority)] = place
            return self._known[place]

    def add(self, patient: Patient, visit: Visit) -> Registration:
        """Take in a patient whom the actor itself gave an identity."""
        made = Registration(patient=patient, visit=visit)
        with self._lock:
            self._places[patient.id][namespace(patient.authority)] = len(self._known)
            self._known.append(made)
        return made

    def merge(self, survivor: Patient, prior_id: str, prior_authority: str) -> Registration:
        """Let an identifier dissolve in the patient's (A40): it names the survivor from now on.

        What the survivor's record lacks of demographics and visit it takes from the dissolved one.
        """
        with self._lock:
            place = self._place(survivor.id, survivor.authority)
            old = self._place(prior_id, prior_authority)
            if place is None:
                place = len(self._known)
                self._known.append(Registration(patient=_cleared(survivor), visit=Visit(patient_class="")))
            merged = _updated(self._known[place], survivor, Visit(patient_class=""))
            if old is not None and old != place:
                merged = _updated(self._known[old], merged.patient, merged.visit)
                merged = replace(merged, patient=replace(merged.patient, id=survivor.id, authority=survivor.authority))
                self._redirect(old, place)
            self._known[place] = merged
            self._places[survivor.id][namespace(survivor.authority)] = place
            self._places[prior_id][namespace(prior_authority)] = place
            return merged

    def _redirect(self, old: int, place: int) -> None:
        for places in self._places.values():
            for name, known in places.items():
                if known == old:
                    places[name] = place

    def find(self, patient_id: str, authority: str) -> Registration | None:
        """The patient with that identifier; an authority that one side does not name fits any."""
        with self._lock:
            place = self._place(patient_id, authority)
            return None if place is None else self._known[place]

    def _place(self, patient_id: str, authority: str) -> int | None:
        candidates = self._places.get(patient_id, {})
        wanted = namespace(authority)
        if wanted in candidates:
            return candidates[wanted]
        if not wanted:
            return next(iter(candidates.values()), None)
        return candidates.get("")


def namespace(authority: str) -> str:
    """What tells assigning authorities apart: the namespace ID, or the universal ID where there is none."""
    name, _, universal = authority.partition("&")
    return name or universal


def _back(now: Registration, message: Message, before: Registration | None) -> Registration:
    """The visit where it was before a transfer that is cancelled: where the message says, or else where it is known."""
    if received.visit(message).location or before is None or before.before is None:
        return now
    return replace(now, visit=replace(now.visit, location=before.before.location))


def _updated(known: Registration, patient: Patient, visit: Visit) -> Registration:
    old = known.patient
    name = patient.name if patient.name.family else old.name
    merged = replace(
        old,
        name=name,
        birth_date=patient.birth_date or old.birth_date,
        sex=patient.sex or old.sex,
        race=patient.race or old.race,
        address=patient.address or old.address,
        characters=patient.characters or old.characters,
    )
    before = known.visit
    return replace(
        known,
        patient=_cleared(merged),
        visit=Visit(
            patient_class=visit.patient_class or before.patient_class,
            location=visit.location or before.location,
            attending=visit.attending or before.attending,
            referring=visit.referring or before.referring,
            admitting=visit.admitting or before.admitting,
            hospital_service=visit.hospital_service or before.hospital_service,
            number=visit.number or before.number,
        ),
    )


def _cleared(patient: Patient) -> Patient:
    """Without the values that the sender wants deleted."""
    birth_date, sex, race = (
        "" if value == received.NULL else value for value in (patient.birth_date, patient.sex, patient.race)
    )
    return replace(patient, birth_date=birth_date, sex=sex, race=race)
