from __future__ import annotations

from typing import Any

import pytest

from harness.checks import queries
from harness.model.profile import Service
from harness.model.verdict import Confidence, Outcome

VIOLATED = Outcome.VIOLATED
STUDY_FIND = "StudyRootQueryRetrieveInformationModelFind"


@pytest.mark.parametrize(
    ("keys", "answer", "broken"),
    [
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""}, {}, set()),
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "", "SeriesInstanceUID": ""}, {}, {"level"}),
        ({"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2\\1.3", "SeriesInstanceUID": ""}, {}, {"level"}),
        ({"QueryRetrieveLevel": "PATIENT", "PatientID": "P1"}, {}, {"level"}),
        ({"QueryRetrieveLevel": "", "PatientID": "P1"}, {}, {"level"}),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2"},
            {"answer-level"},
        ),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "SeriesInstanceUID": ""},
            {"answer-level"},
        ),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2"},
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2"},
            set(),
        ),
        (
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "Modality": "CT", "SeriesInstanceUID": ""},
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2", "Modality": "MR", "SeriesInstanceUID": "1.4"},
            {"matches-key"},
        ),
    ],
)
def test_query_and_answers_keep_to_their_level(
    keys: dict[str, str], answer: dict[str, str], broken: set[str], exchange: Any, tools: Any, by_row: Any
) -> None:
    responses = [(0xFF00, tools.dataset(**answer)), (0, None)] if answer else [(0, None)]
    view = exchange("RAD-14", "query", Service.C_FIND, tools.dataset(**keys), responses, STUDY_FIND)
    found = by_row(queries.check(view))
    assert {name for name, outcomes in found.items() if VIOLATED in outcomes} == broken


def test_a_probe_that_is_repeated_is_judged_once(recording: Any, tools: Any) -> None:
    rec = recording()
    leg = rec.leg("RAD-14", "query", "found")
    keys = tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
    for study in ("1.3", "1.3", "1.4"):
        entry = tools.dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=study)
        rec.dimse(leg, Service.C_FIND, keys, [(0xFF00, entry), (0, None)], sop_class=STUDY_FIND)
    wrong = [one.received for one in queries.check(rec.view(leg)) if one.outcome is VIOLATED]
    assert wrong == ["1.3", "1.4"]


@pytest.mark.parametrize(
    ("responses", "outcome"),
    [
        ([(0xA900, None)], Outcome.MET),
        ([(0x0000, None)], Outcome.MET),
        ([(0xFF00, {"QueryRetrieveLevel": "SERIES", "SeriesInstanceUID": "1.4"}), (0x0000, None)], VIOLATED),
    ],
)
def test_what_is_answered_without_the_keys_above_only_informs(
    responses: Any, outcome: Outcome, exchange: Any, tools: Any, by_row: Any
) -> None:
    keys = tools.dataset(QueryRetrieveLevel="SERIES", StudyInstanceUID="", SeriesInstanceUID="")
    said = [(status, None if entry is None else tools.dataset(**entry)) for status, entry in responses]
    view = exchange("RAD-14", "query", Service.C_FIND, keys, said, STUDY_FIND)
    assert by_row(queries.check(view))["hierarchy-refused"] == {outcome}
    rule = next(one for one in view.knowledge.leg_rules[queries.CHECK] if one.row == "hierarchy-refused")
    assert rule.confidence is Confidence.UNSURE
