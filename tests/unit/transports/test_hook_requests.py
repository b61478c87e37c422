"""The request of a hook: facts in place of their names, and secrets that nobody but the server is told."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from harness.model.system import Hook
from harness.transports.hook_requests import Unfilled, filled_in, without

FACTS: Mapping[str, object] = {
    "patient": {"id": 'P"1', "name": {"family": "DOE"}},
    "peers": {"Image Manager": {"dimse": {"ae_title": "OUR/PACS", "port": 104}}},
    "seen": {"accession_number": "A17"},
    "sightings": [{"name": "accession_number", "value": "A17"}],
}


def body(hook: Hook) -> object:
    request, _ = filled_in(hook, FACTS, {})
    assert request.body is not None
    return json.loads(request.body)


def test_without_a_body_the_facts_are_sent() -> None:
    assert body(Hook(http="http://a/")) == FACTS


def test_facts_stand_in_place_of_their_names() -> None:
    hook = Hook(
        http="http://a/",
        body={
            "PatientID": "{patient.id}",
            "Port": "{peers.image_manager.dimse.port}",
            "Text": "{patient.name.family}, {seen.accession_number}, {peers.image_manager.dimse.port}",
            "All": "{sightings}",
            "Flags": ["{true}", "{false}", "{null}", "true"],
            "{patient.name.family}": "{not a name}",
        },
    )
    assert body(hook) == {
        "PatientID": 'P"1',
        "Port": 104,
        "Text": "DOE, A17, 104",
        "All": FACTS["sightings"],
        "Flags": [True, False, None, "true"],
        "DOE": "{not a name}",
    }


def test_nothing_is_computed_and_a_value_is_not_looked_into() -> None:
    facts = {"patient": {"id": "{seen.accession_number}"}, "seen": {"accession_number": "A17"}}
    request, _ = filled_in(Hook(http="http://a/", body={"a": "{patient.id}", "b": "{patient.id[0]}"}), facts, {})
    assert json.loads(request.body or b"") == {"a": "{seen.accession_number}", "b": "{patient.id[0]}"}


def test_a_value_in_an_address_is_quoted() -> None:
    request, _ = filled_in(Hook(http="http://a/{peers.image_manager.dimse.ae_title}/echo?x={patient.id}"), FACTS, {})
    assert request.address == "http://a/OUR%2FPACS/echo?x=P%221"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("seen.study_instance_uid", "{seen.study_instance_uid} was not seen on the wire so far"),
        ("patient.idd", "{patient.idd}: there is no such fact; did you mean `patient.id`?"),
    ],
)
def test_a_fact_that_is_not_there_is_told(name: str, told: str) -> None:
    with pytest.raises(Unfilled) as error:
        filled_in(Hook(http="http://a/", body={"a": f"{{{name}}}"}), FACTS, {})
    assert told in str(error.value)


def test_a_secret_is_the_value_of_a_variable() -> None:
    hook = Hook(http="http://a/", secrets={"Authorization": "TOKEN"}, headers={"X-Ward": "{patient.name.family}"})
    request, hidden = filled_in(hook, FACTS, {"TOKEN": "Basic abc=\n"})
    assert (request.headers["Authorization"], request.headers["X-Ward"]) == ("Basic abc=", "DOE")
    assert hidden == ("Basic abc=",)
    assert "abc" not in request.told(4096)


@pytest.mark.parametrize(("value", "told"), [("", "is not set"), ("a\nb", "more than one line of ASCII")])
def test_a_secret_without_a_value_is_told_by_its_name(value: str, told: str) -> None:
    with pytest.raises(Unfilled) as error:
        filled_in(Hook(http="http://a/", secrets={"Authorization": "TOKEN"}), FACTS, {"TOKEN": value} if value else {})
    assert told in str(error.value)
    assert "TOKEN" in str(error.value)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_that_has_no_body_by_nature_has_none(method: str) -> None:
    request, _ = filled_in(Hook(http="http://a/", method=method), FACTS, {})
    assert (request.body, "Content-Type" in request.headers) == (None, False)
    assert filled_in(Hook(http="http://a/", method=method, body={"a": "b"}), FACTS, {})[0].body == b'{"a": "b"}'


def test_what_is_told_names_no_user_and_is_bounded() -> None:
    request, _ = filled_in(Hook(http="http://me:word@a/b@c", body={"a": "b" * 9000}), FACTS, {})
    assert request.told(100).startswith('POST http://a/b@c\n{"a": "bbb')
    assert len(request.told(100)) == 100


def test_the_longer_secret_goes_first() -> None:
    assert without("x abcd y", ("abc", "abcd", "")) == "x (secret) y"
