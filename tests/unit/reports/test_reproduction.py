"""Commands that show a finding again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from harness.model.finding import Evidence
from harness.model.hop import Watching
from harness.model.names import ActorName, ExchangeId, LinkId
from harness.model.profile import Service
from harness.model.run import JudgedFinding, PlayResult, Run
from harness.model.system import Launch
from harness.model.tls import LISTENERS
from harness.model.transcript import DimseCommand, Direction, Half, SocketAddress
from harness.scenario_files import Kind, shipped
from reports.reproduction import Reproduction

Sample = Any  # the fixture's class lives in conftest.py
AGAIN = "swf run --sut 'Acme RIS' --seed 42 scenarios/swf/scheduled.scenario.yaml"


def failing(run: Run) -> tuple[PlayResult, JudgedFinding]:
    play = run.plays[0]
    return play, play.steps[1].legs[0].findings[-1]


def test_a_request_of_ours_is_sent_again_to_the_address_it_went_to(sample: Sample) -> None:
    play, judged = failing(sample.run)
    assert Reproduction("out/run 1", sample.run).of_finding(play, judged) == (
        "swf replay 'out/run 1' 2 --to 127.0.0.1:2575"
    )


def test_the_called_ae_title_belongs_to_a_dicom_address(sample: Sample) -> None:
    first, second, *rest = sample.run.transcript.exchanges
    named = replace(second, link=replace(second.link, facts={"called_ae": "RIS_SCP; rm -r *"}))
    run = replace(sample.run, transcript=replace(sample.run.transcript, exchanges=(first, named, *rest)))
    command = Reproduction("out", run).of_finding(*failing(run))
    assert shlex.split(command) == ["swf", "replay", "out", "2", "--to", "RIS_SCP; rm -r *@127.0.0.1:2575"]


def received(run: Run, *numbers: int) -> Run:
    """The run, with requests that came to our actors in place of those that we sent."""
    assert run.transcript is not None
    exchanges = tuple(
        replace(
            one,
            request=replace(one.request, direction=Direction.RECEIVED),
            link=replace(one.link, ours=False),
        )
        if one.id in numbers
        else one
        for one in run.transcript.exchanges
    )
    return replace(run, transcript=replace(run.transcript, exchanges=exchanges))


def test_what_the_product_sent_is_sent_again_to_our_own_actor(sample: Sample) -> None:
    run = received(sample.run, 2)
    assert Reproduction("out", run).of_finding(*failing(run)) == "swf replay out 2"


def test_what_it_was_compared_with_comes_before_it_if_it_came_to_us_as_well(sample: Sample) -> None:
    run = received(sample.run, 1, 2)
    play, judged = failing(run)
    given = replace(judged, finding=replace(judged.finding, given=Evidence(exchange=ExchangeId(1))))
    assert Reproduction("out", run).of_finding(play, given) == "swf replay out 1 2"
    ours = received(sample.run, 2)
    assert Reproduction("out", ours).of_finding(play, given) == "swf replay out 2"


def test_what_passed_through_a_relay_goes_where_it_went(sample: Sample) -> None:
    run = received(sample.run, 2)
    assert run.transcript is not None
    first, second, *rest = run.transcript.exchanges
    accepted = replace(second.link, hop="orders")
    onward = replace(
        accepted, id=LinkId(99), ours=True, relays=accepted.id, peer=SocketAddress("pacs.example.org", 2576)
    )
    transcript = replace(
        run.transcript,
        exchanges=(first, replace(second, link=accepted), *rest),
        links=(*run.transcript.links, onward),
    )
    relayed = replace(run, transcript=transcript)
    assert Reproduction("out", relayed).of_finding(*failing(relayed)) == ("swf replay out 2 --to pacs.example.org:2576")


def test_what_nobody_sent_needs_the_scenario(sample: Sample) -> None:
    play, judged = failing(sample.run)
    placed = replace(judged, finding=replace(judged.finding, evidence=None))
    assert Reproduction("out", sample.run).of_finding(play, placed) == AGAIN
    lost = replace(judged, finding=replace(judged.finding, evidence=Evidence(exchange=ExchangeId(77))))
    assert Reproduction("out", sample.run).of_finding(play, lost) == AGAIN


def test_what_was_done_with_a_connection_needs_the_scenario(sample: Sample) -> None:
    play, judged = failing(sample.run)
    shown = replace(judged, finding=replace(judged.finding, check=LISTENERS))
    assert Reproduction("out", sample.run).of_finding(play, shown) == AGAIN


def test_the_reference_system_with_tls_is_named(sample: Sample) -> None:
    (system,) = sample.run.plan.systems
    path = str(shipped(Kind.SYSTEM)["reference-tls"])
    secured = replace(system, launch=Launch.REFERENCE, secured=True, path=path)
    run = replace(sample.run, plan=replace(sample.run.plan, systems=(secured,)))
    assert Reproduction("out", run).again(run.plays[0]).startswith("swf run --sut reference-tls --seed 42 ")


def test_what_only_we_played_needs_the_scenario(sample: Sample) -> None:
    play, judged = failing(sample.run)
    ours = replace(play, roles={ActorName("Image Manager"): "Acme PACS"})
    assert Reproduction("out", sample.run).of_finding(ours, judged) == AGAIN


def test_a_system_that_we_start_is_started_again_with_its_defect(sample: Sample) -> None:
    system = replace(sample.run.plan.systems[0], launch=Launch.REFERENCE)
    run = replace(sample.run, plan=replace(sample.run.plan, systems=(system,), defect="obr2-differs"))
    play, judged = failing(run)
    path = str(next(iter(shipped(Kind.SCENARIO).values())))
    known = replace(play, scenario_path=path)
    assert Reproduction("out", run).of_finding(known, judged) == "swf run --seed 42 --defect obr2-differs swf.scheduled"


def test_the_box_alone_is_run_alone(sample: Sample) -> None:
    run = replace(sample.run, plan=replace(sample.run.plan, systems=()))
    assert Reproduction("out", run).again(run.plays[0]).startswith("swf run --sut none --seed 42 ")


def test_a_shipped_system_goes_by_its_name_and_another_by_its_file(sample: Sample) -> None:
    name, file = next(iter(shipped(Kind.SYSTEM).items()))
    for path, shown in ((str(file), name), ("mine/ris.system.yaml", "mine/ris.system.yaml")):
        system = replace(sample.run.plan.systems[0], path=path)
        run = replace(sample.run, plan=replace(sample.run.plan, systems=(system,)))
        assert f"--sut {shown} " in Reproduction("out", run).again(run.plays[0])


@pytest.mark.parametrize(
    ("half", "command"), [(Half.RESPONSE, "swf replay out 2 --to ADDRESS"), (Half.REQUEST, "swf replay out 2")]
)
def test_without_the_run_what_is_not_known_is_left_open(sample: Sample, half: Half, command: str) -> None:
    play, judged = failing(sample.run)
    evidence = Evidence(exchange=ExchangeId(2), half=half)
    placed = replace(judged, finding=replace(judged.finding, evidence=evidence))
    assert Reproduction("out").of_finding(play, placed) == command


@pytest.mark.parametrize("sent", [True, False])
def test_an_n_set_is_sent_after_what_made_its_instance_and_what_changed_it(sample: Sample, sent: bool) -> None:
    run = sample.run if sent else received(sample.run, 1, 2, 3)
    assert run.transcript is not None
    services = (Service.N_CREATE, Service.N_SET, Service.N_SET)
    exchanges = tuple(
        replace(
            one,
            link=replace(run.transcript.exchanges[1].link, facts={"called_ae": "PPS"}),
            request=replace(one.request, command=DimseCommand(service=service, message_id=1, sop_instance="2.25.7")),
            responses=(),
        )
        for one, service in zip(run.transcript.exchanges[:3], services, strict=True)
    )
    run = replace(run, transcript=replace(run.transcript, exchanges=exchanges))
    play, judged = failing(run)
    last = replace(judged, finding=replace(judged.finding, evidence=Evidence(exchange=exchanges[2].id)))
    command = Reproduction("out", run).of_finding(play, last)
    numbers = " ".join(str(one.id) for one in exchanges)
    assert command.startswith(f"swf replay out {numbers}")
    assert (" --to " in command) is sent


def test_a_run_that_no_scenario_drove_is_judged_again(sample: Sample) -> None:
    run = replace(sample.run, plan=replace(sample.run.plan, watching=Watching()))
    assert Reproduction("out", run).again(run.plays[0]) == "swf judge out"
