from __future__ import annotations

from typing import Any

import pytest

from harness.checks.content_tree import fault
from harness.dicom.uids import uid_of


def tree(tools: Any, sop_class: str, above: str, relationship: str, below: str) -> Any:
    make = tools.dataset
    leaf = make(ValueType=below, **({"RelationshipType": relationship} if relationship else {}))
    root = make(SOPClassUID=uid_of(sop_class), ValueType="CONTAINER")
    if above == "CONTAINER":
        root.ContentSequence = [leaf]
    else:
        root.ContentSequence = [make(ValueType=above, RelationshipType="CONTAINS", ContentSequence=[leaf])]
    return root


BASIC, ENHANCED, OTHER = "BasicTextSRStorage", "EnhancedSRStorage", "ComprehensiveSRStorage"


@pytest.mark.parametrize(
    ("sop_class", "above", "relationship", "below", "right"),
    [
        (BASIC, "CONTAINER", "CONTAINS", "IMAGE", True),
        (BASIC, "CONTAINER", "CONTAINS", "NUM", False),
        (BASIC, "CONTAINER", "", "TEXT", False),
        (BASIC, "TEXT", "CONTAINS", "IMAGE", False),
        (BASIC, "TEXT", "INFERRED FROM", "IMAGE", True),
        (BASIC, "CODE", "INFERRED FROM", "IMAGE", False),
        (BASIC, "CONTAINER", "HAS OBS CONTEXT", "PNAME", True),
        (BASIC, "CONTAINER", "HAS OBS CONTEXT", "IMAGE", False),
        (BASIC, "IMAGE", "HAS CONCEPT MOD", "CODE", True),
        (BASIC, "IMAGE", "HAS CONCEPT MOD", "PNAME", False),
        (BASIC, "PNAME", "HAS PROPERTIES", "TEXT", True),
        (BASIC, "CODE", "HAS PROPERTIES", "TEXT", False),
        (BASIC, "WAVEFORM", "HAS ACQ CONTEXT", "TEXT", True),
        (BASIC, "TEXT", "HAS ACQ CONTEXT", "TEXT", False),
        (ENHANCED, "NUM", "INFERRED FROM", "SCOORD", True),
        (ENHANCED, "PNAME", "INFERRED FROM", "IMAGE", False),
        (ENHANCED, "SCOORD", "SELECTED FROM", "IMAGE", True),
        (OTHER, "PNAME", "INFERRED FROM", "SCOORD3D", True),
    ],
)
def test_value_types_and_relationships(
    tools: Any, sop_class: str, above: str, relationship: str, below: str, right: bool
) -> None:
    assert (fault(tree(tools, sop_class, above, relationship, below)) == ("", "")) is right
