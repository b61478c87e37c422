"""Kinds of products: what ships is valid, and a wrong name is told at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.scenario_files.kinds import load_kinds
from harness.wiring import workshop


def test_every_actor_that_can_be_claimed_has_a_kind() -> None:
    kinds = workshop().files.kinds()
    covered = {(profile, actor) for kind in kinds.values() for profile in kind.profiles for actor in kind.actors}
    for profile in ("SWF", "SWF.b", "SINR"):
        missing = {actor for actor in workshop().knowledge.profiles[profile].actors if (profile, actor) not in covered}
        assert missing <= {"External Report Repository Access"}


def test_a_wrong_name_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "kinds.yaml"
    path.write_text(
        "kinds:\n  a:\n    title: A\n    profiles: [SWF]\n    actors: [Image Manger]\n    transactions: [RAD-800]\n",
        encoding="utf-8",
    )
    with pytest.raises(SourceError) as told:
        load_kinds(path, workshop().files)
    assert f"{path}:5:14: " in str(told.value)
    assert "did you mean `Image Manager`" in str(told.value)
    assert f"{path}:6:20: " in str(told.value)
