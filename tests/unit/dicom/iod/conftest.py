"""Faultless composite objects: what our actors make, put together without a workflow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from functools import cache

import pytest
from pydicom.dataset import Dataset

from actors.modality.kinds import Shot, kind_of
from actors.objects.copying import put
from actors.reporting.document import Instance, ReportedStudy, Statement, basic_text_report

NOW = datetime(2024, 3, 5, 10, 20, 30)
COMMON = {
    "PatientName": "LINDGREN^ASTA",
    "PatientID": "P1001",
    "PatientBirthDate": "19580714",
    "PatientSex": "F",
    "StudyInstanceUID": "1.2.3.4.5",
    "StudyDate": "20240305",
    "StudyTime": "102030",
    "ReferringPhysicianName": "",
    "StudyID": "RP1",
    "AccessionNumber": "ACC1",
    "SeriesInstanceUID": "1.2.3.4.6",
    "SeriesNumber": "1",
    "Manufacturer": "SWF harness",
}


def image(modality: str) -> Dataset:
    """An image of the simulated modality; `US*6` has six frames."""
    modality, _, frames = modality.partition("*")
    kind = kind_of(modality, int(frames or 1))
    made = Dataset()
    for keyword, value in {**COMMON, "SOPClassUID": kind.sop_class, "SOPInstanceUID": "1.2.3.4.7"}.items():
        put(made, keyword, value)
    put(made, "Modality", modality)
    shot = Shot(
        number=1, frame_of_reference="1.2.3.4.8", date="20240305", time="102030", frames=int(frames or 1), rows=16
    )
    kind.describe(made, shot)
    return made


def report() -> Dataset:
    """A report of the simulated Report Creator about one CT image."""
    study = Dataset()
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"):
        put(study, keyword, COMMON[keyword])
    for keyword in ("StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber"):
        put(study, keyword, COMMON[keyword])
    return basic_text_report(
        ReportedStudy(
            study=study,
            requests=(),
            instances=(Instance("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4.7", "1.2.3.4.6", "1.2.3.4.5"),),
        ),
        Statement(findings="Nothing.", impression="Normal.", reader="READER^ANN", organization="HOSPITAL"),
        instance_uid="1.2.3.4.9",
        series_uid="1.2.3.4.10",
        now=NOW,
    )


@cache
def _made(kind: str) -> Dataset:
    return report() if kind == "SR" else image(kind)


@pytest.fixture(scope="session")
def faultless() -> Callable[[str], Dataset]:
    """A fresh object of a kind: a modality type, OT for a secondary capture, or SR for a report."""
    return lambda kind: copy.deepcopy(_made(kind))
