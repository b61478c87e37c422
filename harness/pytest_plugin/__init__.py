"""`pytest scenarios --sut FILE`: a scenario is a collector, each transaction of it an item, run by the same engine.

pytest loads this package in every project of the environment, so it imports nothing heavy: what collects and runs
scenarios is loaded when the first scenario file is seen, and registered as a plugin of its own.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

_RUNNING = "harness.pytest_plugin.collecting"
_SCHEDULING = "harness.pytest_plugin.scheduling"
SUFFIX = ".scenario.yaml"
_DISTRIBUTION = "swf_distribution"
_CLOSING = "swf_closing"
_TOLD = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `swf run`, where pytest has none of its own."""
    group = parser.getgroup("swf", "IHE Scheduled Workflow scenarios")
    group.addoption("--sut", action="append", default=[], metavar="FILE", help="system file, or name of a shipped one")
    group.addoption("--swf-out", default=None, metavar="DIR", help="folder for evidence and reports")
    group.addoption("--defect", default="", metavar="NAME", help="give the reference system a known fault")
    group.addoption("--swf-seed", default=None, type=int, metavar="N", help="repeat the identifiers of a run")
    group.addoption("--swf-operator", default="", choices=["", "files", "http"], help="how a person operates a system")
    group.addoption("--swf-operator-name", default="", metavar="NAME", help="who that person is")
    group.addoption("--swf-strict", action="store_true", help="a violated SHOULD fails")
    group.addoption(
        "--swf-overrides", action="append", default=[], metavar="FILE", help="rules that the site overrides"
    )
    group.addoption("--known", action="append", default=[], metavar="FILE", help="failures that are known: no news")
    group.addoption("--swf-confidence", default="believed", choices=["believed", "verified"])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup`, keep the scenarios of one department on one worker of pytest-xdist."""
    if config.getoption("dist", "no") != "loadgroup":
        return None
    return importlib.import_module(_SCHEDULING).DepartmentScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker of pytest-xdist how items are distributed."""
    node.workerinput[_DISTRIBUTION] = node.config.getoption("dist", "no")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist has to tell."""
    text = getattr(node, "workeroutput", {}).get(_CLOSING, "")
    if text:
        tell(node.config, text)


def tell(config: pytest.Config, text: str) -> None:
    """Have a line printed at the end of the session, by the controller if this is a worker of pytest-xdist."""
    if hasattr(config, "workeroutput"):
        config.workeroutput[_CLOSING] = text
    else:
        config.stash.setdefault(_TOLD, []).append(text)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how the run went as a whole, and where its report is."""
    lines = config.stash.get(_TOLD, [])
    if lines:
        terminalreporter.section("Scheduled Workflow")
    for line in lines:
        terminalreporter.write_line(line)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect `*.scenario.yaml`."""
    if not file_path.name.endswith(SUFFIX):
        return None
    running = importlib.import_module(_RUNNING)
    manager = parent.config.pluginmanager
    if not manager.is_registered(running):
        manager.register(running, _RUNNING)
    worker = getattr(parent.config, "workerinput", {})
    collector: pytest.Collector = running.collector(parent, file_path, worker.get(_DISTRIBUTION, "no"))
    return collector
