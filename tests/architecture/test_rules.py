"""Rules that no linter states: read off the syntax trees of the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

Sources = tuple["Source", ...]
Function = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
MAY_PRINT = ("harness/cli/", "harness/pytest_plugin/", "reports/console.py")
MAY_CATCH_EVERYTHING = {
    "harness/engine/execution.py": "a step's boundary: what goes wrong becomes ERROR with its traceback",
    "harness/engine/reactions.py": "a reaction's boundary",
    "harness/cli/__init__.py": "the last boundary: a fault of ours must not look like a FAIL",
    "harness/transports/mllp/endpoint.py": "the boundary to the actor that answers",
    "harness/transports/dimse/serving.py": "the boundary to the actor that answers",
    "harness/transports/relay/trail.py": "the boundary to whoever reads along: the relay goes on without it",
    "harness/transports/relay/pump.py": "one connection's boundary: a fault of ours ends it, and no other",
}
MAY_TOUCH_PYNETDICOM = {"harness/transports/dimse/hardening.py"}


def _calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Every call with the dotted text of what is called."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_nothing_sleeps(everything: Sources) -> None:
    calls = [
        source.place(node)
        for source in everything
        for node, called in _calls(source)
        if called == "sleep" or called.endswith(".sleep")
    ]
    imports = [
        source.place(node)
        for source in everything
        for node, name in source.imports()
        if name in ("time.sleep", "asyncio.sleep")
    ]
    assert calls + imports == []


def test_no_verdict_rests_on_assert(sources: Sources) -> None:
    assert [
        source.place(node) for source in sources for node in ast.walk(source.tree) if isinstance(node, ast.Assert)
    ] == []


def test_only_the_outermost_layer_prints(sources: Sources) -> None:
    assert [
        source.place(node)
        for source in sources
        if not source.name.startswith(MAY_PRINT)
        for node, called in _calls(source)
        if called in ("print", "sys.stdout.write", "sys.stderr.write")
    ] == []


def test_modules_are_short(sources: Sources) -> None:
    lengths = {source.name: source.text.count("\n") for source in sources}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short(sources: Sources) -> None:
    lengths = {
        f"{source.place(node)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, Function)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def _undocumented(source: Source) -> Iterator[str]:
    """Public names without a docstring; what is private, or inside a function, is nobody else's business."""
    if not ast.get_docstring(source.tree):
        yield source.name

    def look(body: list[ast.stmt], qualifier: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    yield f"{source.place(node)} {qualifier}{node.name}"
                if isinstance(node, ast.ClassDef):
                    yield from look(node.body, f"{qualifier}{node.name}.")

    yield from look(source.tree.body, "")


def test_everything_public_says_what_it_is(sources: Sources) -> None:
    assert [name for source in sources for name in _undocumented(source)] == []


def test_nobody_imports_the_inside_of_pytest(everything: Sources) -> None:
    assert [
        source.place(node)
        for source in everything
        for node, name in source.imports()
        if name.split(".")[0] == "_pytest"
    ] == []


def test_imports_stand_at_the_top(sources: Sources) -> None:
    inside = {
        source.place(node)
        for source in sources
        for function in ast.walk(source.tree)
        if isinstance(function, Function)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert inside == set()


def test_everything_is_caught_at_boundaries_alone(sources: Sources) -> None:
    broad = {
        source.place(node)
        for source in sources
        if source.name not in MAY_CATCH_EVERYTHING
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not isinstance(node.body[-1], ast.Raise)
    }
    assert broad == set()


def _private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def test_the_inside_of_pynetdicom_is_touched_by_its_hardening_alone(sources: Sources) -> None:
    touched = []
    for source in sources:
        imported = [name for _, name in source.imports() if name.split(".")[0] == "pynetdicom"]
        if not imported or source.name in MAY_TOUCH_PYNETDICOM:
            continue
        touched += [f"{source.name}: {name}" for name in imported if any(_private(part) for part in name.split("."))]
        touched += [
            f"{source.place(node)} {ast.unparse(node)}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute)
            and _private(node.attr)
            and ast.unparse(node.value) not in ("self", "cls")
        ]
    assert touched == []


def test_no_module_is_called_after_nothing_in_particular(sources: Sources) -> None:
    parts = {part.removesuffix(".py") for source in sources for part in source.name.split("/")}
    assert parts & FORBIDDEN_NAMES == set()


def test_the_words_of_the_model_need_the_standard_library_alone(sources: Sources) -> None:
    allowed = ("__future__", "collections", "dataclasses", "enum", "typing", "functools", "harness.model")
    assert [
        f"{source.place(node)} {name}"
        for source in sources
        if source.name.startswith("harness/model/")
        for node, name in source.imports()
        if not name.startswith(allowed)
    ] == []


def test_the_named_exemptions_are_still_needed(sources: Sources) -> None:
    names = {source.name for source in sources}
    assert names >= set(MAY_CATCH_EVERYTHING) | MAY_TOUCH_PYNETDICOM
