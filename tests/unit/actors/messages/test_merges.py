"""Reading A40: pairs of PID and MRG, identifiers of several authorities, and what has to be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors.messages import merges
from harness.hl7 import AckError, Message

HEADER = r"MSH|^~\&|HIS|HOSP|RIS|RAD|20240102120000||ADT^A40|HIS9|P|2.3.1"
EVENT = "EVN||20240102120000"


def _read(hl7: Callable[..., Message], *segments: str) -> Any:
    return merges.read(hl7(HEADER, EVENT, *segments))


def _pairs(found: tuple[merges.Merge, ...]) -> list[tuple[str, str]]:
    return [(merge.prior_id, merge.survivor.id) for merge in found]


def test_the_prior_identifier_dissolves_in_the_patient(hl7: Callable[..., Message]) -> None:
    (merge,) = _read(hl7, "PID|||P2^^^HOSP||REAL^ANNA||19700101|F", "MRG|T1^^^HOSP||||||DOE^JANE")
    assert (merge.prior_id, merge.prior_authority, merge.survivor.id) == ("T1", "HOSP", "P2")
    assert merge.survivor.name.family == "REAL"


def test_the_survivor_is_of_the_authority_that_the_prior_one_is_of(hl7: Callable[..., Message]) -> None:
    found = _read(hl7, "PID|||N7^^^NATIONAL~P2^^^HOSP&1.2&ISO||REAL^ANNA", "MRG|T1^^^HOSP&1.2&ISO")
    assert _pairs(found) == [("T1", "P2")]
    assert found[0].survivor.authority == "HOSP&1.2&ISO"


def test_each_repetition_of_the_prior_identifiers_dissolves(hl7: Callable[..., Message]) -> None:
    found = _read(hl7, "PID|||N7^^^NATIONAL~P2^^^HOSP||REAL^ANNA", "MRG|T1^^^HOSP~N1^^^NATIONAL")
    assert _pairs(found) == [("T1", "P2"), ("N1", "N7")]


def test_each_pair_of_a_message_is_a_merge_of_its_own(hl7: Callable[..., Message]) -> None:
    pairs = ("PID|||P2^^^HOSP||REAL^ANNA", "MRG|T1^^^HOSP", "PID|||P3^^^HOSP||REAL^BERT", "PV1||O", "MRG|T2^^^HOSP")
    found = _read(hl7, *pairs)
    assert _pairs(found) == [("T1", "P2"), ("T2", "P3")]
    assert found[1].survivor.name.given == "BERT"


@pytest.mark.parametrize(
    ("segments", "code", "location"),
    [
        (("PID|||||REAL^ANNA", "MRG|T1^^^HOSP"), "101", "PID^1^3^1^1"),
        (("PID|||P2^^^HOSP||REAL^ANNA", "MRG|"), "101", "MRG^1^1^1^1"),
        (("PID|||P2^^^HOSP||REAL^ANNA",), "101", "MRG^1^1^1^1"),
        (("PID|||P2^^^HOSP||REAL^ANNA", "MRG|P2^^^HOSP"), "205", "MRG^1^1^1^1"),
        (("PID|||P2^^^HOSP||REAL^ANNA", "MRG|T1^^^OTHER"), "204", "MRG^1^1^1^4"),
        (
            ("PID|||P2^^^HOSP||REAL^ANNA", "MRG|T1^^^HOSP", "PID|||P3^^^HOSP||REAL^BERT", "MRG|P3^^^HOSP"),
            "205",
            "MRG^2^1^1^1",
        ),
    ],
)
def test_what_is_no_merge_is_refused(
    hl7: Callable[..., Message], segments: tuple[str, ...], code: str, location: str
) -> None:
    fault = _read(hl7, *segments)
    assert isinstance(fault, AckError)
    assert (fault.code, fault.location) == (code, location)


def test_an_authority_that_is_not_named_fits_any(hl7: Callable[..., Message]) -> None:
    assert _pairs(_read(hl7, "PID|||P2^^^HOSP||REAL^ANNA", "MRG|T1")) == [("T1", "P2")]
