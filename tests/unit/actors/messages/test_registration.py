"""Patients by (ID, authority): created, updated by what is valued, cleared by the HL7 null, found by any identifier."""

from __future__ import annotations

from typing import Any

import pytest

from actors.adt import Adt
from actors.messages.registration import Registrations
from harness.hl7 import Message

HEADER = r"MSH|^~\&|HIS|HOSP|RIS|RAD|2024||ADT^A04^ADT_A01|1|P|2.5.1"


@pytest.fixture
def known(hl7: Any) -> Registrations:
    registrations = Registrations()
    registrations.enter(
        hl7(
            HEADER,
            "PID|||P1^^^HOSP&1.2.3&ISO^MR~55^^^NATION||DOE^JANE||19700101|F||2106-3|1 MAIN ST^^TOWN",
            "PV1||I|W^1^2^H||||7^ATT^A|||SUR|||||||7^ADM^M||V1",
        )
    )
    return registrations


@pytest.mark.parametrize(
    ("patient_id", "authority", "hit"),
    [
        ("P1", "HOSP", True),
        ("P1", "HOSP&1.2.3&ISO", True),
        ("P1", "", True),
        ("55", "NATION", True),
        ("P1", "NATION", False),
        ("P1", "OTHER", False),
        ("P2", "HOSP", False),
    ],
)
def test_found_by_identifier_and_authority(known: Registrations, patient_id: str, authority: str, hit: bool) -> None:
    assert (known.find(patient_id, authority) is not None) is hit


def test_the_same_number_of_another_authority_is_another_patient(known: Registrations, hl7: Any) -> None:
    known.enter(hl7(HEADER, "PID|||P1^^^OTHER||ROE^RICHARD||19800101|M", "PV1||O"))
    first, second = known.find("P1", "HOSP"), known.find("P1", "OTHER")
    assert first is not None
    assert second is not None
    assert (first.patient.name.family, second.patient.name.family) == ("DOE", "ROE")


def test_an_update_changes_what_it_values(known: Registrations, hl7: Any) -> None:
    known.enter(hl7(HEADER, 'PID|||P1^^^HOSP||ROE^JANET||""|', "PV1||O"))
    updated = known.find("P1", "HOSP")
    assert updated is not None
    patient, visit = updated.patient, updated.visit
    assert (patient.name.family, patient.name.given) == ("ROE", "JANET")
    assert (patient.birth_date, patient.sex, patient.race) == ("", "F", "2106-3")
    assert patient.address == ("1 MAIN ST", "", "TOWN")
    assert patient.authority == "HOSP&1.2.3&ISO"
    assert (visit.patient_class, visit.number, visit.location) == ("O", "V1", ("W", "1", "2", "H"))


def test_the_account_number_stands_in_for_the_visit_number(hl7: Any) -> None:
    registrations = Registrations()
    registrations.enter(hl7(HEADER, "PID|||P9^^^HOSP||A^B|||||||||||||ACC7^^^HOSP", "PV1||O"))
    found = registrations.find("P9", "HOSP")
    assert found is not None
    assert found.visit.number == "ACC7"


def test_the_identifier_that_is_known_counts_wherever_it_stands(known: Registrations, hl7: Any) -> None:
    entered = known.enter(hl7(HEADER, "PID|||A77^^^ELSEWHERE~P1^^^HOSP||ROE^JANET", "PV1||O"))
    assert (entered.patient.id, entered.patient.authority) == ("P1", "HOSP&1.2.3&ISO")
    assert known.find("A77", "ELSEWHERE") is entered
    assert known.find("P1", "HOSP") is entered


def test_of_unknown_identifiers_the_first_counts(known: Registrations, hl7: Any) -> None:
    entered = known.enter(hl7(HEADER, "PID|||~A77^^^ELSEWHERE~P9^^^HOSP||ROE^JANET", "PV1||O"))
    assert (entered.patient.id, entered.patient.authority) == ("A77", "ELSEWHERE")


# visits


def told(registrations: Registrations, department: Any, hl7: Any, event: str, pv1: str, patient: str = "P1") -> str:
    """MSA-1 of the answer to an event of RAD-1 or RAD-12 about a patient."""
    department.play(Adt)
    message = hl7(
        rf"MSH|^~\&|HIS|HOSP|RIS|RAD|2024||ADT^{event}^X|{event}|P|2.5.1", f"PID|||{patient}^^^HOSP||DOE^JANE", pv1
    )
    answer = registrations.update(department.worlds["ADT"], message)
    return Message.parse(answer).first("MSA-1")


def test_a_transfer_moves_the_patient_and_its_cancel_moves_him_back(
    known: Registrations, department: Any, hl7: Any
) -> None:
    assert told(known, department, hl7, "A02", "PV1||I|ICU^7") == "AA"
    assert _visit(known).location == ("ICU", "7")
    assert told(known, department, hl7, "A12", "PV1||I") == "AA"
    assert _visit(known).location == ("W", "1", "2", "H")


def test_the_cancel_of_a_transfer_may_say_where_to(known: Registrations, department: Any, hl7: Any) -> None:
    told(known, department, hl7, "A02", "PV1||I|ICU^7")
    told(known, department, hl7, "A12", "PV1||I|W^9")
    assert _visit(known).location == ("W", "9")


def test_a_change_of_class_keeps_the_number_or_brings_another(known: Registrations, department: Any, hl7: Any) -> None:
    told(known, department, hl7, "A07", "PV1||O|DAY")
    assert (_visit(known).patient_class, _visit(known).number) == ("O", "V1")
    told(known, department, hl7, "A06", "PV1||I|W||||||||||||||||V2")
    assert (_visit(known).patient_class, _visit(known).number) == ("I", "V2")


@pytest.mark.parametrize(("closing", "opening"), [("A03", "A13"), ("A11", "A01"), ("A38", "A05")])
def test_a_visit_ends_and_may_begin_again(
    known: Registrations, department: Any, hl7: Any, closing: str, opening: str
) -> None:
    told(known, department, hl7, closing, "PV1||I")
    found = known.find("P1", "HOSP")
    assert found is not None
    assert not found.open
    told(known, department, hl7, "A08", "PV1||I")
    assert not known.find("P1", "HOSP").open  # type: ignore[union-attr]
    told(known, department, hl7, opening, "PV1||I")
    assert known.find("P1", "HOSP").open  # type: ignore[union-attr]


def test_nothing_is_known_of_the_visit_of_an_unknown_patient(known: Registrations, department: Any, hl7: Any) -> None:
    assert told(known, department, hl7, "A02", "PV1||I|ICU", patient="P9") == "AE"
    assert known.find("P9", "HOSP") is None


def _visit(registrations: Registrations) -> Any:
    found = registrations.find("P1", "HOSP")
    assert found is not None
    return found.visit
