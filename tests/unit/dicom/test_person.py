from __future__ import annotations

import pytest

from harness.dicom.person import alphabetic, pn
from harness.model.scenario import PersonName


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (PersonName(family="Muster"), "Muster"),
        (PersonName(family="Muster", given="Anna", middle="B"), "Muster^Anna^B"),
        (PersonName(family="Muster", prefix="Dr."), "Muster^^^Dr."),
        (PersonName(family="Muster", given="Anna", suffix="III"), "Muster^Anna^^^III"),
        (PersonName(family="Yo", given="Mi", ideographic=("夜", "実")), "Yo^Mi=夜^実"),
        (PersonName(family="Yo", phonetic=("よ", "み", "", "", "さん")), "Yo==よ^み^^さん"),
    ],
)
def test_components_are_in_the_order_of_the_vr(name: PersonName, expected: str) -> None:
    assert pn(name) == expected


def test_the_alphabetic_group_alone() -> None:
    assert alphabetic(PersonName(family="Yo", given="Mi", ideographic=("夜", "実"))) == "Yo^Mi"
