"""Cases and procedure plans from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SourceError
from harness.model.scenario import Code
from harness.scenario_files import ScenarioFiles
from harness.scenario_files.cases import load_case, load_procedures

Write = Callable[..., Path]


def test_a_case_is_read(write: Write, library: ScenarioFiles) -> None:
    write("case")
    case = library.cases()["plain"]
    assert case.patients["main"].name.family == "DOE"
    assert case.visit.referring is not None
    assert case.order.priority == "R"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("  main:", "  mian:", "4:3: a case has a patient called `main`"),
        ('"19700101", sex: F', '"19700231", sex: F', "`19700231` is not a date written YYYYMMDD"),
        ('"19700101", sex: F', "1970, sex: F", "`1970` is not a date written YYYYMMDD"),
        ("sex: F", "sex: W", "unknown sex of HL7 table 0001 `W`; known: A, F, M, N, O, U"),
        ("family: DOE", "family: DOE^JANE", "`DOE^JANE` holds a delimiter of HL7 or DICOM"),
        ("family: DOE, ", "", "`family` is missing"),
        ("family: SATO", "family: ''", "a name has a family name"),
        ("family: HOLM", "family: HO|LM", "`HO|LM` holds a delimiter"),
        ("id: plain", "id: other", "`other` is not the name of its file, `plain`"),
        ("service: CT", "servise: CT", "unknown key `servise`; did you mean `service`?"),
    ],
)
def test_faults_of_a_case(write: Write, old: str, new: str, text: str) -> None:
    path = write("case", old=old, new=new)
    with pytest.raises(SourceError) as caught:
        load_case(path)
    assert text in str(caught.value)


def test_a_case_has_the_visits_that_become_of_its_visit(write: Write) -> None:
    visits = "visits:\n  ward: {patient_class: I, location: [WEST, '12']}\nvisit:"
    case = load_case(write("case", old="visit:", new=visits))
    assert case.visits["ward"].location == ("WEST", "12")


def test_a_service_names_what_an_order_of_it_becomes_besides(write: Write) -> None:
    plan = load_procedures(write("procedures", old="    description:", new="    with: [CT]\n    description:"))
    assert len(plan.procedures("CT")) == 2


def test_a_procedure_plan_is_read(write: Write, library: ScenarioFiles) -> None:
    write("procedures", name="default")
    plan = library.procedures()
    assert plan.procedure("unheard of").steps[0].protocol == (Code(value="P", scheme="99X", meaning="P"),)
    assert plan.services["CT"].steps[0].duration == 5


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("default: CT", "default: CTX", "unknown service `CTX`; did you mean `CT`?"),
        ("    description:", "    with: [CTX]\n    description:", "unknown service `CTX`; did you mean `CT`?"),
        ("modality: CT", "modality: ct", "`ct` is not a modality code"),
        ("duration: 5", "duration: 0", "a step takes at least a minute"),
        ("value: P,", "value: ABCDEFGHIJKLMNOPQ,", "does not have 1 to 16 characters"),
        ("scheme: 99X", "scheme: ''", "does not have 1 to 16 characters"),
        ("duration: 5", "duraton: 5", "unknown key `duraton`; did you mean `duration`?"),
        ("id: plain", "id: other", "is not the name of its file"),
    ],
)
def test_faults_of_a_procedure_plan(write: Write, old: str, new: str, text: str) -> None:
    path = write("procedures", old=old, new=new)
    with pytest.raises(SourceError) as caught:
        load_procedures(path)
    assert text in str(caught.value)
