"""allure-results/: one Allure result for each step, for those who already read their tests there.

Allure's own command renders them. Ids are made from names, so that Allure's history follows a step over runs.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import (
    Attachment,
    Label,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)
from allure_commons.types import AttachmentType, LabelType

from harness.model.names import ExchangeId
from harness.model.run import JudgedFinding, LegResult, PlayResult, Run, StepResult
from harness.model.verdict import Verdict
from reports import ReadPayload
from reports.exchanges import exchange_view, marks_of, start_of, view_text
from reports.printable import printable
from reports.wording import decisive, player_words, reasons, statement, step_summary, verdict_words

ALLURE_FOLDER: Final = "allure-results"
_ATTACHMENTS = 8
_FINDINGS = 50
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
        rendering = _Rendering(run, out, payload, logger)
        start = _milliseconds(run.plan.started)
        for play in run.plays:
            clock = start
            for step in play.steps:
                logger.report_result(rendering.result(play, step, clock))
                clock += int(step.seconds * 1000)


class _Rendering:
    """What one writing of the results needs all along."""

    def __init__(self, run: Run, out: Path, payload: ReadPayload, logger: AllureFileLogger) -> None:
        self._run_name = printable(run.plan.run)
        self._out = out
        self._payload = payload
        self._logger = logger
        self._known = {exchange.id: exchange for exchange in run.transcript.exchanges} if run.transcript else {}
        self._marks = marks_of(run)
        self._start = start_of(run)
        self._written: dict[ExchangeId, Attachment] = {}

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
            status=_STATUS[step.verdict],
            statusDetails=_details(play, step, self._out),
            stage="finished",
            labels=list(_labels(play, step)),
            parameters=[Parameter(name="form", value=printable(play.form))],
            start=start,
            stop=start + int(step.seconds * 1000),
        )
        result.steps = [self._leg(leg, result.start, result.stop) for leg in step.legs]
        result.file_pattern = f"{result.uuid}-result.json"
        return result

    def _leg(self, leg: LegResult, start: int, stop: int) -> TestStepResult:
        initiator = f"{printable(leg.initiator)} ({player_words(leg.initiator_player)})"
        responder = f"{printable(leg.responder)} ({player_words(leg.responder_player)})"
        return TestStepResult(
            name=f"{printable(leg.leg)}: {initiator} to {responder}",
            status=_STATUS[leg.verdict],
            statusDetails=StatusDetails(message=printable(leg.reason)) if leg.reason else None,
            steps=[_finding(judged, start, stop) for judged in _notable(leg)],
            attachments=[self._attachment(number) for number in leg.exchanges[:_ATTACHMENTS] if number in self._known],
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


def _notable(leg: LegResult) -> list[JudgedFinding]:
    gravest_first = sorted(leg.findings, key=lambda judged: -judged.verdict.rank)
    return gravest_first[:_FINDINGS]


def _finding(judged: JudgedFinding, start: int, stop: int) -> TestStepResult:
    status = Status.SKIPPED if judged.declared else _STATUS[judged.verdict]
    name = f"{verdict_words(judged)} {printable(judged.requirement.id)} {statement(judged)}"
    return TestStepResult(name=name, status=status, start=start, stop=stop)


def _details(play: PlayResult, step: StepResult, out: Path) -> StatusDetails | None:
    if step.verdict is Verdict.PASS:
        return None
    first = next((statement(judged) for _, judged in decisive(step)), "")
    message = first or "; ".join(reasons(step)) or "nothing to judge"
    return StatusDetails(message=f"{step.verdict.value.upper()}: {message}", trace=step_summary(play, step, out))


def _labels(play: PlayResult, step: StepResult) -> Iterator[Label]:
    yield Label(name=LabelType.PARENT_SUITE, value=printable(play.profile))
    yield Label(name=LabelType.SUITE, value=printable(play.play))
    yield Label(name=LabelType.EPIC, value=printable(play.profile))
    yield Label(name=LabelType.FEATURE, value=printable(step.transaction))
    yield Label(name="profile", value=printable(play.profile))
    yield Label(name="transaction", value=printable(step.transaction))
    yield Label(name="verdict", value=step.verdict.value)
    actors = dict.fromkeys(actor for leg in step.legs for actor in (leg.initiator, leg.responder))
    for actor in actors:
        yield Label(name="actor", value=printable(actor))
    for actor, player in play.roles.items():
        yield Label(name=LabelType.TAG, value=f"{printable(player)} as {printable(actor)}")


def _milliseconds(started: str) -> int:
    try:
        return int(datetime.fromisoformat(started).timestamp() * 1000)
    except ValueError:
        return 0


REPORT = Allure()
