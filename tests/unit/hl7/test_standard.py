"""The base standard's tables: the layout that we rely on."""

from __future__ import annotations

import pytest

from harness.hl7 import field_definition, table_codes
from harness.hl7.standard import Kind, message_structure, table_version


@pytest.mark.parametrize(
    ("version", "tables"),
    [
        ("2.3.1", "2.3.1"),
        (" 2.5.1 ", "2.5.1"),
        ("2.9", "2.8.2"),
        ("2.3.2", "2.3.1"),
        ("1.0", "2.1"),
        ("", "2.5.1"),
        ("two", "2.5.1"),
        ("2..5", "2.5.1"),
    ],
)
def test_the_nearest_tables_serve(version: str, tables: str) -> None:
    assert table_version(version) == tables


def test_a_field_is_defined() -> None:
    found = field_definition("PID", 3, "2.5.1")
    assert found is not None
    assert (found.datatype, found.required, found.repeats) == ("CX", True, True)
    assert [part.datatype for part in found.components[3].components] == ["IS", "ST", "ID"]
    sex = field_definition("PID", 8, "2.5.1")
    assert sex is not None
    assert (sex.datatype, sex.table, sex.repeats, sex.components) == ("IS", "0001", False, ())
    assert field_definition("IPC", 3, "2.3.1") is None
    assert field_definition("PID", 0, "2.5.1") is None


def test_a_choice_is_kept_as_a_choice() -> None:
    order = message_structure("ORM_O01", "2.3.1").children[-1]
    detail = order.children[1]
    assert (order.name, order.kind, order.highest, order.starts) == (
        "ORM_O01_ORDER",
        Kind.SEQUENCE,
        -1,
        frozenset({"ORC"}),
    )
    assert detail.nullable
    assert detail.children[0].kind is Kind.CHOICE
    assert "RXO" in detail.starts


def test_codes_of_tables() -> None:
    assert {"NW", "CA", "XO", "SC"} <= set(table_codes("0119", "2.3.1"))
    assert table_codes("9999", "2.5.1") == ()
