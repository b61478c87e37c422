"""Collection: a file is a collector of plays, a play one of steps, and a fault in a file is told with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Pytest = Any


def test_a_file_gives_plays_and_a_play_gives_steps(run_pytest: Pytest, scenario: Callable[..., Path]) -> None:
    scenario("one", ('["2.5.1"]', '["2.3.1", "2.5.1"]'))
    ended = run_pytest("--sut", "none", "--collect-only")
    assert ended.code == 0, ended.text
    tree = re.findall(r"^( *)<(\w+) (\S+)>", ended.text, re.MULTILINE)
    kinds = [(kind, name) for _, kind, name in tree if kind not in ("Dir", "Session")]
    assert kinds == [
        ("ScenarioFile", "one.scenario.yaml"),
        ("PlayCollector", "2.3.1"),
        ("StepItem", "register"),
        ("StepItem", "order"),
        ("PlayCollector", "2.5.1"),
        ("StepItem", "register"),
        ("StepItem", "order"),
    ]
    assert not (ended.folder / "swf-out").exists()


def test_a_role_under_test_is_part_of_the_name(run_pytest: Pytest, scenario: Any, system: Any) -> None:
    scenario("one")
    ended = run_pytest("--sut", system("ADT", "Order Placer"), "--collect-only", "-q")
    assert "one.scenario.yaml::2.5.1[ADT]::register" in ended.text
    assert "one.scenario.yaml::2.5.1[Order Placer]::order" in ended.text


def test_a_malformed_file_is_a_collection_error_with_its_place(run_pytest: Pytest, scenario: Any) -> None:
    scenario("bad", ("from: ADT", "frmo: ADT"))
    scenario("good")
    ended = run_pytest("--sut", "none", "-v", "--continue-on-collection-errors")
    assert ended.code == 1
    assert re.search(r"bad\.scenario\.yaml:7:\d+: unknown key `frmo`; did you mean `from`\?", ended.text)
    assert "ERROR bad.scenario.yaml" in ended.text
    assert "Traceback" not in ended.text
    assert "/harness/" not in ended.text
    assert ended.outcomes() == {
        "good.scenario.yaml::2.5.1::register": "PASSED",
        "good.scenario.yaml::2.5.1::order": "PASSED",
    }


def test_an_unknown_system_is_a_collection_error_with_the_nearest_name(run_pytest: Pytest, scenario: Any) -> None:
    scenario("one")
    ended = run_pytest("--sut", "refrence")
    assert ended.code == 2
    assert "no system is called `refrence`; did you mean `reference`?" in ended.text
    assert "Traceback" not in ended.text


def test_a_scenario_of_a_folder_that_does_not_apply_is_skipped_with_the_reason(
    run_pytest: Pytest, scenario: Any, system: Any
) -> None:
    scenario("one")
    ended = run_pytest("--sut", system("PPS Manager"), "-rs")
    assert ended.code == 0, ended.text
    assert "own.one does not apply: PPS Manager takes no part in it with what is claimed" in ended.text


def test_a_scenario_that_is_named_and_does_not_apply_is_a_collection_error(
    run_pytest: Pytest, scenario: Any, system: Any
) -> None:
    scenario("one")
    ended = run_pytest("--sut", system("PPS Manager"), "one.scenario.yaml")
    assert ended.code == 2
    assert "own.one does not apply: PPS Manager takes no part in it with what is claimed" in ended.text


def test_two_scenarios_of_one_name_are_a_collection_error(run_pytest: Pytest, scenario: Any, project: Path) -> None:
    (project / "copy").mkdir()
    scenario("one").rename(project / "copy" / "one.scenario.yaml")
    scenario("one")
    ended = run_pytest("--sut", "none")
    assert ended.code == 2
    assert "another scenario of this run is called own.one too" in ended.text


def test_other_yaml_files_are_left_alone(run_pytest: Pytest, project: Path) -> None:
    (project / "notes.yaml").write_text("a: [", encoding="utf-8")
    (project / "scenario.yaml").write_text("a: [", encoding="utf-8")
    assert run_pytest().code == 5  # nothing was collected


def test_the_shipped_scenarios_are_collected(run_pytest: Pytest) -> None:
    scenarios = Path(__file__).parents[2] / "scenarios"
    ended = run_pytest(str(scenarios), "--sut", "none", "--collect-only", "-q")
    assert ended.code == 0
    assert "swf/scheduled.scenario.yaml::2.5.1::worklist" in ended.text
    assert int(re.search(r"^(\d+) tests collected", ended.text, re.MULTILINE)[1]) > 100  # type: ignore[index]


def test_a_faulty_file_of_overrides_is_a_collection_error_with_its_place(run_pytest: Pytest, scenario: Any) -> None:
    path = scenario("one")
    site = path.parent / "site.yaml"
    site.write_text("overrides:\n  - {requirement: rad-2.omg/OBR-2, effect: of}\n", encoding="utf-8")
    ended = run_pytest("--sut", "none", "--swf-overrides", str(site))
    assert ended.code == 2
    assert "site.yaml:2:44: overrides[0].effect: `of` is not a valid value; did you mean `off`?" in ended.text
    assert "Traceback" not in ended.text
