"""The YAML reader: our subset of the language, and faults that say where and what is valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.resources import files
from pathlib import Path

import pytest

from harness.errors import Place, SourceError
from harness.model.record import Record
from harness.yaml_source import SIZE_LIMIT, Faults, SourceMapping, fits, load, nearest, read, validate


class Colour(Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, kw_only=True)
class Wheel(Record):
    size: int
    label: str = ""
    spare: bool = False


@dataclass(frozen=True, kw_only=True)
class Cart(Record):
    name: str
    colour: Colour = Colour.RED
    load: float = 0.0
    limit: int | None = None
    wheels: tuple[Wheel, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name == "none":
            raise ValueError("a cart has a name")


Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "cart.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def faults_of(path: Path, type_: type = Cart) -> list[tuple[int, int, str]]:
    with pytest.raises(SourceError) as caught:
        load(path, type_)
    assert all(place.path == str(path) for place, _ in caught.value.faults)
    return [(place.line, place.column, text) for place, text in caught.value.faults]


def test_values_become_what_the_schema_says(write: Write) -> None:
    cart = load(
        write('name: 0123\ncolour: green\nload: "1.5"\nwheels: [{size: "4", spare: true}]\ntags: {a: NO, b: 10:30}'),
        Cart,
    )
    assert cart == Cart(
        name="0123",
        colour=Colour.GREEN,
        load=1.5,
        wheels=(Wheel(size=4, spare=True),),
        tags={"a": "NO", "b": "10:30"},
    )


@pytest.mark.parametrize("word", ["ON", "yes", "2024-01-02", "1_000", "0x1F", "1e3", "010"])
def test_scalars_stay_as_written(write: Write, word: str) -> None:
    assert load(write(f"name: {word}"), Cart).name == word


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_an_empty_key_is_an_empty_text_or_absent(write: Write, nothing: str) -> None:
    assert load(write(f"name: {nothing}\nlimit: {nothing}\nwheels: [{{size: 1, label: {nothing}}}]"), Cart) == Cart(
        name="", wheels=(Wheel(size=1),)
    )


def test_a_quoted_null_is_a_word(write: Write) -> None:
    assert load(write('name: "null"'), Cart).name == "null"


def test_an_empty_key_of_another_type_is_a_fault(write: Write) -> None:
    assert faults_of(write("name: a\nload:")) == [(2, 6, "load is empty: give it a value, or leave the key out")]


def test_a_byte_order_mark_and_a_document_start_are_no_fault(write: Write) -> None:
    assert load(write("\ufeff---\nname: a\n"), Cart).name == "a"


@pytest.mark.parametrize(
    ("content", "place", "text"),
    [
        ("nam: a", (1, 1), "unknown key `nam`; did you mean `name`?"),
        ("name: a\nwheels:\n  - {size: 1, lable: x}", (3, 15), "unknown key `lable`; did you mean `label`?"),
        ("name: a\ncolour: gren", (2, 9), "colour: `gren` is not a valid value; did you mean `green`?"),
        ("name: a\ncolour: [red]", (2, 9), "is not a valid value"),
        ("name: a\nwheels: [{label: x}]", (2, 10), "`size` is missing"),
        ("colour: red", (1, 1), "`name` is missing"),
        ("name: a\nwheels: [{size: two}]", (2, 17), "wheels[0].size: input should be a valid integer"),
        ("name: a\nwheels: 3", (2, 9), "wheels: input should be a valid tuple, not `3`"),
        ("name: {a: b}", (1, 7), "name: input should be a valid string, not a mapping"),
        ("name: a\ntags: [x]", (2, 7), "tags: input should be a valid dictionary"),
        ("name: none", (1, 1), "a cart has a name"),
    ],
)
def test_each_fault_has_its_place_and_the_nearest_name(
    write: Write, content: str, place: tuple[int, int], text: str
) -> None:
    found = faults_of(write(content))
    assert any(text in said and (line, column) == place for line, column, said in found)


def test_all_faults_are_told_at_once(write: Write) -> None:
    found = faults_of(write("nam: a\ncolour: blue\nload: x\nwheels: [{}]"))
    assert [line for line, _, _ in found] == [1, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        ("", 1, "the file is empty"),
        ("# nothing\n", 1, "the file is empty"),
        ("~", 1, "the file is empty"),
        ("- a", 1, "not a mapping of keys to values"),
        ("name", 1, "not a mapping of keys to values"),
        ("name: a\nname: b", 2, "duplicate key `name`, first at line 1"),
        ("name: &x a", 1, "anchors (&x) are not allowed"),
        ("name: *x", 1, "aliases (*x) are not allowed"),
        ("name: !!int 3", 1, "tags (tag:yaml.org,2002:int) are not allowed"),
        ("name: !thing a", 1, "tags (!thing) are not allowed"),
        ("<<: {name: a}", 1, "merge keys (<<) are not allowed"),
        ("? [a]\n: b", 1, "a key must be a plain word"),
        ("name: a\n---\nname: b", 2, "a second document in one file"),
        ("name: [a", 2, "not YAML: while parsing a flow sequence"),
        ("name: a\n\tb: c", 2, "not YAML"),
        (b"name: a\nx: \xe4", 2, "not UTF-8: byte 0xE4"),
        (b"name: a\nx: \x07", 2, "not YAML: control characters are not allowed"),
        ("tags: " + "[" * 60 + "]" * 60, 1, "nested deeper than 32 levels"),
        ("tags: " + "[" * 500_000, 1, "nested deeper than 32 levels"),
        ("name: " + "a" * SIZE_LIMIT, 1, "larger than"),
    ],
)
def test_what_is_not_of_our_subset_is_refused(write: Write, content: str | bytes, line: int, text: str) -> None:
    found = faults_of(write(content))
    assert found[0][0] == line
    assert text in found[0][2]


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(SourceError, match="cannot be read") as caught:
            load(path, Cart)
        assert str(path) in str(caught.value)


def test_duplicates_are_collected_too(write: Write) -> None:
    assert len(faults_of(write("name: a\nname: b\ncolour: red\ncolour: red"))) == 2


def test_a_renamed_key_is_called_as_it_is_written(write: Write) -> None:
    def prepare(source: SourceMapping) -> None:
        source.rename("called", "name")

    assert load(write("called: a"), Cart, prepare=prepare).name == "a"
    path = write("caled: a")
    with pytest.raises(SourceError) as caught:
        load(path, Cart, prepare=prepare)
    assert "unknown key `caled`; did you mean `called`?" in str(caught.value)
    assert "`called` is missing" in str(caught.value)


def test_a_supplied_key_may_not_stand_in_the_file(write: Write) -> None:
    source = read(write("colour: red"))
    source.supply("name", "given")
    assert validate(source, Cart).name == "given"
    with pytest.raises(SourceError, match=r"cart\.yaml:2:1: unknown key `name`"):
        read(write("colour: red\nname: a")).supply("name", "given")


def test_places_lead_into_the_tree(write: Write) -> None:
    path = write("name: a\nwheels:\n  - size: 1\n    label: left\n")
    source = read(path)
    assert source.place_of("wheels", 0, "label") == Place(str(path), 4, 12)
    assert source.place_of("wheels", 0, "gone").line == 3
    assert [name for name, _ in source.mappings("wheels")] == ["0"]
    assert source.mapping("wheels") is None


def test_package_data_are_read_like_files() -> None:
    source = read(files("harness.profiles") / "clauses.yaml")
    assert source.mapping("clauses") is not None


def test_nearest_names_one_or_lists_few() -> None:
    assert nearest("RAD-50", ["RAD-5", "RAD-14"]) == "; did you mean `RAD-5`?"
    assert nearest("order filler", ["Order Filler"]) == "; did you mean `Order Filler`?"
    assert nearest("zzz", ["b", "a"]) == "; known: a, b"
    assert nearest("zzz", map(str, range(30))) == ""
    assert nearest("zzz", []) == ""


def test_faults_collect_names_and_raise_once() -> None:
    faults = Faults()
    faults.raise_if_any()
    place = Place("x.yaml", 1, 2)
    assert faults.name(place, "actor", "ADT", ["ADT"])
    assert not faults.name(place, "actor", "ADD", ["ADT"])
    with pytest.raises(SourceError, match=r"x\.yaml:1:2: unknown actor `ADD`; did you mean `ADT`\?"):
        faults.raise_if_any()


@pytest.mark.parametrize(
    ("name", "pattern", "fitting"),
    [
        ("rad-4.omi-o23/IPC-3", "rad-4.omi-o23/IPC-3", True),
        ("rad-4.omi-o23/IPC-3", "rad-4.*/IPC-3", True),
        ("rad-4.omi-o23/IPC-3", "*", True),
        ("rad-4.omi-o23/IPC-3", "rad-4.omi-o23/IPC", False),
        ("rad-4xomi-o23/IPC-3", "rad-4.omi*", False),
        ("mpps/Sequence[*].Code", "mpps/Sequence[*].Code", True),
        ("mpps/Sequence[*].Code", "mpps/*[*].Code", True),
        ("mpps/Sequence[*].Code", "mpps/Sequence[*].*", True),
        ("mpps/SequenceX.Code", "mpps/Sequence[*].*", False),
        ("mpps/SequenceX.Code", "mpps/Sequence[*].Code", False),
    ],
)
def test_a_star_stands_for_any_text_and_an_item_for_itself(name: str, pattern: str, fitting: bool) -> None:
    assert fits(name, pattern) is fitting
