from __future__ import annotations

import pytest

from harness.engine.recognising import Loose, readings
from harness.profiles import knowledge

HEAD = "MSH|^~\\&|A|SWF|B|SWF|20240102101500||ORM^O01|1|P|2.3.1\r"
PATIENT = "PID|||P1001^^^SWF||LINDGREN^ASTA||19580714|F||||||||||ACC77^^^SWF\rPV1||O\r"
TIMING = "1^once^^202401021100^^R"
ORC = (
    "ORC|{control}|A1^OP|{filler}||{status}||" + TIMING + "||20240102101400|||3004^HOLM^PETER|||||RADOPD^Radiology^L\r"
)
PLACED = f"OBR|1|A1^OP|{{filler}}|P1^CT^99SWF{'|' * 12}3004^HOLM^PETER{'|' * 11}{TIMING}\r"
SCHEDULED = (
    "OBR|1|A1^OP|F1^OF|P1^CT^99SWF^X1^CT^99SWF||||||||||||3004^HOLM^PETER||ACC1|RP1|SPS1||||CT|||"
    f"{TIMING}|||||||||||||||||P1^CT^99SWF\r"
)
STUDY = "ZDS|1.2.3^OF^Application^DICOM\r"


def message(order: str, control: str, status: str = "", filler: str = "") -> Loose:
    return Loose(
        content=(HEAD + PATIENT + (ORC + order).format(control=control, status=status, filler=filler)).encode()
    )


@pytest.mark.parametrize(
    ("order", "control", "status", "filler", "transaction"),
    [
        (PLACED, "NW", "", "", "RAD-2"),
        (PLACED, "NW", "", "F1^OF", "RAD-2"),
        (PLACED, "CA", "", "F1^OF", "RAD-2"),
        (PLACED, "CA", "", "", "RAD-2"),
        ("", "CA", "", "", "RAD-2"),
        (PLACED, "OC", "CA", "F1^OF", "RAD-3"),
        (PLACED, "CA", "CA", "F1^OF", "RAD-3"),
        (SCHEDULED + STUDY, "NW", "SC", "F1^OF", "RAD-4"),
        (SCHEDULED, "NW", "SC", "F1^OF", "RAD-4"),
        (SCHEDULED + STUDY, "CA", "CA", "F1^OF", "RAD-13"),
        (SCHEDULED, "CA", "CA", "F1^OF", "RAD-13"),
        (SCHEDULED + STUDY, "CA", "", "F1^OF", "RAD-13"),
    ],
)
def test_an_order_message_is_taken_for_what_it_looks_like(
    order: str, control: str, status: str, filler: str, transaction: str
) -> None:
    assert readings(message(order, control, status, filler), knowledge())[0].transaction.id == transaction
