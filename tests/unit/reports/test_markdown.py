"""summary.md."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.markdown import LIMIT, REPORT, escaped, literal

Sample = Any  # the fixture's class lives in conftest.py


def written(sample: Sample) -> str:
    REPORT.write(sample.run, sample.out, sample.payload)
    return (sample.out / "summary.md").read_text(encoding="utf-8")


def test_it_begins_with_the_verdict_and_the_counts(sample: Sample) -> None:
    lines = written(sample).splitlines()
    assert lines[0] == "## \U0001f4a5 ERROR: <code>Acme RIS 4.2</code>"
    assert lines[2] == "2 scenarios: 1 error, 1 pass. "
    assert lines[4] == "23 checks executed, 21 of them of believed requirements."


def test_what_needs_attention_is_a_table_with_the_full_text_folded_below(sample: Sample) -> None:
    text = written(sample)
    assert re.search(r"^\| \u274c FAIL \| <code>worklist</code> RAD-5 \| <code>StudyInstanceUID: expected", text, re.M)
    assert "RAD TF-2: 4.5 (believed) |" in text
    assert text.count("<details>") == text.count("</details>") >= 3
    assert "reproduce: swf" in text


def test_claims_have_their_states_the_gravest_first(sample: Sample) -> None:
    lines = written(sample).splitlines()
    start = lines.index("### Claims of <code>Acme RIS 4.2</code>")
    assert lines[start + 4 : start + 6] == [
        "| <code>SWF.b Order Filler</code> | \u274c contradicted | failed | 1 of 3 | 21 |",
        "| <code>SWF.b Order Filler, option HL7 v2.5.1</code> | \u2705 observed | verified | 1 of 1 | 7 |",
    ]


def test_a_clean_run_is_short(sample: Sample) -> None:
    passed = sample.run.plays[1]
    step = passed.steps[0]
    leg = replace(step.legs[0], findings=step.legs[0].findings[:6])
    clean = replace(passed, steps=(replace(step, legs=(leg,)),))
    text = written(replace(sample, run=replace(sample.run, plays=(clean,), claimed=(), verdict=clean.verdict)))
    assert "Needs attention" not in text
    assert text.startswith("## \u2705 PASS")
    assert len(text) < 1000


def test_it_says_that_a_run_was_interrupted_and_never_that_a_product_conforms(sample: Sample) -> None:
    text = written(replace(sample, run=replace(sample.run, interrupted=True)))
    assert "The run was interrupted: what is missing was not tested." in text
    assert "no statement of conformance" in text


def test_a_large_run_stays_below_the_limit_of_a_comment(sample_with: Callable[[str], Sample]) -> None:
    sample = sample_with("<&|>" * 100)
    plays = tuple(replace(sample.run.plays[0], play=f"swf.many-{number}@2.5.1") for number in range(300))
    text = written(replace(sample, run=replace(sample.run, plays=plays)))
    assert len(text) <= LIMIT + 500
    assert text.rstrip().endswith("</sub>")


HOSTILE = [
    "<script>alert(1)</script>",
    "![x](http://example.org/x.png) [y](javascript:alert(1))",
    "``` </pre></details> @everyone #1 **bold** | cell",
    "\x00\x1b[31m\n# heading\u2028",
    "\udc80\u202e\ufffe",
    "https://example.org www.example.org $x^2$ \\",
    "A" * 1_000_000,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_mark_nothing_up(sample_with: Callable[[str], Sample], hostile: str) -> None:
    text = written(sample_with(hostile))
    tags = set(re.findall(r"</?([A-Za-z0-9]+)", text))
    assert tags <= {"code", "details", "summary", "pre", "sub"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\udc80\u202e\ufffe\u2028]|://|www\.|!\[|\]\(|@|`", text)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if re.match(r"##+ (\W|Needs|Claims)", line)
    ]
    for row in (line for line in text.splitlines() if line.startswith("| ")):
        assert row.count("|") in (4, 5, 6)
    assert len(text) <= LIMIT + 500


@pytest.mark.parametrize("hostile", HOSTILE[:3])
def test_a_reader_sees_the_value_as_it_was(hostile: str) -> None:
    assert html.unescape(escaped(hostile)) == hostile
    assert html.unescape(literal(hostile)) == f"<code>{hostile}</code>"
