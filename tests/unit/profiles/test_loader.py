"""Faults in the data files of a profile: each with its place and the nearest valid name."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import harness.profiles
from harness.errors import SourceError
from harness.profiles import knowledge
from harness.profiles.loader import load_knowledge

SHIPPED = Path(harness.profiles.__file__).parent


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the shipped data files that a test may spoil."""
    root = tmp_path / "profiles"
    shutil.copytree(SHIPPED, root, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return root


def spoil(data: Path, file: str, old: str, new: str) -> None:
    path = data / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_copy_is_the_same_knowledge(data: Path) -> None:
    copy = load_knowledge(data)
    assert copy.rule_set == knowledge().rule_set
    assert copy.requirements() == knowledge().requirements()


def test_a_table_takes_its_rows_from_one_that_takes_them_from_another(data: Path) -> None:
    spoil(data, "swf/dicom/creator-n-create.yaml", "rows: {}", 'rows:\n  PatientID: {type: "1"}')
    spoil(data, "swf/dicom/work-status-n-set.yaml", "rows:\n", "use_rows: [creator-n-create]\nrows:\n")
    tables = load_knowledge(data).attribute_tables
    assert set(tables["mpps-n-create"].rows) == set(tables["creator-n-create"].rows)
    assert set(tables["mpps-n-create"].rows) < set(tables["work-status-n-set"].rows)
    assert [tables[name].rows["PatientID"].type for name in ("mpps-n-create", "work-status-n-set")] == ["2", "1"]
    kept = tables["work-status-n-set"].rows["Modality"]
    assert (kept.citation, kept.source) == ("PS3.4 Table F.7.2-1", "DICOM")


@pytest.mark.parametrize(
    ("file", "old", "new", "text"),
    [
        ("swf/profile.yaml", "RAD-11: O", "RAD-111: O", "unknown transaction `RAD-111`; did you mean `RAD-11`?"),
        ("swf/profile.yaml", "RAD-11: O", "RAD-11: X", "`X` is not a valid value; known: O, R"),
        ("swf/profile.yaml", "title:", "titel:", "unknown key `titel`; did you mean `title`?"),
        ("swf/profile.yaml", "actors: [Modality]", "actors: [Modalty]", "unknown actor of SWF `Modalty`; did you mean"),
        ("swf/profile.yaml", "actors: [Modality]", "actors: []", "an option has at least one actor"),
        (
            "swf/profile.yaml",
            "mpps-n-set/Performed",
            "mpps-n-set/Perfromed",
            "unknown requirement `mpps-n-set/Perfromed",
        ),
        ("swf/profile.yaml", "transactions: [RAD-11]", "transactions: [RAD-8]", "of the option's actors `RAD-8`"),
        ("swf/profile.yaml", "RAD TF-1: 3.1", "RAD TF-1: 3.1.7", "`RAD TF-1: 3.1.7` is not on the list of known"),
        ("swf/transactions/rad-5.yaml", "responder: Order Filler", "responder: Order Filer", "unknown actor `Order F"),
        ("swf/transactions/rad-5.yaml", "mwl-request", "mwl-requests", "unknown table `mwl-requests`; did you mean"),
        ("swf/transactions/rad-5.yaml", "mwl.matching", "mwl.maching", "unknown check `mwl.maching`; did you mean"),
        ("swf/transactions/rad-5.yaml", "core: [dimse.reply]", "core: [hl7.table]", "unknown check of the leg"),
        ("swf/transactions/rad-5.yaml", "C-FIND", "C-FINDS", "did you mean `C-FIND`?"),
        ("swf/transactions/rad-5.yaml", "InformationModelFind", "InformationFind", "unknown SOP class `ModalityW"),
        ("swf/transactions/rad-5.yaml", "link: dimse", "link: mllp", "an mllp leg has messages"),
        ("swf/transactions/rad-5.yaml", "untestable: user interface", "condition: c", "why it is untestable"),
        (
            "swf/dicom/creator-n-set.yaml",
            "[mpps-n-set]",
            "[mpps-n-sets]",
            "unknown set of rows `mpps-n-sets`; did you mean",
        ),
        ("swf/dicom/creator-n-set.yaml", "[mpps-n-set]", "[visit-2.5.1]", "unknown set of rows `visit-2.5.1`"),
        ("swf/dicom/mpps-n-set.yaml", "URNCodeValue absent", "URNCodeValue gone", "is not a condition"),
        ("swf/transactions/rad-6.yaml", "id: to-order-filler", "id: to-pps-manager", "two legs are called"),
        ("swf/transactions/rad-4.yaml", "table: rad-4.omi-o23", "table: rad-4.omi-o32", "unknown table `rad-4.omi-o3"),
        ("swf/hl7/rad-4.omi-o23.yaml", "IPC-9:", "IPC9:", "`IPC9` is not an HL7 field path"),
        ("swf/hl7/rad-4.omi-o23.yaml", "actor: Order Filler", "actor: Filler", "did you mean `Order Filler`?"),
        ("swf/hl7/rad-4.omi-o23.yaml", "transaction: RAD-4", "transaction: RAD-44", "unknown transaction `RAD-44`"),
        ("swf/hl7/rad-4.omi-o23.yaml", "patient-2.5.1", "patients-2.5.1", "unknown set of rows `patients-2.5.1`"),
        ("swf/hl7/rad-4.omi-o23.yaml", "equals: ORC-2.1", "equals: ORC", "`ORC` is not an HL7 field path"),
        ("swf/hl7/rad-4.omi-o23.yaml", 'citation: "RAD TF-2: 4.4"', 'citation: "4.4"', "`4.4` is not a citation"),
        ("swf/hl7/rad-4.omi-o23.yaml", "IPC-6: {use: RE", "IPC-6: {use: RR", "`RR` is not a valid value"),
        ("swf/hl7/rad-4.omi-o23.yaml", "  IPC-4:", "  IPC-2:", "duplicate key `IPC-2`"),
        ("swf/rows/account.yaml", "PV1-19 absent", "PV1-19 missing", "is not a condition"),
        ("swf/dicom/mwl-response.yaml", "  RequestedProcedureID:", "  RequestedProcedureld:", "unknown DICOM keyword"),
        ("swf/dicom/mwl-response.yaml", 'PatientID: {type: "1"', 'PatientID: {type: "4"', "unknown type `4`; known:"),
        ("swf/dicom/mwl-response.yaml", "half: response", "half: answer", "`answer` is not a valid value"),
        ("swf/keys/mwl.yaml", "  PatientState:", "  PatientStatus:", "unknown DICOM keyword `PatientStatus`"),
        ("swf/consistency/workflow.yaml", "by: Modality", "by: Modalities", "unknown actor `Modalities`; did you mean"),
        ("swf/consistency/workflow.yaml", "RAD-4 IPC-3.1", "RAD-44 IPC-3.1", "unknown transaction `RAD-44`"),
        ("swf/consistency/workflow.yaml", "/to-pps-manager", "/to-pps-manger", "unknown leg of RAD-6 `to-pps-man"),
        ("swf/consistency/workflow.yaml", "[simple, append]", "[simpel]", "unknown case `simpel`; did you me"),
        ("swf/consistency/workflow.yaml", "compare: uid", "compare: uids", "did you mean `uid`?"),
        ("swf/consistency/workflow.yaml", "from: ", "form: ", "unknown key `form`; did you mean `from`?"),
        ("swf/states/mpps.yaml", "to: COMPLETED", "to: COMPLETE", "unknown state `COMPLETE`; did you mean `COMPLETED`"),
        ("swf/states/mpps.yaml", "event: N-SET,", "event: N-SET COMPLETED,", "two rows for N-SET COMPLETED in state"),
        ("swf/states/mpps.yaml", "event: N-SET,", "event: N-GET,", "unknown service `N-GET`"),
        (
            "swf/rules/hl7.ack.yaml",
            "text: Every",
            "implies: [rad-5.query/anwered], text: Every",
            "`rad-5.query/answered`?",
        ),
        ("swf/hl7/rad-4.omi-o23.yaml", "IPC-6: {", "IPC-6: {implies: [consistancy/*], ", "unknown requirement"),
        ("swf/rules/hl7.ack.yaml", "charged: responder", "charged: responders", "unknown party `responders`; did you"),
        ("swf/rules/storage.sets.yaml", "actor: Modality", "actor: Modalty", "unknown actor `Modalty`; did you mean"),
        ("swf/rules/storage.sets.yaml", "transaction: RAD-7", "transaction: RAD-77", "unknown transaction `RAD-77`"),
        ("swf/rules/storage.sets.yaml", 'citation: "PS3.4 J"', 'citation: ""', "a citation is missing"),
        ("clauses.yaml", "clauses:", "clause:", "unknown key `clause`; did you mean `clauses`?"),
    ],
)
def test_each_fault_is_told_where_it_stands(data: Path, file: str, old: str, new: str, text: str) -> None:
    spoil(data, file, old, new)
    with pytest.raises(SourceError) as caught:
        load_knowledge(data)
    said = str(caught.value)
    assert text in said
    assert re.search(rf"{re.escape(file)}:\d+:\d+: ", said)


def test_faults_of_several_files_are_told_together(data: Path) -> None:
    spoil(data, "swf/rules/hl7.ack.yaml", "charged:", "chraged:")
    spoil(data, "swf/hl7/rad-4.omi-o23.yaml", "segments:", "segment:")
    with pytest.raises(SourceError) as caught:
        load_knowledge(data)
    assert len({place.path for place, _ in caught.value.faults}) == 2


def test_two_edges_of_one_value_between_the_same_transactions_are_refused(data: Path) -> None:
    spoil(
        data,
        "swf/consistency/workflow.yaml",
        "  edges:\n",
        '  edges:\n    - {from: "RAD-4 IPC-3.1", to: "RAD-5 response.StudyInstanceUID", by: Order Filler}\n',
    )
    with pytest.raises(SourceError, match=r"two edges are called `study-instance-uid\.rad-4-to-rad-5`"):
        load_knowledge(data)


def test_two_requirements_of_one_id_are_refused(data: Path) -> None:
    rules = (data / "swf/rules/storage.sets.yaml").read_text(encoding="utf-8")
    (data / "sinr/rules/storage.sets.yaml").write_text(rules, encoding="utf-8")
    with pytest.raises(SourceError, match="two requirements are called `storage/committed-equals-requested`"):
        load_knowledge(data)


def test_two_tables_of_one_name_are_refused(data: Path) -> None:
    shutil.copy(data / "swf/dicom/mwl-request.yaml", data / "sinr/dicom/mwl-request.yaml")
    with pytest.raises(SourceError, match="two tables are called `mwl-request`"):
        load_knowledge(data)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("swf/hl8/x.yaml", "no data of a profile is called `hl8`; did you mean `hl7`?"),
        ("swf/profiles.yaml", "no data of a profile is called `profiles.yaml`; did you mean `profile.yaml`?"),
    ],
)
def test_data_nobody_would_read_are_refused(data: Path, name: str, text: str) -> None:
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).write_text("id: x\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        load_knowledge(data)
    assert text in str(caught.value)


def test_every_byte_of_the_data_counts_for_the_rule_set(data: Path) -> None:
    spoil(data, "sinr/profile.yaml", "id: SINR", "# a remark\nid: SINR")
    assert load_knowledge(data).rule_set != knowledge().rule_set
    assert re.fullmatch("[0-9a-f]{64}", knowledge().rule_set)


def test_it_is_loaded_once() -> None:
    assert knowledge() is knowledge()
