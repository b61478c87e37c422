"""Discovery of reports, and what all of them have in common."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import reports as package
from reports import Report, reports

Sample = Any  # the fixture's class lives in conftest.py
HOSTILE = ["<script>alert(1)</script>", "]]>\x00\x1b[31m", "\udc80\ufffe\u202e", "'\"><img src=x>" + "A" * 1_000_000]


def test_reports_are_found_in_writing_order_and_the_manifest_is_last() -> None:
    names = [report.name for report in reports()]
    assert set(names) >= {"json", "junit", "allure", "html", "manifest"}
    assert names[-1] == "manifest"
    assert [report.order for report in reports()] == sorted(report.order for report in reports())


def test_a_module_dropped_into_the_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dropped.py").write_text(
        "class Dropped:\n    name = 'dropped'\n    order = 5\n"
        "    def write(self, run, out, payload):\n        pass\nREPORT = Dropped()\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    try:
        assert reports()[0].name == "dropped"
    finally:
        sys.modules.pop("reports.dropped", None)


def test_something_that_is_no_report_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("reports.manifest")
    module.REPORT = object()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "reports.manifest", module)
    with pytest.raises(ValueError, match=r"reports\.manifest\.REPORT"):
        reports()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_report_survives_hostile_values(sample_with: Callable[[str], Sample], hostile: str) -> None:
    sample = sample_with(hostile)
    for report in reports():
        report.write(sample.run, sample.out, sample.payload)
    written = [path for path in sample.out.rglob("*") if path.is_file()]
    assert len(written) >= 10
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "\x00" not in text


def test_every_report_survives_a_run_without_transcript_or_plays(sample: Sample) -> None:
    run = sample.run.__class__(**{**vars(sample.run), "transcript": None, "plays": (), "claims": ()})
    for report in reports():
        report.write(run, sample.out, sample.payload)
    assert (sample.out / "report.html").stat().st_size > 1000


def test_the_manifest_holds_every_rendered_file_but_the_evidence(sample: Sample) -> None:
    evidence = sample.out / "evidence"
    evidence.mkdir()
    (evidence / "plan.json").write_text("{}")
    for _ in range(2):
        for report in reports():
            report.write(sample.run, sample.out, sample.payload)
    lines = (sample.out / "manifest.sha256").read_text().splitlines()
    hashes = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert {"run.json", "junit.xml", "report.html"} <= set(hashes)
    assert any(name.startswith("allure-results/") for name in hashes)
    assert not any(name.startswith("evidence") or name == "manifest.sha256" for name in hashes)
    for name, digest in hashes.items():
        assert hashlib.sha256((sample.out / name).read_bytes()).hexdigest() == digest


def test_rendering_again_gives_the_same_bytes(sample: Sample) -> None:
    contents = []
    for _ in range(2):
        for report in reports():
            report.write(sample.run, sample.out, sample.payload)
        contents.append({path: path.read_bytes() for path in sample.out.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]


def test_every_found_report_meets_the_contract() -> None:
    assert all(isinstance(report, Report) for report in reports())
    assert len({report.name for report in reports()}) == len(reports())
