"""Who of ours meets a product, and for what: only what a plan really uses."""

from __future__ import annotations

from harness.engine.connections import connections
from harness.model.connection import Connection
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind
from harness.model.system import Claim, DepartmentActor, DimseAddress, Hook, System, SystemActor
from harness.wiring import RunRequest, plan_only


def archive(*transactions: str, department: dict[str, DepartmentActor] | None = None) -> System:
    """An archive that claims these transactions."""
    return System(
        name=PlayerName("Archive"),
        claims=(
            Claim(
                profile="SWF.b",
                actors=(ActorName("Image Manager"),),
                transactions=tuple(TransactionId(name) for name in transactions),
            ),
        ),
        actors={ActorName("Image Manager"): SystemActor(dimse=DimseAddress(ae_title="ARCHIVE", port=104))},
        department={ActorName(name): told for name, told in (department or {}).items()},
    )


def found(system: System, *scenarios: str) -> dict[tuple[str, bool], Connection]:
    """The connections of a product by our actor and whether it is called."""
    plan = plan_only(RunRequest(systems=(system,), scenarios=scenarios, seed=1))
    return {(one.ours.actor, one.inward): one for one in connections(plan)}


def test_a_transaction_that_is_not_claimed_needs_no_connection() -> None:
    met = found(archive("RAD-8"), "swf.scheduled")
    assert set(met) == {("Modality", False)}
    modality = met["Modality", False]
    assert (modality.kind, modality.transactions) == (LinkKind.DIMSE, ("RAD-8",))
    assert modality.needs[0].sop_classes == ("Storage",)


def test_who_answers_on_a_connection_of_its_own_is_met_in_both_directions() -> None:
    met = found(archive("RAD-8", "RAD-10", "RAD-14", "RAD-16"), "swf.scheduled")
    assert set(met) == {("Modality", False), ("Modality", True), ("Image Display", False), ("Image Display", True)}
    report = met["Modality", True]
    assert [(need.transaction, need.service, need.reaction) for need in report.needs] == [
        ("RAD-10", "N-EVENT-REPORT", True)
    ]
    assert report.needs_fixed_port
    assert report.our_port == 0


def test_a_port_that_was_told_is_the_one_that_is_called() -> None:
    told = DepartmentActor(ae_title="CT", port=11112, bind="0.0.0.0", advertise="192.0.2.20")
    report = found(archive("RAD-8", "RAD-10", department={"Modality": told}), "swf.scheduled")["Modality", True]
    assert (report.our_port, report.our_host, report.ours.bind) == (11112, "192.0.2.20", "0.0.0.0")


def test_what_an_actor_looks_up_beside_its_steps_is_a_connection_too() -> None:
    met = found(archive("RAD-8", "RAD-14"), "rep.basic")
    assert met["Report Creator", False].transactions == ("RAD-14",)


def test_a_product_with_a_hook_is_told_where_to_connect() -> None:
    act = {TransactionId("RAD-5"): Hook(command=("act.py",))}
    system = System(
        name=PlayerName("CT"),
        claims=(Claim(profile="SWF.b", actors=(ActorName("Modality"),), transactions=(TransactionId("RAD-5"),)),),
        actors={ActorName("Modality"): SystemActor(dimse=DimseAddress(ae_title="CT"), acts=act)},
    )
    assert not found(system, "swf.scheduled")["Order Filler", True].needs_fixed_port


def test_hl7_messages_are_those_of_the_step_and_the_form() -> None:
    system = System(
        name=PlayerName("RIS"),
        claims=(Claim(profile="SWF.b", actors=(ActorName("Order Filler"),), transactions=(TransactionId("RAD-1"),)),),
        actors={ActorName("Order Filler"): SystemActor()},
    )
    plan = plan_only(RunRequest(systems=(system,), scenarios=["swf.scheduled"], seed=1))
    (one,) = connections(plan)
    assert (one.ours.actor, one.kind, one.inward) == ("ADT", LinkKind.MLLP, False)
    assert one.needs[0].messages == ("ADT^A04 (2.5.1)",)


def test_what_a_product_looks_up_is_asked_of_us() -> None:
    creator = ActorName("Report Creator")
    system = System(
        name=PlayerName("Reports"),
        claims=(Claim(profile="SINR", actors=(creator,)),),
        actors={
            creator: SystemActor(dimse=DimseAddress(ae_title="WS"), acts={TransactionId("RAD-24"): Hook(operator="")})
        },
    )
    met = found(system, "rep.basic")
    assert met["Image Manager", True].transactions == ("RAD-14",)
    assert met["Image Manager", True].needs_fixed_port
    assert met["Report Manager", True].transactions == ("RAD-24",)
    assert met["Report Manager", True].needs_fixed_port  # a person cannot enter a port that changes
