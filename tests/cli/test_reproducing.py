"""The command that a finding prints shows it again: to the product that is there, or in place of one that is not."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import python_environment

Swf = Any


def printed(out: str) -> dict[str, str]:
    """The commands of a run's failures by the requirements that they are about."""
    found: dict[str, str] = {}
    requirement = ""
    for line in out.splitlines():
        if "; requirement " in line:
            requirement = line.rpartition("; requirement ")[2]
        if "; reproduce: " in line:
            found.setdefault(requirement, line.rpartition("; reproduce: ")[2])
    return found


@pytest.fixture
def product() -> Iterator[dict[str, Any]]:
    """The addresses of a system that runs by itself, as a product does."""
    command = [sys.executable, "-m", "harness.cli", "reference", "--seed", "5"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=python_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield json.loads(process.stdout.readline())["actors"]
        process.stdin.close()


def test_the_answer_of_a_product_that_is_there_is_seen_again(swf: Swf, product: dict[str, Any], tmp_path: Path) -> None:
    archive = product["Image Manager"]
    title, port = archive["dimse"]["ae_title"], archive["dimse"]["port"]
    (tmp_path / "product.system.yaml").write_text(
        f"""\
name: Product
claims: [{{profile: SWF.b, actors: [Image Manager]}}]
actors:
  Image Manager:
    hl7: {{application: PRODUCT, facility: HOSP, port: {archive["hl7"]["port"]}}}
    dimse: {{ae_title: {title}, port: {port}}}
times: {{answer: 5, act: 5}}
""",
        encoding="utf-8",
    )
    ran = swf("run", "--sut", "product.system.yaml", "--out", "run 1", "swf.scheduled")
    assert ran.code == 1  # it was never told where our display is, and so cannot send there
    command = printed(ran.out)["rad-16.move/status"]
    words = shlex.split(command)
    assert words[:3] == ["swf", "replay", "run 1"]
    assert words[-2:] == ["--to", f"{title}@127.0.0.1:{port}"]
    again = swf(*words[1:])
    assert again.code == 0, again.err
    assert "status A801" in again.out
    assert "status A801" in swf(*words[1:-2]).out
    assert swf("bundle", "run 1", "--out", "run.swf.tar.gz").code == 0
    packed = swf("replay", "run.swf.tar.gz", words[3])
    assert packed.code == 3  # nobody else's record says where we connect to
    assert f"names {title}@127.0.0.1:{port}: say with --to where to send" in packed.err
    assert "status A801" in swf("replay", "run.swf.tar.gz", *words[3:]).out


DEFECTS = {
    "obr2-differs": ("Order Placer", "swf.scheduled", "rad-2.omg-o19-nw/OBR-2.1"),
    "adt-transfer-nowhere": ("ADT", "swf.inpatient", "rad-12.adt-a02-2.5.1/PV1-3"),
    "query-without-level": ("Image Display", "swf.scheduled", "query-request/QueryRetrieveLevel"),
    "image-retrieve-without-instance": ("Image Display", "swf.retrieve", "retrieve-request/SOPInstanceUID"),
}


@pytest.mark.parametrize("defect", sorted(DEFECTS))
def test_what_a_system_sent_by_itself_is_judged_again_without_it(swf: Swf, tmp_path: Path, defect: str) -> None:
    actor, scenario, requirement = DEFECTS[defect]
    (tmp_path / "one.system.yaml").write_text(
        f"name: reference\nlaunch: reference\nbinding: each\nclaims: [{{profile: SWF.b, actors: [{actor}]}}]\n",
        encoding="utf-8",
    )
    ran = swf("run", "--sut", "one.system.yaml", "--defect", defect, "--out", "run", scenario)
    command = next(text for name, text in printed(ran.out).items() if "swf replay" in text)
    again = swf(*shlex.split(command)[1:], "--out", "again")
    assert again.code == 1, again.err
    assert f"requirement {requirement}" in again.out
    assert f"FAIL ({actor})" in again.out
    assert (tmp_path / "again" / "report.html").is_file()
    assert swf("judge", "again").code == 1
    assert swf("bundle", "again").code == 0
    assert swf("verify", "again.swf.tar.gz").code == 0  # it is a run that was only watched
    assert swf("diff", "again", "again.swf.tar.gz", "--exit-on", "any").code == 0


def test_what_breaks_no_rule_by_itself_says_where_it_is_judged(swf: Swf, tmp_path: Path) -> None:
    (tmp_path / "one.system.yaml").write_text(
        "name: reference\nlaunch: reference\nbinding: each\nclaims: [{profile: SWF.b, actors: [Modality]}]\n",
        encoding="utf-8",
    )
    ran = swf("run", "--sut", "one.system.yaml", "--defect", "invented-accession", "--out", "run", "swf.unscheduled")
    command = printed(ran.out)["mpps/unscheduled-names-no-step"]
    again = swf(*shlex.split(command)[1:])
    assert again.code == 0
    assert "status 0000" in again.out
    assert "Judged by itself, nothing of it fails" in again.out
    assert "`swf judge`" in again.out


def test_requests_to_a_system_and_to_us_are_not_mixed(swf: Swf, scheduled: tuple[Path, Any]) -> None:
    ended = swf("replay", str(scheduled[0]), "1", "99999")
    assert ended.code == 3
    assert "the run has no exchange 99999" in ended.err


def test_an_exchange_has_to_be_named(swf: Swf, scheduled: tuple[Path, Any]) -> None:
    assert swf("replay", str(scheduled[0])).code == 3
