"""Parts of data sets that are legal and unusual, for every service alike. Knows no service and no module."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from tests.specimens.builder import code, dataset

NAMES = (
    (("LINDGREN^ASTA", "lindgren^asta", "LINDGREN", "^ASTA", "LINDGREN^ASTA^MARIA^DR^JR", "O'NEIL^ANN", "L^^^^"), ""),
    (("MÜLLER^JÜRGEN", "LINDGRÉN^ÅSA"), "ISO_IR 100"),
    (
        ("LINDGRÉN^ÅSA", "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Иванов^Иван", "MÜLLER^JÜRGEN=MULLER"),
        "ISO_IR 192",
    ),
    (("Иванов^Иван",), "ISO_IR 144"),
    (("Yamada^Tarou=山田^太郎=やまだ^たろう",), "\\ISO 2022 IR 87"),
    (("Hong^Gildong=洪^吉洞=홍^길동",), "\\ISO 2022 IR 149"),
    (("LINDGREN^ASTA",), "ISO_IR 6"),
)
"""Person names with a character set that suffices for them."""


def character_sets(name: str) -> str:
    """The set that a name of the list goes with."""
    return next(charset for names, charset in NAMES if name in names)


@st.composite
def people(draw: st.DrawFn) -> tuple[str, str]:
    """A person name and its character set, empty for the default one."""
    names, charset = draw(st.sampled_from(NAMES))
    return draw(st.sampled_from(names)), charset


def charset_of(value: str) -> str | list[str]:
    """A character set as pydicom takes it."""
    return value.split("\\") if "\\" in value else value


@st.composite
def codes(draw: st.DrawFn, value: str, meaning: str = "a meaning") -> Dataset:
    """A coded entry: plain, with a version, with a long code, or with a URN (PS3.3 8)."""
    which = draw(st.integers(0, 5))
    made = code(value, meaning=meaning)
    if which == 1:
        made.CodingSchemeVersion = "2024"
    elif which == 2:
        del made.CodeValue
        made.LongCodeValue = f"{value}-a-code-of-more-than-sixteen-characters"
    elif which == 3:
        del made.CodeValue
        made.URNCodeValue = f"urn:oid:1.2.3.{len(value)}"
        del made.CodingSchemeDesignator
    elif which == 4:
        made.MappingResource, made.ContextUID = "99SWF", "1.2.3.4.99"
        made.ContextIdentifier, made.ContextGroupVersion = "99", "20240101"
    return made


@st.composite
def private(draw: st.DrawFn, made: Dataset) -> Dataset:
    """The data set with a private block (PS3.5 7.8)."""
    group = draw(st.sampled_from((0x0009, 0x0019, 0x0029, 0x7FE1)))
    vr, value = draw(
        st.sampled_from(
            (("LO", "text"), ("OB", b"\x01\x02"), ("DS", "1.5"), ("UN", b"ab"), ("US", 7), ("LO", ""), ("CS", "OPEN"))
        )
    )
    block = draw(st.integers(0x10, 0x12))
    made.add_new((group, block), "LO", "SWF PRIVATE 1.0")
    made.add_new((group, (block << 8) + draw(st.integers(0, 3))), vr, value)
    if draw(st.integers(0, 3)) == 3:
        made.add_new((group, (block << 8) + 9), "SQ", [dataset(PatientID="P1")])
    return made


def put(made: Dataset, keyword: str, value: object) -> Dataset:
    """The data set with one more attribute; a list of data sets makes a sequence."""
    made.update(dataset(**{keyword: value}))
    return made


def take(made: Dataset, *keywords: str) -> Dataset:
    """The data set without some attributes."""
    for keyword in keywords:
        if keyword in made:
            del made[keyword]
    return made


def elements(made: Dataset) -> Sequence[DataElement]:
    """The attributes of a data set."""
    return list(made)
