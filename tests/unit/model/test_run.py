"""What a finished run says of its legs."""

from __future__ import annotations

import pytest

from harness.model.finding import Evidence, Finding
from harness.model.names import (
    HARNESS,
    ActorName,
    CheckName,
    ExchangeId,
    LegId,
    PlayerName,
    RequirementId,
    TransactionId,
)
from harness.model.profile import Citation, Requirement
from harness.model.run import JudgedFinding, LegResult, Why
from harness.model.verdict import Confidence, Outcome, Owner, Verdict

PACS, ARCHIVE, MODALITY = PlayerName("PACS"), ActorName("Image Manager"), ActorName("Modality")
PASS, FAIL, UNDECIDED = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def judged(exchange: int | None, verdict: Verdict) -> JudgedFinding:
    evidence = Evidence(exchange=ExchangeId(exchange), path="") if exchange is not None else None
    requirement = RequirementId("rad-8.store/status")
    finding = Finding(
        check=CheckName("x"), requirement=requirement, outcome=Outcome.MET, actor=ARCHIVE, evidence=evidence
    )
    obliges = Requirement(
        id=requirement,
        text="",
        citation=Citation("", Confidence.VERIFIED),
        actor=ARCHIVE,
        transaction=TransactionId("RAD-8"),
    )
    return JudgedFinding(
        finding=finding, requirement=obliges, player=PACS, owner=Owner.SYSTEM, why=Why(), verdict=verdict
    )


@pytest.mark.parametrize(
    ("verdict", "findings", "told"),
    [
        (FAIL, [(1, PASS), (2, PASS), (2, FAIL), (2, PASS)], {1: PASS, 2: FAIL}),
        (PASS, [(1, PASS)], {1: PASS}),
        (UNDECIDED, [(1, PASS)], None),
        (FAIL, [(1, PASS), (None, FAIL)], None),
        (Verdict.NONE, [], {}),
    ],
)
def test_the_findings_of_a_leg_say_how_each_exchange_went(
    verdict: Verdict, findings: list[tuple[int | None, Verdict]], told: dict[int, Verdict] | None
) -> None:
    leg = LegResult(
        leg=LegId("store"),
        title="",
        verdict=verdict,
        findings=tuple(judged(*one) for one in findings),
        initiator=MODALITY,
        responder=ARCHIVE,
        initiator_player=HARNESS,
        responder_player=PACS,
    )
    assert leg.exchange_verdicts == told
