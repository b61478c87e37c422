"""The sheet of claims, the procurement view and the draft statement: complete, linked, offline and safe."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.model.claimed import ClaimState, Observation
from harness.model.system import Attestation
from reports.claim_sheet import REPORT
from reports.claim_sheet.data import sheet_json, statement_json
from reports.claim_sheet.page import sheet_html, statement_html
from reports.claim_sheet.statement import drafts, statement_text
from reports.claim_sheet.text import COLUMNS, sheet_csv, sheet_text
from reports.claim_sheet.view import Sheet, sheet_of, told_run
from reports.claim_sheet.words import OBSERVATIONS, STATES

Sample = Any  # the fixture's class lives in conftest.py

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x00\x1b[31m\x0b",
    "\udc80\u202e\ufffe",
    "../../etc/passwd#'{{ 7*7 }}",
    "=cmd|' /C calc'!A0",
    "A" * 1_000_000,
]


class _Tags(html.parser.HTMLParser):
    """What a browser would make of a page: its tags, the ids, and where it points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")


def sheet(sample: Sample, partners: int = 1) -> Sheet:
    return sheet_of([told_run(sample.run, sample.out)], partners)


def test_every_state_and_observation_has_its_words() -> None:
    assert set(STATES) == set(ClaimState)
    assert set(OBSERVATIONS) == set(Observation)


def test_the_sheet_has_a_line_for_each_claim_and_what_stands_behind_it(sample: Sample) -> None:
    text = "\n".join(sheet_text(sheet(sample)))
    assert "2 claims: 1 verified, 1 failed; 1 distinct partner wanted for each transaction" in text
    assert re.search(
        r"SWF\.b Order Filler +failed +contradicted +Best HIS +1 of 3 transactions observed, 21 checks", text
    )
    assert re.search(r"  option HL7 v2\.5\.1 +verified +observed +Best HIS", text)
    assert re.search(r"SWF\.b Order Placer \(not claimed\) +verified", text)
    assert "RAD-2    Placer Order Management: observed; Best HIS: 1 pass; our simulator: 1 pass" in text
    assert "RAD-4    Procedure Scheduled: not observed: inside the product" in text
    assert "claimed in part: the profile also requires RAD-12 of this actor" in text
    assert "violated: StudyInstanceUID: expected 2.25.1818" in text
    assert "see report.html#x2" in text
    assert "no statement of conformance" in text


def test_more_partners_may_be_wanted(sample: Sample) -> None:
    system, *_ = sheet(sample, partners=2).systems
    assert [claim.state for claim in system.claims] == [ClaimState.FAILED, ClaimState.PARTIALLY_VERIFIED]


def test_csv_has_a_line_for_each_claim_and_each_of_its_transactions(sample: Sample) -> None:
    head, *rows = csv.reader(io.StringIO(sheet_csv(sheet(sample))))
    assert tuple(head) == COLUMNS
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(row["actor"], row["option"], row["transaction"], row["state"]) for row in told][:5] == [
        ("Order Filler", "", "", "failed"),
        ("Order Filler", "", "RAD-2", "verified"),
        ("Order Filler", "", "RAD-4", "to be verified"),
        ("Order Filler", "", "RAD-5", "failed"),
        ("Order Filler", "HL7 v2.5.1", "", "verified"),
    ]
    assert [row["claimed"] for row in told][-1] == "no"


def test_json_has_all_the_evidence(sample: Sample) -> None:
    data = json.loads(sheet_json(sheet(sample)))
    claim = data["systems"][0]["claims"][0]
    assert (data["format"], claim["state"], claim["observation"]) == ("swf-claims-json/1", "failed", "contradicted")
    by_name = {one["transaction"]: one for one in claim["transactions"]}
    assert by_name["RAD-5"]["evidence"] == [
        {
            "run": "run-1",
            "play": "swf.scheduled@2.5.1[Order Filler]",
            "step": "worklist",
            "leg": "query",
            "with": "harness",
            "verdict": "fail",
            "exchange": 2,
            "known": False,
        }
    ]


def test_the_page_links_each_claim_to_its_evidence_and_needs_no_network(sample: Sample) -> None:
    page = _Tags(sheet_html(sheet(sample)))
    assert {"report.html#x1", "report.html#x2"} <= set(page.links)
    assert all(link.startswith(("#", "report.html#")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= {one.replace(" ", "%20") for one in page.ids}
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
    assert len(page.ids) == len(set(page.ids))


def test_a_known_deviation_is_a_violation_all_the_same_and_says_that_it_is_known(sample: Sample) -> None:
    filler, *rest = sample.run.claimed
    *others, failing = filler.transactions[:2]
    told = replace(failing, showings=tuple(replace(showing, known=True) for showing in failing.showings))
    known = replace(filler, transactions=(*others, told, *filler.transactions[2:]))
    found = sheet(replace(sample, run=replace(sample.run, claimed=(known, *rest))))
    assert found.systems[0].claims[0].state is ClaimState.FAILED
    assert "our simulator: 1 fail (1 known)" in "\n".join(sheet_text(found))


def test_several_runs_are_one_sheet_with_links_into_each(sample: Sample) -> None:
    other = replace(sample.run, plan=replace(sample.run.plan, run="run-2"))
    both = sheet_of([told_run(sample.run, sample.out, "a/run 1"), told_run(other, sample.out, "../b")])
    page = _Tags(sheet_html(both))
    assert {"a/run%201/report.html#x2", "../b/report.html#x2"} <= set(page.links)
    text = "\n".join(sheet_text(both))
    assert "RAD-2    Placer Order Management: observed; Best HIS: 2 pass; our simulator: 2 pass" in text
    assert "runs: run-1, run-2" in text


def test_a_run_writes_its_claims_and_one_without_a_system_writes_none(sample: Sample) -> None:
    REPORT.write(sample.run, sample.out, sample.payload)
    assert "Claim by claim" in (sample.out / "claims.html").read_text(encoding="utf-8")
    REPORT.write(replace(sample.run, claimed=()), sample.out, sample.payload)
    assert not (sample.out / "claims.html").exists()


def test_one_system_of_several_can_be_chosen(sample: Sample) -> None:
    pacs = tuple(replace(part, system="Best PACS") for part in sample.run.claimed)
    both = sheet(replace(sample, run=replace(sample.run, claimed=(*sample.run.claimed, *pacs))))
    assert [system.name for system in both.systems] == ["Acme RIS", "Best PACS"]
    assert [system.name for system in both.of(["Best PACS"]).systems] == ["Best PACS"]
    assert both.of(()) is both


def test_what_is_attested_is_told_and_shows_nothing(sample: Sample) -> None:
    told = Attestation(requirement="audit/*", statement="audit is written", by="Vendor", date="2026-01-01")
    system = replace(sample.run.plan.systems[0], attestations=(told,))
    run = replace(sample.run, plan=replace(sample.run.plan, systems=(system,)))
    attested = sheet(replace(sample, run=run))
    assert attested.systems[0].counts == sheet(sample).systems[0].counts
    assert "attested, not observed: audit/*: audit is written (Vendor, 2026-01-01)" in "\n".join(sheet_text(attested))
    assert "audit is written" in sheet_html(attested)


# the draft statement


def complete(sample: Sample) -> Sheet:
    """The sheet of a run in which the Order Filler did all that is required, without a violation."""
    filler, *rest = sample.run.claimed
    whole = replace(filler, transactions=filler.transactions[:1], missing=())
    return sheet(replace(sample, run=replace(sample.run, claimed=(whole, *rest))))


def test_a_draft_lists_what_was_wholly_observed_and_says_why_the_rest_is_not(sample: Sample) -> None:
    (draft,) = drafts(sheet(sample))
    assert [one.actor.part.actor for profile in draft.profiles for one in profile.actors] == ["Order Placer"]
    why = {held.claim.title: held.why for held in draft.held}
    assert why["SWF.b Order Filler"] == (
        "claimed in part: the profile also requires RAD-12 of this actor",
        "violated a requirement: RAD-5",
        "not observed: RAD-4",
    )
    assert why["SWF.b Order Filler, option HL7 v2.5.1"] == ("its actor cannot be listed",)


def test_a_listed_actor_has_its_options_and_with_whom_it_was_seen(sample: Sample) -> None:
    text = "\n".join(statement_text(complete(sample)))
    assert "SWF.b  Scheduled Workflow.b  (RAD TF-1: 34)" in text
    assert "Order Filler: RAD-2; observed with Best HIS, and our simulator" in text
    assert "option HL7 v2.5.1" in text
    assert "Order Placer (observed, not claimed): RAD-2" in text
    data = json.loads(statement_json(complete(sample)))
    assert [(one["actor"], one["options"]) for one in data["systems"][0]["listed"]] == [
        ("Order Filler", ["HL7 v2.5.1"]),
        ("Order Placer", []),
    ]


def test_a_draft_never_passes_for_a_statement(sample: Sample) -> None:
    for text in (
        "\n".join(statement_text(complete(sample))),
        statement_html(complete(sample)),
        statement_json(complete(sample)),
    ):
        assert "draft made by a test" in text.lower()
        assert "not an IHE Integration Statement" in text
        assert "certif" not in text


def test_what_is_missing_in_an_interrupted_run_is_said_to_be_untested(sample: Sample) -> None:
    stopped = sheet(replace(sample, run=replace(sample.run, interrupted=True)))
    for text in ("\n".join(sheet_text(stopped)), "\n".join(statement_text(stopped)), sheet_html(stopped)):
        assert "run was interrupted: what is missing was not tested" in text


# hostile values


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_stay_text_on_the_pages(sample_with: Callable[[str], Sample], hostile: str) -> None:
    found = sheet(sample_with(hostile))
    for page in (sheet_html(found), statement_html(found)):
        tags = _Tags(page)
        assert not {"script", "img"} & set(tags.tags)
        assert all(link.startswith(("#", "report.html")) for link in tags.links)
        assert not re.search("[\x00-\x08\x0b-\x1f\udc80\u202e\ufffe]", page)
        assert ("{{ 7*7 }}" in page) is ("{{ 7*7 }}" in hostile)
        assert len(page) < 200_000


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_stay_text_in_a_terminal_in_csv_and_in_json(
    sample_with: Callable[[str], Sample], hostile: str
) -> None:
    found = sheet(sample_with(hostile))
    texts = ["\n".join(sheet_text(found)), "\n".join(statement_text(found)), sheet_csv(found), sheet_json(found)]
    for text in texts:
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\udc80\u202e\ufffe]", text)
        assert len(text) < 200_000
    for row in csv.reader(io.StringIO(texts[2])):
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def test_a_hostile_name_of_a_run_is_no_address(sample: Sample, tmp_path: Path) -> None:
    told = told_run(sample.run, tmp_path, "javascript:alert(1)//")
    links = _Tags(sheet_html(sheet_of([told]))).links
    assert all(link.startswith(("#", "javascript%3Aalert%281%29//")) for link in links)
