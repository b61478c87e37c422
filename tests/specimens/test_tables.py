"""Every row of every table has a message that keeps it, and one that breaks it and no other row."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.checks import attribute_tables, hl7_table
from harness.checks.conditions import Condition, Test, holds, parse_condition
from harness.hl7 import Message, edit
from harness.model.tables import AttributeRow, Usage
from harness.model.verdict import Outcome
from harness.profiles import knowledge

KNOWLEDGE = knowledge()


@pytest.fixture(scope="session")
def legal() -> ModuleType:
    """The maker of legal messages."""
    spec = importlib.util.spec_from_file_location("specimen_legal", Path(__file__).parent / "legal.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def broken_fields(raw: bytes, table: str) -> set[str]:
    judged = hl7_table.judge(Message.parse(raw), KNOWLEDGE.hl7_tables[table])
    return {one.row for one in judged if one.outcome in (Outcome.VIOLATED, Outcome.UNDECIDED)}


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.hl7_tables))
def test_each_demanded_field_can_be_missed(name: str, legal: Any) -> None:
    table = KNOWLEDGE.hl7_tables[name]
    assert broken_fields(legal.message_of(table), name) == set()
    rows = legal.demanded(table)
    assert rows
    for path in rows:
        whole = legal.message_of(table, path)
        assert broken_fields(whole, name) == set()
        raw = edit.remove(whole, path)
        broken = broken_fields(raw, name)
        if table.rows.get(path.partition(".")[0]) is not None and "." in path and path not in broken:
            # the only component that was filled: the whole field is empty now, and that is the field's row
            assert broken <= {path.partition(".")[0]}
        else:
            assert path in broken
            assert broken <= _dependent(table, path), f"{name}/{path}"


def _dependent(table: Any, path: str) -> set[str]:
    """The row itself, and rows about the same field or with the same content."""
    field = path.partition(".")[0]
    related = {path, field}
    related |= {other for other in table.rows if other.partition(".")[0] == field}
    return related


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.hl7_tables))
def test_each_closed_value_set_can_be_left(name: str, legal: Any) -> None:
    table = KNOWLEDGE.hl7_tables[name]
    for path, row in legal.demanded(table).items():
        if row.values and not _conditions_on(table, path):
            raw = edit.set_value(legal.message_of(table, path), path, "QQ")
            broken = broken_fields(raw, name)
            assert path in broken
            assert broken <= {path} | {other for other, one in table.rows.items() if one.equals == path}


def _conditions_on(table: Any, path: str) -> bool:
    return any(row.when.split(" ")[0] == path for row in table.rows.values() if row.when)


@pytest.mark.parametrize("name", sorted(KNOWLEDGE.hl7_tables))
def test_each_forbidden_field_can_be_sent(name: str, legal: Any) -> None:
    table = KNOWLEDGE.hl7_tables[name]
    for path, row in table.rows.items():
        if row.use is Usage.NOT_SUPPORTED and not row.when and not row.condition:
            segment = path.split("-")[0]
            raw = legal.message_of(table)
            if segment in Message.parse(raw).segment_names():
                broken = broken_fields(edit.set_value(raw, path, "1"), name) - broken_fields(raw, name)
                assert {one for one in broken if not one.startswith(f"{path}.")} == {path}


def judged(table: str, dataset: Any, extra: dict[str, str]) -> set[str]:
    rows = attribute_tables.judge(dataset, KNOWLEDGE.attribute_tables[table], dataset, extra)
    return {one.row for one in rows if one.outcome in (Outcome.VIOLATED, Outcome.UNDECIDED)}


ATTRIBUTE_ROWS = [
    (table, path, row)
    for table, one in sorted(KNOWLEDGE.attribute_tables.items())
    for path, row in one.rows.items()
    if not (row.condition and not row.when)
]


def terms_of(row: AttributeRow) -> tuple[Condition, ...]:
    """What has to hold, so that the row's condition holds."""
    condition = parse_condition(row.when) if row.when else None
    return () if condition is None else (condition, *condition.also)


def make_true(dataset: Any, row: AttributeRow, legal: Any, fields: dict[str, str]) -> set[str]:
    """Make the row's condition hold; the paths that were changed for it."""
    for term in terms_of(row):
        if term.path == "EventTypeID":
            fields[term.path] = term.values[0]
        elif term.test is Test.ABSENT:
            legal.take(dataset, term.path)
        elif term.test is Test.ONE_OF:
            legal.take(dataset, term.path)
            legal.put(dataset, term.path, term.values)
        else:
            legal.put(dataset, term.path)
    return {term.path for term in terms_of(row)}


def take_what_does_not_apply(dataset: Any, rows: Any, legal: Any, fields: dict[str, str]) -> None:
    """Leave out what is only there when its condition holds."""
    for path, one in rows.items():
        if one.only_then and not holds(one.when, lambda name: (fields.get(name, ""),)):
            legal.take(dataset, path)


@pytest.mark.parametrize(("table", "path", "row"), ATTRIBUTE_ROWS, ids=[f"{one[0]}/{one[1]}" for one in ATTRIBUTE_ROWS])
def test_each_attribute_row_can_be_broken(table: str, path: str, row: AttributeRow, legal: Any) -> None:
    rows = KNOWLEDGE.attribute_tables[table].rows
    dataset = legal.dataset_of(KNOWLEDGE.attribute_tables[table])
    fields = {"EventTypeID": "2"}
    changed = make_true(dataset, row, legal, fields)
    take_what_does_not_apply(dataset, rows, legal, fields)
    spare = {term.path for term in terms_of(row) if term.test is Test.ABSENT}
    assert judged(table, dataset, fields) <= spare
    asked = legal.dataset_of(KNOWLEDGE.attribute_tables[table])
    if row.type == "-":
        legal.put(dataset, path)
    elif row.type == "3" and row.values:
        legal.take(dataset, path)
        legal.put(dataset, path, ("QQ",))
    elif row.type == "3":
        return
    else:
        legal.take(dataset, path)
    found = attribute_tables.judge(dataset, KNOWLEDGE.attribute_tables[table], asked, fields)
    broken = {one.row for one in found if one.outcome in (Outcome.VIOLATED, Outcome.UNDECIDED)}
    assert path in broken
    assert broken - {path} <= spare | changed


@pytest.mark.parametrize(
    ("table", "path", "row"),
    [entry for entry in ATTRIBUTE_ROWS if entry[2].at_most],
    ids=[f"{entry[0]}/{entry[1]}" for entry in ATTRIBUTE_ROWS if entry[2].at_most],
)
def test_a_sequence_can_have_too_many_items(table: str, path: str, row: AttributeRow, legal: Any) -> None:
    dataset = legal.dataset_of(KNOWLEDGE.attribute_tables[table])
    make_true(dataset, row, legal, {})
    legal.put(dataset, path)
    sequence = dataset[path].value
    sequence.extend([sequence[0]] * row.at_most)
    assert path in judged(table, dataset, {})
