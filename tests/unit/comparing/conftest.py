"""Judged runs made by hand, each of one scenario, to be held against each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.comparing import Recorded
from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.hl7 import compose
from harness.model.finding import Evidence, Finding
from harness.model.names import (
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    LinkId,
    PlayerName,
    PlayId,
    RequirementId,
    StepId,
    TransactionId,
)
from harness.model.plan import Plan
from harness.model.profile import Citation, LinkKind, Requirement, Service
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult, Why
from harness.model.transcript import (
    Capture,
    DimseCommand,
    Direction,
    Exchange,
    Half,
    Link,
    Payload,
    PayloadKind,
    SocketAddress,
    Transcript,
)
from harness.model.verdict import Confidence, Outcome, Owner, Strength, Verdict, worst

PLACER, FILLER = ActorName("Order Placer"), ActorName("Order Filler")
HIS, RIS = PlayerName("HIS"), PlayerName("RIS")
PLAY = PlayId("swf.scheduled@2.5.1")
RAD_2, RAD_5 = TransactionId("RAD-2"), TransactionId("RAD-5")
FIND = "ModalityWorklistInformationModelFind"


@dataclass
class Made:
    """A run in the making: messages first, then what was judged of them."""

    started: str = "2026-01-31T10:15:00"
    rule_set: str = "a" * 64
    contents: dict[str, bytes] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    legs: dict[TransactionId, list[ExchangeId]] = field(default_factory=dict)
    findings: dict[TransactionId, list[JudgedFinding]] = field(default_factory=dict)

    def read(self, payload: Payload) -> bytes:
        return self.contents[payload.sha256]

    def exchange(
        self,
        transaction: TransactionId,
        kind: LinkKind,
        messages: Sequence[tuple[bytes | None, DimseCommand | None]],
        seconds: float = 0.01,
    ) -> ExchangeId:
        number = ExchangeId(len(self.exchanges) + 1)
        here, there = SocketAddress("127.0.0.1", 40000), SocketAddress("127.0.0.1", 2575)
        link = Link(
            seq=number * 100, time=0.0, id=LinkId(number), kind=kind, actor=PLACER, ours=True, local=here, peer=there
        )
        captures = tuple(
            Capture(
                seq=number * 100 + place + 1,
                time=number + (seconds if place else 0.0),
                link=link.id,
                exchange=number,
                half=Half.RESPONSE if place else Half.REQUEST,
                direction=Direction.RECEIVED if place else Direction.SENT,
                payload=self._stored(content, kind),
                command=command,
            )
            for place, (content, command) in enumerate(messages)
        )
        self.exchanges.append(Exchange(id=number, link=link, request=captures[0], responses=captures[1:]))
        self.legs.setdefault(transaction, []).append(number)
        return number

    def _stored(self, content: bytes | None, kind: LinkKind) -> Payload | None:
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return Payload(digest, PayloadKind.HL7 if kind is LinkKind.MLLP else PayloadKind.DICOM, len(content))

    def order(self, number: str, *, again: str = "", code: str = "CT", at: str = "20260131101500") -> ExchangeId:
        """A new order with its acknowledgement; OBR-2 repeats the number, or not."""
        head = {3: "HIS", 7: at, 9: ("OMG", "O19"), 10: f"M{len(self.exchanges)}", 12: "2.5.1"}
        message = compose(
            [
                ("MSH", head),
                ("ORC", {1: "NW", 2: (number, "HIS")}),
                ("OBR", {2: (again or number, "HIS"), 4: (code, "a service")}),
            ]
        )
        answer = compose([("MSH", {**head, 9: "ACK", 10: "7"}), ("MSA", {1: "AA", 2: "M"})])
        return self.exchange(RAD_2, LinkKind.MLLP, [(message, None), (answer, None)])

    def query(self, *entries: tuple[str, str], seconds: float = 0.01) -> ExchangeId:
        """A worklist query with its answers: accession number and description of each."""
        uid = uid_of(FIND)

        def message(dataset: Dataset | None, status: int | None) -> tuple[bytes | None, DimseCommand]:
            command = DimseCommand(service=Service.C_FIND, message_id=1, sop_class=uid, status=status)
            if dataset is None:
                return None, command
            content = encode(dataset, ExplicitVRLittleEndian)
            return wrap_payload(content, ExplicitVRLittleEndian, uid, "1.2.3"), command

        answers = []
        for accession, description in entries:
            entry = Dataset()
            entry.AccessionNumber, entry.RequestedProcedureDescription = accession, description
            answers.append(message(entry, 0xFF00))
        asked = Dataset()
        asked.AccessionNumber = ""
        return self.exchange(RAD_5, LinkKind.DIMSE, [message(asked, None), *answers, message(None, 0)], seconds)

    def judged(
        self,
        transaction: TransactionId,
        requirement: str,
        outcome: Outcome,
        *,
        received: str = "",
        path: str = "OBR-2",
        verdict: Verdict | None = None,
        text: str = "what is demanded",
    ) -> None:
        """What a check decided about the first exchange of a transaction."""
        verdicts = {Outcome.MET: Verdict.PASS, Outcome.VIOLATED: Verdict.FAIL, Outcome.UNDECIDED: Verdict.INCONCLUSIVE}
        one = Requirement(
            id=RequirementId(requirement),
            text=text,
            citation=Citation(text="RAD TF-2: 4.2", confidence=Confidence.VERIFIED, source=""),
            strength=Strength.SHALL,
            actor=PLACER,
            transaction=transaction,
        )
        finding = Finding(
            check=CheckName("hl7.table"),
            requirement=one.id,
            outcome=outcome,
            actor=PLACER,
            received=received,
            evidence=Evidence(exchange=self.legs[transaction][0], path=path),
        )
        self.findings.setdefault(transaction, []).append(
            JudgedFinding(
                finding=finding,
                requirement=one,
                player=HIS,
                owner=Owner.SYSTEM,
                why=Why(),
                verdict=verdict or verdicts.get(outcome, Verdict.NONE),
            )
        )

    def done(self) -> Recorded:
        """The run."""
        steps = tuple(self._step(transaction) for transaction in self.legs)
        play = PlayResult(
            play=PLAY,
            title="",
            form="2.5.1",
            profile="SWF.b",
            scenario_path="",
            verdict=worst(step.verdict for step in steps),
            steps=steps,
        )
        plan = Plan(
            run="run",
            seed=1,
            started=self.started,
            harness_version="0",
            rule_set=self.rule_set,
            systems=(),
            assignments=(),
        )
        run = Run(
            schema="",
            plan=plan,
            plays=(play,),
            claims=(),
            verdict=play.verdict,
            exit_code=0,
            checks=0,
            believed=0,
            interrupted=False,
            transcript=Transcript(
                links=tuple(one.link for one in self.exchanges),
                captures=(),
                events=(),
                exchanges=tuple(self.exchanges),
            ),
        )
        return Recorded(run=run, read=self.read)

    def _step(self, transaction: TransactionId) -> StepResult:
        found = tuple(self.findings.get(transaction, ()))
        verdict = worst([Verdict.PASS, *(one.verdict for one in found)])
        leg = LegResult(
            leg=LegId("only"),
            title="",
            verdict=verdict,
            exchanges=tuple(self.legs[transaction]),
            findings=found,
            initiator=PLACER,
            responder=FILLER,
            initiator_player=HIS,
            responder_player=RIS,
        )
        return StepResult(
            step=StepId(transaction.lower()), transaction=transaction, title="", verdict=verdict, legs=(leg,)
        )


@pytest.fixture
def made() -> Callable[..., Made]:
    """Begin a run."""
    return Made


def without(recorded: Recorded) -> Recorded:
    """The run with a play of another name."""
    play = replace(recorded.run.plays[0], play=PlayId("swf.other@2.5.1"))
    return Recorded(run=replace(recorded.run, plays=(play,)), read=recorded.read)
