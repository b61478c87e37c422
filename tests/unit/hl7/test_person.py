from __future__ import annotations

from harness.hl7.field_value import render
from harness.hl7.person import xpn
from harness.model.scenario import PersonName


def test_a_name_in_one_writing_is_one_repetition() -> None:
    assert render(xpn(PersonName(family="Muster", given="Anna", prefix="Dr."))) == "Muster^Anna^^^Dr."


def test_each_further_writing_is_a_repetition_that_says_so() -> None:
    name = PersonName(family="KISARAGI", given="MIDORI", ideographic=("如月", "緑"), phonetic=("きさらぎ", "みどり"))
    assert render(xpn(name)) == "KISARAGI^MIDORI^^^^^^A~如月^緑^^^^^^I~きさらぎ^みどり^^^^^^P"
