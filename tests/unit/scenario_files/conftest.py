"""A small library of data files, with names to check them against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.scenario_files import ScenarioFiles

CASE = """
id: {name}
title: A case
patients:
  main: {{name: {{family: DOE, given: JANE}}, birth_date: "19700101", sex: F}}
  identified: {{name: {{family: ROE}}, birth_date: "19700101", sex: F}}
visit: {{patient_class: O, referring: {{id: "1", name: {{family: HOLM}}}}}}
order:
  service: CT
  orderer: {{id: "1", name: {{family: HOLM}}}}
  entered_by: {{id: "2", name: {{family: SATO}}}}
"""

SCENARIO = """
id: swf.{name}
title: A scenario
citation: {{SWF: "RAD TF-1: 3.3"}}
forms: ["2.3.1"]
case: plain
steps:
  - {{id: register, transaction: RAD-1, from: ADT, trigger: A04}}
  - {{id: worklist, transaction: RAD-5, from: Modality, until: true, expect: {{matches: 1}}}}
"""

PROCEDURES = """
id: {name}
default: CT
services:
  CT:
    service: {{value: CT, scheme: 99X, meaning: CT}}
    procedure: {{value: CT, scheme: 99X, meaning: CT}}
    description: CT
    steps:
      - {{protocol: [{{value: P, scheme: 99X, meaning: P}}], description: P, modality: CT, duration: 5}}
"""

SYSTEM = """
name: A system
claims: [{{profile: SWF, actors: [Image Manager]}}]
actors:
  Image Manager:
    dimse: {{ae_title: ARCHIVE, host: 127.0.0.1, port: 4242}}
    offers: [RAD-8]
    acts: {{RAD-10: {{command: [do, it]}}}}
department:
  Modality: {{ae_title: SWF_MOD, port: 11112}}
"""

DEFECT = """
id: {name}
title: A defect
deviations:
  - {{actor: Modality, transaction: RAD-5, leg: query, change: remove, path: PatientID}}
detection: {{scenario: swf.plain, step: worklist, requirement: mwl-request/PatientID}}
"""

TEXTS = {"case": CASE, "scenario": SCENARIO, "procedures": PROCEDURES, "system": SYSTEM, "defect": DEFECT}
FOLDERS = {"case": "cases", "scenario": "swf", "procedures": "cases", "system": "systems", "defect": "defects"}

Write = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    return folder


@pytest.fixture
def write(root: Path) -> Write:
    """Write a valid file of a kind, with one text replaced by another."""

    def write_file(kind: str, name: str = "plain", old: str = "", new: str = "", folder: str = "") -> Path:
        text = TEXTS[kind].format(name=name).lstrip()
        assert old in text
        path = root / (folder or FOLDERS[kind]) / f"{name}.{kind}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def library(root: Path) -> ScenarioFiles:
    return ScenarioFiles(
        actors=frozenset({"ADT", "Modality", "Order Filler", "Image Manager", "Order Placer"}),
        transactions=frozenset({"RAD-1", "RAD-5", "RAD-8", "RAD-10"}),
        profiles=frozenset({"SWF", "SWF.b"}),
        initiators={"RAD-1": frozenset({"ADT"}), "RAD-5": frozenset({"Modality"})},
        legs={"RAD-5": frozenset({"query"})},
        actors_of={"SWF": frozenset({"Image Manager", "Modality", "ADT"})},
        options_of={
            "SWF": {"PPS Exception Management": frozenset({"Image Manager"}), "Broad Query": frozenset({"Modality"})}
        },
        clauses=frozenset({"RAD TF-1: 3.3"}),
        requirements=frozenset({"expectation/rad-5-matches", "mwl-request/PatientID", "rad-8.store/kept"}),
        untestable=frozenset({"rad-8.store/kept"}),
        parts={
            "RAD-1": {"ADT": frozenset({"hl7"}), "Order Filler": frozenset({"hl7"})},
            "RAD-5": {"Modality": frozenset({"dimse"}), "Order Filler": frozenset({"dimse"})},
            "RAD-8": {"Modality": frozenset({"dimse"}), "Image Manager": frozenset({"dimse"})},
        },
        root=root,
    )
