"""Exit codes, and that whoever gets one is told in one message what is wrong, where, and what to do."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Swf = Any

SCENARIO = """\
id: own.one
title: One registration
citation: {SWF.b: "RAD TF-1: 34"}
forms: ["2.5.1"]
case: outpatient-ct-chest
steps:
  - {id: register, transaction: RAD-1, from: ADT, trigger: A04}
"""


def test_0_when_everything_passes(swf: Swf, tmp_path: Path) -> None:
    (tmp_path / "one.scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    ended = swf("run", "--sut", "none", "one.scenario.yaml")
    assert ended.code == 0
    assert "own.one@2.5.1" in ended.out


def test_1_when_a_system_fails(swf: Swf, tmp_path: Path) -> None:
    (tmp_path / "reference.system.yaml").write_text(
        "name: reference\nlaunch: reference\nbinding: each\nclaims: [{profile: SWF.b, actors: [Order Placer]}]\n",
        encoding="utf-8",
    )
    ended = swf("run", "--sut", "reference.system.yaml", "--defect", "obr2-differs", "--out", "run", "swf.mpps-states")
    assert ended.code == 1
    assert "order [RAD-2]  FAIL (Order Placer)" in ended.out
    assert "OBR-2" in ended.out
    assert "reproduce: swf replay run " in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_2_when_nothing_listens(swf: Swf, system_file: Callable[..., str], free_port: int) -> None:
    ended = swf("run", "--sut", system_file("Image Manager", free_port), "swf.scheduled")
    assert ended.code == 2
    assert "INCONCLUSIVE" in ended.out
    assert "FAIL" not in ended.out
    assert "ERROR" not in ended.out
    assert "refused" in ended.out
    assert "Traceback" not in ended.out + ended.err


UNUSABLE = [
    (("run", "--sut", "none", "swf.shceduled"), "no scenario is called `swf.shceduled`; did you mean `swf.scheduled`?"),
    (("run", "--sut", "refrence"), "no system is called `refrence`; did you mean `reference`?"),
    (("run", "--defect", "obr2-difers"), "no defect is called `obr2-difers`; did you mean `obr2-differs`?"),
    (("run", "--sut", "none", "--defect", "obr2-differs"), "--defect is a fault of the reference system"),
    (("run", "--sut", "none", "--sut", "reference"), "does not go with another system"),
    (("run", "--sut", "missing.system.yaml"), "missing.system.yaml: there is no such file"),
    (("run", "--sut", "none", "missing.scenario.yaml"), "missing.scenario.yaml: there is no such file"),
    (("rnu",), "there is no command `rnu`; did you mean `run`?"),
    (("judge", "nowhere"), "nowhere holds no evidence/ folder"),
    (("replay", "nowhere", "1", "--to", "127.0.0.1:1"), "nowhere holds no evidence/ folder"),
    (
        ("requirements", "--transaction", "RAD-44"),
        "no requirement is of the transaction `RAD-44`; did you mean `RAD-4`?",
    ),
    (("requirements", "--actor", "Order Fillr"), "did you mean `Order Filler`?"),
    (("ping", "--sut", "refrence"), "did you mean `reference`?"),
    (("plan", "--sut", "orthnac"), "did you mean `orthanc`?"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), UNUSABLE, ids=lambda value: " ".join(value) if type(value) is tuple else ""
)
def test_3_when_a_name_is_none(swf: Swf, arguments: tuple[str, ...], message: str) -> None:
    ended = swf(*arguments)
    assert ended.code == 3
    assert message in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert ended.out == ""


@pytest.mark.parametrize(
    "arguments",
    [("run", "--jobs", "0"), ("run", "--nonsense"), ("ping",), ("replay", "x"), ("run", "--confidence", "unsure")],
)
def test_3_when_the_arguments_are_none(swf: Swf, arguments: tuple[str, ...]) -> None:
    ended = swf(*arguments)
    assert ended.code == 3
    assert "Error:" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("change", "place", "text"),
    [
        (("from: ADT", "frmo: ADT"), "8:44", "unknown key `frmo`; did you mean `from`?"),
        (("RAD-1,", "RAD-99,"), "", "RAD-99"),
        (("trigger: A04}", "trigger: A04"), "", "not YAML"),
        (("case: outpatient-ct-chest", "case: outpatient-ct-chst"), "", "did you mean `outpatient-ct-chest`?"),
    ],
)
def test_3_with_the_place_in_a_malformed_scenario(
    swf: Swf, tmp_path: Path, change: tuple[str, str], place: str, text: str
) -> None:
    (tmp_path / "bad.scenario.yaml").write_text(SCENARIO.replace(*change), encoding="utf-8")
    ended = swf("run", "--sut", "none", "bad.scenario.yaml")
    assert ended.code == 3
    first = ended.err.splitlines()[0]
    assert first.startswith("swf: bad.scenario.yaml:")
    line, column = first.split(":")[2:4]
    assert (line + column).isdigit()
    assert text in ended.err


def test_3_for_a_folder_with_evidence_which_is_left_alone(swf: Swf, tmp_path: Path) -> None:
    evidence = tmp_path / "old" / "evidence"
    evidence.mkdir(parents=True)
    (evidence / "transcript.jsonl").write_text("precious", encoding="utf-8")
    ended = swf("run", "--sut", "none", "--out", "old", "swf.mpps-states")
    assert ended.code == 3
    assert "old/evidence holds the evidence of an earlier run; give another --out folder" in ended.err
    assert (evidence / "transcript.jsonl").read_text(encoding="utf-8") == "precious"
    assert len(list(evidence.iterdir())) == 1


def test_3_when_a_port_of_ours_is_taken(swf: Swf, system_file: Callable[..., str], free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = system_file("Image Manager", free_port, more=f"department:\n  Modality: {{port: {port}}}\n")
        ended = swf("run", "--sut", path, "--out", "run", "swf.scheduled")
    assert ended.code == 3
    assert "the simulated Modality" in ended.err
    assert f"127.0.0.1:{port}" in ended.err
    assert "give the actor another one under `department: Modality:` in the system file" in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    judged = swf("judge", "run")
    assert judged.code == 2
    assert "interrupted" in judged.out


def test_3_when_a_port_of_ours_for_hl7_is_taken(swf: Swf, system_file: Callable[..., str], free_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = system_file("Image Manager", free_port, more=f"department:\n  Order Filler: {{hl7_port: {port}}}\n")
        ended = swf("run", "--sut", path, "--out", "run", "swf.scheduled")
    assert ended.code == 3
    assert "the simulated Order Filler" in ended.err
    assert f"127.0.0.1:{port}" in ended.err


def test_a_fault_of_the_harness_is_never_taken_for_a_failure(swf: Swf, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("harness.cli.list.workshop", broken)
    ended = swf("list")
    assert ended.code == 2
    assert "a fault of the harness" in ended.err
    assert "ZeroDivisionError" in ended.err
