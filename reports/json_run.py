"""run.json: the judgement as data, for programs. The wire is not in it: the evidence beside it holds that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from harness.model.run import Run
from reports import ReadPayload

SCHEMA: Final = "swf-run/1"
RUN_FILE: Final = "run.json"

JsonValue = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None


class JsonRun:
    """Writes run.json."""

    name = "json"
    order = 10

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write the run without its transcript."""
        (out / RUN_FILE).write_text(run_json(run), encoding="utf-8")


def run_json(run: Run) -> str:
    """The run as JSON text; lone surrogates, which no UTF-8 can hold, become visible escapes."""
    bare = replace(run, schema=SCHEMA, transcript=None)
    data: JsonValue = TypeAdapter(Run).dump_python(bare, mode="json", exclude={"transcript"})
    return json.dumps(_encodable(data), ensure_ascii=False, indent=1) + "\n"


def _encodable(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {str(_encodable(key)): _encodable(item) for key, item in value.items()}
    return value


REPORT = JsonRun()
