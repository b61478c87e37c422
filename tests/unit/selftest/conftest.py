"""Small base recordings on their benches."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from harness import checks
from harness.profiles import knowledge
from harness.selftest.recordings import of_specimens
from harness.selftest.specimens import shipped_specimens
from harness.selftest.trials import Bench

ORDERS, GROUP = "rad-3.filler-orders-2.5.1", "rad-6.group"


@cache
def _bench(name: str) -> Bench:
    checks.load()
    bases, refused = of_specimens([one for one in shipped_specimens() if one.id == name], knowledge())
    assert refused == ()
    return Bench(bases[0])


@pytest.fixture(scope="session")
def bench() -> Callable[[str], Bench]:
    """The bench of a shipped specimen."""
    return _bench


@pytest.fixture(scope="session")
def orders() -> Bench:
    """HL7 messages and their answers."""
    return _bench(ORDERS)


@pytest.fixture(scope="session")
def group() -> Bench:
    """A worklist query, one performed step, its relays and its images."""
    return _bench(GROUP)
