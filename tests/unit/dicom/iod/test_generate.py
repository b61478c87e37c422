"""What is kept of the tables of another project."""

from __future__ import annotations

import json
from pathlib import Path

from harness.dicom.iod.generate import tables_from

ROWS = [
    {"keyword": "PatientName", "type": "2", "path": []},
    {"keyword": "PatientComments", "type": "3", "path": []},
    {"keyword": "ContentSequence", "type": "3", "path": []},
    {"keyword": "ReferencedPatientSequence", "type": "3", "path": []},
    {"keyword": "ReferencedSOPClassUID", "type": "1", "path": ["ReferencedPatientSequence"]},
]
CONTENT = [
    {"keyword": "ContentSequence", "type": "1C", "path": []},
    {"keyword": "ValueType", "type": "1", "path": ["ContentSequence"]},
    {"keyword": "ConceptCodeSequence", "type": "1", "path": ["ContentSequence"]},
    {"keyword": "CodeMeaning", "type": "1", "path": ["ContentSequence", "ConceptCodeSequence"]},
]
GROUPS = [
    {"keyword": "SharedFunctionalGroupsSequence", "type": "1", "path": []},
    {"keyword": "PlanePositionSequence", "type": "1", "path": ["SharedFunctionalGroupsSequence"]},
    {
        "keyword": "ImagePositionPatient",
        "type": "1",
        "path": ["SharedFunctionalGroupsSequence", "PlanePositionSequence"],
    },
]


def made(folder: Path) -> dict[str, object]:
    maps = {
        "sop_class_iod_map": {"1.2.840.10008.5.1.4.1.1.2": "ct-image", "1.2.3": "other"},
        "iod_module_map": {
            "ct-image": [
                {"key": "patient", "usage": "M"},
                {"key": "content", "usage": "U"},
                {"key": "groups", "usage": "M"},
            ],
        },
        "module_attribute_map": {"patient": ROWS, "content": CONTENT, "groups": GROUPS},
    }
    for name, content in maps.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return dict(tables_from(folder, "here 1", ["CTImageStorage"]))


def test_what_is_optional_is_left_out(tmp_path: Path) -> None:
    tables = made(tmp_path)
    levels, modules = tables["levels"], tables["modules"]
    assert isinstance(levels, list)
    assert isinstance(modules, dict)
    number = levels.index("ReferencedSOPClassUID 1")
    assert levels[modules["patient"]] == f"PatientName 2;ContentSequence 3;ReferencedPatientSequence 3 {number}"
    assert tables["iods"] == {"ct-image": ["patient M", "content U", "groups M"]}
    assert tables["source"] == "here 1"


def test_content_items_nest_and_depend_on_their_value_type(tmp_path: Path) -> None:
    tables = made(tmp_path)
    levels = tables["levels"]
    assert isinstance(levels, list)
    number = next(index for index, text in enumerate(levels) if text.startswith("ValueType"))
    assert levels[number].split(";")[0] == "ValueType 1"
    assert levels[number].split(";")[1].startswith("ConceptCodeSequence 1C ")
    assert levels[number].split(";")[2] == f"ContentSequence 3 {number}"


def test_functional_groups_are_required_by_the_rules_alone(tmp_path: Path) -> None:
    levels = made(tmp_path)["levels"]
    assert isinstance(levels, list)
    assert any(text.startswith("PlanePositionSequence 3 ") for text in levels)
