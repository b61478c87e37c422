"""The reference system under test, in as few of its roles as a test needs, without reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.model.run import Run
from harness.wiring import RunRequest, execute


class Silent:
    """Nobody looks."""

    def play_started(self, play: object) -> None: ...

    def waiting(self, play: object, step: object, seconds: float) -> None: ...

    def step_ended(self, play: object, step: object, state: str, seconds: float) -> None: ...

    def play_judged(self, result: object) -> None: ...


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Run]:
    """Play a scenario against the reference system in its roles of one profile, perhaps with a defect."""

    def run(scenario: str, *, roles: Sequence[str], defect: str = "", profile: str = "SWF.b") -> Run:
        system = tmp_path / "reference.system.yaml"
        system.write_text(
            "name: reference\nlaunch: reference\nbinding: each\n"
            f"claims: [{{profile: {profile}, actors: [{', '.join(roles)}]}}]\n",
            encoding="utf-8",
        )
        request = RunRequest(suts=(str(system),), scenarios=(scenario,), out=tmp_path / "run", defect=defect)
        return execute(request, Silent()).run

    return run
