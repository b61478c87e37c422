"""Worklist queries: which entries match, what is returned, and how the query ends (PS3.4 K; RAD TF-2: 4.5)."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from actors.objects.copying import put
from actors.order_filler import OrderFiller
from harness.dicom import paths
from harness.model.scenario import Case

PATIENTS = (
    ("P1", "DOE^JANE", "CTH^CT head^L", "20240103084500"),
    ("P2", "DOEMAN^JOHN", "MRB^MR brain^L", "20240104100000"),
    ("P3", "Müller^Öla", "DXH^Hip 2 views^L", "20240105233000"),
)
ONLY_DOE = {
    "PatientName": "DOE^JANE",
    "PatientID": "P1",
    "AccessionNumber": "ACC1",
    "RequestedProcedureID": "RP1",
}
ONLY_DOE_BROADLY = {
    "ScheduledProcedureStepStartDate": "20240103",
    "Modality": "CT",
    "ScheduledStationAETitle": "CT1",
}


@pytest.fixture
def filler(department: Any, hl7: Any) -> OrderFiller:
    """Three patients with four steps between them: SPS1 of P1, SPS2 and SPS3 of P2, SPS4 of P3."""
    actor: OrderFiller = department.play(OrderFiller)
    for number, (patient_id, name, service, start) in enumerate(PATIENTS, start=1):
        message = hl7(
            rf"MSH|^~\&|HIS|HOSP|RIS|RAD|2024||OMG^O19^OMG_O19|H{number}|P|2.5.1||||||UNICODE UTF-8",
            f"PID|||{patient_id}^^^HOSP^MR||{name}||19700101|F||||||||||V{number}^^^HOSP",
            "PV1||O",
            f"ORC|NW|A{number}^HISOP",
            f"TQ1|1||||||{start}||R",
            f"OBR|1|A{number}^HISOP||{service}",
        )
        assert department.deliver("RAD-2", "Order Filler", message.raw).first("MSA-1") == "AA"
    return actor


def keys(step: dict[str, str] | None = None, **root: str) -> Dataset:
    """An identifier that returns the step ID, with these matching keys."""
    ds = Dataset()
    put(ds, "PatientID", None)
    for keyword, value in root.items():
        put(ds, keyword, value)
    item = Dataset()
    put(item, "ScheduledProcedureStepID", None)
    for keyword, value in (step or {}).items():
        put(item, keyword, value)
    put(ds, "ScheduledProcedureStepSequence", [item])
    return ds


def found(responses: list[Any]) -> list[str]:
    path = "ScheduledProcedureStepSequence[0].ScheduledProcedureStepID"
    return [paths.first(one.dataset, path).removeprefix("SPS") for one in responses if one.dataset is not None]


def all_combinations(given: dict[str, str]) -> list[dict[str, str]]:
    return [
        {name: given[name] for name in names}
        for size in range(1, len(given) + 1)
        for names in combinations(given, size)
    ]


@pytest.mark.parametrize("given", all_combinations(ONLY_DOE), ids="+".join)
def test_patient_based_query_in_every_combination(filler: OrderFiller, ask: Any, given: dict[str, str]) -> None:
    assert found(ask(filler, keys(**given))) == ["1"]


@pytest.mark.parametrize("given", all_combinations(ONLY_DOE_BROADLY), ids="+".join)
def test_broad_query_in_every_combination(filler: OrderFiller, ask: Any, given: dict[str, str]) -> None:
    assert found(ask(filler, keys(given))) == ["1"]


def test_keys_that_contradict_each_other_match_nothing(filler: OrderFiller, ask: Any) -> None:
    assert ask(filler, keys({"Modality": "MR"}, PatientID="P1")) == []


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("", "1234"),
        ("*", "1234"),
        ("DOE*", "123"),
        ("doe^jane", "1"),
        ("DOE^J*", "1"),
        ("DOE^JANE^^", "1"),
        ("DOE", ""),
        ("?OE^JANE", "1"),
        ("M?ller*", "4"),
        ("MÜLLER^öLA", "4"),
        ("[DM]*", ""),
        ("*^*", "1234"),
    ],
)
def test_name_matching(filler: OrderFiller, ask: Any, name: str, steps: str) -> None:
    assert found(ask(filler, keys(PatientName=name))) == list(steps)


def test_a_hostile_wildcard_is_answered_at_once(filler: OrderFiller, ask: Any) -> None:
    assert found(ask(filler, keys(PatientName="*a" * 30 + "b"))) == []


@pytest.mark.parametrize(
    ("date", "time", "steps"),
    [
        ("20240103", "", "1"),
        ("20240103-", "", "1234"),
        ("-20240103", "", "1"),
        ("20240104-20240105", "", "234"),
        ("20240106-20240131", "", ""),
        ("20240103", "084500", "1"),
        ("20240103", "0845", "1"),
        ("20240103", "08", "1"),
        ("20240103", "09", ""),
        ("20240103", "080000-090000", "1"),
        ("20240103", "0900-1000", ""),
        ("20240103-20240104", "0900-1010", "2"),
        ("20240103-20240105", "0900-0800", "23"),
        ("20240104-20240105", "1010-2330", "34"),
        ("20240104-", "1010-", "34"),
        ("-20240104", "-1010", "12"),
        ("", "10", "23"),
        ("", "084500-100000", "12"),
    ],
)
def test_start_matching(filler: OrderFiller, ask: Any, date: str, time: str, steps: str) -> None:
    given = {"ScheduledProcedureStepStartDate": date, "ScheduledProcedureStepStartTime": time}
    assert found(ask(filler, keys(given))) == list(steps)


def test_a_list_of_uids_matches_each(filler: OrderFiller, ask: Any) -> None:
    assert found(ask(filler, keys(StudyInstanceUID="1.2.3.1\\1.2.3.3"))) == ["1", "4"]


def test_sequence_matching_in_codes(filler: OrderFiller, ask: Any) -> None:
    code = Dataset()
    put(code, "CodeValue", "AX")
    identifier = keys()
    put(identifier["ScheduledProcedureStepSequence"].value[0], "ScheduledProtocolCodeSequence", [code])
    assert found(ask(filler, identifier)) == ["4"]


@pytest.mark.parametrize("step_items", [[], [Dataset()]], ids=["no item", "empty item"])
def test_a_sequence_asked_for_as_a_whole_comes_whole(filler: OrderFiller, ask: Any, step_items: list[Any]) -> None:
    identifier = Dataset()
    put(identifier, "PatientID", "P1")
    put(identifier, "ScheduledProcedureStepSequence", step_items)
    (response,) = ask(filler, identifier)
    (item,) = response.dataset.ScheduledProcedureStepSequence
    assert (item.Modality, item.ScheduledProcedureStepID) == ("CT", "SPS1")


def test_nothing_is_returned_unasked_but_the_character_set(filler: OrderFiller, ask: Any) -> None:
    (response,) = ask(filler, keys(PatientID="P1"))
    assert [element.keyword for element in response.dataset] == [
        "SpecificCharacterSet",
        "PatientID",
        "ScheduledProcedureStepSequence",
    ]
    (item,) = response.dataset.ScheduledProcedureStepSequence
    assert [element.keyword for element in item] == ["ScheduledProcedureStepID"]


def test_the_character_set_is_that_of_the_message(filler: OrderFiller, ask: Any) -> None:
    (response,) = ask(filler, keys(PatientID="P3", PatientName=""))
    assert (response.dataset.SpecificCharacterSet, response.dataset.PatientName) == ("ISO_IR 192", "Müller^Öla")


def test_a_key_that_no_entry_has_is_ignored_and_said_to_be(filler: OrderFiller, ask: Any) -> None:
    (response,) = ask(filler, keys(PatientID="P1", PatientComments="x"))
    assert response.status == 0xFF01
    assert "PatientComments" not in response.dataset
    (supported,) = ask(filler, keys(PatientID="P1"))
    assert supported.status == 0xFF00


def test_two_step_items_do_not_fit_the_model(filler: OrderFiller, ask: Any) -> None:
    identifier = Dataset()
    put(identifier, "ScheduledProcedureStepSequence", [Dataset(), Dataset()])
    assert [response.status for response in ask(filler, identifier)] == [0xA900]


def test_a_cancelled_query_ends(filler: OrderFiller, ask: Any) -> None:
    answers = iter([False, False, True])
    responses = ask(filler, keys(), lambda: next(answers))
    assert [response.status for response in responses] == [0xFF00, 0xFF00, 0xFE00]


def test_the_decision_which_entries_match_can_be_overridden(department: Any, filler: OrderFiller, ask: Any) -> None:
    department.worlds["Order Filler"].decisions["worklist-entry-matches"] = True
    assert found(ask(filler, keys(PatientID="P1"))) == ["1", "2", "3", "4"]


def test_entries_as_files(department: Any, case: Case, filler: OrderFiller, tmp_path: Path) -> None:
    filler.feed(department.action("Order Filler", "RAD-5", case, case.patients["main"]), tmp_path)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [f"entry-{number}.wl" for number in (1, 2, 3, 4)]
    entry = pydicom.dcmread(files[0])
    assert entry.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (entry.PatientID, entry.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID) == ("P1", "SPS1")
