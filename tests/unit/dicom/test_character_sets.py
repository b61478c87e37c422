"""Which sets hold a text."""

from __future__ import annotations

import pytest

from harness.dicom.character_sets import DEFINED_TERMS, holds


def test_a_set_holds_what_it_has_characters_for() -> None:
    assert holds(("ISO_IR 126",), "ΚΑΛΛΗΣ^MARK")
    assert not holds(("ISO_IR 126",), "SØRENSEN")
    assert holds(("", "ISO 2022 IR 87"), "YAMADA=山田")
    assert not holds(("NO SUCH SET",), "A")


@pytest.mark.parametrize("name", sorted(DEFINED_TERMS))
def test_every_set_holds_ascii_or_says_that_it_does_not(name: str) -> None:
    assert holds(("", name), "HOLM^PETER")
