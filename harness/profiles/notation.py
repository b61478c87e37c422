"""The notations used inside the data files: paths, conditions, places of edges and citations.

Each reader returns the parsed form or raises ValueError with a text that names the nearest valid word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from pydicom.datadict import dictionary_VR, keyword_dict, tag_for_keyword

from harness.model.names import LegId, TransactionId
from harness.model.tables import Place
from harness.model.transcript import Half
from harness.yaml_source import nearest

_HL7_FIELD = re.compile(r"[A-Z][A-Z0-9]{2}(\[\d+\])?-\d+(\[\d+\])?(\.\d+){0,2}")
_PART = re.compile(r"([A-Za-z0-9]+)(\[(\*|\d+)\])?")
_CONDITION = re.compile(r"(?P<path>\S+) (?:(?P<test>valued|absent)|= (?P<values>.+))")
_PLACE = re.compile(r"(?P<transaction>RAD-\d+)(?:/(?P<leg>[a-z-]+))? (?:(?P<half>request|response)\.)?(?P<paths>.+)")
_STANDARD = re.compile(r"PS3\.\d+( .+)?|HL7 v\d+(\.\d+)+( .+)?|ITI-\d+")


@dataclass(frozen=True)
class Condition:
    """`PATH = A, B`, `PATH valued` or `PATH absent`: exactly one of `values`, `valued` and `absent` says what.

    `also` holds the further ones that `and` joins to it.
    """

    path: str
    values: tuple[str, ...] = ()
    valued: bool = False
    absent: bool = False
    also: tuple[Condition, ...] = ()


def is_hl7_path(text: str) -> bool:
    """Whether a path is an HL7 field path (`PID-3.4.1`)."""
    return _HL7_FIELD.fullmatch(text) is not None


def check_hl7_path(text: str) -> None:
    """ValueError unless the text is an HL7 field path."""
    if not is_hl7_path(text):
        raise ValueError(f"`{text}` is not an HL7 field path such as PID-3.4.1")


def check_attribute_path(text: str) -> None:
    """ValueError unless the text is an attribute path of DICOM keywords, with sequences before the last one."""
    parts = text.split(".")
    for index, part in enumerate(parts):
        match = _PART.fullmatch(part)
        if match is None or not part.isascii():
            raise ValueError(f"`{part}` in `{text}` is not a keyword, with an item in [ ] where it is a sequence")
        keyword = match[1]
        tag = tag_for_keyword(keyword)
        if tag is None:
            raise ValueError(f"unknown DICOM keyword `{keyword}`{nearest(keyword, _keywords())}")
        inner = index < len(parts) - 1
        if (inner or match[2]) and dictionary_VR(tag) != "SQ":
            raise ValueError(f"`{keyword}` in `{text}` is not a sequence")


@cache
def _keywords() -> tuple[str, ...]:
    return tuple(keyword_dict)


def check_path(text: str) -> None:
    """ValueError unless the text is an HL7 field path or an attribute path."""
    if "-" in text:
        check_hl7_path(text)
    else:
        check_attribute_path(text)


def parse_condition(text: str) -> Condition:
    """Read a condition, or several joined by `and`; ValueError when it is not one."""
    one, *more = [_parse_term(part.strip()) for part in text.split(" and ")]
    return replace(one, also=tuple(more))


def _parse_term(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a condition: PATH = A, B or PATH valued or PATH absent")
    check_path(match["path"])
    if match["values"]:
        return Condition(match["path"], values=tuple(value.strip() for value in match["values"].split(",")))
    return Condition(match["path"], valued=match["test"] == "valued", absent=match["test"] == "absent")


def parse_place(text: str) -> Place:
    """Read a place of an edge, `RAD-n[/leg] [request.|response.]path | path`; ValueError when it is not one."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a place such as `RAD-5 response.StudyInstanceUID`")
    paths = tuple(path.strip() for path in match["paths"].split("|"))
    for path in paths:
        check_path(path)
    return Place(
        transaction=TransactionId(match["transaction"]),
        half=Half(match["half"] or "request"),
        paths=paths,
        leg=LegId(match["leg"]) if match["leg"] else None,
    )


def check_citation(text: str, clauses: Mapping[str, str]) -> None:
    """ValueError unless each clause of a citation is known (IHE) or of a standard's form (`PS3.4 Table K.6-1`)."""
    if not text:
        raise ValueError("a citation is missing")
    for clause in (part.strip() for part in text.split(";")):
        if " TF-" in clause:
            if clause not in clauses:
                raise ValueError(f"`{clause}` is not on the list of known clauses{nearest(clause, clauses)}")
        elif _STANDARD.fullmatch(clause) is None:
            raise ValueError(f"`{clause}` is not a citation such as RAD TF-2: 4.5, PS3.4 K.6 or HL7 v2.5.1 2.14")
