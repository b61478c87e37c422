"""What is told of a bundle: whatever is in it, nothing of it gets out of its line."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from harness.model.bundle import (
    Attested,
    BundledRun,
    BundleFacts,
    RunVerified,
    SignatureFound,
    Signed,
    Verified,
)
from harness.model.names import PlayId, StepId
from harness.model.verdict import Confidence, Verdict
from reports.bundle import facts_lines, verified_json, verified_text
from tests.unit.reports.test_comparison import HOSTILE, everything


def facts(text: str) -> BundleFacts:
    run = BundledRun(
        folder=text,
        run=text,
        started=text,
        seed=1,
        defect=text,
        watched=False,
        sealed=False,
        interrupted=True,
        systems=(text,),
        plays=1,
        exchanges=2,
        verdict=Verdict.FAIL,
        exit_code=1,
        checks=3,
        believed=1,
        strict=False,
        least=Confidence.BELIEVED,
        judged_by=text,
        planned_by=text,
        harness_version=text,
        environment={text: text},
        operator=(Attested(play=PlayId(text), step=StepId(text), said=(text,)),),
    )
    return BundleFacts(format=text, written_by=text, runs=(run,))


def verified(text: str) -> Verified:
    return Verified(
        bundle=text,
        digest=text,
        files=9,
        altered=(),
        signature=SignatureFound(state=Signed.BY_KNOWN, wanted=True, signer=text, fingerprint=text, why=text),
        facts=facts(text),
        runs=(RunVerified(folder=text, altered=(text,), sealed=True, comparison=everything(text)),),
    )


def printed(found: Verified) -> str:
    stream = io.StringIO()
    verified_text(found, Console(file=stream, force_terminal=False))
    return stream.getvalue()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_moves_a_cursor_or_breaks_a_line(text: str) -> None:
    shown = printed(verified(text))
    assert shown.count("\n") == printed(verified("plain")).count("\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


def test_what_was_altered_ends_it() -> None:
    found = replace(verified("plain"), altered=tuple(f"file-{number}" for number in range(30)), facts=None, runs=())
    shown = printed(found)
    assert "ALTERED: file-0, file-1," in shown
    assert "and 20 more" in shown
    assert "nothing was judged" in shown
    assert not found.intact


@pytest.mark.parametrize(
    ("state", "wanted", "accepted"),
    [
        (Signed.NOT, False, True),
        (Signed.NOT, True, False),
        (Signed.BY_SOMEBODY, False, True),
        (Signed.BY_STRANGER, True, False),
        (Signed.BY_KNOWN, True, True),
        (Signed.WRONGLY, False, False),
        (Signed.WRONGLY, True, False),
    ],
)
def test_which_signature_is_accepted(state: Signed, wanted: bool, accepted: bool) -> None:
    assert SignatureFound(state=state, wanted=wanted).accepted is accepted


def test_the_runs_of_a_bundle_are_told() -> None:
    lines = list(facts_lines(facts("plain")))
    assert lines[0] == "plain: run plain of plain: FAIL"
    assert "1 steps with answers of an operator" in "\n".join(lines)
    assert lines[-1] == "  it was interrupted: not everything was tested"


def test_the_same_as_data() -> None:
    data = json.loads(verified_json(verified("plain")))
    assert data["signature"]["state"] == "signed by"
    assert data["runs"][0]["comparison"]["before"]["verdict"] == "fail"
