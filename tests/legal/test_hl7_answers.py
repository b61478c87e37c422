"""Legal but unusual answers to HL7 messages are not held against the receiver."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.legal.hl7_answers import answers
from tests.legal.hl7_bases import Base, bases
from tests.legal.hl7_changes import varied
from tests.legal.hl7_text import Text
from tests.legal.judged import KNOWLEDGE, held_against, thoroughly

Exchange = tuple[Base, Text, Text]


@st.composite
def answered(draw: st.DrawFn) -> Exchange:
    """A legal message that is accepted, or one with a fault that is refused."""
    base = draw(st.sampled_from(bases()))
    request = draw(varied(base.text)) if draw(st.booleans()) else base.text
    if "\\" in request.value(0, 10):
        request = request.with_value(0, 10, "ID-1")  # an escaped separator is another one where delimiters differ
    code = draw(st.sampled_from(["AA", "AA", "AE", "AR", "enhanced"]))
    if code == "enhanced":
        request = request.with_value(0, 15, draw(st.sampled_from(["AL", "NE", "ER", "SU"])))
        code = draw(st.sampled_from(["AA", "CA"]))
    elif code != "AA":
        request = _without_sender(request)
    return base, request, draw(answers(base, request, code))


def _without_sender(request: Text) -> Text:
    """A message without its MSH-3, which every form demands."""
    return request.with_value(0, 3, "")


@thoroughly
@given(answered())
def test_unusual_answers_are_legal(exchange: Exchange) -> None:
    base, request, answer = exchange
    responder = KNOWLEDGE.transactions[base.transaction].leg(base.leg).responder
    assert held_against([base.exchange(request, answer.bytes())], form=base.form, actor=responder) == []
