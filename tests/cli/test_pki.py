"""`swf pki`: the folder that it makes is enough for a run over TLS, and says what goes where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SYSTEM = """\
name: Secured
claims:
  - {profile: SWF.b, actors: [ADT]}
launch: reference
times: {answer: 5, act: 5, show: 5}
tls: {pki: certs}
department:
  Order Placer: {tls: mutual}
  Order Filler: {tls: mutual}
"""
SCENARIO = """\
id: our.registered
title: A patient is registered
citation: {SWF.b: "RAD TF-1: 34"}
forms: ["2.5.1"]
case: outpatient-ct-chest
steps:
  - {id: register, transaction: RAD-1, from: ADT, trigger: A04}
"""


def test_it_says_what_goes_where(swf: Any, tmp_path: Path) -> None:
    ended = swf("pki", "certs", "--ec", "--days", "7", "--host", "pacs.example")
    assert (ended.code, ended.err) == (0, "")
    for said in ("certs/product.pem and certs/product.key", "valid for 7 days", "tls: {pki: certs}", "bad/expired.pem"):
        assert said in ended.out
    assert (tmp_path / "certs" / "bad" / "unknown-ca.pem").is_file()


def test_the_folder_is_all_that_a_system_file_needs(swf: Any, tmp_path: Path) -> None:
    assert swf("pki", "certs", "--ec").code == 0
    (tmp_path / "our.system.yaml").write_text(SYSTEM, encoding="utf-8")
    (tmp_path / "registered.scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    ended = swf("run", "--sut", "our.system.yaml", "registered.scenario.yaml", "--out", "run")
    assert ended.code == 0, ended.out + ended.err
    lines = (tmp_path / "run" / "evidence" / "transcript.jsonl").read_text(encoding="utf-8").splitlines()
    links = [record["is"] for record in map(json.loads, lines) if record["record"] == "link"]
    assert {link["facts"].get("tls") for link in links} == {"TLSv1.3"}


def test_a_folder_in_use_is_left_alone(swf: Any) -> None:
    assert swf("pki", "certs", "--ec").code == 0
    ended = swf("pki", "certs", "--ec")
    assert ended.code == 3
    assert "is there already" in ended.err
