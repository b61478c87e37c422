"""What a check sees: the exchanges of a play, placed at their steps and legs, decoded on demand.

Nothing here judges. Decoding never fails: HL7 reading is lossless, and a data set that cannot be decoded is None.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydicom.dataset import Dataset

from harness.dicom.encoding import decode_payload
from harness.hl7 import Message
from harness.model.finding import Evidence, Finding
from harness.model.names import ActorName, CheckName, RequirementId, StepId, TransactionId
from harness.model.plan import LegState, PlannedLeg, PlannedStep, Play
from harness.model.profile import DimseForm, MessageForm
from harness.model.remembering import Remembering
from harness.model.tables import LegRule, PlayRule
from harness.model.transcript import Capture, Event, Exchange, Half, Payload, PayloadKind
from harness.model.verdict import Outcome
from harness.profiles import Knowledge

ReadPayload = Callable[[Payload], bytes | Path]
"""The content of a payload: its bytes, or of a large object the file that holds it."""


@dataclass(frozen=True)
class ExchangeView(Remembering):
    """One exchange with its messages decoded on demand.

    `decoded` are data sets by the SHA-256 of their payload: views of one recording share it, so that what was sent
    again is decoded once.
    """

    exchange: Exchange
    read: ReadPayload
    decoded: dict[str, Dataset | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def request_message(self) -> Message | None:
        """The HL7 request; None on an association."""
        return self._message(self.exchange.request)

    @cached_property
    def answer_message(self) -> Message | None:
        """The HL7 answer, the first one if there were several; None when there was none."""
        return self._message(self.exchange.responses[0]) if self.exchange.responses else None

    @cached_property
    def request_dataset(self) -> Dataset | None:
        """The data set of the DIMSE request; None when absent or undecodable."""
        return self._dataset(self.exchange.request)

    @cached_property
    def response_datasets(self) -> tuple[Dataset | None, ...]:
        """One entry for each DIMSE response, in order."""
        return tuple(self._dataset(response) for response in self.exchange.responses)

    @property
    def status(self) -> int | None:
        """Status of the final DIMSE response."""
        final = self.exchange.final
        return final.command.status if final and final.command else None

    def evidence(self, path: str = "", half: Half = Half.REQUEST, response: int = 0) -> Evidence:
        """A pointer into this exchange."""
        return Evidence(self.exchange.id, half, response, path)

    def _message(self, capture: Capture | None) -> Message | None:
        if capture is None or capture.payload is None or capture.payload.kind is not PayloadKind.HL7:
            return None
        content = self.read(capture.payload)
        return Message.parse(content if isinstance(content, bytes) else content.read_bytes())

    def _dataset(self, capture: Capture) -> Dataset | None:
        payload = capture.payload
        if payload is None or payload.kind is not PayloadKind.DICOM:
            return None
        if payload.sha256 not in self.decoded:
            self.decoded[payload.sha256] = decode_payload(self.read(payload))
        return self.decoded[payload.sha256]


@dataclass(frozen=True)
class LegView(Remembering):
    """One leg of one step with the exchanges that belong to it, in order."""

    play: Play
    step: PlannedStep
    planned: PlannedLeg
    exchanges: tuple[ExchangeView, ...]
    knowledge: Knowledge

    @property
    def initiator(self) -> ActorName:
        """The actor that starts the leg."""
        return self.planned.leg.initiator

    @property
    def responder(self) -> ActorName:
        """The actor that answers."""
        return self.planned.leg.responder

    @property
    def dimse(self) -> DimseForm | None:
        """The leg's shape on an association."""
        return self.planned.leg.dimse

    def message_form(self, message: Message) -> MessageForm | None:
        """The form that a request has: by type, then order control, then version; None when the type fits none."""
        fitting = [form for form in self.planned.leg.messages if form.type == message.type]
        control = message.first("ORC-1")
        fitting = [form for form in fitting if not form.control or control in form.control] or fitting
        exact = [form for form in fitting if form.version == message.version]
        lower = [form for form in fitting if form.version <= message.version]
        return next(iter(exact or sorted(lower, key=lambda form: form.version, reverse=True) or fitting), None)

    def messages(self) -> Iterator[tuple[ExchangeView, Message, MessageForm]]:
        """The HL7 requests of the leg that have one of its forms."""
        for exchange in self.exchanges:
            message = exchange.request_message
            form = self.message_form(message) if message is not None else None
            if message is not None and form is not None:
                yield exchange, message, form

    def requirement(self, row: str) -> RequirementId:
        """The id of a rule that the profile states for this leg."""
        return RequirementId(f"{self.step.transaction.id.lower()}.{self.planned.leg.id}/{row}")

    def rule(self, check: str, row: str) -> LegRule | None:
        """The profile's rule of that row; None when the profile does not state it."""
        return self.knowledge.once(_leg_rules).get((check, row))

    def ruled(
        self,
        check: str,
        row: str,
        outcome: Outcome,
        evidence: Evidence | None,
        *,
        expected: str = "",
        received: str = "",
    ) -> Iterator[Finding]:
        """A finding on a leg rule, charged to the side that the rule names; nothing when there is no such rule."""
        rule = self.rule(check, row)
        if rule is not None:
            yield self.finding(
                check,
                self.requirement(row),
                outcome,
                self.initiator if rule.charged == "initiator" else self.responder,
                evidence,
                expected=expected,
                received=received,
            )

    def finding(
        self,
        check: str,
        requirement: RequirementId,
        outcome: Outcome,
        actor: ActorName,
        evidence: Evidence | None,
        *,
        expected: str = "",
        received: str = "",
        origin: str = "",
        given: Evidence | None = None,
    ) -> Finding:
        """A finding placed at this leg."""
        return Finding(
            CheckName(check),
            requirement,
            outcome,
            actor,
            expected,
            received,
            origin,
            evidence,
            given,
            self.step.step.id,
            self.planned.leg.id,
        )


def _leg_rules(knowledge: Knowledge) -> Mapping[tuple[str, str], LegRule]:
    return {(check, rule.row): rule for check, rules in knowledge.leg_rules.items() for rule in reversed(rules)}


def _play_rules(knowledge: Knowledge) -> Mapping[str, PlayRule]:
    return {rule.id: rule for rule in reversed(knowledge.play_rules)}


@dataclass(frozen=True)
class PlayView(Remembering):
    """A whole play: its legs in the order of the scenario, and the events that concern it.

    `proven` are the actors whose player was heard on a link of ours in this run. `interrupted`: the play did not come
    to its end, so that what is missing proves nothing. `unheard` are actors in transactions that have an address of
    their own, at which nothing was heard in this run.
    """

    play: Play
    legs: tuple[LegView, ...]
    events: tuple[Event, ...]
    knowledge: Knowledge
    proven: frozenset[ActorName] = frozenset()
    interrupted: bool = False
    unheard: frozenset[tuple[ActorName, TransactionId]] = frozenset()

    def of(self, transaction: str, leg: str | None = None) -> Iterator[LegView]:
        """The legs of a transaction, all of them or one by name."""
        for view in self.legs:
            if view.step.transaction.id == transaction and leg in (None, view.planned.leg.id):
                yield view

    def events_of(self, step: StepId) -> Sequence[Event]:
        """The events of a step."""
        return self.once(_events_by_step).get(step, ())

    def observed(self, transaction: str, leg: str | None = None) -> bool:
        """Whether any leg of the transaction crossed a link of ours."""
        return any(view.planned.state is LegState.LIVE for view in self.of(transaction, leg))

    def rule(self, rule_id: str) -> PlayRule | None:
        """The profile's play rule of that id; None when the profile does not state it."""
        return self.knowledge.once(_play_rules).get(rule_id)

    def ruled(
        self,
        rule_id: str,
        leg: LegView,
        outcome: Outcome,
        actor: ActorName,
        evidence: Evidence | None,
        *,
        expected: str = "",
        received: str = "",
        origin: str = "",
    ) -> Iterator[Finding]:
        """A finding on a play rule, placed at a leg; nothing when there is no such rule."""
        rule = self.rule(rule_id)
        if rule is not None:
            yield leg.finding(
                rule.check,
                RequirementId(rule_id),
                outcome,
                actor,
                evidence,
                expected=expected,
                received=received,
                origin=origin,
            )


def _events_by_step(play: PlayView) -> Mapping[StepId, Sequence[Event]]:
    found: dict[StepId, list[Event]] = defaultdict(list)
    for event in play.events:
        if event.step is not None:
            found[event.step.step].append(event)
    return found
