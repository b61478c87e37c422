"""The JSON Schema of system files: as the loader, no more and no less than it can say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.errors import SourceError
from harness.scenario_files import Kind, ScenarioFiles, shipped
from harness.scenario_files.schema import keys_of, schema_text, shipped_schema, system_schema
from harness.wiring import workshop

ROOT = Path(__file__).parents[3]
GOOD = """\
name: 4711
version: 1.10
claims: [{profile: SWF, actors: [Order Filler], options: ["HL7 v2.5.1"], transactions: [RAD-1]}]
actors:
  Order Filler:
    dimse: {ae_title: RIS, host: ris.example, port: 104}
    hl7: {application: RIS, facility: RAD, version: 2.3.1}
    offers: [RAD-1]
    acts: {RAD-4: {command: [do, it], timeout: 5}}
    feeds: {RAD-5: {http: "http://127.0.0.1/x"}}
    links:
      RAD-5: {dimse: {port: 105}}
department:
  Modality: {ae_title: SWF_CT, port: 11112, bind: "::", advertise: swf.example}
times: {answer: 1, act: 2.5, show: 3, settle: 0, transactions: {RAD-4: {act: 300}}}
pps_manager: simulated
binding: each
attestations:
  - {requirement: rad-1.to-order-placer/patient-stored, statement: Seen, by: PACS service, date: 2026-05-04}
"""


class _Reader(yaml.SafeLoader):
    """YAML as editors read it, where a day is a text (YAML 1.2)."""


_Reader.yaml_implicit_resolvers = {
    first: [one for one in found if not one[0].endswith("timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def schema() -> Mapping[str, Any]:
    """The one that ships."""
    read: Mapping[str, Any] = json.loads(shipped_schema().read_text(encoding="utf-8"))
    return read


def _faults(schema: Mapping[str, Any], text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(yaml.load(text, _Reader))]  # noqa: S506


def test_what_ships_is_what_the_loader_makes_of_it() -> None:
    assert shipped_schema().read_text(encoding="utf-8") == schema_text(workshop().files), (
        "the keys have changed: swf schema --generate > harness/scenario_files/system.schema.json"
    )


def test_it_is_a_schema(schema: Mapping[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", sorted(shipped(Kind.SYSTEM)))
def test_shipped_systems_are_as_it_says(schema: Mapping[str, Any], name: str) -> None:
    assert _faults(schema, shipped(Kind.SYSTEM)[name].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_systems_of_the_docs_are_as_it_says(schema: Mapping[str, Any], page: Path) -> None:
    for text in re.findall(r"^```yaml system\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        assert _faults(schema, text) == []


def test_every_key_says_what_it_is(schema: Mapping[str, Any]) -> None:
    silent = [f"{owner}.{name}" for owner, name, one in keys_of(schema) if not one.get("description")]
    assert silent == [], "say what they mean in harness/scenario_files/system_keys.py, and generate the schema"


def test_every_default_stands_in_the_docs(schema: Mapping[str, Any]) -> None:
    page = (ROOT / "docs" / "system-files.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    for owner, name, one in keys_of(schema):
        default = str(one.get("default", "")).removesuffix(".0")
        named = [row for row in rows if re.search(f"`{name}[`:]", row)]
        assert not named or default in ("", "0") or any(default in row for row in named), (owner, name, default)


def _load(folder: Path, text: str) -> str:
    """What the loader says against a file; empty when it takes it."""
    path = folder / "one.system.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        workshop().files.system(str(path))
    except SourceError as error:
        return str(error)
    return ""


def test_both_take_a_file_with_every_key(schema: Mapping[str, Any], tmp_path: Path) -> None:
    assert _load(tmp_path, GOOD) == ""
    assert _faults(schema, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: 4711\n", ""),
        ("name: 4711", "name: [a]"),
        ("name: 4711", "name: x\npath: y"),
        ("name: 4711", "name: x\nnmae: y"),
        ("[{profile: SWF,", "[{profile: SFW,"),
        ('[{profile: SWF, actors: [Order Filler], options: ["HL7 v2.5.1"], transactions: [RAD-1]}]', "[]"),
        ("actors: [Order Filler]", "actors: []"),
        ("actors: [Order Filler]", "actors: [Report Creator]"),
        ("transactions: [RAD-1]", "transactions: [RAD-99]"),
        ('"HL7 v2.5.1"', '"HL7 v2.6"'),
        ("  Order Filler:", "  Order Fillers:"),
        ("ae_title: RIS", "ae_title: RIS_OF_THE_DEPARTMENT"),
        ("ae_title: RIS", "ae_title: 'R\\S'"),
        ("ae_title: RIS", "ae_title: '  '"),
        ("ae_title: RIS, ", ""),
        ("port: 104}", "port: 70000}"),
        ("port: 104}", "port: -1}"),
        ("port: 104}", "port: many}"),
        ("host: ris.example", "host: ''"),
        ("facility: RAD, ", ""),
        ("version: 2.3.1", "version: 2.4"),
        ("offers: [RAD-1]", "offers: [RAD-0]"),
        ("acts: {RAD-4:", "acts: {RAD-400:"),
        ("{command: [do, it], timeout: 5}", "{timeout: 5}"),
        ("{command: [do, it], timeout: 5}", "{command: [do], http: 'http://x'}"),
        ("command: [do, it]", "command: []"),
        ("timeout: 5", "timeout: 0"),
        ("RAD-5: {dimse: {port: 105}}", "RAD-5: {}"),
        ("RAD-5: {dimse: {port: 105}}", "RAD-05: {dimse: {port: 105}}"),
        ("RAD-5: {dimse: {port: 105}}", "RAD-5: {dimse: {prot: 105}}"),
        ("  Modality: {ae", "  Modalities: {ae"),
        ("bind:", "binds:"),
        ("answer: 1", "answer: 0"),
        ("settle: 0", "settle: -1"),
        ("{act: 300}", "{act: -1}"),
        ("{act: 300}", "{settle: 1}"),
        ("{RAD-4: {act: 300}}", "{RAD-44: {act: 300}}"),
        ("pps_manager: simulated", "pps_manager: none"),
        ("binding: each", "binding: both"),
        ("binding: each", "binding: each\nlaunch: product"),
        ("binding: each", "binding: each\nstrain: {noise: true}"),
        ("binding: each", "binding: each\nlaunch: reference\nstrain: {delay: -1}"),
        ("statement: Seen", "statement: ' '"),
        ("date: 2026-05-04", "date: 4.5.2026"),
    ],
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses(
    schema: Mapping[str, Any], tmp_path: Path, old: str, new: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    assert re.match(r"\S+:\d+:\d+: \S", _load(tmp_path, text)), "the loader takes it"
    assert _faults(schema, text) != []


def test_names_come_from_the_profiles(library: ScenarioFiles) -> None:
    made = system_schema(library)
    definitions = made["$defs"]
    assert isinstance(definitions, dict)
    assert definitions["actor"]["enum"] == ["ADT", "Image Manager", "Modality", "Order Filler", "Order Placer"]
    assert definitions["transaction"]["enum"] == ["RAD-1", "RAD-5", "RAD-8", "RAD-10"]
