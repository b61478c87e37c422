"""What the ADT actor sends: golden messages typed by hand, compared byte for byte in both versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.adt import Adt
from harness.errors import CannotAct, Unreachable
from harness.model.scenario import Case, Visit

PID_231 = "PID|||P1001^^^HOSP||DOE^JANE||19700101|F||2106-3^^HL70005|1 MAIN ST^^TOWN|||||||V900^^^HOSP"
PID_251 = "PID|||P1001^^^HOSP^MR||DOE^JANE||19700101|F||2106-3^^HL70005|1 MAIN ST^^TOWN|||||||V900^^^HOSP"
PV1 = "PV1||O|WARD^12^1^HOSP|||||88^REFER^RAY^^^DR|||||||||||V900^^^HOSP||||||||||||||||||||||||||||||||V"

REGISTRATION_231 = [
    r"MSH|^~\&|A|HOSP|OP|HOSP|20240102101500||ADT^A04|M1|P|2.3.1",
    "EVN|A04|20240102101500||||20240102101500",
    PID_231,
    PV1,
]
REGISTRATION_251 = [
    r"MSH|^~\&|A|HOSP|OP|HOSP|20240102101500||ADT^A04^ADT_A01|M1|P|2.5.1",
    "EVN||20240102101500||||20240102101500",
    PID_251,
    PV1,
]


@pytest.mark.parametrize(("form", "golden"), [("2.3.1", REGISTRATION_231), ("2.5.1", REGISTRATION_251)])
def test_registration_message(department: Any, case: Case, lines: Any, form: str, golden: list[str]) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case, form=form, trigger="A04")
    assert lines(department.sent[0].message) == golden


def test_registration_goes_to_placer_and_filler_under_control_ids_of_their_own(department: Any, case: Case) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case, trigger="A01")
    assert [one.to for one in department.sent] == ["Order Placer", "Order Filler"]
    assert len({one.message.control_id for one in department.sent}) == 2


def test_preadmission_has_a_structure_of_its_own(department: Any, case: Case) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case, trigger="A05")
    assert department.sent[0].message.structure == "ADT_A05"


def test_one_unreachable_receiver_does_not_keep_the_news_from_the_other(department: Any, case: Case) -> None:
    department.play(Adt)
    department.failing["Order Placer"] = Unreachable("nobody there")
    with pytest.raises(Unreachable):
        department.act("ADT", "RAD-1", case)
    assert [one.to for one in department.sent] == ["Order Filler"]


def test_update_carries_new_data_under_the_registered_id(department: Any, case: Case) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case)
    department.act("ADT", "RAD-12", case, trigger="A08", patient="identified")
    update = department.sent[-1].message
    assert update.type == "ADT^A08"
    assert (update.first("PID-3.1"), update.first("PID-5"), update.first("PID-7")) == ("P1001", "ROE^JANET", "19710203")


def test_adt_cannot_name_a_patient_that_the_case_lacks(department: Any, case: Case) -> None:
    department.play(Adt)
    strange = replace(case, patients={"main": case.patients["main"]})
    department.act("ADT", "RAD-1", strange)
    with pytest.raises(CannotAct, match="identified"):
        department.act("ADT", "RAD-12", strange, bedside=case, trigger="A08", patient="identified")


# merge


MERGE_231 = [
    r"MSH|^~\&|A|HOSP|OP|HOSP|20240102101500||ADT^A40|M3|P|2.3.1",
    "EVN|A40|20240102101500||||20240102101500",
    "PID|||P2002^^^HOSP||ROE^JANET||19710203|F||||||||||V1^^^HOSP",
    "MRG|P1001^^^HOSP|||P1001^^^HOSP|||DOE^JANE",
]
MERGE_251 = [
    r"MSH|^~\&|A|HOSP|OP|HOSP|20240102101500||ADT^A40^ADT_A39|M3|P|2.5.1",
    "EVN||20240102101500||||20240102101500",
    "PID|||P2002^^^HOSP^MR||ROE^JANET||19710203|F||||||||||V1^^^HOSP",
    "MRG|P1001^^^HOSP^MR||||||DOE^JANE",
]


def _two_people(case: Case) -> Case:
    known = replace(case.patients["identified"], id="P2002", person="known")
    return replace(case, patients={**case.patients, "known": known})


@pytest.mark.parametrize(("form", "golden"), [("2.3.1", MERGE_231), ("2.5.1", MERGE_251)])
def test_merge_message(department: Any, case: Case, lines: Any, form: str, golden: list[str]) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case, form=form)
    department.act("ADT", "RAD-12", _two_people(case), form=form, trigger="A40", patient="known", prior="main")
    assert [one.to for one in department.sent[-2:]] == ["Order Placer", "Order Filler"]
    assert lines(department.sent[-2].message) == golden


def test_a_merge_has_to_say_whose_identity_dissolves(department: Any, case: Case) -> None:
    department.play(Adt)
    with pytest.raises(CannotAct, match="prior"):
        department.act("ADT", "RAD-12", case, trigger="A40", patient="identified")


# visits


def moved(case: Case) -> Case:
    """The case with a ward that its patient may be transferred to."""
    ward = Visit(patient_class="I", location=("5WEST", "512"), number="V900")
    return replace(case, visits={"ward": ward})


def test_a_transfer_names_the_prior_location_and_its_cancel_goes_back(department: Any, case: Case) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", moved(case), trigger="A01")
    department.act("ADT", "RAD-12", moved(case), trigger="A02", visit="ward")
    message = department.sent[-1].message
    assert (message.structure, message.first("PV1-2"), message.first("PV1-3.1")) == ("ADT_A02", "I", "5WEST")
    assert (message.first("PV1-6.1"), message.first("PV1-19.1")) == ("WARD", "V900")
    department.act("ADT", "RAD-12", moved(case), trigger="A12")
    assert department.sent[-1].message.first("PV1-3.1") == "WARD"


def test_a_visit_stays_what_it_became(department: Any, case: Case) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", moved(case), trigger="A04")
    department.act("ADT", "RAD-12", moved(case), trigger="A06", visit="ward")
    department.act("ADT", "RAD-12", moved(case), trigger="A03")
    message = department.sent[-1].message
    assert (message.structure, message.first("PV1-2"), message.first("PV1-3.1")) == ("ADT_A03", "I", "5WEST")
    assert message.first("PV1-45") == "20240102101500"


@pytest.mark.parametrize(("event", "structure"), [("A11", "ADT_A09"), ("A38", "ADT_A38")])
def test_a_registration_is_cancelled(department: Any, case: Case, event: str, structure: str) -> None:
    department.play(Adt)
    department.act("ADT", "RAD-1", case)
    department.act("ADT", "RAD-1", case, trigger=event)
    assert department.sent[-1].message.structure == structure
