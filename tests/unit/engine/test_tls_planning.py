"""Where TLS is tested: on links that the system file says are secured, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.engine.tls_planning import is_about_tls
from harness.errors import NotApplicable
from harness.model.deviation import Change, Deviation, Part
from harness.model.names import ActorName, TransactionId
from harness.model.plan import LegState, PlannedLeg
from harness.model.scenario import Scenario
from harness.model.system import DepartmentActor, DimseAddress, Hl7Address, Launch, System, SystemActor
from harness.model.tls import TlsFiles, TlsMode

if TYPE_CHECKING:
    from tests.unit.engine.conftest import Build

ADT, FILLER = ActorName("ADT"), ActorName("Order Filler")
RAD_1 = TransactionId("RAD-1")
FILES = TlsFiles(certificate="c", key="k", authorities="a", pki="certs")
NONE, MUTUAL, SERVER = TlsMode.NONE, TlsMode.MUTUAL, TlsMode.SERVER


def bad_call(build: Build, change: Change = Change.EXPIRED_CERTIFICATE) -> Scenario:
    """A proper registration, and one before which our ADT calls badly."""
    deviation = Deviation(actor=ADT, transaction=RAD_1, change=change)
    return build.scenario(build.step("proper", "RAD-1", "ADT"), build.step("bad", "RAD-1", "ADT", deviation=deviation))


def bad_listener(build: Build, change: Change = Change.EXPIRED_CERTIFICATE) -> Scenario:
    """A proper registration, and one in which our Order Filler shows something bad."""
    deviation = Deviation(actor=FILLER, transaction=RAD_1, change=change, part=Part.RESPONSE)
    return build.scenario(build.step("proper", "RAD-1", "ADT"), build.step("bad", "RAD-1", "ADT", deviation=deviation))


def filler(build: Build, hl7: TlsMode = MUTUAL, dimse: TlsMode = NONE, files: TlsFiles | None = FILES) -> System:
    """A filler that takes HL7 and DICOM so."""
    described = SystemActor(
        dimse=DimseAddress(ae_title="RIS", port=104, tls=dimse),
        hl7=Hl7Address(application="RIS", facility="H", port=2575, tls=hl7),
    )
    return build.system("RIS", "Order Filler", actors={FILLER: described}, tls=files)


def adt(build: Build, ours: TlsMode = MUTUAL, files: TlsFiles | None = FILES) -> System:
    """An ADT to which our Order Filler listens so."""
    return build.system("HIS", "ADT", department={FILLER: DepartmentActor(tls=ours)}, tls=files)


def leg_of(build: Build, scenario: Scenario, system: System) -> PlannedLeg:
    """The leg to the Order Filler in the step that tests TLS."""
    (play,) = build.plays(build.plan([scenario], [system]))
    return next(leg for leg in play.steps[1].legs if leg.leg.responder == FILLER)


def why_not(build: Build, scenario: Scenario, *systems: System) -> str:
    with pytest.raises(NotApplicable) as why:
        build.plan([scenario], systems)
    return str(why.value)


def test_a_secured_link_is_tested_in_either_direction(build: Build) -> None:
    assert leg_of(build, bad_call(build), filler(build)).state is LegState.LIVE
    assert leg_of(build, bad_listener(build), adt(build)).state is LegState.LIVE


def test_a_system_without_tls_is_not_tested_for_it(build: Build) -> None:
    for scenario, system in (
        (bad_call(build), filler(build, NONE)),
        (bad_listener(build), adt(build, NONE)),
    ):
        assert why_not(build, scenario, system)


def test_tls_of_the_other_protocol_does_not_count(build: Build) -> None:
    assert why_not(build, bad_call(build), filler(build, NONE, MUTUAL))


def test_the_box_alone_has_no_tls(build: Build) -> None:
    assert why_not(build, bad_call(build))
    other = build.scenario(build.step("proper", "RAD-1", "ADT"), id="swf.other")
    plan = build.plan([other, bad_call(build)])
    assert [play.scenario.id for play in build.plays(plan)] == ["swf.other"]


def test_what_is_claimed_and_not_offered_makes_no_scenario_of_tls(build: Build) -> None:
    partly = replace(filler(build, NONE), actors={FILLER: SystemActor(offers=(TransactionId("RAD-5"),))})
    assert why_not(build, bad_call(build), partly)


def test_a_system_is_never_asked_to_be_the_bad_one(build: Build) -> None:
    assert why_not(build, bad_call(build), adt(build))
    assert why_not(build, bad_listener(build), filler(build))


def test_a_listener_that_asks_for_no_certificate_is_not_tested_for_them(build: Build) -> None:
    server = filler(build, SERVER)
    for change in (Change.EXPIRED_CERTIFICATE, Change.NO_CERTIFICATE, Change.OTHER_HOST):
        assert why_not(build, bad_call(build, change), server)
    for change in (Change.OLD_TLS, Change.IN_THE_CLEAR):
        assert leg_of(build, bad_call(build, change), server).state is LegState.LIVE


def test_our_own_certificate_is_looked_at_where_the_listener_alone_shows_one(build: Build) -> None:
    assert leg_of(build, bad_listener(build), adt(build, SERVER)).state is LegState.LIVE


def test_without_bad_certificates_what_needs_none_is_tested(build: Build) -> None:
    without = filler(build, files=replace(FILES, pki=""))
    assert why_not(build, bad_call(build), without)
    for change in (Change.NO_CERTIFICATE, Change.OLD_TLS, Change.IN_THE_CLEAR):
        assert leg_of(build, bad_call(build, change), without).state is LegState.LIVE


def test_reasons_are_told(build: Build) -> None:
    def reason(scenario: Scenario, system: System) -> str:
        more = build.step("also", "RAD-1", "ADT", deviation=Deviation(actor=ADT, change=Change.IN_THE_CLEAR))
        return leg_of(build, replace(scenario, steps=(*scenario.steps, more)), system).reason

    assert reason(bad_call(build), filler(build, SERVER)) == (
        "Order Filler asks for no client certificate (`tls: server`)"
    )
    assert "`swf pki`" in reason(bad_call(build), filler(build, files=replace(FILES, pki="")))


def test_a_system_that_is_still_to_be_started_has_no_addresses_yet(build: Build) -> None:
    launched = build.system("REF", "Order Filler", actors={}, launch=Launch.REFERENCE, tls=FILES)
    assert leg_of(build, bad_call(build), launched).state is LegState.LIVE
    assert why_not(build, bad_call(build), replace(launched, tls=None))


def test_only_a_scenario_that_tests_tls_is_about_it(build: Build) -> None:
    assert is_about_tls(bad_call(build))
    assert is_about_tls(bad_listener(build))
    assert not is_about_tls(build.scenario(build.step("proper", "RAD-1", "ADT")))
    abort = Deviation(actor=ADT, change=Change.ABORT)
    assert not is_about_tls(build.scenario(build.step("aborted", "RAD-5", "Modality", deviation=abort)))
