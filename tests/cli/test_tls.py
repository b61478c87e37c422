"""A run over TLS between the box and the reference system; and what a user is told whose certificates do not do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

OURS = ("ADT", "Order Placer", "Order Filler", "Modality", "PPS Manager", "Image Manager", "Image Display")


def write(tmp_path: Path, files: Any, *, launch: str = "launch: reference\n", more: str = "") -> str:
    """A system file: the reference system with TLS, and all of ours with it."""
    path = tmp_path / "secured.system.yaml"
    ours = "".join(f"  {actor}: {{tls: mutual}}\n" for actor in OURS)
    path.write_text(
        f"""\
name: Secured
claims:
  - {{profile: SWF.b, actors: [Order Filler, Image Manager]}}
{launch}times: {{answer: 5, act: 5, show: 5}}
tls: {{certificate: {files.certificate}, key: {files.key}, authorities: {files.authorities}}}
department:
{ours}{more}""",
        encoding="utf-8",
    )
    return str(path)


def links(out: Path) -> list[Mapping[str, Any]]:
    lines = (out / "evidence" / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
    return [record["is"] for record in map(json.loads, lines) if record["record"] == "link"]


def test_a_scenario_passes_with_every_link_secured(swf: Any, tmp_path: Path, authority: Any) -> None:
    ended = swf("run", "--sut", write(tmp_path, authority.issue("harness")), "swf.scheduled", "--out", "run")
    assert ended.code == 0, ended.out + ended.err
    recorded = links(tmp_path / "run")
    assert {link["kind"] for link in recorded} == {"mllp", "dimse"}
    assert {link["facts"].get("tls") for link in recorded} == {"TLSv1.3"}
    assert {link["facts"]["tls_peer"] for link in recorded} == {"CN=harness"}
    again = swf("judge", "run")
    assert again.code == 0


def test_a_ping_agrees_on_tls(swf: Any, tmp_path: Path, authority: Any) -> None:
    ended = swf("ping", "--sut", write(tmp_path, authority.issue("harness")))
    assert ended.code == 0, ended.out


@pytest.mark.parametrize("verb", ["run", "plan", "ping"])
def test_an_expired_certificate_of_ours_is_told_before_anything_begins(
    swf: Any, tmp_path: Path, authority: Any, verb: str
) -> None:
    ended = swf(verb, "--sut", write(tmp_path, authority.issue("harness", days=(-9, -1))))
    assert ended.code == 3
    assert "our own certificate" in ended.err
    assert "has expired" in ended.err


def test_a_key_of_another_certificate(swf: Any, tmp_path: Path, authority: Any) -> None:
    files, other = authority.issue("harness"), authority.issue("other")
    Path(files.key).write_bytes(Path(other.key).read_bytes())
    ended = swf("plan", "--sut", write(tmp_path, files))
    assert ended.code == 3
    assert "the key does not belong to the certificate" in ended.err


# TLS as behaviour


def verdicts(out: Path, scenario: str) -> dict[str, str]:
    """Step to verdict of the system, in the one play of a scenario."""
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    (play,) = (one for one in run["plays"] if one["play"].startswith(scenario))
    return {step["step"]: step["verdict"] for step in play["steps"]}


def test_a_system_that_lets_a_bad_caller_in_fails(swf: Any, tmp_path: Path) -> None:
    (tmp_path / "one.system.yaml").write_text(
        "name: One\nclaims:\n  - {profile: SWF.b, actors: [Order Filler]}\nlaunch: reference\nsecured: true\n"
        "times: {answer: 5, act: 5, show: 5}\n",
        encoding="utf-8",
    )
    asked = ("run", "--sut", "one.system.yaml", "sec.tls-dicom-callers")
    assert swf(*asked, "--out", "good").code == 0
    ended = swf(*asked, "--defect", "filler-takes-expired-callers", "--out", "bad")
    assert ended.code == 1
    said = " ".join(ended.out.split())
    assert "A caller is refused whose certificate has expired" in said
    assert "let in: it accepted the association" in said
    assert "owed what did not come" not in said
    found = verdicts(tmp_path / "bad", "sec.tls-dicom-callers")
    assert {step for step, verdict in found.items() if verdict == "fail"} == {"worklist-expired", "worklist-early"}
    assert swf("judge", "bad").code == 1


LISTENER = """\
name: Gone
claims:
  - {profile: SWF.b, actors: [Image Manager], transactions: [RAD-8, RAD-14]}
tls: {pki: certs}
actors:
  Image Manager:
    dimse: {ae_title: GONE, host: 127.0.0.1, port: %d, tls: %s}
times: {answer: 1, act: 1, show: 1}
"""


def test_a_listener_that_is_down_is_no_refusal(swf: Any, tmp_path: Path) -> None:
    assert swf("pki", "certs", "--ec").code == 0
    (tmp_path / "gone.system.yaml").write_text(LISTENER % (1, "mutual"), encoding="utf-8")
    ended = swf("run", "--sut", "gone.system.yaml", "sec.tls-dicom-callers", "--out", "run")
    assert ended.code == 2
    found = verdicts(tmp_path / "run", "sec.tls-dicom-callers")
    assert {found[step] for step in found if step.startswith("stored-")} == {"inconclusive"}


def test_a_system_without_tls_is_not_tested_for_it(swf: Any, tmp_path: Path) -> None:
    text = (LISTENER % (1, "none")).replace("tls: {pki: certs}\n", "")
    (tmp_path / "plain.system.yaml").write_text(text, encoding="utf-8")
    ended = swf("list", "--sut", "plain.system.yaml", "--json")
    found = [one for one in json.loads(ended.out) if one["scenario"] == "sec.tls-dicom-callers"]
    assert found, ended.out[:500]
    assert not any(one["applies"] for one in found)
    assert "DICOM from Modality to Image Manager is not secured with TLS" in str(found)
    refused = swf("run", "--sut", "plain.system.yaml", "sec.tls-dicom-callers")
    assert refused.code == 3
    assert "is not secured with TLS: it is not tested for it" in refused.err
