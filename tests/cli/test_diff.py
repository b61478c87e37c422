"""`swf diff`: what changed between two runs of a system, as text, as data and as a page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import python_environment

Swf = Any
Ended = Any
PLACER = "name: reference\nlaunch: reference\nbinding: each\nclaims: [{profile: SWF.b, actors: [Order Placer]}]\n"


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two releases of a system, each tested with its own seed: the second one has a fault."""
    folder = tmp_path_factory.mktemp("releases")
    (folder / "his.system.yaml").write_text(PLACER, encoding="utf-8")
    for name, seed, more in (("four", "21", ()), ("five", "22", ("--defect", "obr2-differs"))):
        command = ["run", "--sut", "his.system.yaml", "--out", name, "--seed", seed, *more, "swf.scheduled"]
        subprocess.run(
            [sys.executable, "-m", "harness.cli", *command],
            cwd=folder,
            env=python_environment(),
            capture_output=True,
            timeout=300,
            check=False,
        )
    return folder / "four", folder / "five"


def test_a_run_does_not_differ_from_itself(swf: Swf, scheduled: tuple[Path, Ended]) -> None:
    ended = swf("diff", str(scheduled[0]), str(scheduled[0]), "--exit-on", "any")
    assert ended.code == 0
    assert "findings: none differs" in ended.out
    assert "0 differences" in ended.out


def test_a_fault_of_the_new_release_is_all_that_is_told(swf: Swf, releases: tuple[Path, Path]) -> None:
    four, five = releases
    ended = swf("diff", str(four), str(five))
    assert ended.code == 1
    assert "New (1)" in ended.out
    assert "requirement rad-2.omg-o19-nw/OBR-2.1" in ended.out
    assert "Messages that differ (1)" in ended.out
    assert "it was the same as ORC-2.1 of OMG^O19" in ended.out
    assert "swf.scheduled@2.5.1[Order Placer]/order [RAD-2]  pass -> fail" in ended.out


def test_the_other_way_round_it_is_fixed(swf: Swf, releases: tuple[Path, Path]) -> None:
    four, five = releases
    ended = swf("diff", str(five), str(four))
    assert ended.code == 0
    assert "Fixed (1)" in ended.out
    assert "New (" not in ended.out
    assert swf("diff", str(five), str(four), "--exit-on", "verdicts").code == 1


def test_bundles_are_compared_as_folders_are(swf: Swf, releases: tuple[Path, Path], tmp_path: Path) -> None:
    four, five = releases
    assert swf("bundle", str(five), "--out", "five.swf.tar.gz").code == 0
    plain = swf("diff", str(four), str(five)).out
    packed = swf("diff", str(four), "five.swf.tar.gz")
    assert packed.code == 1
    assert packed.out.replace("five.swf.tar.gz", str(five)) == plain


def test_the_comparison_as_data(swf: Swf, releases: tuple[Path, Path]) -> None:
    four, five = releases
    ended = swf("diff", str(four), str(five), "--json")
    assert ended.code == 1
    data = json.loads(ended.out)
    assert (data["format"], data["exit_code"]) == ("swf-diff-json/1", 1)
    (finding,) = data["findings"]
    assert (finding["news"], finding["requirement"]["id"]) == ("new", "rad-2.omg-o19-nw/OBR-2.1")
    (field,) = data["fields"]
    assert (field["path"], field["way"]) == ("OBR-2.1", "another identifier than before")
    assert data["timings"]


def test_the_comparison_as_a_page(swf: Swf, releases: tuple[Path, Path], tmp_path: Path) -> None:
    four, five = releases
    assert swf("diff", str(four), str(five), "--html", "diff.html").code == 1
    page = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert "<h1>Two runs compared</h1>" in page
    assert 'class="card new"' in page
    assert "rad-2.omg-o19-nw/OBR-2.1" in page
    assert "<script" not in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert "http" not in page.partition("</style>")[2]


def test_messages_are_left_out_when_told_so(swf: Swf, releases: tuple[Path, Path]) -> None:
    four, five = releases
    ended = swf("diff", str(four), str(five), "--no-messages")
    assert ended.code == 1
    assert "Messages" not in ended.out


def test_judgements_by_other_rules_are_made_anew(swf: Swf, releases: tuple[Path, Path], tmp_path: Path) -> None:
    old = Path(shutil.copytree(releases[0], tmp_path / "old"))
    data = json.loads((old / "run.json").read_bytes())
    data["rule_set"] = "0" * 64
    data["plays"][0]["steps"][0]["verdict"] = "fail"
    (old / "run.json").write_text(json.dumps(data), encoding="utf-8")
    anew = swf("diff", "old", str(releases[0]))
    assert anew.code == 0
    assert "both were judged anew" in anew.out
    assert "fail" not in anew.out
    recorded = swf("diff", "old", str(releases[0]), "--as-recorded")
    assert "judged by different rules" in recorded.out
    assert "fail -> pass" in recorded.out


def test_a_run_without_a_judgement_is_judged(swf: Swf, releases: tuple[Path, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(releases[1], tmp_path / "copy"))
    (copy / "run.json").unlink()
    assert swf("diff", str(releases[0]), "copy").code == 1


def test_runs_of_different_scenarios_say_so(
    swf: Swf, scheduled: tuple[Path, Ended], releases: tuple[Path, Path]
) -> None:
    ended = swf("diff", str(scheduled[0]), str(releases[0]))
    assert ended.code == 2
    assert "swf.scheduled@2.3.1  pass -> not there" in ended.out


def test_a_folder_of_runs_says_which_there_are(swf: Swf, scheduled: tuple[Path, Ended], tmp_path: Path) -> None:
    for name in ("none", "reference"):
        shutil.copytree(scheduled[0], tmp_path / "matrix" / name)
    ended = swf("diff", "matrix", "matrix")
    assert ended.code == 3
    assert "holds runs in folders of its own: none, reference" in ended.err
    assert swf("diff", "matrix/none", "matrix/reference").code == 0


@pytest.mark.parametrize("name", ["gone", "empty"])
def test_what_is_no_run_is_told(swf: Swf, scheduled: tuple[Path, Ended], tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    ended = swf("diff", str(scheduled[0]), name)
    assert ended.code == 3
    assert "holds no evidence/ folder" in ended.err
