"""Files of known deviations: a closed schema, and every fault with its place and the nearest name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.known import KnownDeviation
from harness.model.verdict import Verdict
from harness.scenario_files import ScenarioFiles
from harness.scenario_files.known import load_known, read_known

ENTRY = """\
known:
  - scenario: swf.plain
    form: "2.3.1"
    step: worklist
    leg: query
    requirement: mwl-request/PatientID
    owner: PACS service
    reason: Repaired in release 5
    expires: "2026-06-30"
"""


@pytest.fixture
def read(
    library: ScenarioFiles, write: Callable[..., Path], tmp_path: Path
) -> Callable[..., tuple[KnownDeviation, ...]]:
    """Read the entry with one text replaced by another."""
    write("case")
    write("scenario")

    def read_it(old: str = "", new: str = "") -> tuple[KnownDeviation, ...]:
        path = tmp_path / "our.known.yaml"
        assert old in ENTRY
        path.write_text(ENTRY.replace(old, new, 1) if old else ENTRY, encoding="utf-8")
        return read_known(path, library, {one.id: one for one in library.scenarios()}, {"swf"})

    return read_it


Read = Callable[..., tuple[KnownDeviation, ...]]


def test_an_entry_is_read_with_its_place(read: Read, tmp_path: Path) -> None:
    (entry,) = read()
    assert (entry.owner, entry.expires, entry.verdict) == ("PACS service", "2026-06-30", Verdict.FAIL)
    assert entry.place == f"{tmp_path}/our.known.yaml:2"


@pytest.mark.parametrize(
    ("old", "new", "at", "text"),
    [
        (
            "scenario: swf.plain",
            "scenario: swf.plane",
            "2:15",
            "unknown scenario `swf.plane`; did you mean `swf.plain`?",
        ),
        ('form: "2.3.1"', 'form: "2.5.1"', "3:11", "unknown form of swf.plain `2.5.1`"),
        ("step: worklist", "step: worklst", "4:11", "unknown step of swf.plain `worklst`; did you mean `worklist`?"),
        ("leg: query", "leg: qury", "5:10", "unknown leg of RAD-5 `qury`; did you mean `query`?"),
        ("PatientID", "PatientId", "6:18", "no requirement is called `mwl-request/PatientId`; did you mean"),
        ("mwl-request/PatientID", '"*"', "6:18", "`*` would hide every failure of the step: name the requirement"),
        ("owner: PACS service", 'owner: ""', "7:12", "owner is empty: a known deviation says whose it is, and why"),
        ("reason: Repaired in release 5", "reason:", "8:12", "reason is empty"),
        ("2026-06-30", "30.6.2026", "9:14", "expires: `30.6.2026` is no day written YYYY-MM-DD"),
        ("owner:", "owned:", "7:5", "unknown key `owned`; did you mean `owner`?"),
        ("leg: query", "verdict: error", "5:14", "verdict: `error` cannot be known"),
        ("leg: query", "verdict: inconclusiv", "5:14", "did you mean `inconclusive`?"),
        ("leg: query", "place: here", "5:5", "unknown key `place`"),
        ("    owner: PACS service\n", "", "2:5", "`owner` is missing"),
    ],
)
def test_a_fault_is_told_at_its_place(read: Read, old: str, new: str, at: str, text: str) -> None:
    with pytest.raises(SourceError) as told:
        read(old, new)
    assert f"our.known.yaml:{at}: " in str(told.value)
    assert text in str(told.value)


def test_the_words_for_what_is_no_requirement_are_names(read: Read) -> None:
    assert read("mwl-request/PatientID", "not-offered")[0].requirement == "not-offered"
    assert read("mwl-request/PatientID", "undecided")[0].requirement == "undecided"
    with pytest.raises(SourceError, match="did you mean `not-offered`"):
        read("mwl-request/PatientID", "not-offerd")


def test_a_scenario_of_the_site_that_is_no_part_of_the_run_is_taken_as_it_is(read: Read) -> None:
    assert read("scenario: swf.plain", "scenario: site.night-shift")[0].scenario == "site.night-shift"
    with pytest.raises(SourceError, match="unknown scenario `plain`"):
        read("scenario: swf.plain", "scenario: plain")


def test_two_entries_about_the_same_are_refused(read: Read) -> None:
    again = ENTRY.partition("\n")[2].replace("PACS service", "HIS team")
    with pytest.raises(SourceError, match="10:5: says the same as the entry at line 2"):
        read(ENTRY, ENTRY + again)


def test_what_a_system_names_concerns_that_system(library: ScenarioFiles, write: Callable[..., Path]) -> None:
    write("case")
    write("scenario")
    system = library.system(str(write("system", "plain", "name: A system", "name: A system\nknown_deviations: k.yaml")))
    (Path(system.path).parent / "k.yaml").write_text(ENTRY, encoding="utf-8")
    known = library.known([], [system], (), "2026-05-04T10:00:00")
    assert ([one.system for one in known.entries], known.day) == (["A system"], "2026-05-04")
    assert len(known.sha256) == 64


def test_no_file_is_nothing_known(library: ScenarioFiles) -> None:
    known = load_known([], library, {}, "2026-05-04")
    assert (known.files, known.entries, known.sha256) == ((), (), "")


def test_what_is_found_in_traffic_is_called_by_its_transaction(read: Read) -> None:
    (entry,) = read('scenario: swf.plain\n    form: "2.3.1"\n    step: worklist', "scenario: watched\n    step: rad-5")
    assert (entry.scenario, entry.step, entry.leg) == ("watched", "rad-5", "query")


@pytest.mark.parametrize(
    ("step", "leg", "text"),
    [
        ("worklist", "query", "unknown step of watched `worklist`"),
        ("rad-5.2", "query", "unknown step of watched `rad-5.2`; did you mean `rad-5`?"),
        ("rad-5", "quary", "unknown leg of RAD-5 `quary`; did you mean `query`?"),
    ],
)
def test_a_place_that_traffic_never_has(read: Read, step: str, leg: str, text: str) -> None:
    new = f'scenario: watched\n    form: "2.3.1"\n    step: {step}\n    leg: {leg}'
    with pytest.raises(SourceError) as raised:
        read('scenario: swf.plain\n    form: "2.3.1"\n    step: worklist\n    leg: query', new)
    assert text in str(raised.value)


def test_a_form_that_nobody_speaks(read: Read) -> None:
    new = 'scenario: watched\n    form: "9"\n    step: rad-5'
    with pytest.raises(SourceError, match="unknown form of watched `9`"):
        read('scenario: swf.plain\n    form: "2.3.1"\n    step: worklist', new)
