"""Adding a file is all it takes: every actor, check and report that the source holds is found by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

import actors
from harness import checks
from harness.actor import actor_classes
from harness.checks.registry import leg_checks, play_checks
from reports import reports

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

Sources = tuple["Source", ...]


def _registered_classes(sources: Sources) -> Iterator[tuple[str, str]]:
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(decorator) == "register" for decorator in node.decorator_list
            ):
                yield source.name, node.name


def _decorated_checks(sources: Sources, decorator: str) -> Iterator[tuple[str, str]]:
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(call, ast.Call) and ast.unparse(call.func) == decorator for call in node.decorator_list
            ):
                yield _module(source), node.name


def _module(source: Source) -> str:
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_every_actor_is_discovered(sources: Sources) -> None:
    actors.load()
    written = set(_registered_classes(sources))
    found = {
        (f"{kind.__module__.replace('.', '/')}.py", kind.__name__)
        for kind in actor_classes().values()
        if kind.__module__.startswith("actors")
    }
    assert {(name.replace("/__init__.py", ".py"), kind) for name, kind in written} == found
    assert len(found) >= 10
    assert all(name.startswith("actors/") for name, _ in written)


def test_every_check_is_discovered(sources: Sources) -> None:
    checks.load()
    for decorator, found in (("leg_check", leg_checks()), ("play_check", play_checks())):
        written = set(_decorated_checks(sources, decorator))
        registered = {(check.__module__, check.__name__) for check in found.values()}
        assert written == {(module, name) for module, name in registered if module.startswith("harness.")}
        assert written


def test_every_report_is_discovered(sources: Sources) -> None:
    written = {
        _package(_module(source))
        for source in sources
        if source.name.startswith("reports/")
        for node in source.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and "REPORT" in [ast.unparse(target) for target in _targets(node)]
    }
    assert {_package(type(report).__module__) for report in reports()} == written
    assert len(written) >= 4


def _package(module: str) -> str:
    """The part of `reports` that a module belongs to: `reports.html` for `reports.html.render`."""
    return ".".join(module.split(".")[:2])


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def test_discovering_twice_changes_nothing() -> None:
    actors.load()
    checks.load()
    before = actor_classes(), leg_checks(), play_checks()
    actors.load()
    checks.load()
    assert (actor_classes(), leg_checks(), play_checks()) == before
