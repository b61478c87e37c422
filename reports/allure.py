"""allure-results/: one Allure result for each step, for those who already read their tests there.

Allure's own command renders them. Ids are made from names, so that Allure's history follows a step over runs.
Messages are attached, once each, where something was found; of what passed, the result says where they are. Links lead
to the HTML report beside the results, and to the tickets of known deviations.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import (
    Attachment,
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)
from allure_commons.types import AttachmentType, LabelType, LinkType, Severity

from harness.model.names import ExchangeId, PlayId, StepId
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.transcript import EventKind
from harness.model.verdict import Outcome, Strength, Verdict
from reports import ReadPayload
from reports.exchanges import exchange_view, marks_of, start_of, view_text
from reports.grouping import Group, groups, scenario_of
from reports.known import known_properties, known_tickets, known_words, step_known_words
from reports.overriding import overruled_words, site_properties
from reports.printable import printable
from reports.reproduction import Reproduction
from reports.wording import (
    HTML_REPORT,
    decisive,
    exchange_anchor,
    href,
    player_words,
    reasons,
    statement,
    step_anchor,
    step_text,
    verdict_words,
    why_words,
)

ALLURE_FOLDER: Final = "allure-results"
_REPORT: Final = f"../{HTML_REPORT}"
_SEPARATORS: Final = re.compile(r"[\s:=\\]+")
_BACKSLASH: Final = "\\"
_ATTACHMENTS = 8
_FINDINGS = 50
_LINKS = 12
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:-]+(/[A-Za-z0-9./_~%#?&=+-]*)?")
_CATEGORIES: Final = (
    ("Violations", (Status.FAILED,), ".*"),
    ("Inconclusive", (Status.BROKEN,), "INCONCLUSIVE: .*"),
    ("Errors of the harness", (Status.BROKEN,), "ERROR: .*"),
    ("Known deviations", (Status.SKIPPED,), "known deviation: .*"),
    ("Not judged", (Status.SKIPPED,), ".*"),
)
"""What Allure sorts steps into, by status and message; the first that fits."""
_STATUS = {
    Verdict.NONE: Status.SKIPPED,
    Verdict.PASS: Status.PASSED,
    Verdict.INCONCLUSIVE: Status.BROKEN,
    Verdict.FAIL: Status.FAILED,
    Verdict.ERROR: Status.BROKEN,
}


class Allure:
    """Writes allure-results/."""

    name = "allure"
    order = 30

    def write(self, run: Run, out: Path, payload: ReadPayload) -> None:
        """Write one result for each step; results of an earlier rendering are removed."""
        logger = AllureFileLogger(out / ALLURE_FOLDER, clean=True)
        _write_environment(run, out / ALLURE_FOLDER)
        _write_categories(out / ALLURE_FOLDER)
        rendering = _Rendering(run, out, payload, logger)
        started = _starts(run)
        start = _milliseconds(run.plan.started)
        for play in run.plays:
            clock = start
            for step in play.steps:
                clock = started.get((play.play, step.step), clock)
                logger.report_result(rendering.result(play, step, clock))
                clock += int(step.seconds * 1000)


def _write_environment(run: Run, folder: Path) -> None:
    """What Allure shows of the run as a whole: its rules, and what the site overrides or attests."""
    facts = {"rule.set": printable(run.rule_set or run.plan.rule_set), **site_properties(run), **known_properties(run)}
    lines = (
        f"{_SEPARATORS.sub('_', name)}={value.replace(_BACKSLASH, _BACKSLASH * 2)}" for name, value in facts.items()
    )
    (folder / "environment.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_categories(folder: Path) -> None:
    """How Allure sorts what did not pass: an error of ours is never among the failures of a product."""
    found = [
        {"name": name, "matchedStatuses": list(statuses), "messageRegex": f"(?s){words}"}
        for name, statuses, words in _CATEGORIES
    ]
    (folder / "categories.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


class _Rendering:
    """What one writing of the results needs all along."""

    def __init__(self, run: Run, out: Path, payload: ReadPayload, logger: AllureFileLogger) -> None:
        self._run = run
        self._run_name = printable(run.plan.run)
        self._again = Reproduction(out, run)
        self._payload = payload
        self._logger = logger
        self._known = {exchange.id: exchange for exchange in run.transcript.exchanges} if run.transcript else {}
        self._marks = marks_of(run)
        self._start = start_of(run)
        self._written: dict[ExchangeId, Attachment] = {}

    def _status(self, play: PlayResult, step: StepResult) -> str:
        """A step whose failures are all known is no news: it is shown as skipped, and why."""
        known = step_known_words(self._run.plan.known.entries, play, step)
        status: str = Status.SKIPPED if known else _STATUS[step.verdict]
        return status

    def result(self, play: PlayResult, step: StepResult, start: int) -> TestResult:
        name = f"{printable(play.play)}/{printable(step.step)}"
        identity = hashlib.sha256(name.encode()).hexdigest()[:32]
        result = TestResult(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._run_name}/{name}")),
            historyId=identity,
            testCaseId=identity,
            fullName=name,
            name=f"{printable(step.step)} [{printable(step.transaction)}] {printable(step.title)}",
            titlePath=[printable(play.profile), printable(play.play)],
            status=self._status(play, step),
            statusDetails=_details(play, step, self._again, step_known_words(self._run.plan.known.entries, play, step)),
            stage="finished",
            labels=list(_labels(play, step)),
            links=list(self._links(play, step)),
            parameters=list(_parameters(play)),
            start=start,
            stop=start + int(step.seconds * 1000),
        )
        result.steps = [self._leg(play, step, leg, result.start, result.stop) for leg in step.legs]
        result.file_pattern = f"{result.uuid}-result.json"
        return result

    def _links(self, play: PlayResult, step: StepResult) -> Iterator[Link]:
        """The step and its exchanges in the HTML report, and the tickets of what is known."""
        yield Link(type=LinkType.LINK, url=f"{_REPORT}{href(step_anchor(play, step))}", name="report")
        numbers = dict.fromkeys(number for leg in step.legs for number in leg.exchanges)
        for number in list(numbers)[:_LINKS]:
            place = f"{_REPORT}{href(exchange_anchor(number))}"
            yield Link(type=LinkType.LINK, url=place, name=f"exchange {number}")
        for ticket in known_tickets(self._run.plan.known.entries, play, step):
            if _ADDRESS.fullmatch(ticket):
                yield Link(type=LinkType.ISSUE, url=ticket, name=printable(ticket, 80))

    def _leg(self, play: PlayResult, step: StepResult, leg: LegResult, start: int, stop: int) -> TestStepResult:
        initiator = f"{printable(leg.initiator)} ({player_words(leg.initiator_player)})"
        responder = f"{printable(leg.responder)} ({player_words(leg.responder_player)})"
        found = groups((play, step, judged) for judged in leg.findings if _is_notable(judged))
        steps = [_finding(group, start, stop) for group in found[:_FINDINGS]]
        attached = leg.exchanges[:_ATTACHMENTS] if leg.verdict.rank > Verdict.PASS.rank else ()
        wanted = list(dict.fromkeys([*_pointed_at(found), *attached]))[:_ATTACHMENTS]
        return TestStepResult(
            name=f"{printable(leg.leg)}: {initiator} to {responder}{_exchanges(leg)}",
            status=_STATUS[leg.verdict],
            statusDetails=StatusDetails(message=printable(leg.reason)) if leg.reason else None,
            steps=[*steps, *_counts(leg, start, stop)],
            attachments=[self._attachment(number) for number in wanted if number in self._known],
            start=start,
            stop=stop,
        )

    def _attachment(self, number: ExchangeId) -> Attachment:
        if number not in self._written:
            file_name = f"{uuid.uuid5(uuid.NAMESPACE_URL, f'{self._run_name}#{number}')}-attachment.txt"
            marks = self._marks.get(number, ())
            text = view_text(exchange_view(self._known[number], self._payload, marks, self._start))
            self._logger.report_attached_data(text.encode("utf-8", "backslashreplace"), file_name)
            kind = AttachmentType.TEXT.mime_type
            self._written[number] = Attachment(name=f"exchange {number}", source=file_name, type=kind)
        return self._written[number]


def _is_notable(judged: JudgedFinding) -> bool:
    changed = judged.overruled is not None and judged.overruled.verdict is not judged.verdict
    return judged.verdict.rank > Verdict.PASS.rank or judged.quiet or changed


def _pointed_at(found: Iterable[Group]) -> Iterator[ExchangeId]:
    for group in found:
        for (_, exchange), _ in group.places:
            if exchange is not None:
                yield exchange


def _finding(group: Group, start: int, stop: int) -> TestStepResult:
    judged = group.judged
    status = Status.SKIPPED if judged.declared else _STATUS[judged.verdict]
    times = f" ({group.count} times)" if group.count > 1 else ""
    overruled = overruled_words(judged)
    how = "".join(f" ({words})" for words in (overruled, known_words(judged.known), why_words(judged)) if words)
    name = f"{verdict_words(judged)} {printable(judged.requirement.id)} {statement(judged)}{times}{how}"
    return TestStepResult(name=name, status=status, start=start, stop=stop)


def _counts(leg: LegResult, start: int, stop: int) -> Iterator[TestStepResult]:
    """What passed and what did not apply, as one line each."""
    counts = Counter(judged.finding.outcome for judged in leg.findings if not _is_notable(judged))
    for outcome, count in counts.items():
        status = Status.PASSED if outcome is Outcome.MET else Status.SKIPPED
        yield TestStepResult(name=f"{count} {outcome.value}", status=status, start=start, stop=stop)


def _exchanges(leg: LegResult) -> str:
    if not leg.exchanges:
        return ", no exchange"
    numbers = ", ".join(str(number) for number in leg.exchanges[:_ATTACHMENTS])
    return f", exchange {numbers}" + (" ..." if len(leg.exchanges) > _ATTACHMENTS else "")


def _details(play: PlayResult, step: StepResult, again: Reproduction, known: str) -> StatusDetails | None:
    if step.verdict is Verdict.PASS:
        return None
    first = next((statement(judged) for _, judged in decisive(step)), "")
    message = first or "; ".join(reasons(step)) or "nothing to judge"
    text = f"{step.verdict.value.upper()}: {message}"
    trace = step_text(play, step, again)
    if known:
        return StatusDetails(known=True, message=f"known deviation: {known}; {text}", trace=trace)
    return StatusDetails(message=text, trace=trace)


def _parameters(play: PlayResult) -> Iterator[Parameter]:
    yield Parameter(name="form", value=printable(play.form))
    for actor, player in play.roles.items():
        yield Parameter(name=printable(actor), value=printable(player))


def _labels(play: PlayResult, step: StepResult) -> Iterator[Label]:
    yield Label(name=LabelType.PARENT_SUITE, value=printable(play.profile))
    yield Label(name=LabelType.SUITE, value=printable(play.play))
    yield Label(name=LabelType.EPIC, value=printable(play.profile))
    yield Label(name=LabelType.FEATURE, value=f"{printable(step.transaction)} {printable(step.title)}")
    yield Label(name=LabelType.STORY, value=printable(scenario_of(play)))
    yield Label(name=LabelType.FRAMEWORK, value="swf-harness")
    yield Label(name="profile", value=printable(play.profile))
    yield Label(name="transaction", value=printable(step.transaction))
    yield Label(name="verdict", value=step.verdict.value)
    yield Label(name=LabelType.SEVERITY, value=_severity(step))
    actors = dict.fromkeys(actor for leg in step.legs for actor in (leg.initiator, leg.responder))
    for actor in actors:
        yield Label(name="actor", value=printable(actor))
    for actor, player in play.roles.items():
        yield Label(name=LabelType.TAG, value=f"{printable(player)} as {printable(actor)}")


def _severity(step: StepResult) -> str:
    """How much a step matters: what did not pass because a SHALL was violated is critical."""
    strengths = {judged.requirement.strength for _, judged in decisive(step) if judged.verdict is Verdict.FAIL}
    severity: str = Severity.CRITICAL if Strength.SHALL in strengths else Severity.NORMAL
    return severity


def _starts(run: Run) -> Mapping[tuple[PlayId, StepId], int]:
    """When each step began, in milliseconds, as far as the recording says."""
    return {
        (event.step.play, event.step.step): int(event.time * 1000)
        for event in (run.transcript.events if run.transcript else ())
        if event.kind is EventKind.STEP_STARTED and event.step is not None
    }


def _milliseconds(started: str) -> int:
    try:
        return int(datetime.fromisoformat(started).timestamp() * 1000)
    except ValueError:
        return 0


REPORT = Allure()
