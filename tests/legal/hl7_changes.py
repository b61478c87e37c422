"""Legal but unusual variations of HL7 messages (HL7 v2.5.1 2, v2.3.1 2), each from a message to a changed one.

A variation that a message does not admit leaves it as it is. What the transactions forbid is not among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from tests.legal.hl7_parts import ADT_STRUCTURES, FILLINGS, NOT_BEFORE_2_5, ORDER, SEGMENTS
from tests.legal.hl7_text import Text

Draw = Callable[[st.SearchStrategy], object]
Change = Callable[[Draw, Text], Text]

SEPARATORS = ("!", "#", "$", "%", "*", "@", ";", ":", "=", "{", "`", "<")


def _some(draw: Draw, *values: object) -> str:
    return str(draw(st.sampled_from(values)))


def empty_ends(draw: Draw, text: Text) -> Text:
    """Fields and components at the end, without a value."""
    place = draw(st.integers(0, len(text.segments) - 1))
    count = draw(st.integers(1, 6))
    segment = text.segments[place]
    if segment[0] == "MSH" or draw(st.booleans()):
        return text.with_value(place, len(segment) + count - 1, "")
    ends = [number for number, value in enumerate(segment) if number and "^" in value]
    if not ends:
        return text
    number = draw(st.sampled_from(ends))
    return text.with_value(place, number, segment[number] + "^" * count)


def filled(draw: Draw, text: Text) -> Text:
    """A value in an optional field: local codes, escapes, several repetitions, or the null."""
    places = [place for place, segment in enumerate(text.segments) if segment[0] in FILLINGS]
    place = draw(st.sampled_from(places))
    name = text.segments[place][0]
    number = draw(st.sampled_from(sorted(FILLINGS[name])))
    if text.value(place, number) or (text.version < "2.5" and (name, number) in NOT_BEFORE_2_5):
        return text
    values = FILLINGS[name][number]
    return text.with_value(place, number, _some(draw, *values, '""') if name != "MSH" else _some(draw, *values))


def identifiers(draw: Draw, text: Text) -> Text:
    """Several patient identifiers in any order, with all their parts."""
    places = text.places("PID")
    if not places:
        return text
    own = text.value(places[0], 3)
    if "~" in own or "&" in own:
        return text
    kind = "^PI" if text.version >= "2.5" else ""
    others = [
        f"9001^^^OTHER{kind}",
        "19580714-1234^^^SE&1.2.752.129.2.1.3.1&ISO^NNSWE",
        "X^7^M11^LAB&1.2&ISO^MR^SWF&1.3&ISO",
    ]
    number, authority = (own.split("^") + [""] * 4)[:4:3]
    full = f"{number}^^^{authority}&1.2.3&ISO^{'MR' if kind else ''}^SWF&1.2.3.4&ISO"
    chosen = draw(st.permutations(others))[: draw(st.integers(0, 3))]
    ids = draw(st.permutations([draw(st.sampled_from([own, full])), *chosen]))
    return text.with_value(places[0], 3, "~".join(ids))


def names(draw: Draw, text: Text) -> Text:
    """Person names with one part only, with many, and several of them."""
    places = text.places("PID")
    if not places:
        return text
    name = st.sampled_from(
        [
            "LINDGREN", "^ASTA", "LINDGREN^ASTA^MARIA^JR^DR^PHD^L", "van der LIND&van der&LIND^ASTA",
            "O'NEILL^ANN-MARIE", "LINDGREN \\T\\ SON^ASTA", "LINDGREN^ASTA^^^^^D", "LINDGREN^ASTA^^^^^^A", "L",
            "X" * 40 + "^Y",
        ]
    )  # fmt: skip
    first = draw(name)
    more = draw(st.lists(name, max_size=2)) if text.version >= "2.5" else []
    return text.with_value(places[0], 5, "~".join([first, *more]))


STAMPS = (("MSH", 7), ("EVN", 2), ("ORC", 9), ("TQ1", 7), ("AIS", 4), ("OBR", 7))


def times(draw: Draw, text: Text) -> Text:
    """Times with a zone, fractions of a second, or less than seconds."""
    segment, number = draw(st.sampled_from(STAMPS))
    places = text.places(segment)
    if not places or not text.value(places[0], number):
        return text
    whole = text.value(places[0], number).ljust(14, "0")
    if not (whole.isdigit() and len(whole) == 14):
        return text
    shapes = ["{0}.1", "{0}.1234", "{0}+0100", "{0}-0930", "{1}", "{0}.5-0500", "{1}+0000"]
    value = _some(draw, *shapes).format(whole, whole[:12])
    if draw(st.booleans()) and text.version < "2.5":
        value += "^S"
    return text.with_value(places[0], number, value)


def births(draw: Draw, text: Text) -> Text:
    """A date of birth that is less or more than a day."""
    places = text.places("PID")
    if not places or not text.value(places[0], 7):
        return text
    return text.with_value(
        places[0], 7, _some(draw, "1958", "195807", "19580714", "195807141030", "19580714103000+0100", '""')
    )


def sexes(draw: Draw, text: Text) -> Text:
    """Codes of a user-defined table."""
    places = text.places("PID")
    if not places or not text.value(places[0], 8):
        return text
    return text.with_value(places[0], 8, _some(draw, "M", "O", "U", "A", "N", "f", "x", "9"))


def applications(draw: Draw, text: Text) -> Text:
    """Sender and receiver by namespace and universal identifier."""
    number = draw(st.integers(3, 6))
    value = text.value(0, number)
    return text.with_value(
        0, number, _some(draw, f"{value}^1.2.3.4^ISO", f"{value}^swf.example^DNS", f"{value} 1", "a" * 40)
    )


def headers(draw: Draw, text: Text) -> Text:
    """A version with its country, a processing mode, fields of the header that are there without a value."""
    which = draw(st.integers(0, 3))
    if which == 0:
        return text.with_value(0, 12, f"{text.value(0, 12).split('^')[0]}^SWE&Sweden&ISO3166")
    if which == 1:
        return text.with_value(0, 11, _some(draw, "T", "D", "P^T", "P^A"))
    if which == 2:
        return text.with_value(0, 10, _some(draw, "1", "ID-20240102/0001", "a" * 20, "A\\T\\B"))
    return text.with_value(0, 16, "")


def versions(draw: Draw, text: Text) -> Text:
    """A version that is higher than the profile's."""
    now = text.version
    higher = [one for one in ("2.5.1", "2.6", "2.7", "2.7.1", "2.8") if one > now] if now >= "2.5" else ["2.3.1"]
    return text.with_value(0, 12, _some(draw, *higher)) if higher else text


def local_segments(draw: Draw, text: Text) -> Text:
    """Segments of local definition, anywhere after the header."""
    place = draw(st.integers(1, len(text.segments)))
    line = _some(draw, "ZSW|1|a\\T\\b^c&d~e", "ZZZ", "Z99|||", "ZPI|P1001^^^SWF|LINDGREN^ASTA")
    return text.with_segment(place, line)


def further_segments(draw: Draw, text: Text) -> Text:
    """An optional segment of the structure, where the structure has it."""
    kind, event = (*text.value(0, 9).split("^"), "")[:2]
    structure = text.structure or (ADT_STRUCTURES.get(event, f"ADT_{event}") if kind == "ADT" else f"{kind}_{event}")
    structure = "SIU_S12" if kind == "SIU" else structure
    order = ORDER.get((structure, text.version >= "2.5"))
    if order is None:
        return text
    present = {segment[0] for segment in text.segments}
    possible = [name for name in order if name in SEGMENTS and name not in present]
    if "PID" not in present:
        possible = [name for name in possible if name == "SFT"]
    elif "PV1" not in present:
        possible = [name for name in possible if name not in ("PV2", "PV1", "DB1", "GT1", "AL1", "OBX", "DG1")]
    if "ORC" in order and "OBR" not in present:
        possible = [name for name in possible if order.index(name) < order.index("ORC")]
    if not possible:
        return text
    name = draw(st.sampled_from(possible))
    later = set(order[order.index(name) + 1 :])
    place = next((at for at, one in enumerate(text.segments) if one[0] in later), len(text.segments))
    return text.with_segment(place, SEGMENTS[name])


def several(draw: Draw, text: Text) -> Text:
    """More steps, more orders, or more observations in one message."""
    kind = text.value(0, 9).split("^")[0]
    names = [segment[0] for segment in text.segments]
    if any("SPS7" in field or "SPS8" in field for segment in text.segments for field in segment):
        return text
    if "MRG" in names and "P5005^^^SWF" not in str(text):
        identifier = "P5005^^^SWF^PI" if text.version >= "2.5" else "P5005^^^SWF"
        text = text.with_segment(len(names), f"PID|||{identifier}||OAKES^ANN")
        return text.with_segment(len(names) + 1, "MRG|T66^^^SWF||||||DOE^ANN")
    if kind == "OMI" and draw(st.booleans()):
        place = text.places("IPC")[0]
        added = text.with_segment(place + 1, "|".join(text.segments[place]))
        return added.with_value(place + 1, 4, "SPS7^OF").with_value(place + 1, 6, "X7^other^99SWF")
    if kind in ("OMI", "OMG", "ORM") and "OBR" in names:
        first = names.index("ORC")
        last = max(at for at, name in enumerate(names) if name in ("OBR", "TQ1", "IPC", "DG1", "OBX", "NTE"))
        return _once_more(text, first, last + 1)
    if kind == "ORU":
        return text.with_segment(len(names), f"OBX|3|{_some(draw, 'ST', 'TX', 'FT')}|SR Text||a\\T\\b~more||||||F")
    return text


def _once_more(text: Text, first: int, end: int) -> Text:
    """The orders from one place to another again, for another step or under another number."""
    for number, segment in enumerate(text.segments[first:end]):
        place = end + number
        text = text.with_segment(place, "|".join(segment))
        if segment[0] == "IPC":
            text = text.with_value(place, 4, f"SPS8{number}^OF")
        if segment[0] == "OBR":
            text = text.with_value(place, 1, str(number + 2)) if text.value(place, 1) else text
            text = text.with_value(place, 20, f"SPS8{number}") if text.value(place, 20) else text
    if text.places("IPC") or text.places("ZDS"):
        return text
    for place in range(end, end + end - first):
        if text.segments[place][0] in ("ORC", "OBR"):
            for field in (2, 3):
                if text.value(place, field):
                    text = text.with_value(place, field, f"{text.value(place, field).replace('1^', '8^')}")
    return text


def comments(draw: Draw, text: Text) -> Text:
    """A comment on an order or an observation."""
    places = text.places("OBR")
    if not places or text.places("NTE"):
        return text
    return text.with_segment(places[-1] + 1, _some(draw, "NTE|1||a\\T\\b", "NTE|1|L|one~two", "NTE|||text"))


def longer(draw: Draw, text: Text) -> Text:
    """Fields that the version does not have, and components beyond those of a type."""
    place = draw(st.integers(1, len(text.segments) - 1))
    name = text.segments[place][0]
    if name in ("PID", "PV1", "ORC", "OBR") and draw(st.booleans()):
        ends = {"PID": 45, "PV1": 60, "ORC": 40, "OBR": 60}
        return text.with_value(place, ends[name], _some(draw, "later", "a^b~c"))
    return text


def characters(draw: Draw, text: Text) -> Text:
    """Characters beyond ASCII in a set that the header names."""
    places = text.places("PID")
    if not places:
        return text
    declared, encoding, name = draw(
        st.sampled_from(
            [
                ("UNICODE UTF-8", "utf-8", "LINDGRÉN^ÅSA"),
                ("8859/1", "latin-1", "MÜLLER^JÜRGEN"),
                ("8859/2", "iso8859-2", "NOVÁK^JIŘÍ"),
                ("8859/5", "iso8859-5", "Иванов^Иван"),
                ("8859/15", "iso8859-15", "MÜLLER^JÜRGEN"),
                ("UNICODE UTF-8", "utf-8", "山田^太郎~ヤマダ^タロウ"),
                ("ASCII", "ascii", "LINDGREN^ASTA"),
                ("UNICODE UTF-8", "utf-8", "LINDGREN^ASTA"),
            ]
        )
    )
    if "~" in name and text.version < "2.5":
        name = name.split("~")[0]
    if text.encoding != "ascii" or (declared == "8859/15" and text.version < "2.4"):
        return text
    named = text.with_value(places[0], 5, name).with_value(0, 18, declared)
    return replace(named, encoding=encoding)


def separators(draw: Draw, text: Text) -> Text:
    """Other delimiters than the recommended ones."""
    content = {sign for segment in text.segments for field in segment for sign in field}
    free = [sign for sign in SEPARATORS if sign not in content]
    chosen = draw(st.permutations(free))[:5]
    return replace(text, delimiters="".join(chosen)) if len(chosen) == 5 else text


def null(draw: Draw, text: Text) -> Text:
    """The null in an optional field that nobody demands."""
    segment, number = draw(
        st.sampled_from([("PID", 11), ("PID", 13), ("PID", 16), ("PV1", 18), ("OBR", 13), ("ORC", 14)])
    )
    places = text.places(segment)
    return text.with_value(places[0], number, '""') if places else text


CHANGES: tuple[Change, ...] = (
    empty_ends, filled, filled, filled, identifiers, names, times, births, sexes, applications, headers, versions,
    local_segments, further_segments, further_segments, longer, characters, null, several, several, comments,
)  # fmt: skip


@st.composite
def varied(draw: Draw, text: Text) -> Text:
    """A message with some of the variations, and now and then with other delimiters."""
    chosen = draw(st.lists(st.integers(0, len(CHANGES) - 1), max_size=6))
    for number in chosen:
        text = CHANGES[number](draw, text)
    return separators(draw, text) if draw(st.integers(0, 7)) == 7 else text
