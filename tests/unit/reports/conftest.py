"""A run built by hand, with every verdict: one order, and a product that plays the Order Filler."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.encoding import encode, wrap_payload
from harness.dicom.uids import uid_of
from harness.hl7 import compose
from harness.model.claimed import ClaimedPart, ClaimedTransaction, Showing
from harness.model.finding import Evidence, Finding
from harness.model.names import (
    HARNESS,
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
from harness.model.run import ClaimResult, JudgedFinding, LedgerEntry, LegResult, PlayResult, Run, StepResult, Why
from harness.model.system import Claim, System
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

RIS = PlayerName("Acme RIS")
PLACER, FILLER = ActorName("Order Placer"), ActorName("Order Filler")
MODALITY, ARCHIVE, PPS = ActorName("Modality"), ActorName("Image Manager"), ActorName("PPS Manager")
STUDY = "2.25.181817384620471923847102938471029384"
ARRIVED = 1_763_990_000.0


@dataclass
class Recording:
    """Collects what crossed the wire; `payload` reads it back as the evidence would."""

    contents: dict[str, bytes] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def payload(self, payload: Payload) -> bytes:
        return self.contents[payload.sha256]

    def store(self, content: bytes, kind: PayloadKind) -> Payload:
        digest = hashlib.sha256(content).hexdigest()
        self.contents[digest] = content
        return Payload(digest, kind, len(content))

    def exchange(
        self,
        sender: ActorName,
        receiver: ActorName,
        kind: LinkKind,
        messages: Iterable[tuple[bytes | None, PayloadKind, DimseCommand | None]],
        facts: Mapping[str, str] | None = None,
    ) -> ExchangeId:
        number = ExchangeId(len(self.exchanges) + 1)
        link = Link(
            seq=number * 10,
            time=ARRIVED + number,
            id=LinkId(number),
            kind=kind,
            actor=sender,
            ours=True,
            local=SocketAddress("127.0.0.1", 40000 + number),
            peer=SocketAddress("127.0.0.1", 2575),
            peer_actor=receiver,
            facts=facts or {},
        )
        captures = [
            Capture(
                seq=number * 10 + place + 1,
                time=ARRIVED + number + 0.012 * (place + 1),
                link=link.id,
                exchange=number,
                half=Half.RESPONSE if place else Half.REQUEST,
                direction=Direction.RECEIVED if place else Direction.SENT,
                payload=self.store(content, payload_kind) if content is not None else None,
                command=command,
            )
            for place, (content, payload_kind, command) in enumerate(messages)
        ]
        self.links.append(link)
        self.captures.extend(captures)
        self.exchanges.append(Exchange(id=number, link=link, request=captures[0], responses=tuple(captures[1:])))
        return number

    def transcript(self) -> Transcript:
        return Transcript(
            links=tuple(self.links),
            captures=tuple(self.captures),
            events=(),
            exchanges=tuple(self.exchanges),
        )


def hl7(*messages: bytes) -> list[tuple[bytes | None, PayloadKind, DimseCommand | None]]:
    """HL7 messages of one exchange."""
    return [(message, PayloadKind.HL7, None) for message in messages]


def order(hostile: str = "") -> bytes:
    """A new order from the placer."""
    family = (hostile or "Lindqvist").encode("utf-8", "replace").decode()
    return compose(
        [
            (
                "MSH",
                {3: "SWF_OP", 4: "HOSP", 5: "RIS", 6: "HOSP", 7: "20251124083000",
                 9: ("OMG", "O19", "OMG_O19"), 10: "OP00000017", 11: "P", 12: "2.5.1"},
            ),
            ("PID", {3: ("PAT83719", "", "", "SWF"), 5: (family, "Åsa"), 7: "19710305", 8: "F"}),
            ("PV1", {2: "O", 3: ("CT", "", "", "HOSP")}),
            ("ORC", {1: "NW", 2: ("PL4711", "SWF_OP"), 7: ("", "", "", "20251124090000", "", "R")}),
            ("OBR", {1: "1", 2: ("PL4711", "SWF_OP"), 4: ("CTCHEST", "CT of the chest", "SWF")}),
        ]
    )  # fmt: skip


def answer(code: str) -> bytes:
    """An acknowledgement by the product."""
    return compose(
        [
            (
                "MSH",
                {
                    3: "RIS",
                    4: "HOSP",
                    7: "20251124083001",
                    9: ("ACK", "O19", "ACK"),
                    10: "7",
                    11: "P",
                    12: "2.5.1",
                },
            ),
            ("MSA", {1: code, 2: "OP00000017"}),
        ]
    )


def worklist_entry(hostile: str = "") -> Dataset:
    """A worklist response that lacks the Study Instance UID."""
    family = (hostile or "Lindqvist").encode("utf-8", "replace").decode()
    step = Dataset()
    step.Modality = "CT"
    step.ScheduledStationAETitle = "SWF_MOD"
    step.ScheduledProcedureStepID = "SPS01"
    entry = Dataset()
    entry.SpecificCharacterSet = "ISO_IR 192"
    entry.AccessionNumber = "ACC00731"
    entry.PatientName = f"{family[:40]}^Åsa"
    entry.TextValue = family
    entry.PatientID = "PAT83719"
    entry.ScheduledProcedureStepSequence = [step]
    entry.RequestedProcedureID = "RP01"
    return entry


def dimse(
    service: Service, sop_class: str, request: Dataset | None, *responses: tuple[int, Dataset | None]
) -> list[tuple[bytes | None, PayloadKind, DimseCommand | None]]:
    """A DIMSE request with its responses."""
    uid = uid_of(sop_class)

    def message(status: int | None, dataset: Dataset | None) -> tuple[bytes | None, PayloadKind, DimseCommand]:
        content = None
        if dataset is not None:
            content = wrap_payload(encode(dataset, ExplicitVRLittleEndian), ExplicitVRLittleEndian, uid, "1.2.3")
        command = DimseCommand(service=service, message_id=1, sop_class=uid, status=status)
        return content, PayloadKind.DICOM, command

    return [message(None, request), *(message(status, dataset) for status, dataset in responses)]


def judged(
    requirement: str,
    outcome: Outcome,
    verdict: Verdict,
    *,
    actor: ActorName = FILLER,
    player: PlayerName = RIS,
    text: str = "",
    citation: str = "RAD TF-2: 4.5",
    evidence: Evidence | None = None,
    expected: str = "",
    received: str = "",
    origin: str = "",
    warning: bool = False,
    declared: bool = False,
) -> JudgedFinding:
    """A finding with its requirement and verdict."""
    return JudgedFinding(
        finding=Finding(
            check=CheckName("hl7.table"),
            requirement=RequirementId(requirement),
            outcome=outcome,
            actor=actor,
            expected=expected,
            received=received,
            origin=origin,
            evidence=evidence,
        ),
        requirement=Requirement(
            id=RequirementId(requirement),
            text=text or f"{requirement} holds",
            citation=Citation(citation, Confidence.BELIEVED, "profile tables"),
            strength=Strength.SHOULD if warning else Strength.SHALL,
            actor=actor,
            transaction=TransactionId("RAD-5"),
        ),
        player=player,
        owner=Owner.HARNESS if player == HARNESS else Owner.SYSTEM,
        why=Why(),
        verdict=verdict,
        warning=warning,
        declared=declared,
    )


def leg(
    name: str,
    ends: tuple[ActorName, ActorName],
    verdict: Verdict,
    exchanges: Iterable[ExchangeId] = (),
    findings: Iterable[JudgedFinding] = (),
    reason: str = "",
) -> LegResult:
    """A leg between two actors of which the Order Filler is the product."""
    return LegResult(
        leg=LegId(name),
        title=name,
        verdict=verdict,
        reason=reason,
        exchanges=tuple(exchanges),
        findings=tuple(findings),
        initiator=ends[0],
        responder=ends[1],
        initiator_player=RIS if ends[0] == FILLER else HARNESS,
        responder_player=RIS if ends[1] == FILLER else HARNESS,
    )


def step(name: str, transaction: str, title: str, line: int, *legs: LegResult, reason: str = "") -> StepResult:
    """A step whose verdict is the worst of its legs."""
    verdict = worst(leg.verdict for leg in legs)
    return StepResult(
        step=StepId(name),
        transaction=TransactionId(transaction),
        title=title,
        verdict=verdict,
        verdicts={RIS: verdict},
        reason=reason,
        legs=legs,
        checks=sum(len(leg.findings) for leg in legs),
        seconds=0.25,
        line=line,
    )


def met(count: int, exchange: ExchangeId) -> list[JudgedFinding]:
    """Findings without complaint."""
    evidence = Evidence(exchange=exchange, path="PID-3.1")
    return [
        judged(f"rad-2.omg-o19/PID-{number}", Outcome.MET, Verdict.PASS, evidence=evidence)
        for number in range(1, count + 1)
    ]


def order_step(recording: Recording, hostile: str) -> StepResult:
    """A passed step with a warning and a declared deviation."""
    number = recording.exchange(PLACER, FILLER, LinkKind.MLLP, hl7(order(hostile), answer("AA")))
    warning = judged(
        "rad-2.to-order-filler/ack-code",
        Outcome.VIOLATED,
        Verdict.PASS,
        text="The acknowledgement names the event",
        evidence=Evidence(exchange=number, half=Half.RESPONSE, path="MSH-9.3"),
        expected="ACK",
        received=hostile or "ACK_O19",
        warning=True,
    )
    declared = judged(
        "rad-2.omg-o19/OBR-16",
        Outcome.VIOLATED,
        Verdict.NONE,
        actor=PLACER,
        player=HARNESS,
        evidence=Evidence(exchange=number, path="OBR-16"),
        expected="a value",
        declared=True,
    )
    findings = [*met(6, number), warning, declared]
    return step(
        "order", "RAD-2", "Placer Order Management", 7,
        leg("to-order-filler", (PLACER, FILLER), Verdict.PASS, [number], findings),
    )  # fmt: skip


def worklist_step(recording: Recording, hostile: str) -> StepResult:
    """A failed step: the entry lacks the Study Instance UID."""
    query = Dataset()
    query.PatientID = "PAT83719"
    query.StudyInstanceUID = ""
    number = recording.exchange(
        MODALITY,
        FILLER,
        LinkKind.DIMSE,
        dimse(
            Service.C_FIND, "ModalityWorklistInformationModelFind", query,
            (0xFF00, worklist_entry(hostile)), (0x0000, None),
        ),
        {"CalledAETitle": hostile or "RIS_SCP", "CallingAETitle": "SWF_MOD"},
    )  # fmt: skip
    evidence = Evidence(exchange=number, half=Half.RESPONSE, response=0, path="StudyInstanceUID")
    missing = judged(
        "consistency/study-instance-uid",
        Outcome.VIOLATED,
        Verdict.FAIL,
        text="The worklist shows the Study Instance UID that the Order Filler announced",
        citation="RAD TF-2: 4.5 ; PS3.4 Table K.6-1",
        evidence=evidence,
        expected=hostile or STUDY,
        origin="announced in RAD-4",
    )
    name = judged(
        "mwl-response/Modality",
        Outcome.UNDECIDED,
        Verdict.INCONCLUSIVE,
        evidence=Evidence(exchange=number, half=Half.RESPONSE, path="ScheduledProcedureStepSequence[0].Modality"),
        expected="the modality of the order's service",
        received=hostile or "CT",
    )
    return step(
        "worklist", "RAD-5", "Query Modality Worklist", 9,
        leg("query", (MODALITY, FILLER), Verdict.FAIL, [number], [*met(4, number), name, missing]),
    )  # fmt: skip


def stored_step(recording: Recording, hostile: str) -> StepResult:
    """A step with our own error, an undecodable payload and a transaction inside the product."""
    command = DimseCommand(service=Service.C_STORE, message_id=3, sop_class=uid_of("CTImageStorage"))
    number = recording.exchange(
        MODALITY,
        ARCHIVE,
        LinkKind.DIMSE,
        [(b"\x00not a data set" + b"\xff" * 6000, PayloadKind.DICOM, command)],
    )
    ours = judged(
        "ct-image/PatientID",
        Outcome.VIOLATED,
        Verdict.ERROR,
        actor=MODALITY,
        player=HARNESS,
        evidence=Evidence(exchange=number, path="PatientID"),
        expected="PAT83719",
        received=hostile,
    )
    return step(
        "stored", "RAD-8", "Modality Images Stored", 12,
        leg("store", (MODALITY, ARCHIVE), Verdict.ERROR, [number], [ours]),
    )  # fmt: skip


def ledger(hostile: str) -> tuple[LedgerEntry, ...]:
    """Two identifiers, the second of which changes on its way."""

    def entry(name: str, value: str, place: str, exchange: int, actor: ActorName, broken: bool) -> LedgerEntry:
        return LedgerEntry(
            name=name,
            value=value,
            place=place,
            exchange=ExchangeId(exchange),
            actor=actor,
            first=True,
            broken=broken,
            requirement=RequirementId("consistency/study-instance-uid") if broken else None,
            charged=actor if broken else None,
        )

    return (
        entry("Placer Order Number", "PL4711", "order: ORC-2", 1, PLACER, False),
        entry("Study Instance UID", STUDY, "order: IPC-3", 1, FILLER, False),
        entry("Study Instance UID", hostile, "worklist: StudyInstanceUID", 2, FILLER, True),
    )


def make_run(recording: Recording, hostile: str = "") -> Run:
    """A run with one play; `hostile` stands wherever a value comes from the wire or from a file."""
    steps = (
        order_step(recording, hostile),
        worklist_step(recording, hostile),
        step(
            "started", "RAD-6", "Modality Procedure Step In Progress", 10,
            leg("to-order-filler", (PPS, FILLER), Verdict.NONE, reason="inside the product"),
        ),
        stored_step(recording, hostile),
        step(
            "rescheduled", "RAD-4", "Procedure Scheduled", 14,
            leg(
                "to-image-manager", (FILLER, ARCHIVE), Verdict.INCONCLUSIVE,
                reason=hostile or "nothing arrived, and the link was never proven",
            ),
        ),
    )  # fmt: skip
    play = PlayResult(
        play=PlayId(f"swf.scheduled@2.5.1[{hostile or 'Order Filler'}]"),
        title=hostile or "One order, one scheduled step, acquired, stored, committed",
        form="2.5.1",
        profile="SWF.b",
        scenario_path="scenarios/swf/scheduled.scenario.yaml",
        verdict=worst(step.verdict for step in steps),
        roles={FILLER: RIS},
        steps=steps,
        ledger=ledger(hostile),
        seconds=1.25,
    )  # fmt: skip
    quick = PlayResult(
        play=PlayId("swf.cancelled@2.3.1"),
        title="An order that is cancelled",
        form="2.3.1",
        profile="SWF",
        scenario_path="scenarios/swf/cancelled.scenario.yaml",
        verdict=Verdict.PASS,
        steps=(order_step(recording, ""),),
        seconds=0.5,
    )
    return Run(
        schema="swf-run/1",
        plan=Plan(
            run="run-1",
            seed=42,
            started="2025-11-24T08:30:00+00:00",
            harness_version="0.1.0",
            rule_set="9f2c" * 16,
            systems=(System(name=RIS, version="4.2", claims=(Claim(profile="SWF.b", actors=(FILLER,)),)),),
            assignments=(),
            lost=("RAD-6 to-order-filler: inside Acme RIS", *((hostile,) if hostile else ())),
        ),
        plays=(play, quick),
        claims=(
            ClaimResult(
                system=RIS,
                profile="SWF.b",
                actor=FILLER,
                verdict=Verdict.FAIL,
                transactions={TransactionId("RAD-2"): Verdict.PASS, TransactionId("RAD-5"): Verdict.FAIL},
                checks=14,
            ),
        ),
        verdict=Verdict.ERROR,
        exit_code=2,
        checks=23,
        believed=21,
        interrupted=False,
        claimed=claimed_parts(play, hostile),
        environment={"python": "3.11", "pydicom": hostile or "3.0.2"},
        transcript=recording.transcript(),
    )


def claimed_parts(play: PlayResult, hostile: str) -> tuple[ClaimedPart, ...]:
    """An actor with a violated transaction and one that nobody played, an option shown with a partner, and an actor
    that is not claimed."""

    def transaction(
        name: str, title: str, *shown: tuple[StepResult, str, Verdict], reason: str = ""
    ) -> ClaimedTransaction:
        return ClaimedTransaction(
            transaction=TransactionId(name),
            title=title,
            showings=tuple(
                Showing(
                    play=play.play,
                    step=step.step,
                    leg=step.legs[0].leg,
                    counterpart=PlayerName(counterpart),
                    verdict=verdict,
                    exchange=step.legs[0].exchanges[0],
                    checks=7,
                    believed=6,
                )
                for step, counterpart, verdict in shown
            ),
            reason=reason,
        )

    def part(actor: ActorName, option: str, *transactions: ClaimedTransaction, claimed: bool = True) -> ClaimedPart:
        return ClaimedPart(
            system=RIS,
            version=hostile or "4.2",
            profile="SWF.b",
            profile_title="Scheduled Workflow.b",
            actor=actor,
            option=option,
            claimed=claimed,
            means=hostile or "what it obliges to",
            citation=Citation("RAD TF-1: 34", Confidence.BELIEVED, hostile or "a source"),
            forms=("2.5.1",),
            transactions=transactions,
            missing=(TransactionId(hostile or "RAD-12"),) if claimed and not option else (),
        )

    order, worklist = play.steps[:2]
    partner = hostile or "Best HIS"
    return (
        part(
            FILLER,
            "",
            transaction(
                "RAD-2", "Placer Order Management", (order, HARNESS, Verdict.PASS), (order, partner, Verdict.PASS)
            ),
            transaction("RAD-5", hostile or "Query Modality Worklist", (worklist, HARNESS, Verdict.FAIL)),
            transaction("RAD-4", "Procedure Scheduled", reason=hostile or "inside the product"),
        ),
        part(
            FILLER,
            hostile or "HL7 v2.5.1",
            transaction("RAD-2", "Placer Order Management", (order, partner, Verdict.PASS)),
        ),
        part(
            PLACER, "", transaction("RAD-2", "Placer Order Management", (order, partner, Verdict.PASS)), claimed=False
        ),
    )


@dataclass(frozen=True)
class Sample:
    """A run, its payloads and the folder it is rendered into."""

    run: Run
    recording: Recording
    out: Path

    def payload(self, payload: Payload) -> bytes:
        return self.recording.payload(payload)


MakeSample = Callable[[str], Sample]


@pytest.fixture
def sample_with(tmp_path: Path) -> MakeSample:
    """A maker of runs in which the given text stands wherever a value comes from outside."""

    def make(hostile: str) -> Sample:
        recording = Recording()
        run = make_run(recording, hostile)
        return Sample(run, recording, tmp_path)

    return make


@pytest.fixture
def sample(sample_with: MakeSample) -> Sample:
    """The run without anything hostile in it."""
    return sample_with("")
