"""Legal but unusual variations of HL7 messages (HL7 v2.5.1 2, v2.3.1 2). Each takes a message and gives it back changed.

A variation that a message does not admit leaves it as it is. What the transactions forbid is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from hypothesis import strategies as st

from tests.legal.hl7_text import RECOMMENDED, Text

Draw = Callable[[st.SearchStrategy], object]
Change = Callable[[Draw, Text], Text]

ESCAPES = ("\\F\\", "\\S\\", "\\T\\", "\\R\\", "\\E\\", "\\X41\\", "\\X0D0A\\", "\\.br\\", "\\H\\bold\\N\\", "\\Zlocal\\")
SEPARATORS = ("!", "#", "$", "%", "*", "@", ";", ":", "=", "{", "`", "<")

FILLINGS: Mapping[str, Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        "MSH": {
            17: ("SWE", "DEU"),
            19: ("sv^Swedish^ISO639", "de"),
            21: ("PROF1^IHE",),
        },
        "EVN": {4: ("01", "zz"), 5: ("OP1^LIND^MARIA",)},
        "PID": {
            1: ("1", "0001"),
            6: ("BERG^EVA", "^EVA"),
            10: ("q", "2106-3^White^HL70005", "a\\T\\b^c"),
            11: ("12 ELM ST \\T\\ CO^^LUND^^22100^SWE^H~BOX 1^^LUND", "&ELM ST&12^^LUND", "^^LUND"),
            13: ("^PRN^PH^^46^8^5551234~^NET^Internet^a@b.example", "(46)8-5551234X12CHOME"),
            14: ("5551234",),
            15: ("sv^Swedish^99X",),
            16: ("q", "M^Married^HL70002"),
            17: ("zzz",),
            21: ("P900^^^SWF",),
            22: ("q",),
            23: ("ST. \\T\\ MARY",),
            24: ("N", "Y"),
            25: ("2",),
            30: ("N",),
        },
        "PV1": {
            1: ("1",),
            4: ("E", "q"),
            5: ("PRE1^^^SWF",),
            7: ("3001^ALM^BO~3002^ASK^ADA", "3001^van&ALM&van^BO^^^DR^MD^^SWF&1.2.3&ISO^L"),
            8: ("3004^HOLM^PETER~3005^BRANDT^EVA",),
            10: ("rad", "zzz"),
            14: ("q",),
            15: ("B6", "A0", "B6~A0"),
            17: ("3003^EK^IDA",),
            18: ("q",),
            20: ("q",),
            36: ("01",),
            39: ("X",),
            44: ("20240102", "202401021000"),
            50: ("ALT1^^^SWF",),
        },
        "ORC": {
            6: ("N", "E"),
            10: ("4001^LIND^MARIA",),
            11: ("4002^LIND^KARL",),
            13: ("RADOPD^1^2^SWF",),
            14: ("^WPN^PH^^46^8^5551234", "555 1234"),
            15: ("20240102", "20240102101400.5"),
            16: ("why^because \\T\\ so^99X", "^free text"),
            18: ("CT^Scanner^L",),
            19: ("4001^LIND^MARIA~4002^LIND^KARL",),
        },
        "TQ1": {10: ("if \\T\\ when",), 11: ("text",), 3: ("",), 12: ("S",)},
        "OBR": {
            11: ("G", "q"),
            12: ("HIGH^high risk \\T\\ more^99X", "^aneurysm"),
            13: ("a \\T\\ b", "\\X41\\", "fever \\.br\\ cough"),
            17: ("^WPN^PH^^46^8^5551234",),
            30: ("WALK", "CART"),
            31: ("^cough \\T\\ fever", "R05^Cough^I10~R50^Fever^I10"),
            33: ("3001&ALM&BO",),
            41: ("A", "N"),
            43: ("^note",),
        },
        "SCH": {8: ("NORMAL^Normal^HL70276", "^odd"), 9: ("30",), 12: ("4002^LIND^KARL",), 13: ("5551234",)},
        "AIS": {5: ("0",), 7: ("30",)},
        "MRG": {3: ("ACC66^^^SWF",)},
        "IPC": {7: ("CTROOM", "CT\\T\\1^SWF"), 8: ("ROOM1^Room 1^99X", "^Room"), 9: ("CT1",)},
        "OBX": {7: ("0-1", "a\\T\\b"), 9: ("0.5",), 13: ("q",), 15: ("LAB^Lab^99X",), 16: ("4001^LIND^MARIA",)},
    }
)
"""Values that optional fields may have, by segment and field."""

NOT_BEFORE_2_5 = (("MSH", 21),)
"""Fields that version 2.3.1 has otherwise, or does not have."""

_ADT = ("MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1")
_OMG = ("MSH", "SFT", "NTE", "PID", "PD1", "NK1", "PV1", "PV2", "GT1", "AL1", "ORC", "TQ1", "TQ2", "OBR", "DG1", "OBX")
ORDER: Mapping[tuple[str, bool], tuple[str, ...]] = MappingProxyType(
    {
        ("ADT_A01", False): ("MSH", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1"),
        ("ADT_A02", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A03", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "DG1", "OBX"),
        ("ADT_A06", False): ("MSH", "EVN", "PID", "PD1", "MRG", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1"),
        ("ADT_A09", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A12", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A38", False): ("MSH", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A39", False): ("MSH", "EVN", "PID", "PD1", "MRG", "PV1"),
        ("ORM_O01", False): ("MSH", "NTE", "PID", "PD1", "PV1", "PV2", "GT1", "AL1", "ORC", "OBR", "DG1", "OBX"),
        ("SIU_S12", False): ("MSH", "SCH", "NTE", "PID", "PV1", "PV2", "OBX", "DG1", "RGS", "AIS"),
        ("ORU_R01", False): ("MSH", "PID", "PD1", "PV1", "PV2", "ORC", "OBR", "NTE", "OBX"),
        ("ADT_A01", True): _ADT,
        ("ADT_A02", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX"),
        ("ADT_A03", True): ("MSH", "SFT", "EVN", "PID", "PD1", "NK1", "PV1", "PV2", "DB1", "AL1", "DG1", "OBX"),
        ("ADT_A05", True): _ADT,
        ("ADT_A06", True): (
            "MSH", "SFT", "EVN", "PID", "PD1", "MRG", "NK1", "PV1", "PV2", "DB1", "OBX", "AL1", "DG1",
        ),
        ("ADT_A09", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A12", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A38", True): ("MSH", "SFT", "EVN", "PID", "PD1", "PV1", "PV2", "DB1", "OBX", "DG1"),
        ("ADT_A39", True): ("MSH", "SFT", "EVN", "PID", "PD1", "MRG", "PV1"),
        ("OMG_O19", True): _OMG,
        ("OMI_O23", True): (
            "MSH", "SFT", "NTE", "PID", "PD1", "PV1", "PV2", "GT1", "AL1", "ORC", "TQ1", "TQ2", "OBR", "DG1", "OBX", "IPC",
        ),
        ("SIU_S12", True): ("MSH", "SCH", "TQ1", "NTE", "PID", "PD1", "PV1", "PV2", "OBX", "DG1", "RGS", "AIS"),
        ("ORU_R01", True): ("MSH", "SFT", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "NTE", "OBX"),
    }
)  # fmt: skip
"""Segments in the order of their structure, up to version 2.4 and from 2.5 on; segments of later groups are left out."""

_ADT_STRUCTURES = MappingProxyType(
    {
        "A04": "ADT_A01", "A05": "ADT_A01", "A08": "ADT_A01", "A13": "ADT_A01", "A11": "ADT_A09", "A07": "ADT_A06",
        "A40": "ADT_A39",
    }
)  # fmt: skip

SEGMENTS: Mapping[str, str] = MappingProxyType(
    {
        "SFT": "SFT|SWF^L|1.0|PRODUCT|BIN1",
        "NTE": "NTE|1|L|a comment \\T\\ more",
        "PD1": "PD1|||SWF CLINIC^L",
        "NK1": "NK1|1|LINDGREN^KARL|SPO",
        "PV2": "PV2|||why^because^99X",
        "DB1": "DB1|1|PT",
        "OBX": "OBX|1|ST|WEIGHT^Weight^99X||70|kg^kilogram^99X|||||F",
        "AL1": "AL1|1|DA|IOD^Iodine^99X",
        "DG1": "DG1|1||R05^Cough^I10|||W",
        "GT1": "GT1|1||LINDGREN^KARL",
        "TQ2": "TQ2|1|S",
    }
)
"""Segments that may come in addition."""


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
    kind = "^PI" if text.version >= "2.5" else ""
    others = [f"9001^^^OTHER{kind}", "19580714-1234^^^SE&1.2.752.129.2.1.3.1&ISO^NNSWE", "X^7^M11^LAB&1.2&ISO^MR^SWF&1.3&ISO"]
    full = "^".join([*(own.split("^") + [""] * 5)[:4], "MR" if kind else "", "SWF&1.2.3&ISO"])
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
            "LINDGREN", "^ASTA", "LINDGREN^ASTA^MARIA^JR^DR^PHD^L", "van der LIND&van der&LIND^ASTA", "O'NEILL^ANN-MARIE",
            "LINDGREN \\T\\ SON^ASTA", "LINDGREN^ASTA^^^^^D", "LINDGREN^ASTA^^^^^^A", "L", "X" * 40 + "^Y",
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
    whole = text.value(places[0], number)[:14].ljust(14, "0")
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
    return text.with_value(places[0], 7, _some(draw, "1958", "195807", "19580714", "195807141030", "19580714103000+0100"))


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
    return text.with_value(0, number, _some(draw, f"{value}^1.2.3.4^ISO", f"{value}^swf.example^DNS", f"{value} 1", "a" * 40))


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
    structure = text.structure or (_ADT_STRUCTURES.get(event, f"ADT_{event}") if kind == "ADT" else f"{kind}_{event}")
    structure = "SIU_S12" if kind == "SIU" else structure
    order = ORDER.get((structure, text.version >= "2.5"))
    if order is None:
        return text
    present = {segment[0] for segment in text.segments}
    possible = [name for name in order if name in SEGMENTS and name not in present]
    if "PID" not in present:
        possible = [name for name in possible if order.index(name) < order.index("ORC") and name in ("NTE", "SFT")]
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
    segment, number = draw(st.sampled_from([("PID", 11), ("PID", 13), ("PID", 16), ("PV1", 18), ("OBR", 13), ("ORC", 14)]))
    places = text.places(segment)
    return text.with_value(places[0], number, '""') if places else text


CHANGES: tuple[Change, ...] = (
    empty_ends, filled, filled, filled, identifiers, names, times, births, sexes, applications, headers, versions,
    local_segments, further_segments, further_segments, longer, characters, null,
)  # fmt: skip


@st.composite
def varied(draw: Draw, text: Text) -> Text:
    """A message with some of the variations, and now and then with other delimiters."""
    chosen = draw(st.lists(st.integers(0, len(CHANGES) - 1), max_size=4))
    for number in chosen:
        text = CHANGES[number](draw, text)
    return separators(draw, text) if draw(st.integers(0, 7)) == 7 else text
