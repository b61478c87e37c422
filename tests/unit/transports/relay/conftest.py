"""A line with its evidence, sealed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.engine.storage import EvidenceWriter
from tests.unit.transports.relay.lines import Line, made


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    writer = EvidenceWriter(tmp_path / "out")
    yield made(tmp_path / "out", writer)
    writer.seal()
