"""Commands that show a finding again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest

from harness.model.finding import Evidence
from harness.model.names import ActorName, ExchangeId
from harness.model.run import JudgedFinding, PlayResult, Run
from harness.model.system import Launch
from harness.model.transcript import Direction, Half
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


def test_what_the_product_sent_needs_the_scenario(sample: Sample) -> None:
    first, second, *rest = sample.run.transcript.exchanges
    theirs = replace(second, request=replace(second.request, direction=Direction.RECEIVED))
    run = replace(sample.run, transcript=replace(sample.run.transcript, exchanges=(first, theirs, *rest)))
    assert Reproduction("out", run).of_finding(*failing(run)) == AGAIN
    play, judged = failing(sample.run)
    placed = replace(judged, finding=replace(judged.finding, evidence=None))
    assert Reproduction("out", sample.run).of_finding(play, placed) == AGAIN
    lost = replace(judged, finding=replace(judged.finding, evidence=Evidence(exchange=ExchangeId(77))))
    assert Reproduction("out", sample.run).of_finding(play, lost) == AGAIN


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
    ("half", "command"), [(Half.RESPONSE, "swf replay out 2 --to ADDRESS"), (Half.REQUEST, "swf judge out")]
)
def test_without_the_run_what_is_not_known_is_left_open(sample: Sample, half: Half, command: str) -> None:
    play, judged = failing(sample.run)
    evidence = Evidence(exchange=ExchangeId(2), half=half)
    placed = replace(judged, finding=replace(judged.finding, evidence=evidence))
    assert Reproduction("out").of_finding(play, placed) == command
