"""PDF: what is on the pages, that nothing is fetched, and what is said where it cannot be made."""

from __future__ import annotations

import importlib
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError
from reports.claim_sheet.view import sheet_of, told_run
from reports.paper import REPORT
from reports.paper.claims import sheet_pdf, statement_pdf
from reports.paper.report import report_page, report_pdf
from reports.paper.typesetting import INCOMPLETE, MISSING, pdf

Sample = Any  # the fixture's class lives in conftest.py

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src="file:///etc/passwd"><link rel="attachment" href="file:///etc/passwd">',
    "</style><style>body{background:url(http://example.org/x)}",
    "\x00\x1b[31m\x0b",
    "\udc80\u202e\ufffe",
    "A" * 100_000,
]
LOADS = re.compile(rb"/(EmbeddedFile|JavaScript|JS|Launch|URI)\b")
"""What makes a reader run, open or fetch something."""


@pytest.fixture
def typesetter() -> None:
    """The typesetter; where it is not installed the test is skipped, unless nothing may be missing."""
    try:
        importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        if os.environ.get("SWF_REQUIRE_PRODUCTS"):
            raise
        pytest.skip(f"no PDF here: {error}")


def texts(content: bytes) -> bytes:
    """Every stream of a PDF, inflated where it is compressed."""
    found = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            found.append(stream)
    return b"\n".join(found)


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", texts(content)))


def test_the_report_holds_what_people_read(sample: Sample) -> None:
    page = report_page(sample.run, sample.out)
    for text in (
        "Acme RIS 4.2",
        "What needs attention (",
        "StudyInstanceUID",
        "RAD TF-2: 4.5 (believed)",
        "swf replay",
        "RAD-6 to-order-filler: inside Acme RIS",
        "Claim by claim",
        "It is not a statement of conformance",
        sample.run.plan.rule_set,
    ):
        assert text in page, text
    assert "certif" not in page


def test_on_paper_nothing_links_to_a_file(sample: Sample) -> None:
    assert set(re.findall(r'href="([^"]*)"', report_page(sample.run, sample.out))) <= {
        "#claims",
        "#failures",
        "#warnings",
        "#scenarios",
        "#untested",
        "#site",
        "#evidence",
        "#about",
    }


def test_a_run_without_systems_or_plays_has_its_report(sample: Sample) -> None:
    plan = replace(sample.run.plan, systems=(), lost=())
    page = report_page(replace(sample.run, plan=plan, plays=(), claims=(), claimed=()), sample.out)
    assert "Simulated department" in page
    assert "No scenario was run" in page


def test_every_kind_becomes_a_pdf(sample: Sample, typesetter: None) -> None:
    sheet = sheet_of([told_run(sample.run, sample.out)])
    for content in (report_pdf(sample.run, sample.out), sheet_pdf(sheet), statement_pdf(sheet)):
        assert content.startswith(b"%PDF-")
        assert pages(content) >= 1
        assert not LOADS.search(texts(content))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_stay_text(sample_with: Callable[[str], Sample], hostile: str) -> None:
    page = report_page(sample_with(hostile).run, sample_with(hostile).out)
    assert not re.search(r"<(script|img|link|iframe|object)\b", page)
    assert page.count("<style>") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\udc80\u202e\ufffe]", page)
    assert len(page) < 200_000


def test_hostile_values_are_set_and_bring_nothing_in(sample_with: Callable[[str], Sample], typesetter: None) -> None:
    sample = sample_with("".join(HOSTILE[:-1]))
    found = texts(report_pdf(sample.run, sample.out))
    assert b"root:x:0" not in found
    assert not LOADS.search(found)


def test_nothing_is_fetched_whatever_a_page_says(tmp_path: Any, typesetter: None) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("confidential", encoding="utf-8")
    uri = secret.as_uri()
    page = f'<link rel="attachment" href="{uri}"><img src="{uri}"><style>@import "{uri}";</style><p>text</p>'
    assert b"confidential" not in texts(pdf(page))


@pytest.mark.parametrize(("error", "words"), [(ImportError("none"), MISSING), (OSError("no pango"), INCOMPLETE)])
def test_what_is_missing_is_said_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fails(name: str) -> None:
        raise error

    monkeypatch.setattr(importlib, "import_module", fails)
    with pytest.raises(InputError) as told:
        pdf("<p>text</p>")
    assert words in str(told.value)
    assert "install" in words


def test_a_pdf_does_not_outlive_its_judgement(sample: Sample) -> None:
    (sample.out / "report.pdf").write_bytes(b"%PDF-1.7")
    REPORT.write(sample.run, sample.out, sample.payload)
    assert not (sample.out / "report.pdf").exists()
    REPORT.write(sample.run, sample.out, sample.payload)
