"""Legal but unusual HL7 messages of every form do not fail."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.hl7 import acknowledgement
from tests.legal.hl7_bases import Base, bases
from tests.legal.hl7_changes import varied
from tests.legal.hl7_text import Text
from tests.legal.judged import KNOWLEDGE, held_against, thoroughly

NOW = datetime(2024, 1, 2, 10, 15, 1)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Base, Text]:
    """A form, and a message of it."""
    base = draw(st.sampled_from(bases()))
    return base, draw(varied(base.text))


def answered(base: Base, text: Text) -> bytes:
    """The specimen's own answer to its own message, else a plain one."""
    if base.answer is not None and text == base.text:
        return base.answer
    return acknowledgement(text.message(), "AA", control_id="ACK1", now=NOW)


@pytest.mark.parametrize("base", bases(), ids=lambda base: base.name)
def test_the_bases_are_legal(base: Base) -> None:
    assert held_against([base.exchange(base.text, answered(base, base.text))], form=base.form) == []


def test_every_table_of_a_request_has_a_base() -> None:
    tables = {
        (table.transaction, table.message, table.version)
        for table in KNOWLEDGE.hl7_tables.values()
        if table.message not in ("ORG^O20", "ORR^O02")
    }
    assert tables == {(base.transaction, base.kind, base.text.version) for base in bases()}


@thoroughly
@given(requests())
def test_unusual_requests_are_legal(request_: tuple[Base, Text]) -> None:
    base, text = request_
    exchange = base.exchange(text, answered(base, text))
    assert held_against([exchange], form=base.form, actor=base.initiator) == []
