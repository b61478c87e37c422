"""Writing in sets that the products support, and which patients can be written of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from harness.engine.characters import fit_dataset, fit_message, lacking
from harness.hl7 import Message, compose
from harness.model.character_sets import CharacterSets
from harness.model.profile import LinkKind
from harness.model.scenario import Case, OrderRequest, Patient, PersonName, Practitioner, Visit

UNICODE, LATIN, GREEK, JAPANESE = "UNICODE UTF-8", "8859/1", "8859/7", "ISO IR87"
DOCTOR = Practitioner(id="1", name=PersonName(family="HOLM"))


def message(name: str, characters: list[str] | None = None, control: str = "1") -> bytes:
    """A message about somebody of that name."""
    header = {3: "HIS", 9: ("ADT", "A04"), 10: control, 12: "2.5.1"}
    return compose([("MSH", {**header, **({18: characters} if characters else {})}), ("PID", {5: (name, "A")})])


@pytest.mark.parametrize(
    ("name", "characters", "supported", "written"),
    [
        ("SØRENSEN", [UNICODE], (LATIN, UNICODE), UNICODE),
        ("SØRENSEN", [UNICODE], (LATIN,), LATIN),
        ("SØRENSEN", [UNICODE], (GREEK, LATIN), LATIN),
        ("SØRENSEN", [UNICODE], (GREEK,), UNICODE),
        ("SØRENSEN", [UNICODE], (), UNICODE),
        ("如月", ["", JAPANESE], (UNICODE,), UNICODE),
        ("如月", ["", JAPANESE], (JAPANESE,), ""),
        ("HOLM", None, (GREEK,), ""),
    ],
)
def test_a_message_is_in_a_set_that_is_supported(
    name: str, characters: list[str] | None, supported: tuple[str, ...], written: str
) -> None:
    sent = Message.parse(fit_message(message(name, characters), supported))
    assert sent.first("MSH-18") == written
    assert (sent.first("PID-5.1"), sent.first("MSH-10")) == (name, "1")


def test_what_is_in_a_supported_set_stays_byte_for_byte() -> None:
    raw = message("SØRENSEN", [LATIN])
    assert fit_message(raw, (UNICODE, LATIN)) is raw
    assert fit_message(raw, (UNICODE,)) == message("SØRENSEN", [UNICODE])


def dataset(name: str, *characters: str) -> Dataset:
    made = Dataset()
    if characters:
        made.SpecificCharacterSet = list(characters) if len(characters) > 1 else characters[0]
    made.PatientName = name
    item = Dataset()
    item.ScheduledProcedureStepDescription = name
    made.ScheduledProcedureStepSequence = [item]
    return made


@pytest.mark.parametrize(
    ("name", "characters", "supported", "written"),
    [
        ("SØRENSEN", ("ISO_IR 100",), ("ISO_IR 192", "ISO_IR 100"), "ISO_IR 100"),
        ("SØRENSEN", ("ISO_IR 100",), ("ISO_IR 126", "ISO_IR 192"), "ISO_IR 192"),
        ("SØRENSEN", ("ISO_IR 100",), ("ISO_IR 126",), "ISO_IR 100"),
        ("HOLM", ("ISO_IR 100",), ("ISO_IR 126",), "ISO_IR 126"),
        ("如月", ("ISO_IR 192",), (), "ISO_IR 192"),
    ],
)
def test_a_data_set_is_in_a_set_that_is_supported(
    name: str, characters: tuple[str, ...], supported: tuple[str, ...], written: str
) -> None:
    assert fit_dataset(dataset(name, *characters), supported).SpecificCharacterSet == written


def test_a_data_set_without_a_set_stays_without() -> None:
    assert "SpecificCharacterSet" not in fit_dataset(dataset("HOLM"), ("ISO_IR 192",))


def case(name: PersonName, *characters: str, reason: str = "") -> Case:
    patient = Patient(name=name, birth_date="19700101", sex="F", characters=characters)
    order = OrderRequest(service="CT", orderer=DOCTOR, entered_by=DOCTOR, reason=reason)
    return Case(id="c", title="", patients={"main": patient}, visit=Visit(patient_class="O"), order=order)


LATIN_NAME, GREEK_NAME = PersonName(family="SØRENSEN"), PersonName(family="ΚΑΛΛΗΣ")


@pytest.mark.parametrize(
    ("patient", "declared", "missing"),
    [
        (case(LATIN_NAME, LATIN), (UNICODE, LATIN), ""),
        (case(LATIN_NAME, LATIN), (UNICODE,), LATIN),
        (case(LATIN_NAME, LATIN), (), ""),
        (case(PersonName(family="HOLM"), GREEK), (LATIN,), ""),
        (case(GREEK_NAME), (LATIN,), "one that holds the name"),
        (case(GREEK_NAME), (LATIN, UNICODE), ""),
        (case(PersonName(family="KISARAGI", ideographic=("如月",)), "", JAPANESE), (UNICODE,), JAPANESE),
        (case(PersonName(family="HOLM"), reason="Übelkeit"), ("ASCII",), "one that holds the name"),
    ],
)
def test_a_hospital_writes_its_messages_in_its_own_sets(patient: Case, declared: tuple[str, ...], missing: str) -> None:
    assert lacking(patient, "main", CharacterSets(hl7=declared), LinkKind.MLLP) == missing
    assert lacking(patient, "main", CharacterSets(hl7=declared), LinkKind.DIMSE) == ""


@pytest.mark.parametrize(
    ("declared", "missing"),
    [(("ISO_IR 192",), ""), (("ISO_IR 100",), "one that holds the name"), (("ISO_IR 100", "ISO_IR 126"), "")],
)
def test_a_data_set_may_be_in_any_set_that_holds_its_text(declared: tuple[str, ...], missing: str) -> None:
    greek = replace(case(GREEK_NAME, GREEK))
    assert lacking(greek, "main", CharacterSets(dicom=declared), LinkKind.DIMSE) == missing
