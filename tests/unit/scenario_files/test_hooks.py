"""Hooks of a system file: a request's keys, and the facts that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.storage import adapter
from harness.errors import SourceError
from harness.model.system import Hook
from harness.scenario_files import ScenarioFiles

Load = Callable[[str], Hook]


@pytest.fixture
def load(library: ScenarioFiles, write: Callable[..., Path]) -> Load:
    """Read a system whose hook is that text."""

    def load_it(text: str) -> Hook:
        path = write("system", "plain", "{command: [do, it]}", text)
        ((_, actor),) = library.system(str(path)).actors.items()
        ((_, hook),) = actor.acts.items()
        return hook

    return load_it


REQUEST = (
    '{http: "http://127.0.0.1:8042/find", method: PUT, headers: {X-Ward: "{service}"}, '
    'secrets: {Authorization: TOKEN}, body: {Level: Study, Query: {PatientID: "{patient.id}"}, Expand: "{true}", '
    'All: ["{seen.accession_number}"]}, success: [200, 202]}'
)


def test_a_request_is_read_and_kept_with_the_plan(load: Load) -> None:
    hook = load(REQUEST)
    assert (hook.method, hook.success, hook.secrets) == ("PUT", (200, 202), {"Authorization": "TOKEN"})
    assert hook.body is not None
    assert hook.body["Query"] == {"PatientID": "{patient.id}"}
    kept = adapter(Hook)
    assert kept.validate_json(kept.dump_json(hook)) == hook


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{command: [do], method: GET}", "method: goes with `http`, and a command has none"),
        ("{command: [do], body: {a: b}}", "body: goes with `http`"),
        ('{http: "http://a/", method: POSTT}', "unknown method `POSTT`; did you mean `POST`?"),
        ('{http: "http://a/", success: [20]}', "success: 20 is no HTTP status"),
        ('{http: "http://a/", body: {a: "{patinet.id}"}}', "body: `{patinet.id}` is no fact; did you mean `patient`?"),
        ('{http: "http://a/{sean.x}"}', "http: `{sean.x}` is no fact; did you mean `seen`?"),
        ('{http: "http://a/", secrets: {Authorization: "Basic abc="}}', "is no name of an environment variable"),
        ('{http: "http://a/", headers: {"X Y": b}}', "headers: `X Y` is no name of a header"),
        ('{http: "http://a/", headers: {X: b}, secrets: {X: B}}', "or stands twice"),
        ('{http: "http://a/", bodi: {a: b}}', "unknown key `bodi`; did you mean `body`?"),
    ],
)
def test_a_fault_is_told_at_its_place(load: Load, text: str, told: str) -> None:
    with pytest.raises(SourceError) as error:
        load(text)
    assert told in str(error.value)
    assert "plain.system.yaml:" in str(error.value)
