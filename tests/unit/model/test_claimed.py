"""States and observations of a claim, and claims of several runs put together."""

from __future__ import annotations

import pytest

from harness.model.claimed import (
    ClaimedPart,
    ClaimedTransaction,
    ClaimState,
    Observation,
    Showing,
    counted_states,
    put_together,
)
from harness.model.names import HARNESS, ActorName, LegId, PlayerName, PlayId, StepId, TransactionId
from harness.model.profile import Citation
from harness.model.verdict import Confidence, Verdict

PACS = PlayerName("PACS")
PASS, FAIL, UNDECIDED, ERROR = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR


def showing(counterpart: str, verdict: Verdict, checks: int = 1) -> Showing:
    return Showing(
        play=PlayId("swf.test@2.5.1"),
        step=StepId("stored"),
        leg=LegId("store"),
        counterpart=PlayerName(counterpart),
        verdict=verdict,
        checks=checks,
    )


def transaction(*shown: tuple[str, Verdict], name: str = "RAD-8", reason: str = "") -> ClaimedTransaction:
    return ClaimedTransaction(
        transaction=TransactionId(name),
        title="Modality Images Stored",
        showings=tuple(showing(*one) for one in shown),
        reason=reason,
    )


def part(*transactions: ClaimedTransaction, version: str = "1", option: str = "", claimed: bool = True) -> ClaimedPart:
    return ClaimedPart(
        system=PACS,
        version=version,
        profile="SWF.b",
        actor=ActorName("Image Manager"),
        option=option,
        claimed=claimed,
        citation=Citation("RAD TF-1: 34", Confidence.VERIFIED),
        transactions=transactions,
    )


SEEN = [
    ([], 1, ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
    ([(HARNESS, UNDECIDED)], 1, ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
    ([(HARNESS, ERROR)], 1, ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
    ([(HARNESS, PASS)], 1, ClaimState.NO_PEER, Observation.OBSERVED),
    ([(HARNESS, PASS), (HARNESS, UNDECIDED)], 1, ClaimState.TO_BE_VERIFIED, Observation.PARTLY_OBSERVED),
    ([("MR", PASS)], 1, ClaimState.VERIFIED, Observation.OBSERVED),
    ([("MR", PASS), (HARNESS, PASS)], 1, ClaimState.VERIFIED, Observation.OBSERVED),
    ([("MR", PASS), ("MR", PASS)], 2, ClaimState.PARTIALLY_VERIFIED, Observation.OBSERVED),
    ([("MR", PASS), ("CT", PASS)], 2, ClaimState.VERIFIED, Observation.OBSERVED),
    ([("MR", PASS), ("CT", UNDECIDED)], 1, ClaimState.PARTIALLY_VERIFIED, Observation.PARTLY_OBSERVED),
    ([("MR", UNDECIDED)], 1, ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
    ([("MR", PASS), ("CT", FAIL)], 1, ClaimState.FAILED, Observation.CONTRADICTED),
    ([(HARNESS, FAIL)], 1, ClaimState.FAILED, Observation.CONTRADICTED),
]


@pytest.mark.parametrize(("shown", "partners", "state", "observation"), SEEN)
def test_a_transaction_has_the_state_of_what_was_shown_and_with_whom(
    shown: list[tuple[str, Verdict]], partners: int, state: ClaimState, observation: Observation
) -> None:
    one = transaction(*shown)
    assert (one.state(partners), one.observation) == (state, observation)


def test_our_simulator_is_never_a_partner_and_a_partner_counts_once() -> None:
    one = transaction((HARNESS, PASS), ("MR", PASS), ("MR", PASS), ("CT", PASS), ("US", UNDECIDED))
    assert one.partners == ("CT", "MR")


NONE, OURS, MR, BAD = (), ((HARNESS, PASS),), (("MR", PASS),), ((HARNESS, FAIL),)


@pytest.mark.parametrize(
    ("shown", "state", "observation"),
    [
        ([], ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
        ([NONE], ClaimState.TO_BE_VERIFIED, Observation.NOT_OBSERVED),
        ([OURS], ClaimState.NO_PEER, Observation.OBSERVED),
        ([OURS, NONE], ClaimState.NO_PEER, Observation.PARTLY_OBSERVED),
        ([MR], ClaimState.VERIFIED, Observation.OBSERVED),
        ([MR, OURS], ClaimState.PARTIALLY_VERIFIED, Observation.OBSERVED),
        ([MR, NONE], ClaimState.PARTIALLY_VERIFIED, Observation.PARTLY_OBSERVED),
        ([MR, BAD], ClaimState.FAILED, Observation.CONTRADICTED),
    ],
)
def test_a_claim_is_no_better_than_its_transactions(
    shown: list[tuple[tuple[str, Verdict], ...]], state: ClaimState, observation: Observation
) -> None:
    one = part(*(transaction(*each, name=f"RAD-{number}") for number, each in enumerate(shown, 1)))
    assert (one.state(), one.observation) == (state, observation)


def test_runs_are_put_together_and_partners_of_all_of_them_count() -> None:
    first = part(transaction(("MR", PASS), (HARNESS, PASS)), transaction(name="RAD-10", reason="not played"))
    second = part(transaction(("CT", PASS)), transaction(("CT", UNDECIDED), name="RAD-10"))
    (both,) = put_together({"first": [first], "second": [second]})
    stored, committed = both.transactions
    assert stored.partners == ("CT", "MR")
    assert [one.run for one in stored.showings] == ["first", "first", "second"]
    assert (stored.state(2), committed.reason, committed.checks) == (ClaimState.VERIFIED, "", 1)


def test_a_failure_in_one_run_is_not_mended_by_another() -> None:
    (both,) = put_together({"a": [part(transaction(("MR", FAIL)))], "b": [part(transaction(("MR", PASS)))]})
    assert (both.state(), both.partners) == (ClaimState.FAILED, ())


def test_another_version_of_a_product_is_another_system() -> None:
    found = put_together({"a": [part(version="1")], "b": [part(version="2"), part(version="2", option="HL7 v2.5.1")]})
    assert [(one.version, one.option) for one in found] == [("1", ""), ("2", ""), ("2", "HL7 v2.5.1")]


def test_what_was_only_seen_is_in_no_count() -> None:
    counts = counted_states([part(transaction(("MR", PASS))), part(claimed=False), part()])
    assert counts == {ClaimState.VERIFIED: 1, ClaimState.TO_BE_VERIFIED: 1}
