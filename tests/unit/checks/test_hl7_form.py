from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks.hl7_form import form_or_nearest
from harness.hl7 import Message


@pytest.mark.parametrize(
    ("transaction", "leg", "raw", "table"),
    [
        ("RAD-1", "to-order-filler", b"MSH|^~\\&|||||||ADT^Z1|1|P|2.3.1\rEVN|A04\r", "rad-1.adt-a04-2.3.1"),
        ("RAD-1", "to-order-filler", b"MSH|^~\\&|||||||ADT^Z1^ADT_A05|1|P|2.5.1\r", "rad-1.adt-a05-2.5.1"),
        ("RAD-1", "to-order-filler", b"MSH|^~\\&|||||||ADT^Z1|1|P|2.5.1\rEVN|\rPID|1\rPV1|1\r", ""),
        (
            "RAD-13",
            "to-image-manager",
            b"MSH|^~\\&||||||||1|P|2.3.1\rPID|1\rPV1|1\rORC|XO\rOBR|1\rZDS|1\r",
            "rad-13.orm-o01",
        ),
        ("RAD-3", "to-order-placer", b"MSH|^~\\&||||||||1|P|2.5.1\rORC|SC\r", "rad-3.omg-o19-sc"),
        ("RAD-13", "to-image-manager", b"garbage", ""),
    ],
)
def test_a_message_without_a_form_is_told_by_what_else_it_has(
    transaction: str, leg: str, raw: bytes, table: str, recording: Callable[..., Any]
) -> None:
    rec = recording()
    opened = rec.leg(transaction, leg, "step")
    form = form_or_nearest(rec.view(opened), Message.parse(raw))
    assert (form.table if form is not None else "") == table
