from __future__ import annotations

import pytest

from harness.dicom.person import pn
from harness.model.scenario import PersonName


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (PersonName(family="Muster"), "Muster"),
        (PersonName(family="Muster", given="Anna", middle="B"), "Muster^Anna^B"),
        (PersonName(family="Muster", prefix="Dr."), "Muster^^^Dr."),
        (PersonName(family="Muster", given="Anna", suffix="III"), "Muster^Anna^^^III"),
    ],
)
def test_components_are_in_the_order_of_the_vr(name: PersonName, expected: str) -> None:
    assert pn(name) == expected
