from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.checks import consistency
from harness.model.names import ActorName, TransactionId
from harness.model.plan import LegState
from harness.model.profile import Service
from harness.model.tables import Comparison, Edge, Place
from harness.model.transcript import Half
from harness.model.verdict import Confidence, Outcome

STORE = "CTImageStorage"
MPPS = "1.2.9"


def edge(name: str, source: tuple[str, str], target: tuple[str, str], by: str, **parts: Any) -> Edge:
    def place(transaction: str, path: str) -> Place:
        half = Half.RESPONSE if path.startswith("response.") else Half.REQUEST
        paths = tuple(one.strip().removeprefix("response.") for one in path.split("|"))
        return Place(transaction=TransactionId(transaction), half=half, paths=paths)

    return Edge(
        id=name,
        rule=name,
        source_place=place(*source),
        target=place(*target),
        by=ActorName(by),
        compare=parts.pop("compare", Comparison.UID),
        confidence=Confidence.VERIFIED,
        citation="RAD TF-2x: A",
        **parts,
    )


SSA = "ScheduledStepAttributesSequence[*]."
ALL = ("simple", "append", "group")
EDGES = (
    edge("announced", ("RAD-4", "IPC-3.1 | ZDS-1.1"), ("RAD-5", "response.StudyInstanceUID"), "Order Filler"),
    edge("created", ("RAD-5", "response.StudyInstanceUID"), ("RAD-6", f"{SSA}StudyInstanceUID"), "Modality", cases=ALL),
    edge("stored", ("RAD-6", f"{SSA}StudyInstanceUID"), ("RAD-8", "StudyInstanceUID"), "Modality", cases=ALL),
    edge("kept", ("RAD-6", f"{SSA}StudyInstanceUID"), ("RAD-4", "IPC-3.1"), "Order Filler", cases=("unscheduled",)),
)


class Department:
    """Records short messages of the scheduled workflow."""

    def __init__(self, recording: Any, tools: Any, edges: tuple[Edge, ...] = EDGES) -> None:
        self.tools = tools
        self.rec = recording(edges=edges)

    def scheduled(self, study: str, step: str = "S1", accession: str = "ACC", name: str = "scheduled") -> None:
        raw = (
            "MSH|^~\\&|OF|SWF|IM|SWF|20240102||OMI^O23^OMI_O23|1|P|2.5.1\rPID|||P1001^^^SWF\rORC|NW|A1|F1\r"
            f"OBR|1|A1|F1\rIPC|{accession}|RP1|{study}|{step}\r"
        )
        self.rec.hl7(self.rec.leg("RAD-4", "to-image-manager", name), raw.encode())

    def worklist(
        self, *entries: tuple[str, str], patient: str = "P1001", asked: bool = True, name: str = "worklist"
    ) -> None:
        make = self.tools.dataset
        keys = make(PatientID="", StudyInstanceUID="", ScheduledProcedureStepSequence=[])
        if not asked:
            del keys.StudyInstanceUID
        found = [
            (
                0xFF00,
                make(
                    PatientID=patient,
                    AccessionNumber="ACC",
                    **({"StudyInstanceUID": study} if asked else {}),
                    ScheduledProcedureStepSequence=[make(ScheduledProcedureStepID=step)],
                ),
            )
            for study, step in entries
        ]
        self.rec.dimse(
            self.rec.leg("RAD-5", "query", name),
            Service.C_FIND,
            keys,
            [*found, (0, None)],
            sop_class="ModalityWorklistInformationModelFind",
        )

    def created(self, *steps: tuple[str, str], mpps: str = MPPS, name: str = "started") -> None:
        items = [
            self.tools.dataset(
                StudyInstanceUID=study, ScheduledProcedureStepID=step, RequestedProcedureID=step and "RP1"
            )
            for study, step in steps
        ]
        message = self.tools.dataset(PatientID="P1001", ScheduledStepAttributesSequence=items)
        self.rec.dimse(self.rec.leg("RAD-6", "to-pps-manager", name), Service.N_CREATE, message, instance=mpps)

    def stored(self, study: str, uid: str = "1.7.1", mpps: str = MPPS) -> None:
        make = self.tools.dataset
        image = make(
            PatientID="P1001",
            StudyInstanceUID=study,
            SOPInstanceUID=uid,
            ReferencedPerformedProcedureStepSequence=[make(ReferencedSOPInstanceUID=mpps)],
        )
        leg = next((one for one in self.rec.legs if one.leg == "store"), None)
        leg = leg or self.rec.leg("RAD-8", "store", "stored")
        self.rec.dimse(leg, Service.C_STORE, image, sop_class=STORE, instance=uid)

    def judged(self) -> dict[str, set[Outcome]]:
        found: dict[str, set[Outcome]] = {}
        for one in consistency.check(self.rec.play()):
            found.setdefault(one.requirement.partition("/")[2], set()).add(one.outcome)
        return found

    def violations(self) -> list[Any]:
        return [one for one in consistency.check(self.rec.play()) if one.outcome is Outcome.VIOLATED]


@pytest.fixture
def department(recording: Callable[..., Any], tools: Any) -> Department:
    return Department(recording, tools)


def test_a_value_copied_all_the_way_meets_every_edge(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("1.2.3", "S1"))
    department.created(("1.2.3", "S1"))
    department.stored("1.2.3")
    department.stored("1.2.3", "1.7.2")
    assert department.judged() == {one: {Outcome.MET} for one in ("announced", "created", "stored")}


def test_only_the_edge_that_breaks_first_is_charged(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("1.2.4", "S1"))
    department.created(("1.2.4", "S1"))
    department.stored("1.2.4")
    (broken,) = department.violations()
    assert (broken.requirement, broken.actor) == ("consistency/announced", "Order Filler")
    assert (broken.expected, broken.received) == ("1.2.3", "1.2.4")
    assert broken.origin == "announced in RAD-4 IPC-3.1"
    assert (broken.evidence.half, broken.evidence.path) == (Half.RESPONSE, "StudyInstanceUID")


def test_a_value_taken_from_further_up_is_not_charged_twice(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("1.2.3", "S1"))
    department.created(("1.2.4", "S1"))
    department.stored("1.2.3")
    (broken,) = department.violations()
    assert broken.requirement == "consistency/created"


def test_every_exchange_is_judged_and_not_the_first_alone(department: Department) -> None:
    department.created(("1.2.3", "S1"))
    department.stored("1.2.3")
    department.stored("1.2.9", "1.7.2")
    (broken,) = department.violations()
    assert (broken.requirement, broken.received, broken.evidence.exchange) == ("consistency/stored", "1.2.9", 3)


def test_where_the_source_was_not_observed_the_next_place_upstream_counts(department: Department) -> None:
    department.scheduled("1.2.3")
    department.created(("1.2.4", "S1"))
    (broken,) = department.violations()
    assert (broken.requirement, broken.actor, broken.expected) == ("consistency/created", "Modality", "1.2.3")


def test_what_stands_for_a_place_that_was_not_observed_came_before_the_copy(department: Department) -> None:
    department.stored("1.2.3")
    department.worklist(("1.2.4", "S1"))
    assert department.judged() == {"announced": {Outcome.NOT_APPLICABLE}, "stored": {Outcome.NOT_APPLICABLE}}


def test_nothing_is_held_against_a_copy_of_nothing(department: Department) -> None:
    department.scheduled("")
    department.worklist(("1.2.4", "S1"))
    assert department.judged() == {"announced": {Outcome.NOT_APPLICABLE}}


def test_entries_of_other_patients_are_left_alone(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("7.7", "S9"), patient="SOMEBODY")
    assert department.judged() == {}


def test_an_entry_with_a_wrong_patient_is_known_by_its_numbers(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("7.7", "S1"), patient="SOMEBODY")
    assert department.judged() == {"announced": {Outcome.VIOLATED}}


def test_a_value_that_was_not_asked_for_may_be_missing(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("", "S1"), asked=False)
    assert Outcome.VIOLATED not in department.judged().get("announced", set())


def test_of_several_sources_the_one_with_the_same_step_counts(department: Department) -> None:
    department.worklist(("1.2.3", "S1"), ("1.2.4", "S2"))
    department.created(("1.2.3", "S2"))
    (broken,) = department.violations()
    assert (broken.expected, broken.received) == ("1.2.4", "1.2.3")


def test_each_item_of_a_group_is_judged_by_its_own_step(department: Department) -> None:
    department.worklist(("1.2.3", "S1"), ("1.2.4", "S2"))
    department.created(("1.2.3", "S1"), ("1.2.3", "S2"))
    (broken,) = department.violations()
    assert broken.evidence.path == "ScheduledStepAttributesSequence[1].StudyInstanceUID"
    assert broken.expected == "1.2.4"


def test_an_item_that_lacks_the_value_is_broken(department: Department) -> None:
    department.worklist(("1.2.3", "S1"), ("1.2.3", "S2"))
    department.created(("1.2.3", "S1"), ("", "S2"))
    (broken,) = department.violations()
    assert (broken.received, broken.evidence.path) == ("empty", "ScheduledStepAttributesSequence[1].StudyInstanceUID")


def test_an_unscheduled_step_makes_its_own_study_and_the_later_order_keeps_it(department: Department) -> None:
    department.created(("5.5", ""))
    department.scheduled("5.6")
    (broken,) = department.violations()
    assert (broken.requirement, broken.actor, broken.expected) == ("consistency/kept", "Order Filler", "5.5")


def test_leaving_out_the_scheduled_numbers_does_not_make_a_step_unscheduled(department: Department) -> None:
    department.worklist(("1.2.3", "S1"))
    department.created(("5.5", ""))
    (broken,) = department.violations()
    assert broken.requirement == "consistency/created"


def test_an_image_belongs_to_its_own_step(department: Department) -> None:
    department.worklist(("1.2.3", "S1"), ("1.2.4", "S2"))
    department.created(("1.2.3", "S1"))
    department.created(("1.2.4", "S2"), mpps="1.2.10", name="started-second")
    department.stored("1.2.4", "1.7.1", mpps="1.2.10")
    department.stored("1.2.4", "1.7.2")
    (broken,) = department.violations()
    assert (broken.evidence.exchange, broken.expected) == (5, "1.2.3")


def test_edges_to_one_target_are_alternatives(recording: Callable[..., Any], tools: Any) -> None:
    both = (
        edge("order", ("RAD-4", "PID-3.1"), ("RAD-5", "response.PatientID"), "Order Filler", compare=Comparison.TEXT),
        edge("update", ("RAD-12", "PID-3.1"), ("RAD-5", "response.PatientID"), "Order Filler", compare=Comparison.TEXT),
    )
    department = Department(recording, tools, both)
    department.scheduled("1.2.3")
    merge = "MSH|^~\\&|ADT|S|OF|S|2024||ADT^A40^ADT_A39|9|P|2.5.1\rPID|||P1002^^^SWF\rMRG|P1001^^^SWF\r"
    department.rec.hl7(department.rec.leg("RAD-12", "to-order-filler", "merged"), merge.encode())
    department.worklist(("1.2.3", "S1"), patient="P1002")
    department.worklist(("1.2.3", "S1"), patient="P1003", name="worklist-again")
    found = [(one.requirement, one.outcome.value, one.received) for one in consistency.check(department.rec.play())]
    assert ("consistency/update", "met", "P1002") in found
    assert ("consistency/order", "violated", "P1003") in found


def test_a_leg_that_was_not_observed_is_no_source(department: Department) -> None:
    department.rec.leg("RAD-5", "query", "worklist", state=LegState.NOT_OBSERVABLE)
    department.scheduled("1.2.3")
    department.created(("1.2.3", "S1"))
    assert department.judged() == {"created": {Outcome.MET}}


NAME = {"compare": Comparison.NAME}
NAMES = (
    edge("ordered", ("RAD-4", "PID-5"), ("RAD-5", "response.PatientName"), "Order Filler", **NAME),
    edge("updated", ("RAD-12", "PID-5"), ("RAD-5", "response.PatientName"), "Order Filler", **NAME),
    edge("created", ("RAD-5", "response.PatientName"), ("RAD-6", "PatientName"), "Modality", cases=ALL, **NAME),
    edge("stored", ("RAD-6", "PatientName"), ("RAD-8", "PatientName"), "Modality", cases=ALL, **NAME),
)


def _message(event: str, patient: str, name: str, study: str = "") -> bytes:
    header = f"MSH|^~\\&|ADT|SWF|OF|SWF|20240102||{event}|9|P|2.5.1\rPID|||{patient}^^^SWF||{name}\r"
    order = f"ORC|NW|A1|F1\rOBR|1|A1|F1\rIPC|ACC|RP1|{study}|S1\r" if study else ""
    return (header + order).encode()


def _image(tools: Any, name: str, study: str = "1.2.3", uid: str = "1.7.1") -> Any:
    return tools.dataset(PatientID="P1001", PatientName=name, StudyInstanceUID=study, SOPInstanceUID=uid)


def _named(recording: Callable[..., Any], tools: Any, updates: str, *images: tuple[str, str]) -> list[tuple[str, str]]:
    """An order, an update of the patient, and images, with nothing seen in between; `updates` is the patient's ID."""
    rec = recording(edges=NAMES)
    ordered = rec.leg("RAD-4", "to-image-manager", "scheduled")
    rec.hl7(ordered, _message("OMI^O23^OMI_O23", "P1001", "OLD^ASTA", "1.2.3"))
    if updates:
        rec.hl7(rec.leg("RAD-12", "to-order-filler", "updated"), _message("ADT^A08^ADT_A01", updates, "NEW^ASTA"))
    stored = rec.leg("RAD-8", "store", "stored")
    for number, (name, study) in enumerate(images, 1):
        uid = f"1.7.{number}"
        rec.dimse(stored, Service.C_STORE, _image(tools, name, study, uid), sop_class=STORE, instance=uid)
    return [(one.outcome.value, one.received) for one in consistency.check(rec.play())]


@pytest.mark.parametrize("name", ["OLD^ASTA", "NEW^ASTA"])
def test_where_a_product_hides_the_way_the_name_of_either_time_is_right(
    recording: Callable[..., Any], tools: Any, name: str
) -> None:
    assert _named(recording, tools, "P1001", (name, "1.2.3")) == [("met", name)]


def test_a_name_of_neither_time_is_wrong_where_a_product_hides_the_way(
    recording: Callable[..., Any], tools: Any
) -> None:
    assert _named(recording, tools, "P1001", ("OTHER^ASTA", "1.2.3")) == [("violated", "OTHER^ASTA")]


def test_an_update_of_somebody_else_makes_no_name_right(recording: Callable[..., Any], tools: Any) -> None:
    assert _named(recording, tools, "P1002", ("NEW^ASTA", "1.2.3")) == [("violated", "NEW^ASTA")]


def test_an_order_for_another_study_gives_no_value_beside_the_one_for_this_study(
    recording: Callable[..., Any], tools: Any
) -> None:
    both = (*EDGES, edge("changed", ("RAD-13", "IPC-1.1"), ("RAD-5", "response.AccessionNumber"), "Order Filler"))
    accession = (
        edge("announced", ("RAD-4", "IPC-1.1"), ("RAD-5", "response.AccessionNumber"), "Order Filler"),
        both[-1],
        edge("created", ("RAD-5", "response.AccessionNumber"), ("RAD-8", "AccessionNumber"), "Modality", cases=ALL),
    )
    rec = recording(edges=accession)
    ordered = rec.leg("RAD-4", "to-image-manager", "scheduled")
    rec.hl7(ordered, _message("OMI^O23^OMI_O23", "P1001", "OLD^ASTA", "1.2.3"))
    changed = _message("OMI^O23^OMI_O23", "P1001", "OLD^ASTA", "1.2.4").replace(b"|ACC|", b"|ACC2|")
    rec.hl7(rec.leg("RAD-13", "to-image-manager", "changed"), changed)
    image = _image(tools, "OLD^ASTA")
    image.AccessionNumber = "ACC2"
    rec.dimse(rec.leg("RAD-8", "store", "stored"), Service.C_STORE, image, sop_class=STORE, instance="1.7.1")
    (broken,) = [one for one in consistency.check(rec.play()) if one.outcome is Outcome.VIOLATED]
    assert (broken.expected, broken.received) == ("ACC", "ACC2")


@pytest.mark.parametrize(("study", "outcome"), [("1.2.3", Outcome.MET), ("1.2.4", Outcome.VIOLATED)])
def test_a_value_that_was_left_out_on_the_way_is_still_known_to_who_was_given_it(
    department: Department, study: str, outcome: Outcome
) -> None:
    department.worklist(("1.2.3", "S1"))
    department.created(("", "S1"))
    department.stored(study)
    assert department.judged()["stored"] == {outcome}


def test_a_value_that_only_others_were_given_binds_nobody_whose_source_was_empty(department: Department) -> None:
    department.scheduled("1.2.3")
    department.worklist(("", "S1"))
    department.created(("1.2.4", "S1"))
    assert department.judged()["created"] == {Outcome.NOT_APPLICABLE}


STEPS = (
    edge(
        "asked",
        ("RAD-5", "response.ScheduledProcedureStepSequence[*].ScheduledProcedureStepID"),
        ("RAD-6", f"{SSA}ScheduledProcedureStepID"),
        "Modality",
        compare=Comparison.TEXT,
        cases=ALL,
    ),
)


@pytest.mark.parametrize(
    ("lacking", "asked", "outcome"), [(True, True, set()), (True, False, {"S1"}), (False, True, {"S1"})]
)
def test_who_cannot_know_which_of_two_entries_was_taken_decides_nothing_if_one_has_no_value(
    recording: Callable[..., Any], tools: Any, lacking: bool, asked: bool, outcome: set[str]
) -> None:
    rec, make = recording(edges=STEPS), tools.dataset
    keys = make(StudyInstanceUID="", ScheduledProcedureStepSequence=[])
    entry = make(PatientID="P1001", StudyInstanceUID="1.2.3")
    other = make(StudyInstanceUID="1.2.3", ScheduledProcedureStepSequence=[make(ScheduledProcedureStepID="S2")])
    if not lacking:
        entry.ScheduledProcedureStepSequence = [make(ScheduledProcedureStepID="S3")]
    if not asked:
        del keys.ScheduledProcedureStepSequence
    found = [(0xFF00, entry), (0xFF00, other), (0, None)]
    mwl = "ModalityWorklistInformationModelFind"
    rec.dimse(rec.leg("RAD-5", "query", "worklist"), Service.C_FIND, keys, found, sop_class=mwl)
    items = [make(StudyInstanceUID="1.2.3", ScheduledProcedureStepID="S1")]
    created = make(PatientID="P1001", ScheduledStepAttributesSequence=items)
    rec.dimse(rec.leg("RAD-6", "to-pps-manager", "started"), Service.N_CREATE, created, instance=MPPS)
    broken = {one.received for one in consistency.check(rec.play()) if one.outcome is Outcome.VIOLATED}
    assert broken == outcome


def test_the_item_that_was_left_empty_is_told_from_the_one_beside_it(department: Department) -> None:
    department.worklist(("1.2.3", "S1"), ("1.2.4", "S2"))
    department.created(("", "S1"), ("1.2.4", "S2"))
    make = department.tools.dataset
    image = make(
        PatientID="P1001",
        StudyInstanceUID="1.2.3",
        RequestAttributesSequence=[make(ScheduledProcedureStepID="S1")],
        ReferencedPerformedProcedureStepSequence=[make(ReferencedSOPInstanceUID=MPPS)],
    )
    leg = department.rec.leg("RAD-8", "store", "stored")
    department.rec.dimse(leg, Service.C_STORE, image, sop_class=STORE, instance="1.7.1")
    assert department.judged()["stored"] == {Outcome.MET}
