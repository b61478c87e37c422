"""What the archive makes of RAD-4, RAD-12 and RAD-13, seen in its answers and in what it hands out."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from harness.dicom.encoding import decode_payload
from harness.dicom.uids import uid_of
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest

STUDY = "1.2.826.0.1.99.4711.1001"


def orm(control="NW", status="SC", study=STUDY, accession="ACC1", patient="P1001^^^HOSP", name="DOE^JANE"):
    return (
        "MSH|^~\\&|RIS|RAD|PACS|RAD|20240305090000||ORM^O01|M1|P|2.3.1",
        f"PID|||{patient}||{name}||19700101|F",
        "PV1||O",
        f"ORC|{control}|A1^OP|F1^RIS||{status}",
        f"OBR|1|A1^OP|F1^RIS|36643-5^CT chest^LN||||||||||||||{accession}|RP1|SPS1||||CT"
        "||||||||||||||||||||36643-5^CT chest^LN",
        f"ZDS|{study}^RIS^Application^DICOM",
    )


def omi(study=STUDY, control="NW"):
    return (
        "MSH|^~\\&|RIS|RAD|PACS|RAD|20240305090000||OMI^O23^OMI_O23|M1|P|2.5.1",
        "PID|||P1001^^^HOSP&1.2.3&ISO^MR||DOE^JANE||19700101|F",
        "PV1||O",
        f"ORC|{control}|A1^OP|F1^RIS||SC",
        "TQ1|1||||||20240305100000||R",
        "OBR|1|A1^OP|F1^RIS|36643-5^CT chest^LN",
        f"IPC|ACC1^RIS|RP1^RIS|{study}|SPS1^RIS|CT",
    )


def adt(event, patient="P1001^^^HOSP", name="ROE^JANET^^^DR", rest="||19710202|M", merged=None):
    segments = [
        f"MSH|^~\\&|RIS|RAD|PACS|RAD|20240305110000||ADT^{event}|M2|P|2.3.1",
        "EVN||20240305110000",
        f"PID|||{patient}||{name}{rest}",
    ]
    return (*segments, f"MRG|{merged}") if merged is not None else (*segments, "PV1||O")


def retrieved(department, study=STUDY):
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.StudyInstanceUID = study
    plan = department.archive.c_get(
        DimseRequest(
            service=Service.C_GET,
            sop_class=uid_of("StudyRootQueryRetrieveInformationModelGet"),
            dataset=identifier,
        )
    )
    return [decode_payload(payload) for payload in plan.instances]


def found(department, **keys):
    keys = {"StudyInstanceUID": "", "PatientName": "", "PatientBirthDate": "", "PatientSex": "", **keys}
    return [each.dataset for each in department.ask_archive("STUDY", **keys)[:-1]]


@pytest.fixture
def full(department):
    assert department.tell_archive(*orm()).first("MSA-1") == "AA"
    department.examine("RAD-5", "RAD-6", "RAD-8", "RAD-7")
    return department


# acknowledgements


@pytest.mark.parametrize(
    ("segments", "code", "error"),
    [
        (omi(), "AA", ""),
        (omi(study=""), "AE", "101"),
        (omi(control="XO"), "AE", "204"),
        (omi(control="ZZ"), "AE", "101"),
        (("MSH|^~\\&|A|B|C|D|20240305||ADT^A99^ADT_A01|M3|P|2.5.1", "PID|||P1^^^HOSP||DOE"), "AR", "201"),
        (("MSH|^~\\&|A|B|C|D|20240305||SIU^S12^SIU_S12|M3|P|2.5.1",), "AR", "200"),
    ],
)
def test_acknowledgement(department, segments, code, error):
    answer = department.tell_archive(*segments)
    assert (answer.first("MSA-1"), answer.first("ERR-3.1")) == (code, error)
    assert answer.first("MSA-2") in ("M1", "M3")


def test_missing_study_is_located_where_the_version_has_it(department):
    assert department.tell_archive(*omi(study="")).first("ERR-2.1") == "IPC"
    assert department.tell_archive(*orm(study="")).first("MSA-1") == "AE"


@pytest.mark.parametrize(
    "segments",
    [
        adt("A08", patient=""),
        adt("A40", merged=""),
        adt("A40", merged="P1001^^^HOSP"),
        orm(patient=""),
        orm(control="CA"),
        adt("A02", patient=""),
    ],
)
def test_faulty_content_is_refused_and_changes_nothing(department, segments):
    department.examine("RAD-5", "RAD-6", "RAD-8")
    assert department.tell_archive(*segments).first("MSA-1") == "AE"
    assert found(department, PatientID="P1001")[0].PatientName == "DOE^JANE"


@pytest.mark.parametrize("event", ["A02", "A03", "A06", "A07", "A12", "A13"])
def test_visit_events_are_taken_and_change_no_image(full, event):
    assert full.tell_archive(*adt(event)).first("MSA-1") == "AA"
    assert found(full, PatientID="P1001")[0].PatientName == "DOE^JANE"


# updates


def test_rename_shows_in_answers_and_in_objects_and_changes_nothing_else(full):
    before = retrieved(full)
    assert full.tell_archive(*adt("A08")).first("MSA-1") == "AA"
    assert [str(each.PatientName) for each in found(full, PatientID="P1001")] == ["ROE^JANET^^DR"]
    after = retrieved(full)
    for old, new in zip(before, after, strict=True):
        assert (new.PatientName, new.PatientBirthDate, new.PatientSex) == ("ROE^JANET^^DR", "19710202", "M")
        changed = {element.keyword for element in new if element != old.get(element.tag)}
        assert changed == {"PatientName", "PatientBirthDate", "PatientSex"}
    assert found(full, PatientName="DOE*") == []


def test_rename_outside_the_character_set_moves_the_object_to_unicode(full):
    full.tell_archive(
        *(segment.replace("|P|2.3.1", "|P|2.3.1||||||UNICODE UTF-8") for segment in adt("A08", name="Żółć^Łucja"))
    )
    (first_image, *_) = retrieved(full)
    assert first_image.SpecificCharacterSet == "ISO_IR 192"
    assert first_image.PatientName == "Żółć^Łucja"
    assert first_image.ReferringPhysicianName == "REFER^RAY"


def test_empty_fields_say_nothing_and_null_deletes(full):
    full.tell_archive(*adt("A08", name="ROE^JANET", rest='||""|'))
    image = retrieved(full)[0]
    assert (image.PatientName, image.PatientBirthDate, image.PatientSex) == ("ROE^JANET", "", "F")


def test_rename_applies_to_images_that_come_later(full):
    full.tell_archive(*adt("A08"))
    full.examine("RAD-6", "RAD-8")
    assert {str(image.PatientName) for image in retrieved(full)} == {"ROE^JANET^^DR"}
    assert len(retrieved(full)) == 8


def test_other_patients_keep_their_names(full, entry):
    full.peer.entries = [entry("P2002")]
    full.examine("RAD-5", "RAD-6", "RAD-8", patient_id="P2002")
    full.tell_archive(*adt("A08"))
    assert found(full, PatientID="P2002")[0].PatientName == "DOE^JANE"


def test_merge_moves_the_studies(full):
    assert full.tell_archive(*adt("A40", patient="P3003^^^HOSP", merged="P1001^^^HOSP")).first("MSA-1") == "AA"
    assert found(full, PatientID="P1001") == []
    assert [each.StudyInstanceUID for each in found(full, PatientID="P3003")] == [STUDY]
    images = retrieved(full)
    assert {(image.PatientID, str(image.PatientName)) for image in images} == {("P3003", "ROE^JANET^^DR")}
    assert [image.SOPInstanceUID for image in images] == [call.sop_instance for call in full.wire.of("C_STORE")]


def test_merges_chain_and_late_images_follow(full):
    full.tell_archive(*adt("A40", patient="P3003^^^HOSP", merged="P1001^^^HOSP"))
    full.tell_archive(*adt("A40", patient="P4004^^^HOSP", merged="P3003^^^HOSP"))
    full.examine("RAD-6", "RAD-8")
    assert {image.PatientID for image in retrieved(full)} == {"P4004"}
    assert found(full, PatientID="P3003") == []
    assert len(found(full, PatientID="P4004")) == 1


def test_same_id_of_another_authority_is_another_patient(full):
    full.tell_archive(*adt("A08", patient="P1001^^^OTHER"))
    assert found(full, PatientID="P1001")[0].PatientName == "DOE^JANE"


def test_late_order_gives_an_examination_its_patient_and_its_numbers(department, entry):
    made = entry()
    made.AccessionNumber = ""
    department.peer.entries = [made]
    department.examine("RAD-5", "RAD-6", "RAD-8")
    department.tell_archive(*orm(accession="ACC9", patient="P5005^^^HOSP", name="REAL^RITA"))
    image = retrieved(department)[0]
    assert (image.PatientID, str(image.PatientName), image.AccessionNumber) == ("P5005", "REAL^RITA", "ACC9")
    assert len(found(department, PatientID="P5005", AccessionNumber="ACC9")) == 1
    assert found(department, PatientID="P1001") == []


def test_order_after_the_performed_step_is_late_too(department, entry):
    department.wire.answering["PPS Manager"] = department.archive
    department.examine("RAD-5", "RAD-6")
    department.tell_archive(*orm(accession="ACC9"))
    department.examine("RAD-8")
    assert retrieved(department)[0].AccessionNumber == "ACC9"


def test_order_in_time_corrects_nothing(full):
    assert retrieved(full)[0].AccessionNumber == "ACC1"
    assert retrieved(full)[0].PatientName == "DOE^JANE"


def test_changed_procedure_shows_afterwards(full):
    assert full.tell_archive(*orm(control="XO", status="CM", accession="ACC2")).first("MSA-1") == "AA"
    assert {image.AccessionNumber for image in retrieved(full)} == {"ACC2"}
    assert len(found(full, AccessionNumber="ACC2")) == 1


@pytest.mark.parametrize("control", ["CA", "DC"])
def test_cancelled_procedure_keeps_its_images(full, control):
    assert full.tell_archive(*orm(control=control, status="CA")).first("MSA-1") == "AA"
    assert len(retrieved(full)) == 4
