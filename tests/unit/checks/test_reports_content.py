from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import reports_content
from harness.dicom import edit
from harness.dicom.uids import uid_of
from harness.model.profile import Service

SR = uid_of("BasicTextSRStorage")
EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"


class Reading:
    """Records an image, a report on it, and what becomes of the report."""

    def __init__(self, recording: Any, tools: Any) -> None:
        self.rec = recording(form="2.3.1")
        self.tools = tools

    def image(self) -> None:
        make = self.tools.dataset
        image = make(
            SOPInstanceUID="1.7.1",
            StudyInstanceUID="1.2",
            PatientID="P1001",
            AccessionNumber="ACC1",
            RequestAttributesSequence=[make(RequestedProcedureID="RP1")],
        )
        leg = self.rec.leg("RAD-8", "store", "stored")
        self.rec.dimse(leg, Service.C_STORE, image, sop_class="CTImageStorage", instance="1.7.1")

    def report(self) -> Any:
        make = self.tools.dataset
        reference = make(ReferencedSOPClassUID=uid_of("CTImageStorage"), ReferencedSOPInstanceUID="1.7.1")
        series = make(SeriesInstanceUID="1.2.1", ReferencedSOPSequence=[reference])
        evidence = make(StudyInstanceUID="1.2", ReferencedSeriesSequence=[series])
        request = make(
            StudyInstanceUID="1.2",
            AccessionNumber="ACC1",
            RequestedProcedureID="RP1",
            PlacerOrderNumberImagingServiceRequest="A1",
            FillerOrderNumberImagingServiceRequest="F1",
        )
        pointer = make(ValueType="IMAGE", RelationshipType="INFERRED FROM", ReferencedSOPSequence=[reference])
        text = make(ValueType="TEXT", RelationshipType="CONTAINS", TextValue="Clear.", ContentSequence=[pointer])
        return make(
            SOPClassUID=SR,
            SOPInstanceUID="1.8.1",
            StudyInstanceUID="1.2",
            PatientID="P1001",
            PatientName="LINDGREN^ASTA",
            ValueType="CONTAINER",
            ContentSequence=[text],
            ReferencedRequestSequence=[request],
            CurrentRequestedProcedureEvidenceSequence=[evidence],
        )

    def store(self, transaction: str, leg: str, report: Any) -> None:
        opened = self.rec.leg(transaction, leg, transaction.lower())
        uid = str(report.SOPInstanceUID)
        self.rec.dimse(opened, Service.C_STORE, report, sop_class="BasicTextSRStorage", instance=uid)

    def export(self, report: str = "1.8.1", patient: str = "P1001", placer: str = "A1") -> None:
        raw = (
            f"MSH|^~\\&|RM|S|ER|S|2024||ORU^R01|1|P|2.3.1\rPID|||{patient}||LINDGREN^ASTA\rOBR||{placer}^OP|F1^OF\r"
            f"OBX||HD|^SR Instance UID||{report}||||||F\r"
        )
        self.rec.hl7(self.rec.leg("RAD-28", "export", "exported"), raw.encode())

    def broken(self) -> set[str]:
        return {
            one.requirement.partition("/")[2]
            for one in reports_content.check(self.rec.play())
            if one.outcome.value == "violated"
        }


@pytest.fixture
def reading(recording: Callable[..., Any], tools: Any) -> Reading:
    made = Reading(recording, tools)
    made.image()
    return made


def test_a_report_that_is_passed_on_and_exported_meets_every_rule(reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", edit.set_value(reading.report(), "SOPInstanceUID", "1.8.2"))
    reading.export("1.8.2")
    assert reading.broken() == set()
    judged = {one.requirement.partition("/")[2] for one in reports_content.check(reading.rec.play())}
    assert judged == {
        "content-tree",
        "evidence-exists",
        "same-study",
        "referenced-request",
        "issued-as-submitted",
        "export-names-report",
        "export-names-order",
    }


REFERENCE = "[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID"


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        ("ContentSequence[0].ValueType", "NUM", {"content-tree"}),
        ("ContentSequence[0].ContentSequence[0].RelationshipType", None, {"content-tree"}),
        (f"{EVIDENCE}{REFERENCE}", "1.7.9", {"evidence-exists"}),
        (EVIDENCE, None, {"evidence-exists"}),
        ("StudyInstanceUID", "1.3", {"same-study"}),
        ("PatientID", "P9", {"same-study"}),
        ("ReferencedRequestSequence", None, {"referenced-request"}),
        ("ReferencedRequestSequence[0].AccessionNumber", "ACC9", {"referenced-request"}),
    ],
)
def test_a_report_refers_to_what_it_is_about(path: str, value: str | None, broken: set[str], reading: Reading) -> None:
    report = reading.report()
    report = edit.remove(report, path) if value is None else edit.set_value(report, path, value)
    reading.store("RAD-24", "submit", report)
    assert reading.broken() == broken


@pytest.mark.parametrize(("path", "value"), [("StudyInstanceUID", "1.3"), (f"{EVIDENCE}{REFERENCE}", "1.7.9")])
def test_an_issued_report_is_about_what_was_submitted(path: str, value: str, reading: Reading) -> None:
    reading.store("RAD-24", "submit", reading.report())
    reading.store("RAD-25", "issue", edit.set_value(reading.report(), path, value))
    assert reading.broken() == {"issued-as-submitted"}


@pytest.mark.parametrize(
    ("parts", "broken"),
    [
        ({"report": "1.8.9"}, {"export-names-report"}),
        ({"report": ""}, {"export-names-report"}),
        ({"patient": "P9"}, {"export-names-order"}),
        ({"placer": "A9"}, {"export-names-order"}),
    ],
)
def test_an_export_names_report_patient_and_order(parts: dict[str, str], broken: set[str], reading: Reading) -> None:
    reading.store("RAD-25", "issue", reading.report())
    reading.export(**parts)
    assert reading.broken() == broken


def test_without_a_report_an_export_is_not_judged(reading: Reading) -> None:
    reading.export()
    assert list(reports_content.check(reading.rec.play())) == []


@pytest.mark.parametrize(
    ("placer", "broken"), [("A1", set()), ("A2", {"export-names-order"}), ("", {"export-names-order"})]
)
def test_the_order_of_a_report_without_numbers_is_the_one_that_was_scheduled(
    placer: str, broken: set[str], reading: Reading
) -> None:
    raw = b"MSH|^~\\&|OF|S|RM|S|2024||ORM^O01|1|P|2.3.1\rPID|||P1001\rORC|NW|A1^OP|F1^OF\rOBR||A1^OP|F1^OF\rZDS|1.2\r"
    reading.rec.hl7(reading.rec.leg("RAD-4", "to-report-manager", "scheduled"), raw)
    report = reading.report()
    for keyword in ("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"):
        report = edit.remove(report, f"ReferencedRequestSequence[0].{keyword}")
    reading.store("RAD-24", "submit", report)
    reading.export(placer=placer)
    assert reading.broken() == broken


def test_a_report_copies_patient_and_accession_number_of_the_images(recording: Callable[..., Any], tools: Any) -> None:
    for path, value in (("AccessionNumber", "ACC9"), ("PatientSex", "M"), ("PatientName", "OAKES^ASTA")):
        reading = Reading(recording, tools)
        make = tools.dataset
        image = make(
            SOPInstanceUID="1.7.1",
            StudyInstanceUID="1.2",
            PatientID="P1001",
            PatientName="LINDGREN^ASTA^^^",
            PatientSex="F",
            AccessionNumber="ACC1",
        )
        leg = reading.rec.leg("RAD-8", "store", "stored")
        reading.rec.dimse(leg, Service.C_STORE, image, sop_class="CTImageStorage", instance="1.7.1")
        reading.store("RAD-24", "submit", edit.set_value(reading.report(), path, value))
        assert reading.broken() == {"same-study"}, path
        update = "MSH|^~\\&|OF|S|IM|S|2024||ADT^A08|1|P|2.3.1\rPID|||P1001||OAKES^ASTA\r"
        reading.rec.hl7(reading.rec.leg("RAD-12", "to-image-manager", "updated"), update.encode())
        assert reading.broken() == set(), path


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        ("AccessionNumber", "ACC1", set()),
        ("AccessionNumber", "ACC9", {"referenced-request"}),
        ("RequestedProcedureID", "RP9", {"referenced-request"}),
        ("PlacerOrderNumberImagingServiceRequest", "A9", {"referenced-request"}),
        ("FillerOrderNumberImagingServiceRequest", "F9", {"referenced-request"}),
    ],
)
def test_without_images_the_request_is_the_one_that_was_scheduled(
    path: str, value: str, broken: set[str], recording: Callable[..., Any], tools: Any
) -> None:
    reading = Reading(recording, tools)
    order = (
        "MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|1|P|2.3.1\rPID|||P1001||LINDGREN^ASTA\rORC|NW|A1^OP|F1^OF\r"
        "OBR||A1|F1|||||||||||||||ACC1|RP1|SPS1\rZDS|1.2\r"
    )
    reading.rec.hl7(reading.rec.leg("RAD-4", "to-image-manager", "scheduled"), order.encode())
    reading.store("RAD-24", "submit", edit.set_value(reading.report(), f"ReferencedRequestSequence[0].{path}", value))
    assert reading.broken() == broken


def test_an_exam_without_an_order_has_a_report_without_a_request(reading: Reading) -> None:
    reading.image()
    image = reading.rec.legs[-1].exchanges[-1].request_dataset
    del image.AccessionNumber, image.RequestAttributesSequence
    report = reading.report()
    report.ReferencedRequestSequence = []
    reading.store("RAD-24", "submit", report)
    assert reading.broken() == set()
    image.AccessionNumber = "ACC1"
    assert reading.broken() == {"referenced-request"}


def test_a_report_may_name_the_request_as_it_was_changed(reading: Reading) -> None:
    reading.image()
    raw = (
        "MSH|^~\\&|OF|S|IM|S|2024||ORM^O01|7|P|2.3.1\rPID|||P1001||LINDGREN^ASTA\r"
        "ORC|XO|A1|F1||SC\rOBR||A1|F1|||||||||||||||ACC9|RP1|SPS1\rZDS|1.2\r"
    )
    reading.rec.hl7(reading.rec.leg("RAD-13", "to-image-manager", "changed"), raw.encode())
    reading.store(
        "RAD-24", "submit", edit.set_value(reading.report(), "ReferencedRequestSequence[0].AccessionNumber", "ACC9")
    )
    assert reading.broken() == set()


def test_a_new_version_may_refer_to_more_but_not_to_less(reading: Reading) -> None:
    reading.image()
    reading.store("RAD-24", "submit", reading.report())
    more = edit.set_value(reading.report(), "SOPInstanceUID", "1.8.2")
    series = more[EVIDENCE].value[0].ReferencedSeriesSequence[0]
    series.ReferencedSOPSequence.append(reading.tools.dataset(ReferencedSOPInstanceUID="1.7.5"))
    reading.store("RAD-25", "issue", more)
    assert reading.broken() == set()
    less = edit.set_value(reading.report(), "SOPInstanceUID", "1.8.3")
    less[EVIDENCE].value[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.7.6"
    reading.store("RAD-25", "issue", less)
    assert reading.broken() == {"issued-as-submitted"}


def test_after_a_merge_a_report_may_be_issued_and_exported_for_the_surviving_patient(reading: Reading) -> None:
    reading.image()
    reading.store("RAD-24", "submit", reading.report())
    raw = "MSH|^~\\&|OF|S|RM|S|2024||ADT^A40|8|P|2.3.1\rPID|||P2||OAKES^ASTA\rMRG|P1001\r"
    reading.rec.hl7(reading.rec.leg("RAD-12", "to-image-manager", "merged"), raw.encode())
    reading.store("RAD-25", "issue", edit.set_value(reading.report(), "PatientID", "P2"))
    reading.export(patient="P2")
    assert reading.broken() == set()


@pytest.mark.parametrize(("placer", "broken"), [("A1", set()), ("A7", set()), ("A8", {"export-names-order"})])
def test_an_export_that_names_no_report_has_to_be_of_the_order_of_any(
    placer: str, broken: set[str], reading: Reading
) -> None:
    reading.store("RAD-24", "submit", reading.report())
    other = reading.report()
    other.SOPInstanceUID = "1.8.2"
    other.ReferencedRequestSequence[0].PlacerOrderNumberImagingServiceRequest = "A7"
    reading.store("RAD-24", "submit", other)
    reading.export(report="1.8.9", placer=placer)
    assert reading.broken() - {"referenced-request", "evidence-exists"} == broken | {"export-names-report"}
