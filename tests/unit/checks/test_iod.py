"""Composite objects on the legs that carry them, and who answers for their faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset

from harness.checks import iod
from harness.model.finding import Finding
from harness.model.profile import Service
from harness.model.verdict import Outcome

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def image(workflow: Any, recording: Callable[..., Any], tools: Any) -> Callable[..., Dataset]:
    """A faultless CT image, changed in some attributes; None removes one."""

    def make(uid: str = "1.2.3", **changes: object) -> Dataset:
        ds = tools.dataset(
            **workflow.CT_MODULES,
            SOPClassUID=CT,
            SOPInstanceUID=uid,
            StudyInstanceUID="1.2",
            SeriesInstanceUID="1.2.1",
            Modality="CT",
            PatientName="LINDGREN^ASTA",
            PatientID="P1001",
            PatientBirthDate="",
            PatientSex="F",
            StudyID="",
            AccessionNumber="",
            InstanceNumber="1",
        )
        for keyword, value in changes.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)
        return ds

    return make


def store(rec: Any, transaction: str, ds: Dataset | None, sop_class: str = "CTImageStorage") -> None:
    leg = rec.leg(transaction, "store", transaction.lower())
    uid = str(ds.SOPInstanceUID) if ds is not None else "1.2.3"
    rec.dimse(leg, Service.C_STORE, ds, sop_class=sop_class, instance=uid)


def not_met(findings: list[Finding]) -> set[tuple[str, str, Outcome]]:
    return {
        (one.requirement, one.evidence.path if one.evidence else "", one.outcome)
        for one in findings
        if one.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE) and not one.requirement.endswith("-open")
    }


def test_each_kind_is_met_once_for_each_object(recording: Any, image: Any) -> None:
    rec = recording()
    store(rec, "RAD-8", image())
    findings = list(iod.check(rec.play()))
    assert not_met(findings) == set()
    met = [one.requirement for one in findings if one.outcome is Outcome.MET]
    assert len(met) == len(set(met)) == len(iod.ROWS) - 2


def test_every_object_is_judged_and_its_maker_charged(recording: Any, image: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-8", "store", "stored")
    for uid, changes in (("1.2.3", {}), ("1.2.4", {"RescaleSlope": None}), ("1.2.5", {"Rows": 7})):
        rec.dimse(leg, Service.C_STORE, image(uid, **changes), sop_class="CTImageStorage", instance=uid)
    findings = list(iod.check(rec.play()))
    assert not_met(findings) == {
        ("rad-8.store/iod-type-1", "RescaleSlope", Outcome.VIOLATED),
        ("rad-8.store/iod-pixels", "PixelData", Outcome.VIOLATED),
    }
    (missing,) = (one for one in findings if one.requirement.endswith("type-1") and one.outcome is Outcome.VIOLATED)
    assert (missing.actor, missing.expected, missing.received) == ("Modality", "type 1", "absent")
    assert missing.origin == "ct-image (PS3.3 C.8.2.1); PS3.3 C.8.2.1"


def test_an_object_without_table_is_judged_for_its_values(recording: Any, image: Any) -> None:
    rec = recording()
    store(rec, "RAD-8", image(SOPClassUID="1.2.826.0.1.3680043.2.1", PatientSex="X"), "CTImageStorage")
    findings = list(iod.check(rec.play()))
    assert not_met(findings) == {("rad-8.store/iod-enumerated", "PatientSex", Outcome.VIOLATED)}
    assert "rad-8.store/iod-type-1" in {
        one.requirement for one in findings if one.outcome is Outcome.NOT_APPLICABLE and "no table" in one.received
    }


def test_what_cannot_be_read_is_not_judged(recording: Any) -> None:
    rec = recording()
    store(rec, "RAD-8", None)
    assert not_met(list(iod.check(rec.play()))) == {("rad-8.store/iod-sop-class", "", Outcome.UNDECIDED)}


def test_an_archive_hands_on_what_it_was_given(recording: Any, image: Any) -> None:
    rec = recording()
    store(rec, "RAD-8", image(RescaleSlope=None))
    store(rec, "RAD-16", image(RescaleSlope=None, RescaleIntercept=None))
    assert not_met(list(iod.check(rec.play()))) == {
        ("rad-8.store/iod-type-1", "RescaleSlope", Outcome.VIOLATED),
        ("rad-16.store/iod-type-1", "RescaleIntercept", Outcome.VIOLATED),
    }


def test_whose_a_fault_is_stays_open_where_the_storing_was_not_seen(recording: Any, image: Any) -> None:
    rec = recording()
    store(rec, "RAD-16", image(RescaleSlope=None))
    assert not_met(list(iod.check(rec.play()))) == {("rad-16.store/iod-type-1", "RescaleSlope", Outcome.UNDECIDED)}


def test_our_actor_does_not_answer_for_a_value_it_was_given(recording: Any, image: Any, tools: Any) -> None:
    rec = recording()
    query = rec.leg("RAD-5", "query", "worklist")
    entry = tools.dataset(PatientSex="X", PatientName="LINDGREN^ASTA")
    rec.dimse(query, Service.C_FIND, tools.dataset(PatientID=""), [(0xFF00, entry), (0, None)])
    store(rec, "RAD-8", image(PatientSex="X"))
    findings = list(iod.check(rec.play()))
    (given,) = (one for one in findings if one.requirement == "rad-8.store/iod-enumerated")
    assert given.outcome is Outcome.NOT_APPLICABLE
    assert given.origin.startswith("as given in RAD-5 PatientSex; ")


def test_our_actor_answers_for_a_value_of_its_own(recording: Any, image: Any, tools: Any) -> None:
    rec = recording()
    query = rec.leg("RAD-5", "query", "worklist")
    rec.dimse(query, Service.C_FIND, tools.dataset(PatientID=""), [(0xFF00, tools.dataset(PatientSex="F")), (0, None)])
    store(rec, "RAD-8", image(PatientSex="X"))
    assert ("rad-8.store/iod-enumerated", "PatientSex", Outcome.VIOLATED) in not_met(list(iod.check(rec.play())))
