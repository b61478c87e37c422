"""Mutants of data sets, row by row of the attribute tables, and attribute by attribute where there is no row.

Owns what each type forbids (PS3.5 7.4), read off the row. It must not know how a row is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from harness.dicom.paths import PathPart, name_of, parse_path, value_text
from harness.model.proof import Expected, Mutation
from harness.model.tables import AttributeRow, AttributeTable
from harness.profiles.notation import parse_condition
from harness.selftest.changes import EditCommand, EditMessage
from harness.selftest.edits import Edit, Operation
from harness.selftest.mutants import WRONG, WRONG_UID, Mutant, Spot, bare, of_one

_OUTSIDE = "ZZ9"
_OF_VR: Mapping[str, str] = MappingProxyType(
    {
        "DA": "19000101",
        "TM": "030303",
        "DT": "19000101030303",
        "UI": WRONG_UID,
        "PN": "WRONG^NAME",
        "AS": "099Y",
        "IS": "99",
        "DS": "99",
        "US": "99",
        "UL": "99",
        "SS": "99",
        "SL": "99",
        "FL": "99",
        "FD": "99",
    }
)
"""Another value of the right type."""
_WRONG_FORM: Mapping[str, str] = MappingProxyType(
    {
        "DA": "yesterday",
        "TM": "noon",
        "DT": "whenever",
        "UI": "1.02.x",
        "CS": "not a code string",
        "IS": "twelve",
        "DS": "one half",
        "AS": "old",
        "SH": "far longer than sixteen characters",
    }
)
"""A value that the value representation forbids (PS3.5 6.2)."""
_NO_WALK = frozenset({"PixelData"})
_CHARACTER_SETS = ("ISO_IR 100", "ISO_IR 144")


def another(vr: str, old: str) -> str:
    """Another value of the right type, never the old one."""
    value = _OF_VR.get(vr, "WRONG1")
    return value if value != old else value[:-1] + "2"


def places(dataset: Dataset, path: str) -> tuple[str, ...]:
    """Every place that a path names in the items that there are, with their indices."""
    return tuple(_places(dataset, parse_path(path), ""))


def _places(item: Dataset, parts: tuple[PathPart, ...], prefix: str) -> Iterator[str]:
    part, rest = parts[0], parts[1:]
    if not rest:
        yield prefix + part.name
        return
    if part.tag in item and item[part.tag].VR == "SQ":
        for index, child in enumerate(item[part.tag].value):
            if part.index in (None, index):
                yield from _places(child, rest, f"{prefix}{part.name}[{index}].")


def value_at(dataset: Dataset, place: str) -> str | None:
    """The value at a place, `an item` for a sequence that has one; None when the attribute is absent."""
    item = dataset
    *outer, last = parse_path(place)
    for part in outer:
        item = item[part.tag].value[part.index or 0]
    if last.tag not in item:
        return None
    element = item[last.tag]
    if element.VR == "SQ":
        return "an item" if element.value else ""
    return value_text(element).strip(" \0")


def asked(identifier: Dataset, path: str) -> bool:
    """Whether a query asks for an attribute: it names it, or a sequence that it lies in without any key."""
    items = [identifier]
    for part in parse_path(path):
        items = [item for item in items if part.tag in item]
        if not items:
            return False
        if items[0][part.tag].VR != "SQ":
            return True
        below = [child for item in items for child in item[part.tag].value]
        if not any(len(child) for child in below):
            return True
        items = below
    return True


def first_and_last(found: tuple[str, ...]) -> tuple[str, ...]:
    """The first and the last of several places."""
    return found if len(found) < 2 else (found[0], found[-1])


def of_table(
    spot: Spot,
    dataset: Dataset,
    name: str,
    table: AttributeTable,
    *,
    identifier: Dataset | None = None,
    given: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Mutant]:
    """Every row of an attribute table, in the first and the last item that it is about.

    `identifier` is the query that was asked; `given` are command elements that a condition may name.
    """
    for path, row in table.rows.items():
        if row.when_requested and (identifier is None or not asked(identifier, path)):
            continue
        for place in first_and_last(places(dataset, path)):
            applies = _applies(dataset, row, place, given)
            expected = f"{name}/{path}"
            later = _is_later(place)
            for mutation, kind, *edits in _breaking(dataset, row, place, applies, given):
                touched = tuple(dict.fromkeys((place, *(edit.path for edit in edits))))
                broken = of_one(f"attributes {kind}", expected)
                yield spot.mutant(mutation, edits, broken, touched=touched, later=later)
            if applies is False and row.type in ("1C", "2C") and parse_condition(row.when).path in given:
                yield _by_command(spot, dataset, row, place, of_one("attributes type", expected))


def _by_command(spot: Spot, dataset: Dataset, row: AttributeRow, place: str, expected: tuple[Expected, ...]) -> Mutant:
    """The command element that a condition names makes it hold, and the attribute is not there."""
    condition = parse_condition(row.when)
    command = EditCommand(spot.at, fields={condition.path: (condition.values or ("1",))[0]})
    removed = (EditMessage(spot.at, (Edit(Operation.REMOVE, place),)),) if value_at(dataset, place) is not None else ()
    return Mutant(
        place=f"{spot.title} {bare(place)}",
        mutation=Mutation.CONDITION,
        changes=(command, *removed),
        where=(spot.evidence(place), spot.evidence(condition.path)),
        expected=expected,
    )


_Breaking = tuple[Mutation, str, *tuple[Edit, ...]]


def _breaking(
    dataset: Dataset, row: AttributeRow, place: str, applies: bool | None, given: Mapping[str, str]
) -> Iterator[_Breaking]:
    """Every way to break a row at a place."""
    value = value_at(dataset, place)
    removed = Edit(Operation.REMOVE, place)
    if row.type == "-" or (row.only_then and applies is False):
        sequence = row.only_then and dictionary_VR(_last(place)) == "SQ"
        if value is None and not sequence and (applies or row.type != "-"):
            yield Mutation.FORBIDDEN, "type", _present(place)
        if row.type == "-":
            return
    if applies:
        if value is not None and row.type[0] in "12":
            yield Mutation.REMOVED, "type", removed
        if value and row.type[0] == "1":
            yield Mutation.EMPTIED, "type", Edit(Operation.SET, place, "")
    elif applies is None and value and row.type == "1C" and not row.when_requested:
        yield Mutation.EMPTIED, "type", Edit(Operation.SET, place, "")
    elif applies is False and row.type in ("1C", "2C") and parse_condition(row.when).path not in given:
        condition = _condition(dataset, row, place)
        if condition is not None:
            yield (Mutation.CONDITION, "type", condition, *((removed,) if value is not None else ()))
    if value and row.values and (applies is not False or row.type == "3") and dictionary_VR(_last(place)) != "SQ":
        yield Mutation.OUTSIDE, "values", Edit(Operation.SET, place, _OUTSIDE)


def _condition(dataset: Dataset, row: AttributeRow, place: str) -> Edit | None:
    """The edit that makes a condition hold; None where that takes more than one attribute."""
    condition = parse_condition(row.when)
    other = _beside(condition.path, place)
    if condition.absent:
        return Edit(Operation.REMOVE, other) if value_at(dataset, other) else None
    try:
        found = value_at(dataset, other)
    except (LookupError, AttributeError):
        return None
    if dictionary_VR(_last(other)) == "SQ":
        return None
    value = condition.values[0] if condition.values else another(dictionary_VR(_last(other)), "")
    return Edit(Operation.SET, other, value) if found != value else None


def _present(place: str) -> Edit:
    vr = dictionary_VR(_last(place))
    return Edit(Operation.SET, place, "" if vr == "SQ" else another(vr, ""))


def _last(place: str) -> str:
    return place.rpartition(".")[2].partition("[")[0]


def _is_later(place: str) -> bool:
    return any(part.index not in (None, 0) for part in parse_path(place))


def _applies(dataset: Dataset, row: AttributeRow, place: str, given: Mapping[str, str]) -> bool | None:
    """Whether the row's condition holds; None when it is prose."""
    if not row.when:
        return None if row.condition or row.type in ("1C", "2C") else True
    condition = parse_condition(row.when)
    if condition.path in given:
        values = [given[condition.path]]
    else:
        found = (value_at(dataset, one) for one in places(dataset, _beside(condition.path, place)))
        values = [value for value in found if value]
    if condition.values:
        return any(value in condition.values for value in values)
    return bool(values) is condition.valued


def _beside(path: str, place: str) -> str:
    """A path in the item that a place lies in."""
    wanted, here = path.split("."), place.split(".")
    for index, (part, other) in enumerate(zip(wanted[:-1], here[:-1], strict=False)):
        if bare(part).removesuffix("[*]") != bare(other):
            break
        wanted[index] = other
    return ".".join(wanted)


def walk(spot: Spot, dataset: Dataset, title: str) -> Iterator[Mutant]:
    """Every attribute that is there, removed, emptied, and with a value of the wrong form.

    What has to break is not known from a table; what breaks besides what speaks of the attribute is too much.
    """
    for place in _present_places(dataset, ""):
        vr = dictionary_VR(_last(place))
        key = (title, bare(place))
        yield spot.mutant(Mutation.REMOVED, (Edit(Operation.REMOVE, place),), key=key)
        if value_at(dataset, place):
            yield spot.mutant(Mutation.EMPTIED, (Edit(Operation.SET, place, ""),), key=key)
            if name_is(place, "SpecificCharacterSet"):
                other = _CHARACTER_SETS[value_at(dataset, place) == _CHARACTER_SETS[0]]
                yield spot.mutant(Mutation.WRONG_VALUE, (Edit(Operation.SET, place, other),), key=key)
                continue
            if vr in _WRONG_FORM:
                yield spot.mutant(Mutation.WRONG_TYPE, (Edit(Operation.SET, place, _WRONG_FORM[vr]),), key=key)
            if vr != "SQ":
                edit = Edit(Operation.SET, place, another(vr, value_at(dataset, place) or ""))
                yield spot.mutant(Mutation.WRONG_VALUE, (edit,), key=key)


def items(
    spot: Spot, dataset: Dataset, title: str, due: Callable[[str, str], tuple[Expected, ...]]
) -> Iterator[Mutant]:
    """Every sequence that has items: one too many, one twice, one missing, and two in each other's place.

    `due` says what has to break when the item of that identifier is missing, or one is too many (no identifier).
    """
    for path, count in _sequences(dataset, ""):
        key = (title, bare(path))
        last = f"{path}[{count - 1}]"
        uids = tuple(_uids(dataset, last))
        if uids:
            surplus = [Edit(Operation.DUPLICATE, last)]
            surplus += [Edit(Operation.SET, f"{path}[{count}]{rest}", WRONG_UID) for rest in uids]
            yield spot.mutant(Mutation.SURPLUS_ITEM, surplus, due(path, ""), touched=(path,), key=key)
        elif value_at(dataset, f"{last}.CodeValue"):
            code = (Edit(Operation.DUPLICATE, last), Edit(Operation.SET, f"{path}[{count}].CodeValue", WRONG))
            yield spot.mutant(Mutation.SURPLUS_ITEM, code, touched=(path,), key=key)
        for index in (0, count - 1) if count > 1 else ():
            item = f"{path}[{index}]"
            uid = next((value_at(dataset, item + rest) or "" for rest in _uids(dataset, item)), "")
            broken = due(path, uid) if uid else ()
            missing = (Edit(Operation.REMOVE, item),)
            yield spot.mutant(Mutation.MISSING_ITEM, missing, broken, touched=(path,), key=key, later=index > 0)
        if count > 1:
            order = (Edit(Operation.REORDER, f"{path}[0]"),)
            yield spot.mutant(Mutation.REORDERED, order, touched=(path,), key=key)
        twice = (Edit(Operation.DUPLICATE, last),)
        yield spot.mutant(Mutation.REPEATED, twice, touched=(path,), key=key)


def _sequences(item: Dataset, prefix: str) -> Iterator[tuple[str, int]]:
    for element in item:
        if element.VR == "SQ" and element.value and not element.tag.is_private:
            path = prefix + name_of(element.tag)
            yield path, len(element.value)
            yield from _sequences(element.value[0], f"{path}[0].")


def _uids(dataset: Dataset, place: str) -> Iterator[str]:
    """The identifiers of an item that are its own: what they are called behind the item."""
    item = dataset
    for part in parse_path(place):
        item = item[part.tag].value[part.index or 0]
    for element in item:
        name = name_of(element.tag)
        if element.VR == "UI" and element.value and not name.endswith("ClassUID"):
            yield f".{name}"


def of_object(spot: Spot, dataset: Dataset, title: str) -> Iterator[Mutant]:
    """An object without a whole group of attributes, with a value too many, and with undeclared characters."""
    for group in sorted({element.tag.group for element in dataset if not element.tag.is_private}):
        names = [name_of(element.tag) for element in dataset if element.tag.group == group]
        edits = [Edit(Operation.REMOVE, name) for name in names if not name_is(name, "SpecificCharacterSet")]
        yield spot.mutant(Mutation.REMOVED, edits, touched=("",), key=(title, f"{group:04X}"))
    yield spot.mutant(Mutation.REPEATED, (Edit(Operation.DUPLICATE, "Modality"),), key=(title, "Modality"))
    undeclared = (Edit(Operation.REMOVE, "SpecificCharacterSet"), Edit(Operation.SET, "PatientName", "M\xdcLLER^ASTA"))
    yield spot.mutant(
        Mutation.ENCODING, undeclared, touched=("PatientName", "SpecificCharacterSet"), key=(title, "characters")
    )


def name_is(place: str, keyword: str) -> bool:
    """Whether a place is one of that attribute."""
    return _last(place) == keyword


def _present_places(item: Dataset, prefix: str) -> Iterator[str]:
    for element in item:
        name = name_of(element.tag)
        if element.tag.is_private or name in _NO_WALK or name.startswith("("):
            continue
        yield prefix + name
        if element.VR == "SQ" and element.value:
            yield from _present_places(element.value[0], f"{prefix}{name}[0].")
