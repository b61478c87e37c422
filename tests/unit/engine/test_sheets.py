"""The sheet of a product: what to enter, what was told, and what does not fit together."""

from __future__ import annotations

from dataclasses import replace

from harness.engine.sheets import sheets
from harness.model.connection import Sheet
from harness.model.names import ActorName, PlayerName, TransactionId
from harness.model.profile import LinkKind
from harness.model.system import Claim, DepartmentActor, DimseAddress, Endpoints, Hl7Address, System, SystemActor
from harness.wiring import RunRequest, plan_only

MANAGER = ActorName("Image Manager")
TOLD = {
    ActorName("Modality"): DepartmentActor(ae_title="CT", port=11112),
    ActorName("Image Display"): DepartmentActor(ae_title="VIEWER", port=11113),
}
PACS = System(
    name=PlayerName("PACS"),
    claims=(Claim(profile="SWF.b", actors=(MANAGER,)),),
    actors={
        MANAGER: SystemActor(
            dimse=DimseAddress(ae_title="PACS", port=104), hl7=Hl7Address(application="A", facility="F", port=2575)
        )
    },
    department=TOLD,
)


def sheet(system: System) -> Sheet:
    """The sheet for swf.scheduled."""
    return sheets(plan_only(RunRequest(systems=(system,), scenarios=["swf.scheduled"], seed=1)))[0]


def at(host: str, **told: str) -> System:
    """The PACS on another host, and our actors told of in another way."""
    actor = PACS.actors[MANAGER]
    assert actor.dimse is not None
    assert actor.hl7 is not None
    moved = replace(actor, dimse=replace(actor.dimse, host=host), hl7=replace(actor.hl7, host=host))
    department = {name: replace(ours, **told) for name, ours in TOLD.items()}
    return replace(PACS, actors={MANAGER: moved}, department=department)


def test_each_actor_of_ours_is_entered_once_for_each_protocol() -> None:
    made = sheet(PACS)
    assert [(peer.actor, peer.kind, peer.ae_title or peer.application, peer.port) for peer in made.peers] == [
        ("Order Filler", LinkKind.MLLP, "SWF_ORDER_FILLER", 0),
        ("PPS Manager", LinkKind.DIMSE, "SWF_PPS_MANAGER", 0),
        ("Modality", LinkKind.DIMSE, "CT", 11112),
        ("Image Display", LinkKind.DIMSE, "VIEWER", 11113),
    ]
    modality = made.peers[2]
    assert (modality.calls, modality.called) == (("RAD-8", "RAD-10"), ("RAD-10",))
    assert "C-STORE Storage" in modality.contents
    assert [(told.kind, told.ae_title, told.application, told.port) for told in made.told] == [
        (LinkKind.MLLP, "", "A", 2575),
        (LinkKind.DIMSE, "PACS", "", 104),
    ]
    assert (made.scenarios, made.problems) == (1, ())


def test_the_messages_are_named_with_their_version() -> None:
    assert sheet(PACS).peers[0].contents == ("OMI^O23 (2.5.1)",)


def test_a_free_port_cannot_be_known_to_the_product() -> None:
    department = {**TOLD, ActorName("Modality"): DepartmentActor(ae_title="CT")}
    assert sheet(replace(PACS, department=department)).problems == (
        "PACS calls our Modality (RAD-10), which would listen at a free port that nobody can know: "
        "give `department: Modality: port` a number",
    )


def test_a_product_elsewhere_cannot_call_the_loopback_address() -> None:
    problems = sheet(at("192.0.2.10")).problems
    assert len(problems) == 4
    assert any("set `department: Modality: bind` to 0.0.0.0" in problem for problem in problems)
    assert any(
        "set `department: Image Display: advertise` to this machine's address" in problem for problem in problems
    )
    assert sheet(at("192.0.2.10", bind="0.0.0.0", advertise="192.0.2.20")).problems == ()


def test_two_listeners_cannot_share_a_port() -> None:
    department = {name: replace(told, port=11112) for name, told in TOLD.items()}
    assert sheet(replace(PACS, department=department)).problems == (
        "port 11112 is given to more than one listener of ours: Modality (dimse), Image Display (dimse)",
    )


def test_an_address_that_is_not_known_cannot_be_called() -> None:
    actor = replace(PACS.actors[MANAGER], hl7=None)
    problems = sheet(replace(PACS, actors={MANAGER: actor})).problems
    assert problems == (
        "our Order Filler calls Image Manager of PACS (RAD-4), whose address is not known: "
        "give `actors: Image Manager: hl7` a host and a port",
    )


def test_an_address_of_a_single_transaction_is_compared_too() -> None:
    actor = PACS.actors[MANAGER]
    links = {TransactionId("RAD-14"): Endpoints(dimse=DimseAddress(ae_title="QUERY", port=105))}
    made = sheet(replace(PACS, actors={MANAGER: replace(actor, links=links)}))
    assert [(told.ae_title, told.port) for told in made.told if told.kind is LinkKind.DIMSE] == [
        ("PACS", 104),
        ("QUERY", 105),
    ]


def test_a_report_needs_no_address_where_it_comes_back_on_the_association_of_its_request() -> None:
    modality = ActorName("Modality")
    system = System(
        name=PlayerName("CT"),
        claims=(Claim(profile="SWF.b", actors=(modality,), transactions=(TransactionId("RAD-10"),)),),
        actors={modality: SystemActor(dimse=DimseAddress(ae_title="CT"))},
        department={MANAGER: DepartmentActor(ae_title="PACS", port=11112)},
    )
    assert sheet(system).problems == ()


def test_what_need_not_be_sent_needs_no_port() -> None:
    filler = ActorName("Order Filler")
    system = System(
        name=PlayerName("RIS"),
        claims=(
            Claim(profile="SWF.b", actors=(filler,), transactions=(TransactionId("RAD-2"), TransactionId("RAD-4"))),
        ),
        actors={filler: SystemActor(hl7=Hl7Address(application="A", facility="F", port=2575))},
        department={MANAGER: DepartmentActor(application="PACS", hl7_port=11112)},
    )
    plan = plan_only(RunRequest(systems=(system,), scenarios=["rep.basic"], seed=1))
    made = sheets(plan)[0]
    assert {peer.actor: peer.called for peer in made.peers if peer.called} == {
        "Image Manager": ("RAD-4",),
        "Report Manager": ("RAD-4",),
    }
    assert made.problems == ()
