"""Our actors at work without a scenario: told to act one thing at a time, and doing what follows by themselves.

Knows patients by what their cases say, or by what a worklist showed on the wire. It judges nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.actor import Action, Bedside
from harness.engine.department import Department
from harness.engine.outcomes import refusal
from harness.engine.population import MAIN, Population
from harness.engine.routines import (
    COMMIT,
    CONSEQUENCES,
    END,
    QUERY,
    START,
    STORE,
    Act,
    Consequence,
    Routine,
    Whose,
)
from harness.engine.worklist_shown import ShownEntry, entries_shown
from harness.errors import CannotAct, InputError, LinkError
from harness.hl7 import Message
from harness.model.names import ActorName, StepId
from harness.model.profile import LinkKind
from harness.model.scenario import Case, KeyMatch, PersonName, Step
from harness.model.system import Party
from harness.model.transcript import Exchange
from harness.profiles.recognition import recognise_hl7

NOBODY = Bedside(name=PersonName(family=""), patient_id="", authority="", service="")
"""Nobody is at the bedside yet."""


class Simulation:
    """What the actors of a department do when they are told to. One thing at a time; thread-safe.

    `form` is the HL7 version in which our actors speak to whoever has no other.
    """

    def __init__(self, department: Department, population: Population, *, form: str) -> None:
        self._department = department
        self._recorder = department.recorder
        self._population = population
        self._form = form
        self._lock = threading.RLock()
        self._seen: dict[str, Bedside] = {}
        self._performed: set[tuple[str, str, str]] = set()
        self._latest = ""

    @property
    def population(self) -> Population:
        """The patients that are made up here."""
        return self._population

    @property
    def parties(self) -> Mapping[ActorName, Party]:
        """Our actors with the ports that they really have."""
        return self._department.assignment.ours

    @property
    def peers(self) -> tuple[Party, ...]:
        """Those whom our actors were told of."""
        return self._department.assignment.theirs

    def plays(self, actors: Iterable[ActorName]) -> bool:
        """Whether all of the actors are ours."""
        return set(actors) <= set(self._department.assignment.ours)

    # what is asked

    def carry_out(self, routine: Routine, what: str = "") -> Iterator[str]:
        """Do what a word means, for the patient or the case that is named; one line for each thing done.

        CannotAct when an actor lacks something or its request was refused, LinkError when a link fails, InputError for
        a name that is none.
        """
        with self._lock:
            if routine.whose is Whose.NEW:
                case = self._population.next(what)
                self._latest = case.patients[MAIN].id
                person = _bedside(case, MAIN)
            else:
                person = self.person(what)
            yield _named(person)
            for act in routine.acts:
                if act.needed or self.reaches(act):
                    yield from self.do(act, person)

    def do(self, act: Act, person: Bedside, step: Step | None = None) -> Iterator[str]:
        """One act for one patient, and what follows from it in our own actors; a line for each thing done.

        CannotAct, LinkError as of `carry_out`.
        """
        exchanges = self.act(act, person, step)
        for exchange in exchanges:
            why = refusal(exchange, self._recorder.read)
            if why:
                raise CannotAct(f"{act.actor} {act.transaction}: refused, {why}")
        title = self._department.knowledge.transactions[act.transaction].title
        yield f"{act.transaction} {title}: {len(exchanges)} exchange{'' if len(exchanges) == 1 else 's'}, accepted"
        for exchange in exchanges:
            yield from self.follow(exchange)

    def act(self, act: Act, person: Bedside, step: Step | None = None) -> Sequence[Exchange]:
        """Have an actor begin a transaction; the exchanges that it began meanwhile."""
        with self._lock:
            actor = self._department.actor(act.actor)
            case = self._population.find(person.patient_id)
            step = step or step_of(act)
            if case is not None and step.patient not in case.patients:
                raise CannotAct(f"{case.title}: nothing is known of this patient as {step.patient!r}")
            if case is not None and step.patient != MAIN:
                person = _bedside(case, step.patient)
            with (
                self._recorder.overhearing() as heard,
                self._department.moments.at(self._department.clock.seconds()),
            ):
                actor.perform(
                    Action(
                        cause=None,
                        step=step,
                        form=self._form,
                        bedside=person,
                        case=case if actor.originates else None,
                    )
                )
        return [one for one in heard.values() if one.sent and one.link.actor == act.actor]

    def reaches(self, act: Act) -> bool:
        """Whether somebody plays the other side of an act."""
        assignment = self._department.assignment
        legs = self._department.knowledge.transactions[act.transaction].legs
        return any(
            leg.responder in assignment.ours or leg.responder in assignment.serves
            for leg in legs
            if leg.initiator == act.actor and not leg.reaction
        )

    # patients

    def person(self, text: str = "") -> Bedside:
        """The patient of that ID, or whose family name begins so; without a text whoever was dealt with last."""
        text = text or self._latest
        if not text:
            raise InputError("no patient was dealt with so far: name one by ID")
        known = {**self._seen, **{case.patients[MAIN].id: _bedside(case, MAIN) for case in self._population.given()}}
        if text in known:
            return known[text]
        named = [one for one in known.values() if one.name.family.casefold().startswith(text.casefold())]
        if len(named) > 1:
            raise InputError(f"{len(named)} patients are called so: name one by ID")
        return named[0] if named else replace(NOBODY, patient_id=text)

    # the modality

    def next_entry(self, wanted: Sequence[str] = (), images: int | None = None) -> Iterator[str]:
        """Perform the next entry of the worklist that was not performed here yet, or examine somebody without one.

        `wanted`: `today` and `mine` narrow what is asked for; every other word is a modality, a patient, an accession
        number or a station, of which the entry has to be. One line for each thing done.
        """
        with self._lock:
            if not self.reaches(QUERY):
                yield "nobody serves a worklist: an unscheduled examination"
                case = self._population.next()
                yield from self._examine(_bedside(case, MAIN), images)
                return
            keys = {_KEYS[word]: KeyMatch.VALUE for word in wanted if word in _KEYS}
            shown = self._worklist(keys)
            words = [word for word in wanted if word not in _KEYS]
            fitting = [one for one in shown if all(one.is_of(word) for word in words)]
            fresh = [one for one in fitting if one.key not in self._performed and not one.begun]
            if not fresh:
                raise CannotAct(_no_entry(len(shown), len(fitting), words))
            entry = fresh[0]
            self._seen[entry.bedside.patient_id] = entry.bedside
            yield f"{entry.text}; {len(shown)} on the worklist"
            yield from self._examine(entry.bedside, images, entry=entry)

    def _worklist(self, keys: dict[str, KeyMatch]) -> Sequence[ShownEntry]:
        """The entries that the worklist shows, in order of their start."""
        exchanges = self.act(QUERY, NOBODY, replace(step_of(QUERY), keys=keys))
        for exchange in exchanges:
            why = refusal(exchange, self._recorder.read)
            if why:
                raise CannotAct(f"the worklist query was refused: {why}")
        return entries_shown(exchanges, self._recorder.read)

    def _examine(self, person: Bedside, images: int | None, *, entry: ShownEntry | None = None) -> Iterator[str]:
        """Start, store, end and ask for commitment, as far as somebody is there to be told.

        Without an entry it is an unscheduled examination. What the PPS Manager refuses may be begun again.
        """
        self._latest = person.patient_id
        yield _named(person)
        reported, unscheduled = self.reaches(START), entry is None
        if reported:
            yield from self.do(START, person, replace(step_of(START), unscheduled=unscheduled))
        if entry is not None:
            self._performed.add(entry.key)
        if self.reaches(STORE):
            step = replace(step_of(STORE), instances=images, unreported=not reported, unscheduled=unscheduled)
            yield from self.do(STORE, person, step)
        if reported:
            yield from self.do(END, person)
        if self.reaches(COMMIT):
            yield from self.do(COMMIT, person)

    # what follows by itself

    def follow(self, exchange: Exchange) -> Iterator[str]:
        """Have our actors do what follows by itself after a message, once for each procedure of the order; a line for
        each thing that was tried."""
        for act, person in self.consequences(exchange):
            title = f"{act.transaction} {self._department.knowledge.transactions[act.transaction].title}"
            for _ in self._department.procedures.ordered(person.service):
                try:
                    exchanges = self.act(act, person)
                except (CannotAct, LinkError) as why:
                    yield f"{title}: {why}"
                    break
                refused = [text for one in exchanges if (text := refusal(one, self._recorder.read))]
                yield f"{title}: {refused[0] if refused else 'accepted'}"

    def consequences(self, exchange: Exchange) -> Sequence[tuple[Act, Bedside]]:
        """What one of our actors does by itself after a message that it accepted, and for whom."""
        receiver = exchange.link.peer_actor if exchange.sent else exchange.link.actor
        following = [one for one in CONSEQUENCES if one.actor == receiver and self.plays([one.actor])]
        following = [one for one in following if self.reaches(one.act)]
        payload = exchange.request.payload
        if not following or exchange.link.kind is not LinkKind.MLLP or payload is None:
            return ()
        content = self._recorder.read(payload)
        message = Message.parse(content if isinstance(content, bytes) else content.read_bytes())
        acts = [one.act for one in following if self._follows(one, message)]
        return [(act, _of_message(message)) for act in acts] if not refusal(exchange, self._recorder.read) else ()

    def _follows(self, one: Consequence, message: Message) -> bool:
        control = message.first("ORC-1")
        known = self._department.knowledge.transactions.values()
        readings = recognise_hl7(message.type, message.version, control, None, one.actor, known)
        return control in one.controls and any(transaction.id == one.received for transaction, _, _ in readings)


_KEYS = {"today": "ScheduledProcedureStepStartDate", "mine": "ScheduledStationAETitle"}
"""Words that are asked for, by the matching key that they fill."""


def step_of(act: Act) -> Step:
    """The act as a step of no scenario."""
    return Step(
        id=StepId(f"{act.transaction.lower()}"),
        transaction=act.transaction,
        initiator=act.actor,
        trigger=act.trigger,
        control=act.control,
        patient=act.patient,
    )


def _bedside(case: Case, identity: str) -> Bedside:
    patient = case.patients[identity]
    return Bedside(name=patient.name, patient_id=patient.id, authority=patient.authority, service=case.order.service)


def _of_message(message: Message) -> Bedside:
    """Whom an HL7 message is about, and what for."""
    return Bedside(
        name=PersonName(family=message.first("PID-5.1.1") or message.first("PID-5.1"), given=message.first("PID-5.2")),
        patient_id=message.first("PID-3.1"),
        authority=message.first("PID-3.4"),
        service=message.first("OBR-4.1"),
    )


def _named(person: Bedside) -> str:
    name = "^".join(filter(None, (person.name.family, person.name.given)))
    return f"{name or 'a patient'} ({person.patient_id})"


def _no_entry(shown: int, fitting: int, words: Sequence[str]) -> str:
    if not shown:
        return "the worklist is empty"
    if not fitting:
        return f"none of the {shown} entries of the worklist is of {' and '.join(words)}"
    return f"each of the {fitting} entries was begun already: nothing is left to perform"
