"""Collection and running: a scenario file gives one collector for each play, and one item for each step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engine.judging import Strictness
from harness.errors import HarnessError
from harness.model.names import HARNESS, StepId
from harness.model.plan import Play
from harness.model.run import PlayResult, StepResult
from harness.model.verdict import Confidence, Verdict
from harness.pytest_plugin.stage import Stage
from harness.wiring import RunRequest
from reports.wording import step_summary

STAGE = pytest.StashKey[Stage]()
_CLOSING = pytest.StashKey[str]()


class ConformanceFailure(AssertionError):  # noqa: N818 - the word of the field
    """The system under test violated a requirement."""


class Undecided(Exception):  # noqa: N818 - the word of the verdict, as it appears in the report
    """INCONCLUSIVE: neither passed nor failed."""


class HarnessFault(Exception):  # noqa: N818 - the word of the verdict
    """ERROR: the harness itself did wrong."""


class ScenarioFile(pytest.File):
    """A `*.scenario.yaml` file. `distribution` is how pytest-xdist distributes items, `no` without it."""

    distribution = "no"

    def collect(self) -> Iterator[pytest.Collector]:
        """One collector for each play; malformed YAML is a collection error with its place."""
        if self.distribution not in ("no", "loadgroup"):
            raise self.CollectError(
                "scenarios of one run share one simulated department, so they must stay on one worker: "
                "use --dist loadgroup, or leave -n out"
            )
        try:
            plays = self.config.stash[STAGE].plays_of(self.path)
        except HarnessError as error:
            raise self.CollectError(str(error)) from None
        for play in plays:
            yield PlayCollector.from_parent(self, name=play.id.partition("@")[2] or play.id, play=play)


class PlayCollector(pytest.Collector):
    """One scenario in one form, with its roles bound."""

    def __init__(self, *, play: Play, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.play = play

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each step."""
        for planned in self.play.steps:
            yield StepItem.from_parent(self, name=planned.step.id, play=self.play, step=planned.step.id)


class StepItem(pytest.Function):
    """One transaction of a play. The first item that needs a play runs it whole."""

    def __init__(self, *, play: Play, step: StepId, **arguments: Any) -> None:
        super().__init__(callobj=self._verdict, **arguments)
        planned = play.step(step)
        self.play = play
        self.step = step
        self._line = planned.step.line
        self.user_properties.append(("transaction", planned.transaction.id))
        self.user_properties.append(("profile", play.profile))
        self.user_properties.append(("scenario", play.id))
        self.add_marker(pytest.mark.xdist_group("swf-department"))

    def setup(self) -> None:
        """Run the play; what is no verdict on the system under test is an error, not a failure."""
        super().setup()
        play, step = self._result()
        if step.verdict is Verdict.NONE:
            pytest.skip(step.reason or "nothing to judge")
        if step.verdicts.get(HARNESS) is Verdict.ERROR and Verdict.FAIL not in step.verdicts.values():
            raise HarnessFault(step_summary(play, step, self.config.stash[STAGE].out))
        if step.verdict is Verdict.INCONCLUSIVE:
            raise Undecided(step_summary(play, step, self.config.stash[STAGE].out))

    def _verdict(self) -> None:
        play, step = self._result()
        if Verdict.FAIL in step.verdicts.values():
            raise ConformanceFailure(step_summary(play, step, self.config.stash[STAGE].out))

    def _result(self) -> tuple[PlayResult, StepResult]:
        play = self.config.stash[STAGE].result(self.play.id)
        return play, next(step for step in play.steps if step.step == self.step)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Our own words for a verdict; a traceback only for what is none."""
        if isinstance(excinfo.value, ConformanceFailure | Undecided | HarnessFault):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Path and line of the step in its scenario."""
        return self.path, max(0, self._line - 1), f"{self.play.id} {self.step}"


def collector(parent: pytest.Collector, path: Path, distribution: str) -> ScenarioFile:
    """The collector of a scenario file; the first one prepares the run of the session."""
    config = parent.config
    if STAGE not in config.stash:
        config.stash[STAGE] = Stage(_request(config))
    file: ScenarioFile = ScenarioFile.from_parent(parent, path=path)
    file.distribution = distribution
    return file


def _request(config: pytest.Config) -> RunRequest:
    option = config.option
    return RunRequest(
        suts=tuple(option.sut),
        out=Path(option.swf_out) if option.swf_out else None,
        defect=option.defect,
        seed=option.swf_seed,
        strictness=Strictness(strict=option.swf_strict, least=Confidence(option.swf_confidence)),
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the plays of one department together, so that each department opens once."""
    stage = config.stash[STAGE]
    if any(isinstance(item, StepItem) for item in items):
        items.sort(key=lambda item: stage.rank(item.play.id) if isinstance(item, StepItem) else -1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Seal the run and write its reports."""
    try:
        finished = session.config.stash[STAGE].close()
    except HarnessError as error:
        session.config.stash[_CLOSING] = str(error)
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        return
    if finished is not None:
        session.config.stash[_CLOSING] = (
            f"{finished.run.checks} checks executed; report: {finished.out / 'report.html'}"
        )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say where the report is."""
    text = config.stash.get(_CLOSING, "")
    if text:
        terminalreporter.section("Scheduled Workflow")
        terminalreporter.write_line(text)
