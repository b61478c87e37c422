"""run.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.model.run import Run
from reports.json_run import REPORT, run_json

Sample = Any  # the fixture's class lives in conftest.py


def test_the_run_is_read_back_as_it_was_without_its_transcript(sample: Sample) -> None:
    REPORT.write(sample.run, sample.out, sample.payload)
    text = (sample.out / "run.json").read_text(encoding="utf-8")
    data = json.loads(text)
    assert data["schema"] == "swf-run/1"
    assert "transcript" not in data
    assert data["plays"][0]["steps"][1]["legs"][0]["findings"][-1]["requirement"]["citation"]["text"]
    assert TypeAdapter(Run).validate_json(text) == replace(sample.run, transcript=None)


@pytest.mark.parametrize(
    ("hostile", "read"),
    [("</script>\x00\x1b", "</script>\x00\x1b"), ("\udc80", "\\udc80"), ("x" * 1_000_000, "x" * 1_000_000)],
)
def test_hostile_values_are_kept_whole(sample_with: Callable[[str], Sample], hostile: str, read: str) -> None:
    data = json.loads(run_json(sample_with(hostile).run).encode("utf-8"))
    assert data["environment"]["pydicom"] == read
    assert data["plays"][0]["steps"][3]["legs"][0]["findings"][0]["finding"]["received"] == read
