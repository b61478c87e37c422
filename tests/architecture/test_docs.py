"""The documentation keeps to the code: links resolve, quoted commands parse, marked YAML loads, every key is named.

A fenced block says by its info string what it is: `sh` holds commands, `text` output, `yaml system` (scenario, case,
procedures, defect) a whole file, `yaml ci` a build definition, `yaml excerpt PATH` lines of a file of the project.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli import swf
from harness.engine.sheets import sheets
from harness.errors import InputError
from harness.model.character_sets import CharacterSets
from harness.model.codes import CodeMap, ServiceCodes
from harness.model.deviation import Change, Defect, Detection, Deviation
from harness.model.known import KnownDeviation
from harness.model.override import Override, RowChange
from harness.model.profile import Option
from harness.model.scenario import (
    Case,
    Code,
    Expectation,
    OrderRequest,
    Patient,
    PersonName,
    PlannedProcedure,
    PlannedProcedureStep,
    Practitioner,
    ProcedurePlan,
    Scenario,
    Step,
    Visit,
)
from harness.model.system import (
    Attestation,
    Claim,
    DepartmentActor,
    DimseAddress,
    Hl7Address,
    Hook,
    System,
    SystemActor,
    Times,
)
from harness.model.tables import AttributeRow, AttributeTable, Hl7Row, Hl7Table, KeyRow, LegRule, PlayRule, Transition
from harness.model.tls import TlsFiles
from harness.profiles.overriding import load_overrides
from harness.pytest_plugin import pytest_addoption
from harness.scenario_files import ScenarioFiles
from harness.scenario_files.cases import load_case
from harness.scenario_files.relays import RelayEntrance, RelayFile, RelayHop, RelayTarget, load_relay
from harness.wiring import RunRequest, plan_only, workshop

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FILES: Mapping[str, Callable[[ScenarioFiles, Path], object]] = {
    "case": lambda files, path: load_case(path),
    "procedures": lambda files, path: files.procedures(str(path)),
    "scenario": lambda files, path: files.scenario(str(path)),
    "system": lambda files, path: files.system(str(path)),
    "defect": lambda files, path: files.defect(str(path)),
    "relay": lambda files, path: load_relay(path, files, files.system),
    "known": lambda files, path: files.known([path], (), (), "2026-01-01"),
    "overrides": lambda files, path: load_overrides([(path, None)], workshop().knowledge, "2026-01-01"),
}
"""How each kind of file is read; a scenario after the cases that lie beside it."""
OPTIONS_OF_PYTEST = frozenset({"-n", "-k", "-q", "--dist", "--junitxml", "--alluredir", "--collect-only"})
KEYS: Mapping[str, tuple[Any, ...]] = {
    "overrides.md": (Override, RowChange),
    "known-deviations.md": (KnownDeviation,),
    "relay.md": (RelayFile, RelayHop, RelayEntrance, RelayTarget),
    "system-files.md": (
        *(System, Claim, SystemActor, DimseAddress, Hl7Address, Hook, DepartmentActor, Times),
        Attestation,
        *(TlsFiles, CodeMap, ServiceCodes, CharacterSets),
    ),
    "writing-scenarios.md": (
        *(Scenario, Step, Expectation, Deviation, Defect, Detection),
        *(Case, Patient, PersonName, Visit, Practitioner, OrderRequest),
        *(ProcedurePlan, PlannedProcedure, PlannedProcedureStep, Code),
    ),
    "writing-rules.md": (
        Option,
        *(Hl7Table, Hl7Row, AttributeTable, AttributeRow, KeyRow, LegRule, PlayRule, Transition),
    ),
}
GIVEN_BY_THE_HARNESS = {"path", "line", "place", "tls_files", "site_plan"}
WRITTEN_AS = {"initiator": "from", "further": "with", "accepts": "from", "leads_to": "to"}

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")
_COMMAND = re.compile(r"(?:^|[\s/])(?P<program>swf|pytest)(?=\s|$)(?P<rest>[^#;|&>\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    info: str
    text: str


def _pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def _blocks() -> Iterator[Block]:
    for page in _pages():
        for found in _FENCE.finditer(page.read_text(encoding="utf-8")):
            yield Block(page.relative_to(ROOT).as_posix(), found["info"].strip(), found["text"])


def _commands() -> Iterator[tuple[str, str, list[str]]]:
    for block in _blocks():
        if block.info in ("sh", "yaml ci"):
            for found in _COMMAND.finditer(block.text.replace("\\\n", " ")):
                yield block.page, found["program"], shlex.split(found["rest"])


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ +(.+?) *$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_resolves(page: Path) -> None:
    broken = []
    for found in _LINK.finditer(_prose(page)):
        target, _, anchor = found["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target) if target else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(found["target"])
    assert broken == []


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    named = {found["target"].partition("#")[0] for found in _LINK.finditer(index)}
    assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"} <= named


def test_every_quoted_command_of_swf_parses() -> None:
    quoted = [(page, words) for page, program, words in _commands() if program == "swf"]
    assert len(quoted) > 20
    for page, words in quoted:
        _parse(page, words)


def _parse(page: str, words: list[str]) -> None:
    if words[0] in ("--help", "-h", "--version"):
        return
    group = click.Context(swf, info_name="swf", **swf.context_settings)
    verb = swf.get_command(group, words[0])
    assert verb is not None, f"{page}: swf has no verb `{words[0]}`"
    try:
        verb.make_context(words[0], words[1:], parent=group)
    except click.ClickException as error:
        pytest.fail(f"{page}: swf {shlex.join(words)}: {error.format_message()}")


def test_every_quoted_command_of_pytest_has_options_that_exist() -> None:
    own = _Options()
    pytest_addoption(own)  # type: ignore[arg-type]
    quoted = [(page, words) for page, program, words in _commands() if program == "pytest"]
    assert quoted
    for page, words in quoted:
        options = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert options <= own.names | OPTIONS_OF_PYTEST, f"{page}: pytest {shlex.join(words)}"


class _Options:
    """Stands in for pytest's parser, and keeps the names of the options that the plugin adds."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def getgroup(self, name: str, description: str = "") -> _Options:
        """One group is as good as another."""
        return self

    def addoption(self, name: str, **_: object) -> None:
        """Keep the name."""
        self.names.add(name)


def test_every_marked_file_loads(tmp_path: Path) -> None:
    files, loaded = workshop().files, []
    order = list(FILES)
    marked = [(block, block.info.split()[1]) for block in _blocks() if re.fullmatch(r"yaml \w+", block.info)]
    for block, kind in sorted(marked, key=lambda one: order.index(one[1]) if one[1] in FILES else -1):
        if kind == "ci":
            continue
        assert kind in FILES, f"{block.page}: a block is marked `{block.info}`"
        path = _written(tmp_path / block.page, kind, block.text)
        try:
            loaded.append(FILES[kind](files, path))
        except InputError as error:
            pytest.fail(f"{block.page}: {error}")
    assert len(loaded) >= 8


def test_every_system_of_the_pages_can_be_entered_in_a_product(tmp_path: Path) -> None:
    """A page that leaves out a port which the product has to know would send its reader astray."""
    systems = [block for block in _blocks() if block.info == "yaml system"]
    assert len(systems) >= 8
    for block in systems:
        path = _written(tmp_path / block.page, "system", block.text)
        (sheet,) = sheets(plan_only(RunRequest(suts=[str(path)], seed=0)))
        assert sheet.problems == (), f"{block.page}: {sheet.system}"


def _written(folder: Path, kind: str, text: str) -> Path:
    """The block as a file that is called as its id says."""
    named = re.search(r"^id: (?:[\w-]+\.)*([\w-]+)$", text, re.MULTILINE)
    number = len(list(folder.glob("*"))) if folder.exists() else 0
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{named[1] if named else f'block-{number}'}.{kind}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_excerpt_stands_in_its_file() -> None:
    excerpts = [block for block in _blocks() if block.info.startswith("yaml excerpt ")]
    assert excerpts
    for block in excerpts:
        source = (ROOT / block.info.split()[2]).read_text(encoding="utf-8").splitlines()
        known = {line.strip() for line in source}
        missing = [line.strip() for line in block.text.splitlines() if line.strip() not in {*known, "...", ""}]
        assert missing == [], f"{block.page}: not in {block.info.split()[2]}"


@pytest.mark.parametrize("page", sorted(KEYS))
def test_every_key_of_a_file_is_named_in_its_page(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    keys = {WRITTEN_AS.get(field.name, field.name) for kind in KEYS[page] for field in dataclasses.fields(kind)}
    assert {key for key in keys - GIVEN_BY_THE_HARNESS if f"`{key}`" not in text} == set()


def test_every_change_of_the_catalogue_is_named() -> None:
    text = (DOCS / "writing-scenarios.md").read_text(encoding="utf-8")
    assert {change.value for change in Change if f"`{change.value}`" not in text} == set()
