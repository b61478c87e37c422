"""Legal but unusual answers to HL7 messages: acknowledgements and application answers, positive and negative."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.legal.hl7_bases import Base
from tests.legal.hl7_changes import Draw, separators
from tests.legal.hl7_text import Text

APPLICATION = ("ORG^O20", "ORR^O02", "ORI^O24")
REJECTED = {"AE": ("207", "101", "204"), "AR": ("200", "201", "202", "203")}


@st.composite
def answers(draw: Draw, base: Base, request: Text, code: str) -> Text:
    """An answer with a code; of the kind that the form calls for."""
    text = draw(_application(base, request)) if code == "AA" and _of_application(base) else draw(_plain(request, code))
    if code in ("AE", "AR"):
        text = draw(_erroneous(text, code))
    for _ in range(draw(st.integers(0, 2))):
        text = draw(_more(text))
    return separators(draw, text) if draw(st.integers(0, 9)) == 9 else text


def _of_application(base: Base) -> bool:
    return base.kind in ("ORM^O01", "OMG^O19") and " SN " in base.name


def _header(draw: Draw, request: Text, kind: str) -> tuple[str, ...]:
    there = [request.value(0, number) for number in (3, 4, 5, 6)]
    time = draw(st.sampled_from(["20240102101501", "20240102101501.12+0100", "202401021015", "20240102101501-0300"]))
    number = draw(st.sampled_from(["A1", "20240102-7", "9" * 20, "ACK\\T\\1"]))
    version = draw(st.sampled_from([request.value(0, 12), request.version]))
    return ("MSH", "|", "^~\\&", there[2], there[3], there[0], there[1], time, "", kind, number, "P", version)


@st.composite
def _plain(draw: Draw, request: Text, code: str) -> Text:
    event = request.value(0, 9).split("^")[1]
    old = ["ACK", f"ACK^{event}", f"ACK^{event}^ACK"]
    kind = draw(st.sampled_from(old)) if request.version < "2.5" else f"ACK^{event}^ACK"
    header = _header(draw, request, kind)
    return Text((header, ("MSA", code, request.value(0, 10))))


@st.composite
def _application(draw: Draw, base: Base, request: Text) -> Text:
    """The numbers that the placer gave an order of the filler: the specimen's own answer, with other numbers."""
    assert base.answer is not None
    text = Text.of(base.answer)
    header = _header(draw, request, text.value(0, 9))
    text = replace(text, segments=(header, *text.segments[1:])).with_value(1, 2, request.value(0, 10))
    number = draw(st.sampled_from(["A77^OP", "A-7/7^OP^1.2.3^ISO"]))
    for place in [*text.places("ORC"), *text.places("OBR")]:
        text = text.with_value(place, 2, number) if text.value(place, 2) else text
    return text


@st.composite
def _erroneous(draw: Draw, text: Text, code: str) -> Text:
    """What is wrong, as the version says it."""
    if text.version < "2.5":
        text = text.with_value(1, 3, draw(st.sampled_from(["", "PID-3 is missing", "a \\T\\ b"])))
        return text.with_segment(2, "ERR|PID^1^3^101") if draw(st.booleans()) else text
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.sampled_from(REJECTED[code]))
        text = text.with_segment(
            2,
            draw(
                st.sampled_from(
                    [
                        f"ERR||PID^1^3|{number}^what is wrong^HL70357|E",
                        f"ERR||MSH^1^9^1^2|{number}|E||||because",
                        f"ERR|||{number}^^HL70357|E|APP7^local^99X|p1~p2|diagnosis|told to the user",
                        "ERR|||X7^of our own^99X|E",
                        f"ERR||PID^1^3~PID^1^5|{number}^what^HL70357|W",
                    ]
                )
            ),
        )
    return text


@st.composite
def _more(draw: Draw, text: Text) -> Text:
    """What an answer may have besides."""
    which = draw(st.integers(0, 6))
    if which == 0:
        return (
            text if text.value(1, 3) else text.with_value(1, 3, draw(st.sampled_from(["Message accepted", "ok \\T\\"])))
        )
    if which == 1:
        return text.with_segment(draw(st.integers(2, len(text.segments))), "ZAC|1|a^b")
    if which == 2 and text.version >= "2.5":
        return text if text.places("SFT") else text.with_segment(1, "SFT|SWF^L|1.0|PRODUCT|BIN1")
    if which == 3:
        place = text.places("MSA")[0]
        return text.with_value(place, len(text.segments[place]) + 1, "")
    if which == 4:
        return text.with_value(0, 18, draw(st.sampled_from(["ASCII", "UNICODE UTF-8", "8859/1", ""])))
    if which == 5 and text.version >= "2.5" and text.value(text.places("MSA")[0], 1) == "AA" and not text.places("ERR"):
        severity = draw(st.sampled_from("IW"))
        return text.with_segment(text.places("MSA")[0] + 1, f"ERR|||0^Message accepted^HL70357|{severity}")
    return text.with_value(0, 17, "SWE")
