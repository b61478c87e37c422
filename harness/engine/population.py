"""Patients for a simulation without a scenario: those of the cases, each a person with identifiers of its own.

When everybody in the cases was given once, they come under names put together from those of two, and then again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.errors import InputError
from harness.identifiers import Identifiers
from harness.model.scenario import Case, Patient
from harness.yaml_source import nearest

MAIN = "main"
AUTHORITY = "HOSP"
"""The assigning authority of patients whose case names none."""


class Population:
    """Gives one new patient after the other, and knows those that it gave. Thread-safe."""

    def __init__(self, cases: Iterable[Case], identifiers: Identifiers) -> None:
        self._cases = {case.id: case for case in cases}
        people = tuple(_people(self._cases.values()))
        self._people = (*people, *_renamed(people))
        self._identifiers = identifiers
        self._lock = threading.Lock()
        self._next = 0
        self._given: dict[str, Case] = {}

    def kinds(self) -> Mapping[str, str]:
        """The cases that patients are made of: title by id."""
        return {case.id: case.title for case in self._cases.values()}

    def next(self, case_id: str = "") -> Case:
        """A case with a new patient, of the named case or of the next one; InputError for a case that is none."""
        with self._lock:
            if case_id and case_id not in self._cases:
                raise InputError(f"no case is called `{case_id}`{nearest(case_id, self._cases)}")
            if case_id:
                chosen = _of_person(self._cases[case_id], self._cases[case_id].patients[MAIN])
            else:
                chosen = self._people[self._next % len(self._people)]
                self._next += 1
            made = self._identified(chosen)
            self._given[made.patients[MAIN].id] = made
            return made

    def find(self, patient_id: str) -> Case | None:
        """The case of a patient that was given before."""
        with self._lock:
            return self._given.get(patient_id)

    def given(self) -> tuple[Case, ...]:
        """Everybody who was given so far."""
        with self._lock:
            return tuple(self._given.values())

    def _identified(self, case: Case) -> Case:
        """Fill in the identifiers of the patient and of the visit."""
        number, visit = self._identifiers.number("P", 8), self._identifiers.number("V", 8)
        patients = {
            key: replace(patient, id=number, authority=patient.authority or AUTHORITY)
            for key, patient in case.patients.items()
        }
        visits = {name: replace(later, number=visit) for name, later in case.visits.items()}
        return replace(case, patients=patients, visit=replace(case.visit, number=visit), visits=visits)


def _people(cases: Iterable[Case]) -> Iterator[Case]:
    """One case for each person: the main ones of all cases first, then whoever else stands in them; nobody twice."""
    every = [(case, patient) for case in cases for patient in case.patients.values()]
    mains = [(case, patient) for case, patient in every if patient is case.patients[MAIN]]
    later = [(case, patient) for case, patient in every if patient.person != case.patients[MAIN].person]
    seen = set()
    for case, patient in (*mains, *later):
        looks = (patient.name, patient.birth_date)
        if looks not in seen:
            seen.add(looks)
            yield _of_person(case, patient)


def _of_person(case: Case, person: Patient) -> Case:
    """The case as that of one person, whose later identities keep their keys."""
    same = {
        key: patient
        for key, patient in case.patients.items()
        if patient.person == person.person and patient is not person
    }
    return replace(case, patients={MAIN: person, **same})


def _renamed(people: Sequence[Case]) -> Iterator[Case]:
    """The same people with the family names of the others, whose name is of the same script."""
    plain = [case for case in people if _is_plain(case.patients[MAIN])]
    families = list(dict.fromkeys(case.patients[MAIN].name.family for case in plain))
    seen = {_called(case.patients[MAIN]) for case in people}
    for turn in range(1, len(families)):
        for case in plain:
            patient = case.patients[MAIN]
            family = families[(families.index(patient.name.family) + turn) % len(families)]
            renamed = replace(patient, name=replace(patient.name, family=family, middle="", suffix=""))
            if _called(renamed) not in seen:
                seen.add(_called(renamed))
                yield replace(case, patients={MAIN: renamed})


def _called(patient: Patient) -> tuple[str, str]:
    return patient.name.family, patient.name.given


def _is_plain(patient: Patient) -> bool:
    """Whether the name can be put together with another one: both parts, and one script."""
    name = patient.name
    parts = (name.family, name.given)
    return all(parts) and "".join(parts).isascii() and not name.ideographic and not name.phonetic
