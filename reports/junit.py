"""junit.xml: one test suite for each play, one test case for each step, for build servers.

FAIL is a failure; ERROR and INCONCLUSIVE are errors of their own type. NONE is skipped, and so is a step whose failures
are all known deviations: a build server then shows neither a pass nor a new failure, but the owner and the reason.

Names are ids that hold over runs: `classname` is the play, `name` the step. Each case has properties of its own, and
says in its output where its messages are.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from junit_xml import TestCase, TestSuite, to_xml_report_string

from harness.model.failing import step_failures
from harness.model.known import Standing
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
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
    player_words,
    reasons,
    statement,
    step_anchor,
    step_text,
)

JUNIT_FILE: Final = "junit.xml"
_MANY = 50
_REQUIREMENTS = 20


class JUnit:
    """Writes junit.xml."""

    name = "junit"
    order = 20

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write one suite for each play."""
        again = Reproduction(out, run)
        suites = [_suite(run, play, again) for play in run.plays]
        text = to_xml_report_string(suites, prettyprint=False, encoding="utf-8")
        root = ET.fromstring(text)  # noqa: S314 - it was written a line above
        for suite, play in zip(root.findall("testsuite"), run.plays, strict=True):
            for case, step in zip(suite.findall("testcase"), play.steps, strict=False):
                case.insert(0, _properties(play, step))
        ET.indent(root, " ")
        content = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        (out / JUNIT_FILE).write_bytes(content + b"\n")


def _properties(play: PlayResult, step: StepResult) -> ET.Element:
    """What is known of a case besides its name; the library has properties for suites alone."""
    element = ET.Element("properties")
    for name, value in _facts(play, step).items():
        ET.SubElement(element, "property", {"name": name, "value": value})
    return element


def _facts(play: PlayResult, step: StepResult) -> Mapping[str, str]:
    actors = dict.fromkeys(end for leg in step.legs for end in _ends(leg))
    violated = dict.fromkeys(
        printable(judged.requirement.id)
        for _, judged in decisive(step)
        if judged.verdict in (Verdict.FAIL, Verdict.ERROR)
    )
    facts = {
        "id": f"{printable(play.play)}/{printable(step.step)}",
        "transaction": printable(step.transaction),
        "title": printable(step.title),
        "verdict": step.verdict.value,
        "checks": str(step.checks),
        "actors": ", ".join(actors),
        "violated": ", ".join(list(violated)[:_REQUIREMENTS]),
        "report": f"{HTML_REPORT}{href(step_anchor(play, step))}",
    }
    return {name: value for name, value in facts.items() if value}


def _ends(leg: LegResult) -> tuple[str, str]:
    return (
        f"{printable(leg.initiator)} ({player_words(leg.initiator_player)})",
        f"{printable(leg.responder)} ({player_words(leg.responder_player)})",
    )


def _suite(run: Run, play: PlayResult, again: Reproduction) -> TestSuite:
    roles = {f"role.{printable(actor)}": printable(player) for actor, player in play.roles.items()}
    properties = {
        "seed": str(run.plan.seed),
        "harness": printable(run.plan.harness_version),
        "rule set": printable(run.rule_set or run.plan.rule_set),
        "profile": printable(play.profile),
        "form": printable(play.form),
    }
    cases = [_case(run, play, step, again) for step in play.steps]
    if not play.steps:
        cases = [_play_case(play)]
    return TestSuite(
        printable(play.play),
        cases,
        package=printable(play.profile),
        timestamp=printable(run.plan.started),
        properties=properties | roles | site_properties(run) | known_properties(run),
    )


def _case(run: Run, play: PlayResult, step: StepResult, again: Reproduction) -> TestCase:
    case = TestCase(
        printable(step.step),
        classname=printable(play.play),
        elapsed_sec=step.seconds,
        stdout="\n".join(_told(step)),
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


def _told(step: StepResult) -> Iterator[str]:
    """The step in a few lines: who did what with whom, and where the exchanges are found."""
    yield (
        f"{printable(step.step)} [{printable(step.transaction)}] {printable(step.title)}: "
        f"{step.verdict.value.upper()}, {step.checks} checks, {step.seconds:.2f} s"
    )
    for leg in step.legs:
        initiator, responder = _ends(leg)
        yield f"  {printable(leg.leg)}: {initiator} -> {responder}: {leg.verdict.value.upper()}"
        if leg.reason:
            yield f"    {printable(leg.reason)}"
        for number in leg.exchanges[:_MANY]:
            yield f"    exchange {number}  {HTML_REPORT}{href(exchange_anchor(number))}"
        if len(leg.exchanges) > _MANY:
            yield f"    and {len(leg.exchanges) - _MANY} more exchanges"
    yield from (f"  operator: {printable(words)}" for words in step.operator)


REPORT = JUnit()
