from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import hl7_merges
from harness.model.verdict import Outcome


@pytest.mark.parametrize(
    ("surviving", "dissolved", "broken"),
    [
        ("P1^^^SWF", "P2^^^SWF", []),
        ("P1^^^SWF", "P1^^^SWF", ["orders/merge-identifiers-differ"]),
        ("P1^^^SWF", "P2^^^OTHER", ["orders/merge-identifiers-differ"]),
        ("9^^^OTHER~P1^^^SWF", "P2^^^SWF", []),
        ("9^^^OTHER~P1^^^SWF", "P1^^^SWF", ["orders/merge-identifiers-differ"]),
        ("P1^^^SWF&1.2.3&ISO", "P2^^^SWF", []),
        ("P1^^^SWF", "8^^^OTHER~P2^^^SWF", []),
        ("2^^^OTHER", "2^^^OTHER~P2^^^SWF", ["orders/merge-identifiers-differ"]),
        ("P1^^^SWF~M1^^^MPI", "P2^^^SWF~M1^^^MPI", []),
        ("P1^^^SWF", "P2^^^SWF\rPID|||P3^^^SWF\rMRG|P4^^^SWF", []),
        ("P1^^^SWF", "P2^^^SWF\rPID|||P3^^^SWF\rMRG|P3^^^SWF", ["orders/merge-identifiers-differ"]),
    ],
)
def test_a_merge_names_two_patients_of_one_authority(
    surviving: str, dissolved: str, broken: list[str], recording: Callable[..., Any]
) -> None:
    raw = f"MSH|^~\\&|ADT|S|OF|S|2024||ADT^A40^ADT_A39|1|P|2.5.1\rPID|||{surviving}\rMRG|{dissolved}\r"
    rec = recording()
    rec.hl7(rec.leg("RAD-12", "to-order-filler", "merge"), raw.encode())
    assert [one.requirement for one in hl7_merges.check(rec.play()) if one.outcome is Outcome.VIOLATED] == broken
