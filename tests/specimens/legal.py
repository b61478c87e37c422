"""Makes, from a table alone, a message that keeps every row of it."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from harness.checks.conditions import Test, parse_condition
from harness.hl7 import edit, parse_path
from harness.model.tables import AttributeTable, Hl7Row, Hl7Table, Usage

DEMANDING = (Usage.REQUIRED, Usage.REQUIRED_BY_IHE, Usage.CONDITIONAL)
_OF_TYPE = {
    "TS": "20240102101500",
    "SI": "1",
    "NM": "1",
    "DT": "20240102",
    "TM": "1015",
    "UID": "1.2.3",
    "CX": "1^^^NS^PI",
    "XPN": "LINDGREN^ASTA",
    "XCN": "3004^HOLM",
    "CE": "C^text^99SWF",
    "EI": "E1^NS",
    "TQ": "1^once^^202401021100^^R",
    "RP": "1.2.3^APP^Application^DICOM",
}
_OF_VR = {
    "DA": "20240102",
    "TM": "101500",
    "DT": "20240102101500",
    "UI": "1.2.3",
    "US": 1,
    "UL": 1,
    "IS": "1",
    "DS": "1",
    "PN": "LINDGREN^ASTA",
    "AS": "030Y",
}
_NUMBERS = ("US", "UL")


def _condition_path(row: Any) -> tuple[str, str]:
    """Path and value that make a row's condition hold; no value where it wants the path absent."""
    condition = parse_condition(row.when)
    assert condition is not None
    if condition.test is Test.ABSENT:
        return condition.path, ""
    return condition.path, (condition.values or ("X",))[0]


def demanded(table: Hl7Table) -> dict[str, Hl7Row]:
    """The rows whose obligation can be broken by leaving the value out."""
    absent = {path for path, row in table.rows.items() if row.use is Usage.NOT_SUPPORTED and not row.when}
    found = {}
    for path, row in table.rows.items():
        if row.use not in DEMANDING or (row.condition and not row.when):
            continue
        if row.use is Usage.CONDITIONAL and not row.when:
            continue
        if row.when:
            other, value = _condition_path(row)
            wanted = table.rows.get(other)
            if value and (other in absent or (wanted and wanted.values and value not in wanted.values)):
                continue
            if not value and wanted is not None and wanted.use in DEMANDING:
                continue
        found[path] = row
    return found


def message_of(table: Hl7Table, about: str = "") -> bytes:
    """A message with a value for each demanded row, in which the condition of the row `about` holds."""
    rows = demanded(table)
    wanted: dict[str, str] = {}
    for path, row in rows.items():
        if row.when:
            other, value = _condition_path(row)
            holds = value == wanted.get(other)
            if value and not holds and row.when != (rows[about].when if about in rows else ""):
                continue
            if value:
                wanted.setdefault(other, value)
        only = table.rows.get(f"{path}.1")
        values = row.values or (only.values if only is not None else ())
        wanted[path] = (values or (_OF_TYPE.get(row.type, "X"),))[0]
    for path, row in table.rows.items():
        if row.equals and path in wanted:
            wanted[path] = wanted[row.equals] = wanted.get(row.equals, wanted[path])
    segments = dict.fromkeys([*table.segments, *(parse_path(path).segment for path in wanted)])
    raw = "".join(f"{name}|\r" if name != "MSH" else "MSH|^~\\&|\r" for name in segments).encode()
    for path in sorted(wanted, key=lambda one: one.count(".")):
        raw = _set(raw, path, wanted[path])
    return raw


def _set(raw: bytes, path: str, text: str) -> bytes:
    if "^" not in text:
        return edit.set_value(raw, path, text)
    for number, part in enumerate(text.split("^"), 1):
        if part:
            raw = edit.set_value(raw, f"{path}.{number}" if "." not in path else path, part)
    return raw


def value_of(keyword: str, values: tuple[str, ...]) -> Any:
    """A value that an attribute may have."""
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    if values:
        return values[0] if vr not in _NUMBERS else int(values[0]) if values[0].isdigit() else 9999
    return _OF_VR.get(vr, "X")


def dataset_of(table: AttributeTable) -> Dataset:
    """A data set with every attribute of the table that may be there, one item in each sequence."""
    made = Dataset()
    for path, row in table.rows.items():
        if row.type != "-":
            put(made, path, row.values)
    return made


def put(dataset: Dataset, path: str, values: tuple[str, ...] = ()) -> None:
    """Make an attribute at a path, and the items it lies in."""
    *above, last = (part.replace("[*]", "") for part in path.split("."))
    for keyword in above:
        if not dataset.get(keyword):
            setattr(dataset, keyword, Sequence([Dataset()]))
        dataset = dataset[keyword].value[0]
    if dictionary_VR(tag_for_keyword(last) or 0) == "SQ":
        if not dataset.get(last):
            setattr(dataset, last, Sequence([Dataset()]))
    elif last not in dataset:
        setattr(dataset, last, value_of(last, values))


def take(dataset: Dataset, path: str) -> None:
    """Take an attribute out, in every item."""
    *above, last = (part.replace("[*]", "") for part in path.split("."))
    holders = [dataset]
    for keyword in above:
        holders = [item for holder in holders if keyword in holder for item in holder[keyword].value]
    for holder in holders:
        if last in holder:
            del holder[last]
