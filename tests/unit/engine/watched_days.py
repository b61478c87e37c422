"""Days of a small department as a relay between its systems sees them: messages with who sent them, and when.

The messages are those of the faultless workflow; a test changes one, leaves one out, or begins in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from harness import checks
from harness.engine.judging import judge
from harness.engine.unscripted import UnscriptedExchange, dimse_exchange, unscripted_play
from harness.hl7 import edit
from harness.model.hop import UNREAD
from harness.model.names import ActorName, PlayerName
from harness.model.plan import Plan
from harness.model.profile import Service
from harness.model.run import JudgedFinding, Run
from harness.model.system import Times
from harness.model.transcript import Event, EventKind, Exchange, Transcript
from harness.model.verdict import Verdict
from harness.profiles import knowledge
from tests.legal.workflow_messages import (
    Case,
    Sender,
    about_step,
    as_event,
    baseline,
    entries_of,
    references,
    scheduling,
    store_of,
)
from tests.specimens import builder
from tests.watched import Relayed, department

checks.load()
KNOWN = knowledge()
CASE = Case(form="2.5.1")
DECLARED = Times(answer=10.0, act=30.0, show=30.0)
"""Times that somebody declared: not those that hold by default."""

Change = Callable[[UnscriptedExchange], UnscriptedExchange | None]


@dataclass(frozen=True)
class Watched:
    """A record and how it was judged."""

    run: Run
    plan: Plan
    transcript: Transcript

    @property
    def failures(self) -> list[tuple[str, str]]:
        """The system and the requirement of everything that fails."""
        return [(str(one.player), str(one.finding.requirement)) for one in self.with_verdict(Verdict.FAIL)]

    def with_verdict(self, verdict: Verdict) -> list[JudgedFinding]:
        """The findings with that verdict."""
        return [one for one in findings(self.run) if one.verdict is verdict]


def findings(run: Run) -> list[JudgedFinding]:
    """Every finding of a run."""
    return [one for play in run.plays for step in play.steps for leg in step.legs for one in leg.findings]


def named(transaction: str, leg: str = "") -> Callable[[UnscriptedExchange], bool]:
    """Picks exchanges by transaction and leg."""
    return lambda one: one.transaction == transaction and leg in ("", one.leg)


def day(case: Case = CASE) -> list[UnscriptedExchange]:
    """Registration, order, schedule, worklist, examination, commitment and a look at the images."""
    send, flow = Sender(case), baseline(case.form)
    relays = ("to-pps-manager", "to-image-manager")
    return [
        send.exchange("RAD-1", "to-order-placer", flow.adt(), "registered"),
        send.exchange("RAD-1", "to-order-filler", flow.adt(), "registered"),
        send.exchange("RAD-2", "to-order-filler", flow.order(), "ordered"),
        send.exchange("RAD-4", "to-image-manager", scheduling(case.form, 1), "scheduled"),
        query(case),
        *(about_step(case, 1, leg, Service.N_CREATE) for leg in relays),
        *(store_of(case, 1, uid, "RAD-8", "stored") for uid in case.uids(1)),
        *(about_step(case, 1, leg, Service.N_SET) for leg in relays),
        *commitment(case),
    ]


def query(case: Case, *entries: Dataset, patient: str = "P1001") -> UnscriptedExchange:
    """A worklist query of the modality and its entries, those of the case unless there are others."""
    keys = baseline(case.form).worklist_keys()
    keys.PatientID = patient
    return dimse_exchange(
        "RAD-5",
        "query",
        Service.C_FIND,
        keys,
        sop_class="ModalityWorklistInformationModelFind",
        responses=[*((0xFF00, entry) for entry in entries or entries_of(case)), (0, None)],
        step="looked-up",
    )


def commitment(case: Case) -> list[UnscriptedExchange]:
    """A commitment of every image, and its report."""
    content = builder.dataset(TransactionUID="1.2.3.4.7.1", ReferencedSOPSequence=references(case.every_uid()))
    ways = (("request", Service.N_ACTION, "ActionTypeID"), ("report", Service.N_EVENT_REPORT, "EventTypeID"))
    return [
        dimse_exchange(
            "RAD-10",
            leg,
            service,
            content,
            sop_class="StorageCommitmentPushModel",
            sop_instance="1.2.840.10008.1.20.1.1",
            fields={kind: "1"},
            step="committed",
        )
        for leg, service, kind in ways
    ]


def changed(
    events: Sequence[UnscriptedExchange], which: Callable[[UnscriptedExchange], bool], change: Change
) -> list[UnscriptedExchange]:
    """The events with some of them changed, or left out."""
    found = [change(one) if which(one) else one for one in events]
    return [one for one in found if one is not None]


def other_patient(events: Sequence[UnscriptedExchange], *, keep: Sequence[bytes] = ()) -> list[UnscriptedExchange]:
    """The same day of somebody else: other numbers and UIDs, but for those that are kept."""
    numbers = [
        (b"P1001", b"P7007"), (b"ACC77", b"ACC88"), (b"1.2.3.4.", b"1.2.3.9."), (b"ACC1", b"ACC2"), (b"RP1", b"RP2"),
        (b"SPS1", b"SPS7"), (b"A1^OP", b"A7^OP"), (b"F1^OF", b"F7^OF"), (b"LINDGREN", b"SODERBER"), (b"PPS1", b"PPS7"),
        (b"|M", b"|N"), (b"A1\0", b"A7\0"), (b"F1\0", b"F7\0"), (b"A1 ", b"A7 "), (b"F1 ", b"F7 "),
    ]  # fmt: skip
    return [_replaced(one, [pair for pair in numbers if pair[0] not in keep]) for one in events]


def _replaced(one: UnscriptedExchange, pairs: Sequence[tuple[bytes, bytes]]) -> UnscriptedExchange:
    def of(content: bytes | None) -> bytes | None:
        if content is None:
            return None
        for old, new in pairs:
            content = content.replace(old, new)
        return content

    command = one.command
    if command is not None:
        command = replace(command, sop_instance=command.sop_instance.replace("1.2.3.4.", "1.2.3.9."))
    responses = tuple(replace(answer, content=of(answer.content)) for answer in one.responses)
    return replace(one, request=of(one.request), answer=of(one.answer), command=command, responses=responses)


def merged(case: Case, into: str) -> list[UnscriptedExchange]:
    """The patient is merged into another one, for the filler and for the archive."""
    head = as_event(baseline(case.form).adt(), "A40", "ADT_A39").split(b"\rPV1")[0]
    raw = edit.set_value(head, "PID-3.1", into) + b"\rMRG|P1001^^^SWF^PI\r"
    send = Sender(case)
    made = [send.exchange("RAD-12", leg, raw, "merged") for leg in ("to-order-filler", "to-image-manager")]
    return [replace(one, request=(one.request or b"").replace(b"|M", b"|MERGE")) for one in made]


def watch(
    events: Sequence[UnscriptedExchange],
    player: Callable[[ActorName], PlayerName] = department,
    *,
    first: int = 0,
    last: int | None = None,
    times: Times | None = None,
    idle: float = 0.0,
    title: Callable[[Exchange], str] | None = None,
    unread: str = "",
) -> Watched:
    """The events as a relay saw them, judged; the record goes on for `idle` seconds after the last of them.

    `unread`: at the beginning, so much of what is sent on the first link passed without being read.
    """
    plan, transcript, read = unscripted_play(events, KNOWN)
    relayed = Relayed(judge(plan, transcript, read, KNOWN), transcript, player, times=times, title=title)
    seen = relayed.transcript(first=first, last=last)
    if idle:
        seen = relayed.lasting(seen, idle)
    if unread:
        begin, link = seen.captures[0], seen.captures[0].link
        noise = Event(seq=begin.seq, time=begin.time, kind=EventKind.NOISE, link=link, facts={UNREAD: unread})
        seen = replace(seen, events=(noise, *seen.events))
    return Watched(judge(relayed.plan, seen, read, KNOWN), relayed.plan, seen)


def says(old: bytes, new: bytes) -> Change:
    """A change of a value in a request into another one of the same length."""
    return lambda one: replace(one, request=(one.request or b"").replace(old, new))


def answers(old: bytes, new: bytes) -> Change:
    """The same in the answers."""

    def change(one: UnscriptedExchange) -> UnscriptedExchange:
        said = tuple(replace(each, content=(each.content or b"").replace(old, new) or None) for each in one.responses)
        return replace(one, answer=one.answer.replace(old, new) if one.answer is not None else None, responses=said)

    return change


def gone(_: UnscriptedExchange) -> None:
    """The message was never sent."""
