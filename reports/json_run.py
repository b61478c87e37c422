"""run.json: the judgement as data, for programs. The wire is not in it: the evidence beside it holds that.

What a run repeats (requirements, scenarios, transactions) stands once under `tables`; findings name their
requirement. `read_run` gives the run back.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from harness.errors import RecordingError
from harness.model.profile import Requirement
from harness.model.run import LegResult, PlayResult, Run, StepResult
from reports import ReadPayload
from reports.json_findings import MET_COLUMNS, read_findings, stored_findings
from reports.json_tables import Table, expand_plan, shrink_plan

FORMAT: Final = "swf-run-json/2"
"""How the file is laid out. The run's own `schema` says how it was judged."""

RUN_FILE: Final = "run.json"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class JsonRun:
    """Writes run.json."""

    name = "json"
    order = 10

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the run without its transcript."""
        (out / RUN_FILE).write_text(run_json(run), encoding="utf-8")


def run_json(run: Run) -> str:
    """The run as JSON text, a line for each play; lone surrogates, which no UTF-8 can hold, become visible escapes."""
    requirements: Table[Requirement] = Table()
    data: dict[str, Any] = _codec().dump_python(_bare(run), mode="json", exclude={"transcript"})
    for play, play_data in zip(run.plays, data["plays"], strict=True):
        for step, step_data in zip(play.steps, play_data["steps"], strict=True):
            for leg, leg_data in zip(step.legs, step_data["legs"], strict=True):
                del leg_data["findings"]
                leg_data |= stored_findings(step.step, leg, requirements)
    tables = shrink_plan(data["plan"])
    tables["requirements"] = _requirements().dump_python(requirements.entries, mode="json")
    text = _lines({"format": FORMAT, "met_columns": MET_COLUMNS, **data, "tables": tables})
    return _SURROGATE.sub(lambda found: f"\\\\u{ord(found.group()):04x}", text)


def read_run(path: Path) -> Run:
    """The run that a run.json holds, without its transcript; RecordingError when it is none that can be read."""
    try:
        data: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RecordingError(f"{path} cannot be read: {_first_line(error)}") from None
    found = data.pop("format", None) if isinstance(data, dict) else None
    if found != FORMAT:
        raise RecordingError(f"{path} is laid out as {found!r}, not as {FORMAT}; `swf judge` writes it anew")
    try:
        return _run_of(data)
    except (ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise RecordingError(f"{path} cannot be read: {_first_line(error)}") from None


def _run_of(data: dict[str, Any]) -> Run:
    del data["met_columns"]
    tables = data.pop("tables")
    expand_plan(data["plan"], tables)
    requirements = _requirements().validate_python(tables["requirements"])
    kept = [[[_taken(leg) for leg in step["legs"]] for step in play["steps"]] for play in data["plays"]]
    run = _codec().validate_python(data)
    plays = tuple(_play(play, found, requirements) for play, found in zip(run.plays, kept, strict=True))
    return replace(run, plays=plays)


def _taken(leg: dict[str, Any]) -> dict[str, Any]:
    return {name: leg.pop(name) for name in ("findings", "met") if name in leg}


def _play(play: PlayResult, found: list[list[dict[str, Any]]], requirements: dict[str, Requirement]) -> PlayResult:
    steps = []
    for step, of_step in zip(play.steps, found, strict=True):
        legs = tuple(
            replace(leg, findings=read_findings(of_leg, step.step, leg, requirements))
            for leg, of_leg in zip(step.legs, of_step, strict=True)
        )
        steps.append(replace(step, legs=legs))
    return replace(play, steps=tuple(steps))


def _bare(run: Run) -> Run:
    """The run without transcript and findings, which are not dumped as they are."""

    def leg(result: LegResult) -> LegResult:
        return replace(result, findings=())

    def step(result: StepResult) -> StepResult:
        return replace(result, legs=tuple(leg(one) for one in result.legs))

    plays = tuple(replace(play, steps=tuple(step(one) for one in play.steps)) for play in run.plays)
    return replace(run, plays=plays, transcript=None)


def _lines(data: dict[str, Any]) -> str:
    """One line for each entry, and for each play and table entry one of its own: readable by line tools, too."""
    return "{\n" + ",\n".join(f"{_json(key)}:{_entry(key, value)}" for key, value in data.items()) + "\n}\n"


def _entry(key: str, value: Any) -> str:
    if key == "plays":
        return "[\n" + ",\n".join(_json(play) for play in value) + "\n]"
    if key == "tables":
        parts = (
            f"{_json(name)}:{{\n" + ",\n".join(f"{_json(id_)}:{_json(one)}" for id_, one in table.items()) + "\n}"
            for name, table in value.items()
        )
        return "{\n" + ",\n".join(parts) + "\n}"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


@cache
def _codec() -> TypeAdapter[Run]:
    return TypeAdapter(Run)


@cache
def _requirements() -> TypeAdapter[dict[str, Requirement]]:
    return TypeAdapter(dict[str, Requirement])


REPORT = JsonRun()
