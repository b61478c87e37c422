"""Mutants of DIMSE exchanges: commands, statuses, responses that are missing or too many, and whole exchanges.

Owns which checks have a say when an exchange is missing, repeated or out of turn. It must not know how they decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from harness.checks.expecting import deviates
from harness.checks.recording import ExchangeView, LegView
from harness.dicom.paths import first
from harness.dicom.statuses import is_pending, is_success
from harness.dicom.uids import uid_of
from harness.model.profile import LinkKind, Service
from harness.model.proof import Expected, Mutation
from harness.model.scenario import ReportLink
from harness.model.transcript import Half
from harness.selftest import attributes, mpps_events, unasked
from harness.selftest.changes import (
    CopyResponse,
    DropExchange,
    DropResponse,
    EditCommand,
    RepeatExchange,
    RepeatResponse,
)
from harness.selftest.copied_values import QUERIES
from harness.selftest.edits import Edit, Operation
from harness.selftest.mpps_events import MPPS
from harness.selftest.mutants import WRONG, WRONG_UID, Base, Mutant, Spot, bare, of_one, of_whole

_REFUSED, _UNDEFINED, _DONE, _PARTLY = 0x0110, 0x4321, 0x0000, 0xB000
_SETS = ("storage.sets", "expectations")
_REFERENCES = frozenset(
    {"ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence", "ReferencedSOPSequence"}
)
_CLASSES = (uid_of("SecondaryCaptureImageStorage"), uid_of("MRImageStorage"))
_COMMITTED, _FAILED = "ReferencedSOPSequence", "FailedSOPSequence"
_OF_ANSWERS = ("-answer", "-status", "-patient")
"""How the names of expectations end that do not count what comes."""
_CONTAINS = "-contains-"
"""In the name of a rule on a set that may hold more."""
_NOTICING: Mapping[Service, tuple[str, ...]] = MappingProxyType(
    {
        Service.C_STORE: _SETS,
        Service.N_CREATE: ("mpps.states", "mpps.relay"),
        Service.N_SET: ("mpps.states", "mpps.relay", "storage.sets"),
        Service.N_ACTION: ("storage.sets",),
        Service.N_EVENT_REPORT: ("storage.sets",),
    }
)
"""Checks of which one has to notice that an exchange is missing or too many."""


def of_exchange(base: Base, leg: LegView, exchange: ExchangeView) -> Iterator[Mutant]:
    """Every mutant of one exchange as a whole; of one that deviates on purpose only the answer is changed."""
    spot = Spot(leg, exchange)
    if leg.planned.leg.link is not LinkKind.MLLP and deviates(leg.step, leg.planned):
        yield from _answers(base, spot)
        return
    yield from _missing(base, spot)
    if leg.planned.leg.link is LinkKind.MLLP:
        yield from _same_control_id(base, spot)
        return
    yield from _contents(base, spot)
    yield from _elements(spot)
    yield from _answers(base, spot)
    yield from _instances(base, spot)
    yield from _surplus(base, spot)
    yield from unasked.of_exchange(base, spot)


def _contents(base: Base, spot: Spot) -> Iterator[Mutant]:
    """The data sets against their tables, and attribute by attribute."""
    form = spot.leg.dimse
    command = spot.exchange.exchange.request.command
    if form is None or command is None:
        return
    dataset = spot.exchange.request_dataset
    relayed = spot.leg.planned.leg.reaction and form.service in MPPS
    if dataset is not None and not relayed:
        table = base.knowledge.attribute_tables.get(form.request_table)
        if table is not None and not _continued(base, spot):
            yield from attributes.of_table(spot, dataset, form.request_table, table, given=command.fields)
        stored = command.service is Service.C_STORE
        title = f"{spot.title} {command.sop_class}" if stored else form.request_table or spot.title
        yield from attributes.walk(spot, dataset, title)
        yield from attributes.items(spot, dataset, title, lambda path, uid: _sets(base, spot, path, uid))
        if stored:
            yield from attributes.of_object(spot, dataset, title)
    table = base.knowledge.attribute_tables.get(form.response_table)
    entries = [(index, one) for index, one in enumerate(spot.exchange.response_datasets) if one is not None]
    for index, entry in entries if len(entries) < 2 else (entries[0], entries[-1]):
        back = Spot(spot.leg, spot.exchange, Half.RESPONSE, index)
        if table is not None:
            yield from attributes.of_table(back, entry, form.response_table, table, identifier=dataset)
        title = form.response_table or back.title
        yield from attributes.walk(back, entry, title)
        yield from attributes.items(back, entry, title, lambda path, uid: ())


def _elements(spot: Spot) -> Iterator[Mutant]:
    """Every further element of a command, taken out and with another value."""
    exchange = spot.exchange.exchange
    last = len(exchange.responses) - 1
    halves = [(Half.REQUEST, 0), *((Half.RESPONSE, index) for index in sorted({0, last}) if last >= 0)]
    for half, index in halves:
        there = Spot(spot.leg, spot.exchange, half, index)
        command = (exchange.request if half is Half.REQUEST else exchange.responses[index]).command
        for name, value in command.fields.items() if command is not None else ():
            for other in ("", "7" if value != "7" else "8"):
                yield Mutant(
                    place=f"{there.title} {name}",
                    mutation=Mutation.WRONG_COMMAND if other else Mutation.REMOVED,
                    changes=(EditCommand(there.at, fields={name: other}),),
                    where=(there.evidence(name), there.evidence()),
                    key=(there.title, name),
                )


def _sets(base: Base, spot: Spot, path: str, missing: str) -> tuple[Expected, ...]:
    """The sets that a sequence of references is held against; an instance that was never stored may be left out."""
    dataset = spot.dataset
    given_up = dataset is not None and attributes.value_at(dataset, "PerformedProcedureStepStatus") == "DISCONTINUED"
    if bare(path).rpartition(".")[2] not in _REFERENCES or (given_up and not missing):
        return ()  # what a discontinued step lists need not be stored
    free = missing not in _stored(base) or _is_asked_again(base, spot, missing)
    rules = [one for one in base.of_check("storage.sets", spot.leg) if not (_CONTAINS in one and free)]
    return of_one("storage.sets", *rules)


def _stored(base: Base) -> frozenset[str]:
    """The instances that some C-STORE of the play carried."""
    commands = [one.exchange.request.command for leg in base.view.legs for one in leg.exchanges]
    return frozenset(one.sop_instance for one in commands if one is not None and one.service is Service.C_STORE)


def _is_asked_again(base: Base, spot: Spot, instance: str) -> bool:
    """Whether another request for commitment names an instance, too."""
    others = (one for leg in base.view.legs for one in leg.exchanges if one is not spot.exchange)
    return any(
        command.service is Service.N_ACTION
        and one.request_dataset is not None
        and any(
            first(item, "ReferencedSOPInstanceUID") == instance
            for item in one.request_dataset.get("ReferencedSOPSequence") or ()
        )
        for one in others
        if (command := one.exchange.request.command) is not None
    )


def _continued(base: Base, spot: Spot) -> bool:
    """Whether another message of the kind may have said already what this one leaves out: N-SETs add up."""
    command = spot.exchange.exchange.request.command
    if command is None or command.service is not Service.N_SET:
        return False
    others = [
        one.exchange.request.command
        for leg in base.view.of(spot.leg.step.transaction.id, spot.leg.planned.leg.id)
        for one in leg.exchanges
        if one.exchange.id != spot.exchange.exchange.id
    ]
    return any(one is not None and one.sop_instance == command.sop_instance for one in others)


def _answers(base: Base, spot: Spot) -> Iterator[Mutant]:
    exchange = spot.exchange.exchange
    final = exchange.final
    if final is None or final.command is None or final.command.status is None:
        return
    number = exchange.id
    end = Spot(spot.leg, spot.exchange, Half.RESPONSE, len(exchange.responses) - 1)
    states = mpps_events.states(base, spot)
    reply = of_one("dimse.reply", spot.rule("answered"))
    if reply[0].requirements[0] in base.on(spot.leg):
        yield of_whole(spot, Mutation.NO_ANSWER, DropResponse(number), "dimse.reply", spot.rule("answered"))
    undefined = EditCommand(end.at, status=_UNDEFINED)
    yield of_whole(
        spot, Mutation.WRONG_STATUS, undefined, "dimse.reply", spot.rule("status-defined"), key=("defined", spot.title)
    )
    accepted = is_success(final.command.status)
    other = EditCommand(end.at, status=_REFUSED if accepted else _DONE)
    if states:
        yield of_whole(spot, Mutation.WRONG_STATUS, other, "mpps.states", *states, key=("state", *states))
    elif accepted and spot.rule("status") in base.on(spot.leg):
        yield of_whole(spot, Mutation.WRONG_STATUS, other, "dimse.status", spot.rule("status"))
    if final.command.service in (Service.C_MOVE, Service.C_GET):
        partly = EditCommand(end.at, status=_PARTLY, fields={"NumberOfFailedSuboperations": "1"})
        remaining = EditCommand(end.at, fields={"NumberOfRemainingSuboperations": "1"})
        yield of_whole(spot, Mutation.WRONG_COMMAND, remaining, "retrieve.result", key=("remaining", spot.title))
        yield of_whole(spot, Mutation.WRONG_STATUS, partly, "retrieve.result", key=("partly", spot.title))
    expectations = [one for one in base.of_check("expectations", spot.leg) if one.endswith(("-answer", "-status"))]
    if expectations:
        yield of_whole(
            spot, Mutation.WRONG_STATUS, other, "expectations", *expectations, key=("expected", *expectations)
        )
    yield from _entries(base, spot)
    yield from _entry_of_before(spot, base)


def _entries(base: Base, spot: Spot) -> Iterator[Mutant]:
    """Entries of a query that are missing, or too many."""
    responses = spot.exchange.exchange.responses
    pending = [
        index
        for index, one in enumerate(responses)
        if one.command
        and one.command.status is not None
        and is_pending(one.command.status)
        and _is_of_patient(spot, index)
    ]
    if not pending:
        return
    noticing = [one for check in ("expectations", "storage.sets") for one in base.of_check(check, spot.leg)]
    counted = [one for one in noticing if not one.endswith(_OF_ANSWERS)]
    number = spot.exchange.exchange.id
    for index in {pending[0], pending[-1]}:
        back = Spot(spot.leg, spot.exchange, Half.RESPONSE, index)
        drop, again = DropResponse(number, index), RepeatResponse(number, index, _others(back))
        if _is_last_query(spot):
            yield of_whole(spot, Mutation.MISSING_RESPONSE, drop, "expectations", *counted)
            exact = [one for one in counted if one.endswith(("-matches", "-instances"))]
            yield of_whole(spot, Mutation.SURPLUS_RESPONSE, again, "expectations", *exact)


def _is_of_patient(spot: Spot, index: int) -> bool:
    """Whether an entry is about the patient of the step, or says of nobody whom it is about."""
    entry = spot.exchange.response_datasets[index]
    if entry is None:
        return False
    patient = spot.leg.play.case.patients.get(spot.leg.step.step.patient)
    return first(entry, "PatientID") in ("", patient.id if patient is not None else "")


def _entry_of_before(spot: Spot, base: Base) -> Iterator[Mutant]:
    """A query that finds nothing is answered with what an earlier one had found."""
    own = spot.exchange.exchange
    if any(one.payload for one in own.responses):
        return
    for leg in base.view.of(spot.leg.step.transaction.id, spot.leg.planned.leg.id):
        for one in leg.exchanges:
            if one.exchange.request.seq < own.request.seq and any(entry.payload for entry in one.exchange.responses):
                again = CopyResponse(own.id, one.exchange.id, 0)
                key = ("earlier entry", spot.title)
                yield of_whole(spot, Mutation.SURPLUS_RESPONSE, again, "expectations", key=key)
                return


def _is_last_query(spot: Spot) -> bool:
    return spot.leg.exchanges[-1].exchange.id == spot.exchange.exchange.id


def _others(back: Spot) -> tuple[Edit, ...]:
    """The edits that make an entry of a query another one of the same patient."""
    dataset = back.exchange.response_datasets[back.response]
    if dataset is None:
        return ()
    keys = (
        "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID",
        "SOPInstanceUID",
    )
    found = [key for key in keys if any(attributes.value_at(dataset, one) for one in attributes.places(dataset, key))]
    return tuple(Edit(Operation.SET, key, WRONG_UID if key.endswith("UID") else WRONG) for key in found)


def _instances(base: Base, spot: Spot) -> Iterator[Mutant]:
    command = spot.exchange.exchange.request.command
    if command is None or not command.sop_instance:
        return
    if command.service is Service.C_STORE:
        for change, path in (
            (EditCommand(spot.at, sop_instance=WRONG_UID), "SOPInstanceUID"),
            (EditCommand(spot.at, sop_class=next(one for one in _CLASSES if one != command.sop_class)), "SOPClassUID"),
        ):
            yield Mutant(
                place=f"{spot.title} {path}",
                mutation=Mutation.WRONG_COMMAND,
                changes=(change,),
                where=(spot.evidence(path), spot.evidence("AffectedSOPInstanceUID")),
                expected=of_one("store.identity", spot.rule("same-instance")),
                values=(command.sop_instance, WRONG_UID),
            )
    elif command.service is Service.N_CREATE:
        created = [one for one in base.of_check("mpps.states", spot.leg) if one.endswith("created-once")]
        nothing = EditCommand(spot.at, sop_instance="")
        yield of_whole(spot, Mutation.WRONG_COMMAND, nothing, "mpps.states", *created)
    elif command.service is Service.N_SET:
        strange = EditCommand(spot.at, sop_instance=WRONG_UID)
        states = [one for one in base.of_check("mpps.states", spot.leg) if "follows-states" in one]
        yield of_whole(spot, Mutation.WRONG_IDENTIFIER, strange, "mpps.states", *states)


def _missing(base: Base, spot: Spot) -> Iterator[Mutant]:
    number = spot.exchange.exchange.id
    command = spot.exchange.exchange.request.command
    delivered = spot.rule("delivered")
    away = spot.leg.planned.leg.reaction and spot.leg.step.step.report_on is ReportLink.AWAY
    due = ("storage.repeated", "storage/report-repeated") if away else ("delivery", delivered)
    if len(spot.leg.exchanges) == 1 and spot.leg.planned.leg.required and delivered in base.on(spot.leg):
        yield of_whole(spot, Mutation.MISSING_EXCHANGE, DropExchange(number), *due)
    elif spot.exchange is spot.leg.exchanges[0] and spot.leg.planned.leg.required and delivered in base.on(spot.leg):
        gone = tuple(DropExchange(one.exchange.id) for one in spot.leg.exchanges)
        whole = of_whole(spot, Mutation.MISSING_EXCHANGE, gone[0], *due, key=("all", spot.title))
        yield replace(whole, changes=gone)
    if (
        command is not None
        and len(spot.leg.exchanges) > 1
        and command.service in _NOTICING
        and command.service not in QUERIES
    ):
        yield of_whole(
            spot,
            Mutation.MISSING_EXCHANGE,
            DropExchange(number),
            command.service.value,
            *(one for one in _noticing(base, spot, command.service) if _CONTAINS not in one),
        )


def _noticing(base: Base, spot: Spot, service: Service) -> list[str]:
    """The requirements on the two actors of a leg that such an exchange has a part in."""
    own = [leg for leg in base.view.legs if leg.initiator == spot.leg.initiator]
    found = {one for check in _NOTICING[service] for leg in own for one in base.of_check(check, leg)}
    return sorted(one for one in found if not one.endswith(_OF_ANSWERS))


def _same_control_id(base: Base, spot: Spot) -> Iterator[Mutant]:
    """Another message under a control ID that was used."""
    rules = [
        rule.id
        for rule in base.knowledge.play_rules
        if rule.check == "hl7.control-ids" and rule.actor == spot.leg.initiator and rule.id in base.met
    ]
    again = RepeatExchange(spot.exchange.exchange.id, (Edit(Operation.SET, "PID-5.2", "OTHER"),))
    yield of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "hl7.control-ids", *rules)
    other = (Edit(Operation.SET, "MSH-10", WRONG), Edit(Operation.SET, "PID-3.1", "P999999"))
    numbers = base.of_check("orders.numbers")
    of_leg = [one for one in numbers if base.knowledge.requirement(one).transaction == spot.leg.step.transaction.id]
    named = (Edit(Operation.SET, "MSA-2", WRONG),)
    again = RepeatExchange(spot.exchange.exchange.id, other, answer_edits=named)
    yield of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "orders.numbers", key=("numbers", spot.title, *of_leg))


def _surplus(base: Base, spot: Spot) -> Iterator[Mutant]:
    command = spot.exchange.exchange.request.command
    if command is None or (spot.leg.planned.leg.reaction and command.service in (*MPPS, Service.C_STORE)):
        return
    number = spot.exchange.exchange.id
    if command.service is Service.C_STORE:
        edits = (Edit(Operation.SET, "SOPInstanceUID", WRONG_UID),)
        again = RepeatExchange(number, edits, sop_instance=WRONG_UID)
        yield of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "C-STORE", *_noticing(base, spot, Service.C_STORE))
    elif command.service in (Service.N_ACTION, Service.N_EVENT_REPORT):
        other = Edit(Operation.SET, "ReferencedSOPSequence[0].ReferencedSOPInstanceUID", WRONG_UID)
        alike: tuple[Edit, ...] = ()
        named = _has_items(spot, "ReferencedSOPSequence")
        for changes in (alike, (other,)) if named else (alike,):
            again = RepeatExchange(number, changes)
            yield of_whole(spot, Mutation.SURPLUS_EXCHANGE, again, "storage.sets", key=(spot.title, str(bool(changes))))
        yield from _told_otherwise(spot)
    elif command.service in MPPS and is_success(spot.exchange.status or 0):
        yield from mpps_events.out_of_turn(base, spot)


def _has_items(spot: Spot, keyword: str) -> bool:
    dataset = spot.exchange.request_dataset
    return dataset is not None and bool(dataset.get(keyword))


def _told_otherwise(spot: Spot) -> Iterator[Mutant]:
    """What was committed is reported as failed, and what failed as committed."""
    dataset = spot.exchange.request_dataset
    for sequence, other in (_COMMITTED, _FAILED), (_FAILED, _COMMITTED):
        count = len(dataset.get(sequence) or ()) if dataset is not None else 0
        if dataset is None or not count:
            continue
        last, there = f"{sequence}[{count - 1}]", f"{other}[{len(dataset.get(other) or ())}]"
        edits = [
            Edit(Operation.SET, f"{there}.{name}", attributes.value_at(dataset, f"{last}.{name}") or "")
            for name in ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID")
        ]
        edits += [Edit(Operation.SET, f"{there}.FailureReason", "272")] if other == _FAILED else []
        edits += [Edit(Operation.REMOVE, last if count > 1 else sequence)]
        yield spot.mutant(Mutation.WRONG_STATUS, edits, touched=(sequence, other), key=(spot.title, sequence))
