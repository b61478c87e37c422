"""The rig of a relay, stopped with its test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.relay.rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.stop()
