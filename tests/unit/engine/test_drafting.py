"""From answers to a system: which questions matter, which ports our listeners get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.drafting import claims_of, demands, draft, possible
from harness.model.names import ActorName, TransactionId
from harness.model.plan import Plan
from harness.model.product_kind import Acting, Answers
from harness.model.system import System
from harness.wiring import RunRequest, plan_only, workshop

KNOWN = workshop().knowledge
KINDS = workshop().files.kinds()
ARCHIVE = tuple(map(TransactionId, ("RAD-8", "RAD-10", "RAD-14", "RAD-16")))


def plan(system: System) -> Plan:
    """A plan with every shipped scenario."""
    return plan_only(RunRequest(systems=(system,), seed=0))


def answers(kind: str, **other: object) -> Answers:
    """What somebody answered about a product of that kind."""
    described = KINDS[kind]
    given = Answers(
        kind=described,
        profiles=described.profiles[:1],
        transactions=described.transactions,
        name="Product",
        ae_title="PRODUCT",
        dimse_port=104,
        application="P",
        facility="F",
        hl7_port=2575,
    )
    return replace(given, **other)  # type: ignore[arg-type]  # the test names the fields


def test_all_that_a_profile_requires_needs_no_list() -> None:
    required = tuple(one for one, needed in possible(KINDS["pacs"], ["SWF.b"], KNOWN).items() if needed)
    (claim,) = claims_of(KINDS["pacs"], ["SWF.b"], required, KNOWN)
    assert claim.transactions == ()
    (part,) = claims_of(KINDS["pacs"], ["SWF.b"], ARCHIVE, KNOWN)
    assert part.transactions == ARCHIVE


def test_an_actor_that_has_none_of_the_transactions_is_not_claimed() -> None:
    (claim,) = claims_of(KINDS["ris"], ["SWF.b"], [TransactionId("RAD-5")], KNOWN)
    assert claim.actors == ("Order Filler",)


@pytest.mark.parametrize(
    ("kind", "dimse", "dimse_port", "hl7", "hl7_port", "called", "begins"),
    [
        ("archive", True, True, False, False, True, False),
        ("pacs", True, True, True, True, True, False),
        ("ris", True, True, True, True, True, True),
        ("worklist", True, True, False, False, False, False),
        ("modality", True, True, False, False, True, True),
        ("adt", False, False, True, False, True, True),
        ("report-receiver", False, False, True, True, False, False),
    ],
)
def test_what_has_to_be_known_of_each_kind(
    kind: str, dimse: bool, dimse_port: bool, hl7: bool, hl7_port: bool, called: bool, begins: bool
) -> None:
    claims = claims_of(KINDS[kind], KINDS[kind].profiles[:1], KINDS[kind].transactions, KNOWN)
    found = demands(claims, plan, KNOWN)
    assert (found.dimse, found.dimse_port, found.hl7, found.hl7_port, found.called) == (
        dimse,
        dimse_port,
        hl7,
        hl7_port,
        called,
    )
    assert bool(found.begins) is begins


def test_a_worklist_without_orders_has_to_be_fed() -> None:
    claims = claims_of(KINDS["worklist"], ["SWF.b"], KINDS["worklist"].transactions, KNOWN)
    assert demands(claims, plan, KNOWN).fed == ("RAD-5",)


def test_our_listeners_get_ports_that_nobody_has() -> None:
    system = draft(
        answers("archive", dimse_port=20001),
        plan,
        KNOWN,
        first_port=20000,
        is_taken=lambda port: port == 20002,
    ).system
    ports = [ours.port for ours in system.department.values() if ours.port]
    assert ports == [20000, 20003, 20004]


def test_only_who_is_called_listens_to_the_network() -> None:
    department = draft(answers("archive", host="192.0.2.10", advertise="192.0.2.20"), plan, KNOWN).system.department
    assert department[ActorName("Modality")].bind == "0.0.0.0"
    assert department[ActorName("Report Creator")].bind == "127.0.0.1"
    assert {ours.advertise for ours in department.values()} == {"192.0.2.20"}


def test_a_command_is_told_for_what_the_product_begins_alone() -> None:
    system = draft(answers("modality", acting=Acting.COMMAND, command=("act.py",)), plan, KNOWN).system
    acts = system.actors[ActorName("Modality")].acts
    assert "RAD-8" in acts
    assert {hook.command for hook in acts.values()} == {("act.py",)}
