"""The procedure plan that holds with certain systems."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.procedures import plan_of
from harness.errors import InputError
from harness.model.codes import CodeMap, ServiceCodes
from harness.model.names import ActorName, PlayerName
from harness.model.scenario import Code, PlannedProcedure, PlannedProcedureStep, ProcedurePlan
from harness.model.system import Claim, System


def code(value: str) -> Code:
    return Code(value=value, scheme="99X", meaning=f"meaning of {value}")


def planned(name: str, *, procedure: str = "", steps: int = 1) -> PlannedProcedure:
    step = PlannedProcedureStep(protocol=(code(f"{name}-P"),), description=f"meaning of {name}-P", modality="CT")
    return PlannedProcedure(
        service=code(name), procedure=code(procedure or name), description=f"text of {name}", steps=(step,) * steps
    )


SHIPPED = ProcedurePlan(
    id="default",
    default="CT",
    services={"CT": planned("CT"), "TRAUMA": planned("TRAUMA", procedure="HEAD"), "MR": planned("MR", steps=2)},
)


def system(name: str, site: ProcedurePlan | None = None, **services: ServiceCodes) -> System:
    return System(
        name=PlayerName(name),
        claims=(Claim(profile="SWF", actors=(ActorName("Order Filler"),)),),
        codes=CodeMap(services=services),
        site_plan=site,
    )


def held(*systems: System) -> ProcedurePlan:
    plan = plan_of(SHIPPED, systems)
    assert plan is not None
    return plan


def test_without_a_map_the_shipped_plan_holds() -> None:
    assert plan_of(SHIPPED, [system("A")]) is None
    assert plan_of(SHIPPED, []) is None


def test_one_code_serves_order_and_procedure_where_the_plan_has_one_for_both() -> None:
    plan = held(system("A", CT=ServiceCodes(code=code("1")), TRAUMA=ServiceCodes(code=code("2"))))
    chest, trauma = plan.services["CT"], plan.services["TRAUMA"]
    assert (chest.service, chest.procedure, chest.description) == (code("1"), code("1"), "meaning of 1")
    assert (trauma.service, trauma.procedure, trauma.description) == (code("2"), code("HEAD"), "text of TRAUMA")
    assert plan.services["MR"] == SHIPPED.services["MR"]


def test_a_step_has_the_protocol_its_text_and_its_station() -> None:
    mapped = ServiceCodes(protocol=(code("P1"), code("P2")), modality="DX", station="DX_1", station_name="Room 1")
    (step,) = held(system("A", CT=mapped)).services["CT"].steps
    assert (step.protocol, step.description) == ((code("P1"), code("P2")), "meaning of P1")
    assert (step.modality, step.station, step.station_name) == ("DX", "DX_1", "Room 1")


def test_every_step_of_a_service_is_at_its_station() -> None:
    assert [one.station for one in held(system("A", MR=ServiceCodes(station="MR_1"))).services["MR"].steps] == [
        "MR_1",
        "MR_1",
    ]


def test_maps_of_several_systems_add_up() -> None:
    plan = held(
        system("HIS", CT=ServiceCodes(code=code("1"))),
        system("RIS", CT=ServiceCodes(code=code("1"), station="CT_1")),
    )
    assert (plan.services["CT"].service, plan.services["CT"].steps[0].station) == (code("1"), "CT_1")


def test_maps_that_contradict_each_other_are_refused() -> None:
    systems = [system("HIS", CT=ServiceCodes(code=code("1"))), system("RIS", CT=ServiceCodes(code=code("2")))]
    with pytest.raises(InputError, match="the code maps of HIS and RIS contradict each other in `code` of CT"):
        plan_of(SHIPPED, systems)


def test_a_sites_plan_adds_and_replaces_and_its_map_comes_on_top() -> None:
    site = ProcedurePlan(id="ours", default="US", services={"US": planned("US"), "CT": planned("CT", steps=2)})
    plan = held(system("RIS", site, CT=ServiceCodes(station="CT_1")))
    assert set(plan.services) == {"CT", "TRAUMA", "MR", "US"}
    assert plan.default == "US"
    assert [one.station for one in plan.services["CT"].steps] == ["CT_1", "CT_1"]


def test_plans_that_contradict_each_other_are_refused() -> None:
    one = ProcedurePlan(id="one", default="US", services={"US": planned("US")})
    other = replace(one, id="other", services={"US": planned("US", steps=2)})
    with pytest.raises(InputError, match="plans of A and B say different things of the service US"):
        plan_of(SHIPPED, [system("A", one), system("B", other)])
    with pytest.raises(InputError, match="have different defaults: US and CT"):
        plan_of(SHIPPED, [system("A", one), system("B", replace(one, default="CT"))])
    assert held(system("A", one), system("B", one)).default == "US"


def test_an_order_is_known_by_its_code() -> None:
    """A site's code is not our key, and may be the key of another service."""
    plan = held(system("A", CT=ServiceCodes(code=code("MR")), MR=ServiceCodes(code=code("9"))))
    assert [one.service.value for one in plan.ordered("MR")] == ["MR"]
    assert plan.ordered("MR")[0].steps == plan.services["CT"].steps
    assert plan.ordered("9")[0] == plan.services["MR"]
    assert plan.ordered("unknown")[0] == plan.services["CT"]
    assert SHIPPED.ordered("TRAUMA")[0] == SHIPPED.services["TRAUMA"]
