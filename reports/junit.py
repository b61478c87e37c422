"""junit.xml: one test suite for each play, one test case for each step, for build servers.

FAIL is a failure; ERROR and INCONCLUSIVE are errors of their own type. NONE is skipped, and so is a step whose failures
are all known deviations: a build server then shows neither a pass nor a new failure, but the owner and the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from junit_xml import TestCase, TestSuite, to_xml_report_string

from harness.model.failing import step_failures
from harness.model.known import Standing
from harness.model.run import JudgedFinding, PlayResult, Run, StepResult
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.grouping import groups
from reports.known import known_properties, step_known_words
from reports.overriding import site_properties
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import (
    HTML_REPORT,
    decisive,
    exchange_anchor,
    group_text,
    href,
    reasons,
    statement,
    step_text,
)

JUNIT_FILE: Final = "junit.xml"
_MANY = 50


class JUnit:
    """Writes junit.xml."""

    name = "junit"
    order = 20

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write one suite for each play."""
        again = Reproduction(out, run)
        suites = [_suite(run, play, again) for play in run.plays]
        text = to_xml_report_string(suites, prettyprint=False, encoding="utf-8")
        (out / JUNIT_FILE).write_text(text, encoding="utf-8")


def _suite(run: Run, play: PlayResult, again: Reproduction) -> TestSuite:
    roles = {f"role.{printable(actor)}": printable(player) for actor, player in play.roles.items()}
    properties = {
        "seed": str(run.plan.seed),
        "harness": printable(run.plan.harness_version),
        "rule set": printable(run.plan.rule_set),
        "profile": printable(play.profile),
        "form": printable(play.form),
    }
    cases = [_case(run, play, step, again) for step in play.steps]
    if not play.steps:
        cases = [_play_case(play)]
    return TestSuite(
        printable(play.play),
        cases,
        timestamp=printable(run.plan.started),
        properties=properties | roles | site_properties(run) | known_properties(run),
    )


def _case(run: Run, play: PlayResult, step: StepResult, again: Reproduction) -> TestCase:
    case = TestCase(
        printable(step.step),
        classname=printable(play.play),
        elapsed_sec=step.seconds,
        stdout=_pointers(step),
        file=printable(play.scenario_path) or None,
        line=step.line or None,
        allow_multiple_subelements=True,
    )
    case.assertions = step.checks
    if step.verdict is Verdict.NONE:
        case.add_skipped_info("; ".join(reasons(step)) or "nothing to judge")
        return case
    known = step_known_words(run.plan.known.entries, play, step)
    if known:
        case.add_skipped_info(f"known deviation: {known}", step_text(play, step, again))
        return case
    for verdict in sorted(_news(play, step), key=lambda verdict: verdict.rank):
        found = [judged for _, judged in decisive(step) if judged.verdict is verdict and not judged.is_known]
        _add(case, verdict, _message(step, found), _output(play, step, found, again))
    return case


def _news(play: PlayResult, step: StepResult) -> set[Verdict]:
    """The verdicts of a step that are not known, each of which has an entry of its own."""
    failures = tuple(step_failures(play, step))
    news = {failure.verdict for failure in failures if failure.standing is not Standing.KNOWN}
    if step.verdict is Verdict.ERROR or len(failures) == 0 or not any(failure.known for failure in failures):
        news |= {judged.verdict for _, judged in decisive(step) if not judged.is_known} | {step.verdict}
    return news


def _play_case(play: PlayResult) -> TestCase:
    """A play without steps still has an entry: what never ran is never silently absent."""
    case = TestCase("play", classname=printable(play.play), elapsed_sec=play.seconds)
    reason = printable(play.reason) or "the play has no steps"
    if play.verdict is Verdict.NONE:
        case.add_skipped_info(reason)
    else:
        _add(case, play.verdict, reason, reason)
    return case


def _add(case: TestCase, verdict: Verdict, message: str, output: str) -> None:
    if verdict is Verdict.FAIL:
        case.add_failure_info(message, output, failure_type="fail")
    elif verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE):
        case.add_error_info(message, output, error_type=verdict.value)


def _message(step: StepResult, found: Sequence[JudgedFinding]) -> str:
    if not found:
        return "; ".join(reasons(step)) or "no finding says why"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return statement(found[0]) + more


def _output(play: PlayResult, step: StepResult, found: Sequence[JudgedFinding], again: Reproduction) -> str:
    if not found:
        return step_text(play, step, again)
    told = groups((play, step, judged) for judged in found)
    texts = [group_text(group, again) for group in told[:_MANY]]
    return "\n\n".join([*texts, *reasons(step)])


def _pointers(step: StepResult) -> str:
    """Where the exchanges of the step are found."""
    lines = [
        f"{printable(leg.leg)}: {leg.verdict.value}, exchange {number}, {HTML_REPORT}{href(exchange_anchor(number))}"
        for leg in step.legs
        for number in leg.exchanges[:_MANY]
    ]
    return "\n".join(lines)


REPORT = JUnit()
