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
