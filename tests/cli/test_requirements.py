"""`swf requirements`: the obligations by every word, the list for a reviewer, and what tests them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.profiles import knowledge

Swf = Any
ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(SHALL |SHOULD|MAY   )  (verified|believed|unsure  )  RAD-\d+ *  [A-Z][\w ]+  \S+/\S.*  \S.*")


def ids(out: str) -> list[str]:
    """The ids of a list."""
    return [found[1] for line in out.splitlines() if (found := re.search(r"  ([a-z][\w.-]*/\S+)  ", line))]


def test_requirements_are_one_a_line_in_columns(swf: Swf) -> None:
    lines = swf("requirements").out.splitlines()
    assert len(lines) == len(knowledge().requirements()) >= 300
    assert [line for line in lines if not LINE.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        (("--transaction", "RAD-5", "--actor", "Order Filler"), "  RAD-5  "),
        (("--confidence", "unsure"), "  unsure    "),
        (("--strength", "SHOULD"), "SHOULD  "),
        (("--check", "mpps.states"), "/"),
        (("--untestable",), "(not testable: "),
        (("rad-4.omi-o23/*",), "  rad-4.omi-o23/"),
        (("--text", "accession NUMBER"), "ccession"),
    ],
)
def test_they_can_be_narrowed(swf: Swf, arguments: tuple[str, ...], holds: str) -> None:
    lines = [line for line in swf("requirements", *arguments).out.splitlines() if LINE.fullmatch(line)]
    assert 0 < len(lines) < len(knowledge().requirements())
    assert [line for line in lines if holds not in line] == []


def test_those_of_a_profile_and_of_an_option(swf: Swf) -> None:
    assert "rad-24.submit/delivered" in ids(swf("requirements", "--profile", "SINR").out)
    assert "rad-24.submit/delivered" not in ids(swf("requirements", "--profile", "SWF").out)
    option = ids(swf("requirements", "--option", "Image Availability Query").out)
    assert option
    assert all(name.startswith(("rad-11.", "availability-")) for name in option if "/" in name)


def test_those_that_no_scenario_exercises(swf: Swf) -> None:
    found = ids(swf("requirements", "--unexercised").out)
    assert "rad-48.siu-s14-2.5.1/AIS-1" in found
    assert "rad-2.omg-o19-nw/ORC-1" not in found


def test_the_list_for_a_reviewer_says_where_to_read_and_where_to_correct(swf: Swf) -> None:
    lines = swf("requirements", "--confidence", "believed", "--transaction", "RAD-4").out.splitlines()
    *pairs, blank, told = lines
    assert blank == ""
    assert told.startswith(f"{len(pairs) // 2} requirements. To correct one, edit its row")
    for row, place in zip(pairs[::2], pairs[1::2], strict=True):
        found = re.fullmatch(r"    (harness/profiles/\S+\.yaml):(\d+)  \S.*; seen in \S.*", place)
        assert found, place
        text = (ROOT / found[1]).read_text(encoding="utf-8").splitlines()[int(found[2]) - 1]
        name = ids(row)[0].partition("/")[2]
        assert name in text or text.strip().startswith("- {"), (row, text)


def test_places_are_shown_when_asked_for(swf: Swf) -> None:
    out = swf("requirements", "--places", "mpps-n-create/PatientID").out
    assert re.search(r"^    harness/profiles/swf/dicom/mpps-n-create\.yaml:\d+  PS3\.4", out, re.MULTILINE)


def test_as_json_with_schema_rule_set_and_place(swf: Swf) -> None:
    data = json.loads(swf("requirements", "--json", "mpps-n-create/PatientID").out)
    assert (data["schema"], data["rule_set"]) == ("swf-requirements/1", knowledge().rule_set)
    (one,) = data["requirements"]
    assert (one["id"], one["confidence"], one["check"]) == ("mpps-n-create/PatientID", "verified", "dimse.request")
    assert one["place"]["file"] == "harness/profiles/swf/dicom/mpps-n-create.yaml"
    assert one["place"]["line"] > 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--actor", "Order Fillr"), "no requirement is of the actor `Order Fillr`; did you mean `Order Filler`?"),
        (("--check", "hl7.acks"), "no requirement is of the check `hl7.acks`; did you mean `hl7.ack`?"),
        (("--profile", "SWF.c"), "no requirement is of the profile `SWF.c`"),
        (("--option", "Broad Worklist Querry"), "did you mean `Broad Worklist Query`?"),
        (("rad-4.omi-o23/IPC-99",), "no requirement is called `rad-4.omi-o23/IPC-99`; did you mean"),
        (("--each",), "--sut, --each and --totals go with --coverage"),
    ],
)
def test_a_name_that_is_none_is_told_with_the_nearest(swf: Swf, arguments: tuple[str, ...], says: str) -> None:
    ended = swf("requirements", *arguments)
    assert ended.code == 3
    assert says in ended.err


def test_coverage_shows_by_actor_and_option_what_tests_it(swf: Swf) -> None:
    out = swf("requirements", "--coverage", "--profile", "SWF.b").out
    assert re.search(r"^SWF\.b  Order Filler: \d+ requirements \(\d+ in a scenario, \d+ by specimens only", out, re.M)
    assert re.search(r"^SWF\.b  Modality, Broad Worklist Query: ", out, re.M)
    assert re.search(r"^  hl7\.table +\d+  neg\.\S+, .* and \d+ more$", out, re.M)
    assert re.search(r"^  user interface +1  not testable: rad-5\.query/operator-keys$", out, re.M)


def test_coverage_of_a_system_counts_what_it_claims_and_what_is_attested(swf: Swf, system_file: Any) -> None:
    stated = (
        "attestations:\n"
        '  - {requirement: "rad-8.store/kept-*", statement: Emptied by hand, by: HIS team, date: "2026-05-04"}\n'
    )
    out = swf("requirements", "--coverage", "--each", "--sut", system_file("Modality", 104, more=stated)).out
    assert out.startswith("SWF.b  Modality: ")
    assert "1 attested, 1 not testable" in out.splitlines()[0]
    assert "  rad-8.store/kept-until-committed  attested: Emptied by hand (HIS team, 2026-05-04)" in out
    assert "  rad-5.query/operator-keys  not testable: user interface" in out
    assert re.search(r"^  mwl-request/PatientID  dimse\.request: neg\.\S+, .* and \d+ more$", out, re.M)
    assert "Order Filler" not in out


def test_coverage_as_json(swf: Swf) -> None:
    data = json.loads(swf("requirements", "--coverage", "--json", "--profile", "SWF", "--actor", "Order Filler").out)
    assert data["schema"] == "swf-coverage/1"
    areas = {area["option"]: area for area in data["areas"]}
    assert {"", "HL7 v2.5.1", "Image Availability Query"} <= set(areas)
    base = areas[""]
    assert sum(base["totals"].values()) == len(base["requirements"])
    (one,) = [one for one in base["requirements"] if one["requirement"]["id"] == "rad-4.orm-o01/ORC-1"]
    assert one["status"] == "scenario"
    assert "swf.scheduled" in one["scenarios"]


def test_a_plan_names_attestations_and_overrides(swf: Swf, system_file: Any, tmp_path: Path) -> None:
    stated = (
        "attestations:\n"
        '  - {requirement: "rad-8.store/kept-*", statement: Emptied by hand, by: HIS team, date: "2026-05-04"}\n'
        "overrides: site.yaml\n"
    )
    (tmp_path / "site.yaml").write_text(
        'overrides:\n  - {requirement: "rad-8.*/*", effect: off, reason: none, author: HIS, expires: 2020-01-31}\n',
        encoding="utf-8",
    )
    out = swf("plan", "--sut", system_file("Modality", 104, more=stated), "swf.scheduled").out
    assert "  Product: rad-8.store/kept-*: Emptied by hand (HIS team, 2026-05-04)" in out
    assert "site.yaml:2  EXPIRED, does not apply: off rad-8.*/*, for Product (HIS, until 2020-01-31): none" in out
