"""What can be looked at without a link: plans, lists, requirements, help."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

Swf = Any


def test_the_help_names_every_verb_and_the_exit_codes(swf: Swf) -> None:
    ended = swf("--help")
    assert ended.code == 0
    for verb in ("judge", "list", "ping", "plan", "replay", "requirements", "run"):
        assert re.search(rf"^  {verb}  +\S", ended.out, re.MULTILINE)
    assert "reference" not in ended.out.partition("Commands:")[2]
    assert "Exit codes:" in ended.out
    assert "..." not in ended.out.partition("Commands:")[2]


@pytest.mark.parametrize("verb", ["judge", "list", "ping", "plan", "replay", "requirements", "run"])
def test_every_verb_explains_itself_and_its_options(swf: Swf, verb: str) -> None:
    ended = swf(verb, "-h")
    assert ended.code == 0
    options = re.findall(r"^  (--\S+)(?: \S+)*?(?:  +(\S.*))?$", ended.out, re.MULTILINE)
    assert options
    blocks = ended.out.partition("Options:")[2]
    assert all(re.search(rf"{name}[^\n]*(?:  +\S|\n +\S)", blocks) for name, _ in options)


def test_the_version_is_told(swf: Swf) -> None:
    assert re.fullmatch(r"swf, version \d+\.\d+\.\d+\S*\n", swf("--version").out)


def test_scenarios_are_listed_one_a_line(swf: Swf) -> None:
    lines = swf("list").out.splitlines()
    assert any(re.match(r"swf\.scheduled +2\.3\.1, 2\.5\.1 +One order", line) for line in lines)
    assert len(lines) >= 6


def test_what_applies_to_a_system_is_listed_with_the_reasons(swf: Swf) -> None:
    lines = swf("list", "--sut", "dcmtk-modality").out.splitlines()
    at = lines.index("swf.scheduled")
    assert re.fullmatch(r"  Modality +2\.3\.1 +no: its claims are of HL7 2\.5\.1, not of 2\.3\.1", lines[at + 1])
    assert re.fullmatch(r"  Modality +2\.5\.1 +tests RAD-8", lines[at + 2])
    at = lines.index("swf.worklist-broad")
    assert re.fullmatch(r"  Modality +2\.3\.1, 2\.5\.1 +no: Modality takes no part in it .*", lines[at + 1])
    assert re.fullmatch(r"\d+ of \d+ scenarios apply", lines[-1])


def test_what_applies_to_a_system_is_told_as_json(swf: Swf) -> None:
    cells = json.loads(swf("list", "--sut", "dcmtk-modality", "--json").out)
    (cell,) = (one for one in cells if (one["scenario"], one["form"]) == ("swf.scheduled", "2.5.1"))
    assert cell == {
        "scenario": "swf.scheduled",
        "system": "DCMTK storescu",
        "role": "Modality",
        "form": "2.5.1",
        "applies": True,
        "why": "",
        "tested": ["RAD-8"],
    }


def test_a_scenario_that_does_not_apply_is_refused_with_the_reason(swf: Swf) -> None:
    ended = swf("plan", "--sut", "dcmtk-modality", "swf.worklist-broad")
    assert ended.code == 3
    assert "swf.worklist-broad does not apply: Modality takes no part in it with what is claimed" in ended.err


def test_systems_are_listed(swf: Swf) -> None:
    assert re.search(r"^orthanc +Orthanc .* SWF\.b: Image Manager$", swf("list", "--systems").out, re.MULTILINE)


def test_defects_are_listed_with_what_notices_them(swf: Swf) -> None:
    lines = swf("list", "--defects").out.splitlines()
    assert len(lines) >= 60
    assert all(re.search(r"\(noticed in \S+/\S+ by \S+/\S+\)$", line) for line in lines)


def test_a_plan_of_the_box_alone(swf: Swf) -> None:
    ended = swf("plan", "--sut", "none", "swf.scheduled")
    assert ended.code == 0
    assert "System under test: none, every actor is simulated" in ended.out
    assert "2 plays in 1 department" in ended.out
    assert re.search(r"^  worklist +RAD-5 +Modality -> Order Filler$", ended.out, re.MULTILINE)
    assert "swf.scheduled@2.3.1, 2.5.1" in ended.out
    assert "checks" not in ended.out


def test_a_plan_names_who_plays_whom_where_and_what_is_not_tested(swf: Swf) -> None:
    text = swf("plan", "--sut", "orthanc", "swf.scheduled").out
    assert re.search(r"^  Image Manager +Orthanc +DICOM ORTHANC 127\.0\.0\.1:4242$", text, re.MULTILINE)
    assert "plays RAD-8, RAD-10, RAD-14, RAD-16" in text
    assert re.search(r"^  Modality +simulated +DICOM \S+ 127\.0\.0\.1:11112$", text, re.MULTILINE)
    assert "simulated, at free ports of 127.0.0.1: ADT, Order Filler" in text
    assert re.search(r"^  stored +RAD-8 +Modality -> Image Manager \[Orthanc\]$", text, re.MULTILINE)
    assert "Not tested, and why:" in text
    assert "RAD-4 Order Filler -> Image Manager: Orthanc does not claim RAD-4" in text


def test_a_plan_tells_what_is_claimed_and_not_offered(swf: Swf) -> None:
    text = swf("plan", "--sut", "orthanc-full", "swf.scheduled").out
    assert "Order Filler -> Image Manager (not offered, which fails)" in text
    assert "Orthanc claims Image Manager and does not offer RAD-4" in text


def test_a_plan_with_checks_shows_them(swf: Swf) -> None:
    assert "query: dimse.reply, dimse.status" in swf("plan", "--sut", "none", "--checks", "swf.scheduled").out


def test_the_plan_of_the_main_job_is_short_and_invents_no_address(swf: Swf) -> None:
    lines = swf("plan").out.splitlines()
    assert len(lines) < 600
    assert re.match(r"\d+ plays in 14 departments, one after the other; rule set [0-9a-f]{12}$", lines[1])
    assert any(re.match(r"  Order Placer +reference +started by the harness, at free ports$", line) for line in lines)
    assert "  swf.scheduled@2.3.1, 2.5.1: register [RAD-1], order [RAD-2]" in lines


def test_a_plan_opens_no_link_and_writes_nothing(swf: Swf, tmp_path: Path) -> None:
    swf("plan", "--sut", "orthanc")
    assert list(tmp_path.iterdir()) == []


LINKED = """\
name: RIS
claims: [{profile: SWF.b, actors: [Order Filler, PPS Manager]}]
actors:
  Order Filler:
    dimse: {ae_title: RIS, host: "::1", port: 104}
    hl7: {application: RIS, facility: RAD, port: 2575}
    links:
      RAD-1: {hl7: {port: 2576, version: 2.3.1}}
      RAD-5: {dimse: {ae_title: RIS_MWL, port: 105}}
times: {transactions: {RAD-4: {act: 300}}}
pps_manager: Order Filler
"""


def test_a_plan_tells_the_links_versions_and_times_of_transactions_and_the_active_pps_manager(
    swf: Swf, tmp_path: Path
) -> None:
    (tmp_path / "ris.system.yaml").write_text(LINKED, encoding="utf-8")
    text = swf("plan", "--sut", "ris.system.yaml", "swf.scheduled").out
    for line in (
        "Declared times: answer 10 s, act 20 s, show 10 s",
        "  in RAD-4: answer 10 s, act 300 s, show 10 s",
        "RAD-1 at HL7 RIS|RAD 127.0.0.1:2576 in HL7 2.3.1",
        "RAD-5 at DICOM RIS_MWL [::1]:105",
        "active PPS Manager: that of RIS, part of its Order Filler",
        "ADT -> Order Filler [RIS] in HL7 2.3.1",
        "RAD-1 ADT -> Order Filler: RIS speaks HL7 2.3.1 in RAD-1, and Order Filler is claimed in SWF.b with 2.5.1",
    ):
        assert line in text
    (tmp_path / "off.system.yaml").write_text(LINKED.replace("er: Order Filler\n", "er: simulated\n"), encoding="utf-8")
    text = swf("plan", "--sut", "off.system.yaml", "swf.scheduled").out
    assert "active PPS Manager: simulated; switched off and not tested: that of RIS" in text


def test_the_schema_is_printed_and_made_anew(swf: Swf) -> None:
    ended = swf("schema")
    assert ended.code == 0
    assert json.loads(ended.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert swf("schema", "--generate").out == ended.out
