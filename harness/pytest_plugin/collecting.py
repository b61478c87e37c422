"""Collection and running: a scenario file gives one collector for each play, and one item for each step."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.engine.judging import Strictness
from harness.errors import HarnessError, NotApplicable
from harness.model.names import HARNESS, StepId
from harness.model.plan import Play
from harness.model.run import PlayResult, StepResult
from harness.model.verdict import Confidence, Verdict
from harness.pytest_plugin import tell as tell_at_end
from harness.pytest_plugin.stage import Stage
from harness.wiring import RunRequest
from reports.known import gate_words
from reports.wording import HTML_REPORT, step_summary

STAGE = pytest.StashKey[Stage]()


class ConformanceFailure(AssertionError):
    """The system under test violated a requirement."""


class Undecided(Exception):
    """INCONCLUSIVE: neither passed nor failed."""


class HarnessFault(Exception):
    """ERROR: the harness itself did wrong."""


_IN_WORDS = (ConformanceFailure, Undecided, HarnessFault, HarnessError)


class ScenarioFile(pytest.File):
    """A `*.scenario.yaml` file. `distribution` is how pytest-xdist distributes items, `no` without it."""

    distribution = "no"

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """One collector for each play; malformed YAML is a collection error with its place."""
        if self.distribution not in ("no", "loadgroup"):
            raise self.CollectError(
                "scenarios of one run share one simulated department, so they must stay on one worker: "
                "use --dist loadgroup, or leave -n out"
            )
        try:
            plays = self.config.stash[STAGE].plays_of(self.path)
        except NotApplicable as reason:
            if self._is_named():
                raise self.CollectError(str(reason)) from None
            yield NoPlay.from_parent(self, name="not applicable", reason=str(reason))
            return
        except HarnessError as error:
            raise self.CollectError(str(error)) from None
        for play in plays:
            yield PlayCollector.from_parent(self, name=play.id.partition("@")[2] or play.id, play=play)

    def _is_named(self) -> bool:
        """Whether the user asked for this very file, and not for a folder that holds it."""
        here = self.config.invocation_params.dir
        return any(here / argument.partition("::")[0] == self.path for argument in self.config.args)


class NoPlay(pytest.Item):
    """A scenario of a folder that does not apply to the systems under test."""

    def __init__(self, *, reason: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._reason = reason

    def runtest(self) -> None:
        """Nothing is run, and why."""
        pytest.skip(self._reason)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """The file."""
        return self.path, 0, self.name


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

    def setup(self) -> None:
        """Run the play; what is no verdict on the system under test is an error, not a failure."""
        super().setup()
        play, step = self._result()
        self.user_properties.append(("verdict", step.verdict.value))
        known = self.config.stash[STAGE].known_words(play, step)
        if known:
            self.user_properties.append(("known deviation", known))
            pytest.xfail(f"known deviation: {known}")
        if Verdict.FAIL in step.verdicts.values():
            return  # a failure of the test itself
        if play.reason and play.verdicts.get(HARNESS) is Verdict.ERROR:
            raise HarnessFault(f"{play.play}: {play.reason}")
        if step.verdict is Verdict.NONE:
            pytest.skip(step.reason or "nothing to judge")
        if step.verdict is Verdict.ERROR:
            raise HarnessFault(self._text(play, step))
        if step.verdict is Verdict.INCONCLUSIVE:
            raise Undecided(self._text(play, step))

    def _verdict(self) -> None:
        play, step = self._result()
        if Verdict.FAIL in step.verdicts.values():
            raise ConformanceFailure(self._text(play, step))

    def _result(self) -> tuple[PlayResult, StepResult]:
        play = self.config.stash[STAGE].result(self.play.id)
        return play, next(step for step in play.steps if step.step == self.step)

    def _text(self, play: PlayResult, step: StepResult) -> str:
        return step_summary(play, step, self.config.stash[STAGE].out)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Path and line of the step in its scenario."""
        return self.path, max(0, self._line - 1), f"{self.play.id} {self.step}"


def collector(parent: pytest.Collector, path: Path, distribution: str) -> ScenarioFile:
    """The collector of a scenario file; the first one prepares the run of the session."""
    config = parent.config
    if STAGE not in config.stash:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        tell = reporter.write_line if reporter is not None else partial(tell_at_end, config)
        config.stash[STAGE] = Stage(_request(config), tell)
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
        operator=option.swf_operator,
        operator_name=option.swf_operator_name,
        strictness=Strictness(strict=option.swf_strict, least=Confidence(option.swf_confidence)),
        overrides=tuple(map(Path, option.swf_overrides)),
        known=tuple(map(Path, option.known)),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Our own words for a verdict, and for what the user can mend; a traceback only for what is neither."""
    report = yield
    if isinstance(item, StepItem) and call.excinfo is not None and isinstance(call.excinfo.value, _IN_WORDS):
        report.longrepr = str(call.excinfo.value)
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the plays of one department together, so that each department opens once."""
    stage = config.stash[STAGE]
    if any(isinstance(item, StepItem) for item in items):
        items.sort(key=lambda item: stage.rank(item.play.id) if isinstance(item, StepItem) else -1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Seal the run, judge it as a whole and write its reports; a run that did not pass is no success."""
    config = session.config
    try:
        finished = config.stash[STAGE].close()
    except HarnessError as error:
        tell_at_end(config, str(error))
        session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
        return
    if finished is None:
        return
    run = finished.run
    gate = f"\n{gate_words(run)}" if run.gate.files else ""
    tell_at_end(
        config,
        f"{run.verdict.value.upper()}: {run.checks} checks executed; seed {run.plan.seed}; "
        f"report: {finished.out / HTML_REPORT}{gate}",
    )
    if run.exit_code and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
