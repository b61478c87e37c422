"""What every test may use, and the rule that a missing product is a failure where SWF_REQUIRE_PRODUCTS is set."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator

import pytest

pytest_plugins = ["pytester", "tests.certificates"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a product test into a failure where products are required."""
    report = yield
    if report.skipped and item.get_closest_marker("product") and os.environ.get("SWF_REQUIRE_PRODUCTS"):
        report.outcome = "failed"
        report.longrepr = f"a required product is missing: {report.longrepr}"
    return report


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_held() -> Iterator[None]:
    """What the runs of a module held may be looked through for garbage afterwards: a worker goes through many."""
    yield
    gc.unfreeze()
