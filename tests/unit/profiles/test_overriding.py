"""Overrides are read with every fault at its place, and change rows of tables without touching the shipped ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.names import PlayerName, RequirementId
from harness.model.override import Effect, Overrides
from harness.model.tables import Usage
from harness.profiles import knowledge
from harness.profiles.overriding import changed_knowledge, load_overrides

FILE = """\
overrides:
  - requirement: rad-4.omi-o23/IPC-9
    effect: off
    reason: The scheduler of the site has no stations
    author: HIS team
    expires: "2026-06-30"
"""
DAY = "2026-05-04"


def read(path: Path, text: str, system: str = "", day: str = DAY) -> Overrides:
    path.write_text(text, encoding="utf-8")
    return load_overrides([(path, PlayerName(system) if system else None)], knowledge(), day)


def changed(path: Path, requirement: str, to: str) -> Overrides:
    text = FILE.replace("rad-4.omi-o23/IPC-9", f'"{requirement}"')
    return read(path, text.replace("effect: off", f"effect: change\n    to: {to}"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "site.overrides.yaml"


def test_an_entry_has_its_place_and_the_file_its_digest(path: Path) -> None:
    found = read(path, FILE)
    (entry,) = found.entries
    assert (entry.effect, entry.author, entry.place) == (Effect.OFF, "HIS team", f"{path}:2")
    assert found.named == {entry.place: ("rad-4.omi-o23/IPC-9",)}
    assert found.sha256 == hashlib.sha256(FILE.encode()).hexdigest()
    assert found.files == (str(path),)


def test_no_file_is_no_override() -> None:
    assert load_overrides([], knowledge(), DAY) == Overrides(day=DAY)


def test_a_file_that_a_system_names_concerns_that_system(path: Path) -> None:
    assert read(path, FILE, "Acme RIS").entries[0].systems == ("Acme RIS",)
    own = FILE.replace("effect: off", "effect: off\n    systems: [Other]")
    assert read(path, own, "Acme RIS").entries[0].systems == ("Other",)


@pytest.mark.parametrize(("day", "expired"), [("2026-06-29", False), ("2026-06-30", False), ("2026-07-01", True)])
def test_the_last_day_is_one_on_which_it_applies(path: Path, day: str, expired: bool) -> None:
    found = read(path, FILE, day=day)
    assert found.has_expired(found.entries[0]) is expired


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("IPC-9", "IPC-99", ":2:18: no requirement is called `rad-4.omi-o23/IPC-99`; did you mean `rad-4.omi-o23/IPC-"),
        ("rad-4.omi-o23/IPC-9", '"rad-44.*"', ":2:18: no requirement is called `rad-44.*`"),
        ("effect: off", "effect: of", ":3:13: overrides[0].effect: `of` is not a valid value; did you mean `off`?"),
        ("effect:", "efect:", ":3:5: unknown key `efect`; did you mean `effect`?"),
        ("    author: HIS team\n", "", "`author` is missing"),
        ("HIS team", '" "', ":5:13: author is empty"),
        ("The scheduler of the site has no stations", "", "reason is empty"),
        ('"2026-06-30"', "30.6.2026", ":6:14: expires: `30.6.2026` is no day written YYYY-MM-DD"),
        ('"2026-06-30"', "2026-02-30", "is no day written YYYY-MM-DD"),
        ('"2026-06-30"', '"2026-06-30"\n    place: x', "unknown key `place`"),
        ("effect: off", "effect: off\n    path: IPC", "unknown DICOM keyword `IPC`"),
        ("effect: off", "effect: off\n    systems: [harness]", ":4:15: systems: simulated actors are judged by"),
        ("effect: off", "effect: change", "`to` says what a row demands instead"),
        ("effect: off", "effect: off\n    to: {values: [A]}", "`to` says what a row demands instead"),
        ("effect: off", "effect: change\n    to: {use: RR}", "unknown usage `RR`"),
        ("effect: off", 'effect: change\n    to: {when: "ORC-1 is NW"}', "is not a condition"),
        ("rad-4.omi-o23/IPC-9", "rad-8.store/kept-until-committed", "is not tested, so there is nothing to override"),
        ("effect: off", "effect: weaken", ""),
    ],
)
def test_faults_are_told_with_their_place(path: Path, old: str, new: str, text: str) -> None:
    assert old in FILE
    if not text:
        read(path, FILE.replace(old, new))
        return
    with pytest.raises(SourceError) as caught:
        read(path, FILE.replace(old, new))
    assert text in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_what_is_no_shall_cannot_be_weakened(path: Path) -> None:
    text = FILE.replace("effect: off", "effect: weaken")
    with pytest.raises(SourceError, match="QueryRetrieveLevel` is SHOULD, and only a SHALL can be weakened"):
        read(path, text.replace("rad-4.omi-o23/IPC-9", "mwl-request/QueryRetrieveLevel"))
    named = read(path, text.replace("rad-4.omi-o23/IPC-9", '"mwl-request/*"')).named
    assert "mwl-request/PatientID" in named[f"{path}:2"]
    assert "mwl-request/QueryRetrieveLevel" not in named[f"{path}:2"]


def test_only_rows_of_tables_are_changed(path: Path) -> None:
    with pytest.raises(SourceError, match=r"`storage/\*` is no row of a field or attribute table"):
        changed(path, "storage/*", "{values: [A]}")


def test_a_changed_field_demands_something_else_and_the_shipped_knowledge_stays(path: Path) -> None:
    known = knowledge()
    other = changed_knowledge(known, changed(path, "rad-4.omi-o23/ORC-5", "{use: O, values: [SC, NW]}"))
    row = other.hl7_tables["rad-4.omi-o23"].rows["ORC-5"]
    assert (row.use, row.values) == (Usage.OPTIONAL, ("SC", "NW"))
    assert row.type == known.hl7_tables["rad-4.omi-o23"].rows["ORC-5"].type
    assert known.hl7_tables["rad-4.omi-o23"].rows["ORC-5"].values == ("SC",)
    assert other.rule_set == known.rule_set
    assert "one of SC, NW" in other.requirement(RequirementId("rad-4.omi-o23/ORC-5")).text


def test_a_changed_attribute_has_another_type_and_condition(path: Path) -> None:
    found = changed(path, "mpps-n-create/PatientID", '{type: "1C", when: "PatientName valued"}')
    row = changed_knowledge(knowledge(), found).attribute_tables["mpps-n-create"].rows["PatientID"]
    assert (row.type, row.when) == ("1C", "PatientName valued")


def test_an_attribute_has_no_usage_and_no_unknown_type(path: Path) -> None:
    with pytest.raises(SourceError, match="use: attributes have a type and no usage"):
        changed(path, "mpps-n-create/PatientID", "{use: O}")
    with pytest.raises(SourceError, match="unknown type `9`"):
        changed(path, "mpps-n-create/PatientID", '{type: "9"}')


def test_what_has_expired_or_changes_no_row_leaves_the_knowledge_alone(path: Path) -> None:
    known = knowledge()
    assert changed_knowledge(known, read(path, FILE)) is known
    expired = changed(path, "rad-4.omi-o23/ORC-5", "{use: O}")
    assert changed_knowledge(known, Overrides(entries=expired.entries, named=expired.named, day="2030-01-01")) is known
