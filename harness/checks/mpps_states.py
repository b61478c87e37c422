"""The states of a performed procedure step: which event is legal when, and what refuses it (PS3.4 F.7.2).

The table is the profile's state machine `mpps`; what is not in it is illegal. Each hop to each responder is its own
machine, because each responder keeps its own object.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks import attribute_tables
from harness.checks.carriers import Carrier, requests
from harness.checks.dimse_reply import accepted, final_evidence, hexadecimal, is_mpps
from harness.checks.expecting import may_be_refused
from harness.checks.recording import PlayView
from harness.checks.registry import play_check
from harness.dicom.paths import first
from harness.hl7 import Message
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.tables import StateMachine, Transition
from harness.model.verdict import Outcome
from harness.profiles.requirements import transition_id

CHECK = "mpps.states"
MACHINE = "mpps"
SENT = "mpps/initiator-follows-states"
CREATED = "mpps/created-once"
CREATOR_SENT = "mpps/creator-follows-states"
CREATOR_CREATED = "mpps/creator-created-once"
ERROR_ID = "mpps/error-id-of-late-change"

IN_PROGRESS = "IN PROGRESS"
FINAL = ("COMPLETED", "DISCONTINUED")
STATUS = "PerformedProcedureStepStatus"
_PROCESSING_FAILURE = 0x0110
_NO_LONGER_UPDATED = "42768"
"""A710H, performed procedure step object may no longer be updated, as the command element holds it."""


@dataclass(frozen=True)
class _Event:
    """One message to one responder about one step, in the state it met; `known` is False after a lost answer."""

    carrier: Carrier
    state: str
    known: bool
    repeated: bool
    transition: Transition | None


@play_check(CHECK, rules=(SENT, CREATED, CREATOR_SENT, CREATOR_CREATED, ERROR_ID))
def check(play: PlayView) -> Iterator[Finding]:
    """Each N-CREATE and N-SET about an MPPS, on every hop."""
    machine = play.knowledge.states.get(MACHINE)
    if machine is None:
        return
    hops: dict[tuple[str, str], list[Carrier]] = defaultdict(list)
    for view in play.legs:
        for carrier in requests(view):
            if not is_mpps(carrier.exchange):
                continue
            if not view.planned.leg.reaction:
                yield from _created(play, carrier)
            if carrier.instance:
                hops[view.planned.leg.id, carrier.instance].append(carrier)
    for carriers in hops.values():
        for event in _events(machine, sorted(carriers, key=lambda one: one.seq)):
            yield from _judge(play, machine, event)


def _created(play: PlayView, carrier: Carrier) -> Iterator[Finding]:
    """The SCU of an N-CREATE gives the SOP Instance UID (PS3.4 F.7.2.1.2)."""
    command = carrier.exchange.exchange.request.command
    if command is None or command.service is not Service.N_CREATE:
        return
    yield from play.ruled(
        rule_of(play, carrier, CREATED, CREATOR_CREATED),
        carrier.leg,
        Outcome.MET if carrier.instance else Outcome.VIOLATED,
        carrier.leg.initiator,
        carrier.evidence("AffectedSOPInstanceUID"),
        expected="a SOP Instance UID",
        received=carrier.instance or "absent",
    )


def rule_of(play: PlayView, carrier: Carrier, *rules: str) -> str:
    """The one of several rules that is for the actor that sent a message; the first when there is none."""
    for rule_id in rules:
        rule = play.rule(rule_id)
        if rule is not None and rule.actor == carrier.leg.initiator:
            return rule_id
    return rules[0]


def event_of(carrier: Carrier) -> str:
    """The event of the table that a message is: `N-SET COMPLETED`; a status that is none of the three is `other`."""
    command = carrier.exchange.exchange.request.command
    service = command.service if command is not None else Service.N_SET
    status = "" if isinstance(carrier.content, Message) else first(carrier.content, STATUS).strip()
    if service is Service.N_CREATE:
        return "N-CREATE IN PROGRESS" if status == IN_PROGRESS else "N-CREATE other"
    if status in ("", IN_PROGRESS):
        return "N-SET"
    return f"N-SET {status}" if status in FINAL else "N-SET other"


def _events(machine: StateMachine, carriers: list[Carrier]) -> Iterator[_Event]:
    state, known = machine.initial, True
    lost: set[str] = set()
    for carrier in carriers:
        transition = machine.next(state, event_of(carrier))
        yield _Event(carrier, state, known, carrier.digest in lost, transition)
        status = carrier.exchange.status
        if status is None:
            known = False
            lost.add(carrier.digest)
        elif accepted(status):
            known = True
            state = transition.to if transition is not None else state


def _judge(play: PlayView, machine: StateMachine, event: _Event) -> Iterator[Finding]:
    carrier, transition = event.carrier, event.transition
    view, exchange = carrier.leg, carrier.exchange
    if not event.known:
        return
    legal = transition is not None and transition.accepted
    if not view.planned.leg.reaction and not event.repeated:
        intended = not legal and may_be_refused(view)
        if not intended:
            yield from play.ruled(
                rule_of(play, carrier, SENT, CREATOR_SENT),
                view,
                Outcome.MET if legal else Outcome.VIOLATED,
                view.initiator,
                exchange.evidence(STATUS),
                expected=f"an event that state {event.state} allows",
                received=event_of(carrier),
            )
    if transition is not None and exchange.status is not None:
        yield _answer(machine, event, transition)
        yield from _error_id(play, event)


def _answer(machine: StateMachine, event: _Event, transition: Transition) -> Finding:
    """The responder accepts what the table accepts, and refuses the rest, with the status that the table names."""
    carrier = event.carrier
    view, status = carrier.leg, carrier.exchange.status
    applies = True
    if transition.accepted:
        fits, expected = accepted(status), "0000"
        applies = fits or not (may_be_refused(view) or not attribute_tables.legal(view, carrier.exchange))
    else:
        expected = transition.answer.upper() or "a failure status"
        fits = not accepted(status) and transition.answer.upper() in ("", hexadecimal(status))
    outcome = Outcome.MET if fits else Outcome.VIOLATED
    if transition.accepted and not fits and _said_final(carrier):
        outcome = Outcome.UNDECIDED  # the responder may have ended the step itself (PS3.4 F.7.2.2.3)
    return view.finding(
        CHECK,
        transition_id(machine, transition),
        outcome if applies else Outcome.NOT_APPLICABLE,
        view.responder,
        final_evidence(carrier.exchange),
        expected=expected,
        received=hexadecimal(status),
        origin=f"state {event.state}",
    )


def _said_final(carrier: Carrier) -> bool:
    """Whether a refusal says that the step may no longer be updated."""
    final = carrier.exchange.exchange.final
    command = final.command if final is not None else None
    said = command is not None and command.fields.get("ErrorID", "") == _NO_LONGER_UPDATED
    return said and carrier.exchange.status == _PROCESSING_FAILURE


def _error_id(play: PlayView, event: _Event) -> Iterator[Finding]:
    """The refusal of an N-SET after the final state may say why in Error ID (0000,0903) (PS3.4 F.7.2.2.4)."""
    carrier = event.carrier
    final = carrier.exchange.exchange.final
    late = event.state in FINAL and event_of(carrier).startswith("N-SET")
    if not late or final is None or final.command is None or final.command.status != _PROCESSING_FAILURE:
        return
    said = final.command.fields.get("ErrorID", "")
    yield from play.ruled(
        ERROR_ID,
        carrier.leg,
        Outcome.MET if said == _NO_LONGER_UPDATED else Outcome.VIOLATED,
        carrier.leg.responder,
        final_evidence(carrier.exchange),
        expected=_NO_LONGER_UPDATED,
        received=said or "absent",
    )
