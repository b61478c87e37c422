"""The rules keep to the tables: what they name is there, every expression can be read, every row is cited."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from harness.dicom.iod import iod_of, sop_classes, source
from harness.dicom.iod.expressions import parse, tag_of
from harness.dicom.iod.rules import demand, rules, values_of

TABLES = json.loads(files("harness.dicom.iod").joinpath("tables.json").read_text())
CITATION = re.compile(r"PS3\.\d+ [A-Z0-9.-]+")


def test_every_expression_can_be_read() -> None:
    texts = [text for row in rules().conditions for text in (row.when, row.not_when) if text]
    texts += [text for row in rules().modules.values() for text in (row.when, row.present) if text]
    for text in texts:
        parse(text)
    assert len(texts) > 150


def test_rows_say_something_and_are_cited() -> None:
    for row in rules().conditions:
        assert row.when or row.not_when, row.attribute
        assert CITATION.fullmatch(row.citation), row.citation
    for value in rules().values:
        assert value.values
        assert CITATION.fullmatch(value.citation), value.citation
        tag_of(value.attribute)


def test_modules_and_iods_are_those_of_the_tables() -> None:
    named = {row.module for row in rules().conditions if row.module} | set(rules().modules)
    assert named <= set(TABLES["modules"])
    iods = {iod for row in (*rules().conditions, *rules().values) for iod in row.iods}
    assert iods | set(rules().iods) | set(rules().functional_groups) <= set(TABLES["iods"])


def test_conditions_are_about_conditional_attributes() -> None:
    conditional = {
        part.split(" ")[0]
        for level in TABLES["levels"]
        for part in level.split(";")
        if part and part.split(" ")[1] in ("1C", "2C")
    }
    stray = {row.attribute for row in rules().conditions} - conditional
    assert stray <= {
        "BoundingBoxAnnotationUnits",
        "BoundingBoxTopLeftHandCorner",
        "BoundingBoxBottomRightHandCorner",
        "BoundingBoxTextHorizontalJustification",
        "AnchorPoint",
        "AnchorPointAnnotationUnits",
        "AnchorPointVisibility",
        "MIMETypeOfEncapsulatedDocument",
    }


def test_the_narrower_row_wins() -> None:
    ct = demand("PatientPosition", "general-series", "", "ct-image")
    cr = demand("PatientPosition", "general-series", "", "computed-radiography-image")
    assert ct is not None
    assert cr is not None
    assert (ct.text, cr.text) == ("PatientOrientationCodeSequence absent", "never")
    assert demand("QueryRetrieveView", "sop-common", "", "ct-image") is None


def test_narrow_values_hold_in_the_outermost_data_set() -> None:
    modality = tag_of("Modality")
    assert modality in values_of("basic-text-sr", at_root=True)
    assert modality not in values_of("basic-text-sr", at_root=False)
    assert modality not in values_of("computed-radiography-image", at_root=True)


@pytest.mark.parametrize("uid", sorted(sop_classes()))
def test_every_table_compiles(uid: str) -> None:
    iod = iod_of(uid)
    assert iod is not None
    keywords = {one.keyword for one in iod.base.required}
    assert {"SOPInstanceUID", "StudyInstanceUID", "Modality"} <= keywords


def test_the_strictest_type_of_an_attribute_counts() -> None:
    iod = iod_of("1.2.840.10008.5.1.4.1.1.2")
    assert iod is not None
    types = {one.keyword: (one.type, one.module) for one in iod.base.required}
    assert types["ImageType"] == ("1", "ct-image")
    assert types["AcquisitionNumber"] == ("2", "ct-image")
    assert types["PatientID"] == ("2", "patient")


def test_the_tables_say_where_they_are_from() -> None:
    assert source() == "highdicom 0.28.2"
    assert iod_of("1.2.3") is None
