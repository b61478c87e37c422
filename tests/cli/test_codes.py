"""A run in the codes of a product: everybody speaks them, and the evidence is enough to judge again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SYSTEM = """\
name: In its codes
claims:
  - {profile: SWF.b, actors: [Order Filler, Modality]}
binding: each
launch: reference
times: {answer: 5, act: 5, show: 5}
codes:
  services:
    CT-CHEST:
      code: {value: "71250", scheme: C4, meaning: CT thorax without contrast}
      protocol: [{value: P-114, scheme: 99RIS, meaning: Thorax low dose}]
      station: CT_ROOM_1
      station_name: CT room 1
"""


def messages(out: Path) -> list[str]:
    """The HL7 messages of a run."""
    return [path.read_text(encoding="utf-8") for path in (out / "evidence" / "payload").glob("*.hl7")]


def test_everybody_speaks_the_codes_of_the_product(swf: Any, tmp_path: Path) -> None:
    path = tmp_path / "coded.system.yaml"
    path.write_text(SYSTEM, encoding="utf-8")
    ended = swf("run", "--sut", str(path), "swf.scheduled", "--out", "run")
    assert ended.code == 0, ended.out + ended.err
    sent = messages(tmp_path / "run")
    orders = [text for text in sent if "OMG^O19" in text]
    scheduled = [text for text in sent if "OMI^O23" in text]
    assert orders
    assert scheduled
    assert all("|71250^CT thorax without contrast^C4|" in text for text in orders)
    assert all("|CT|P-114^Thorax low dose^99RIS|CT room 1||CT_ROOM_1" in text for text in scheduled)
    assert not any("CT-CHEST" in text for text in sent)
    plan = json.loads((tmp_path / "run" / "evidence" / "plan.json").read_text(encoding="utf-8"))
    assert plan["procedures"]["services"]["CT-CHEST"]["service"]["value"] == "71250"
    before = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    path.unlink()
    assert swf("judge", "run").code == 0
    after = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert before["plays"] == after["plays"]


def test_the_plan_says_which_codes_hold(swf: Any, tmp_path: Path) -> None:
    path = tmp_path / "coded.system.yaml"
    path.write_text(SYSTEM, encoding="utf-8")
    ended = swf("plan", "--sut", str(path), "swf.scheduled")
    assert "Codes that hold, as In its codes has them:" in ended.out
    assert (
        "CT-CHEST         order 71250 (C4) CT thorax without contrast; "
        "step P-114 (99RIS) Thorax low dose on CT at CT_ROOM_1 (CT room 1)" in ended.out
    )


def test_two_systems_that_contradict_each_other_are_refused(swf: Any, tmp_path: Path) -> None:
    one, other = tmp_path / "one.system.yaml", tmp_path / "other.system.yaml"
    plain = SYSTEM.replace("launch: reference\n", "")
    one.write_text(plain.replace("Order Filler, Modality", "Order Filler"), encoding="utf-8")
    changed = plain.replace("Order Filler, Modality", "Modality").replace("71250", "71260")
    other.write_text(changed.replace("In its codes", "Other"), encoding="utf-8")
    ended = swf("plan", "--sut", str(one), "--sut", str(other), "swf.scheduled")
    assert ended.code == 3
    assert "the code maps of In its codes and Other contradict each other in `code` of CT-CHEST" in ended.err


def test_what_needs_another_character_set_is_not_applicable(swf: Any, tmp_path: Path) -> None:
    path = tmp_path / "sets.system.yaml"
    head = SYSTEM.partition("codes:")[0]
    path.write_text(f"{head}character_sets: {{hl7: [UNICODE UTF-8, 8859/1], dicom: [ISO_IR 192]}}\n", encoding="utf-8")
    why = "the patient `greek` of its case needs another character set of HL7 (8859/7) than In its codes declares"
    assert why in swf("list", "--sut", str(path)).out
    planned = swf("plan", "--sut", str(path), "swf.characters").out
    assert "swf.characters@2.5.1  Names in six" in planned
    assert "that our actors keep to: HL7: UNICODE UTF-8, 8859/1; DICOM: ISO_IR 192" in planned
    path.write_text(path.read_text(encoding="utf-8").replace("[ISO_IR 192]", "[ISO_IR 100]"), encoding="utf-8")
    refused = swf("plan", "--sut", str(path), "swf.characters")
    assert refused.code == 3
    assert "needs another character set of DICOM (one that holds the name) than In its codes declares: " in refused.err
    path.write_text(path.read_text(encoding="utf-8").replace("UTF-8", "UTF8"), encoding="utf-8")
    assert "unknown character set `UNICODE UTF8`; did you mean `UNICODE UTF-8`?" in swf("plan", "--sut", str(path)).err
