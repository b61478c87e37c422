"""`swf selftest`: one rule is put to the proof with the recordings of a run, and a fault ends with its code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Swf = Any
Ended = Any
ECHO = "rad-2.to-order-filler/ack-echo"


def test_one_rule_shows_what_was_changed_and_what_broke(swf: Swf, scheduled: tuple[Path, Ended]) -> None:
    ended = swf("selftest", "--run", str(scheduled[0]), "--requirement", ECHO)
    assert ended.code == 0
    assert "noticed   RAD-2/to-order-filler response MSA-2: wrong identifier" in ended.out
    assert ECHO in ended.out


def test_as_json(swf: Swf, scheduled: tuple[Path, Ended]) -> None:
    ended = swf("selftest", "--run", str(scheduled[0]), "--requirement", ECHO, "--json")
    told = json.loads(ended.out)
    assert told["schema"] == "swf-selftest/1"
    assert told["kinds"]["hl7.ack"]["noticed"] == told["kinds"]["hl7.ack"]["of"] > 0
    assert told["survivors"] == []


def test_a_folder_without_evidence_is_unusable(swf: Swf, tmp_path: Path) -> None:
    ended = swf("selftest", "--run", str(tmp_path))
    assert ended.code == 3
    assert "holds no evidence/ folder" in ended.err


def test_a_defect_is_run_for_real(swf: Swf) -> None:
    ended = swf("selftest", "--live", "--defect", "obr2-differs", "--jobs", "1")
    assert ended.code == 0
    assert "noticed    obr2-differs" in ended.out
    assert "1 of 1 defects noticed with the right blame" in ended.out


def test_an_unknown_defect_is_unusable(swf: Swf) -> None:
    ended = swf("selftest", "--live", "--defect", "obr2-differ")
    assert ended.code == 3
    assert "no defect is called `obr2-differ`" in ended.err
    assert "obr2-differs" in ended.err


def test_live_and_changed_recordings_do_not_mix(swf: Swf) -> None:
    assert swf("selftest", "--live", "--kind", "hl7.ack").code == 3
    assert swf("selftest", "--defect", "obr2-differs").code == 3
