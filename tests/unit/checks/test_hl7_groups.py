from __future__ import annotations

import pytest

from harness.checks.hl7_groups import Groups
from harness.hl7 import Message


def groups(*names: str) -> Groups:
    return Groups(Message.parse("".join(f"{name}|1\r" for name in names).encode()))


@pytest.mark.parametrize(
    ("names", "of", "other", "beside"),
    [
        ("PID ORC OBR", ("OBR", 1), "ORC", [1]),
        ("PID ORC OBR ORC OBR", ("OBR", 2), "ORC", [2]),
        ("PID ORC OBR ORC OBR", ("OBR", 2), "PID", [1]),
        ("PID ORC OBR IPC IPC ORC OBR IPC", ("OBR", 1), "IPC", [1, 2]),
        ("PID ORC OBR IPC IPC ORC OBR IPC", ("IPC", 3), "OBR", [2]),
        ("ORC TQ1 OBR ORC OBR ORC TQ1 OBR", ("OBR", 2), "TQ1", []),
        ("PID MRG PID MRG PV1", ("MRG", 2), "PID", [2]),
        ("PID ORC OBR ORC OBR PID ORC OBR", ("OBR", 3), "PID", [2]),
        ("PID ORC OBR ORC OBR PID ORC OBR", ("OBR", 2), "PID", [1]),
        ("SCH RGS AIS AIS RGS AIS", ("AIS", 3), "RGS", [2]),
        ("PID OBR OBX OBX OBR OBX", ("OBX", 3), "OBR", [2]),
    ],
)
def test_segments_between_two_leading_ones_belong_together(
    names: str, of: tuple[str, int], other: str, beside: list[int]
) -> None:
    assert list(groups(*names.split()).beside(*of, other)) == beside


def test_each_group_is_counted() -> None:
    found = groups("PID", "ORC", "TQ1", "TQ1", "OBR", "ORC", "OBR").led_by("ORC")
    assert [one.get("TQ1", 0) for one in found] == [2, 0]
    assert groups("PID").led_by("ORC") == ()
