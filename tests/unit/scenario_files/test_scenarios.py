"""Scenarios and defects from files."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError, SourceError
from harness.model.deviation import Change
from harness.scenario_files import ScenarioFiles

Write = Callable[..., Path]


def test_a_scenario_knows_where_it_stands(write: Write, library: ScenarioFiles) -> None:
    write("case")
    path = write("scenario")
    scenario = library.scenario("swf.plain")
    assert scenario.path == str(path)
    assert [(step.id, step.initiator, step.line) for step in scenario.steps] == [
        ("register", "ADT", 7),
        ("worklist", "Modality", 8),
    ]
    assert scenario.steps[1].expect.matches == 1
    assert scenario.steps[1].until
    assert scenario.steps[0].patient == "main"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("from: ADT", "from: ADDT", "7:46: unknown actor `ADDT`; did you mean `ADT`?"),
        ("from: ADT", "form: ADT", "unknown key `form`; did you mean `from`?"),
        ("from: ADT", "initiator: ADT", "unknown key `initiator`; did you mean `from`?"),
        ("from: ADT", "from: Modality", "unknown initiator of RAD-1 `Modality`; known: ADT"),
        ("RAD-5", "RAD-50", "8:33: unknown transaction `RAD-50`; did you mean `RAD-5`?"),
        ("{SWF:", "{SWFb:", "unknown profile `SWFb`; did you mean `SWF.b`?"),
        ("RAD TF-1: 3.3", "RAD TF-1: 3.3.9", "unknown clause `RAD TF-1: 3.3.9`; did you mean `RAD TF-1: 3.3`?"),
        ('["2.3.1"]', '["2.3.2"]', "unknown HL7 version `2.3.2`; did you mean `2.3.1`?"),
        ('["2.3.1"]', "[]", "a scenario has steps, forms and a citation"),
        ("steps:", "options: {Modalty: Broad}\nsteps:", "unknown actor `Modalty`; did you mean `Modality`?"),
        ("case: plain", "case: plane", "unknown case `plane`; did you mean `plain`?"),
        ("id: worklist", "id: register", "two steps are called `register`, first at line 7"),
        ("id: worklist", "id: Worklist!", "`Worklist!` is not made of small letters"),
        ("id: swf.plain", "id: swf.other", "`swf.other` does not end in the name of its file, `plain`"),
        ("id: swf.plain", "id: SWF.plain", "`SWF.plain` is not made of small letters"),
        ("title:", "path: x\ntitle:", "unknown key `path`"),
        ("trigger: A04", "trigger: A04, line: 4", "unknown key `line`"),
        ("trigger: A04", "trigger: A04, patient: mian", "unknown patient of the case `mian`; did you mean `main`?"),
        ("trigger: A04", "trigger: A04, prior: mian", "unknown patient of the case `mian`; did you mean `main`?"),
        ("trigger: A04", "trigger: A04, at: Modalty", "unknown actor `Modalty`; did you mean `Modality`?"),
        ("{matches: 1}", "{matches: one}", "steps[1].expect.matches: input should be a valid integer"),
        ("{matches: 1}", "{match: 1}", "unknown key `match`; did you mean `matches`?"),
        ("{matches: 1}", '{status: "110"}', "`110` is neither an acknowledgement code nor a status"),
        ("{matches: 1}", "{instances: some}", "`some` is neither `stored` nor a number"),
        ("{matches: 1}", "{answer: refuse}", "did you mean `refused`?"),
        (
            "{matches: 1}",
            "{uncommitted: 1}",
            "8:91: no requirement says what `uncommitted` could be expected of RAD-5; known: matches",
        ),
        ("RAD-5, from", "RAD-1, from", "what `matches` could be expected of RAD-1"),
        ("{matches: 1}", "{patient: nobody}", "unknown patient of the case `nobody`"),
        ("expect:", "unscheduled: true, expect:", "unscheduled: means nothing in RAD-5, only in RAD-6"),
        ("expect:", "billing: true, expect:", "billing: means nothing in RAD-5, only in RAD-7"),
        ("expect:", "performed: X, expect:", "performed: means nothing in RAD-5, only in RAD-6, RAD-7, RAD-8"),
        ("expect:", "entries: 0, expect:", "entries: a performed step is for one entry or more"),
        ("{matches: 1}", "{protocol: same}", "`same` is not a valid value; known: other, scheduled"),
        ("trigger: A04", "trigger: A04, visit: ward", "unknown visit of the case `ward`"),
        ("trigger: A04", "trigger: A04, copies: 0", "copies: a message is sent at least once"),
        ("{matches: 1}", "{visit: ward}", "unknown visit of the case `ward`"),
        (
            "expect:",
            "keys: {PatientNme: value}, expect:",
            "unknown matching key of the query `PatientNme`; did you mean",
        ),
        (
            "expect:",
            "keys: {PatientID: range}, expect:",
            "unknown way to match PatientID `range`; known: nothing, value",
        ),
        ("expect:", "level: image, expect:", "level: means nothing in RAD-5, only in RAD-11, RAD-14, RAD-16"),
        ("expect:", "to: nowhere, expect:", "to: means nothing in RAD-5, only in RAD-16"),
        ("trigger: A04", "trigger: A04, cancel: true", "cancel: means nothing in RAD-1, only in RAD-5, RAD-14"),
        ("expect:", "deviation: {actor: Modality, change: set}, expect:", "the change `set` needs `path`"),
        ("expect:", "deviation: {actor: Modalty, change: never}, expect:", "unknown actor `Modalty`; did you mean"),
        ("expect:", "deviation: {actor: Modality, change: nevr}, expect:", "did you mean `never`?"),
    ],
)
def test_faults_of_a_scenario(write: Write, library: ScenarioFiles, old: str, new: str, text: str) -> None:
    write("case")
    path = write("scenario", old=old, new=new)
    with pytest.raises(SourceError) as caught:
        library.scenario(str(path))
    said = str(caught.value)
    assert text in said
    assert re.search(rf"{re.escape(path.name)}:\d+:\d+: ", said)


def test_a_scenario_file_may_use_a_case_beside_it(write: Write, library: ScenarioFiles) -> None:
    write("case", folder="swf")
    path = write("scenario")
    cases = library.cases_beside(path)
    assert library.scenario(str(path)).case == "plain"
    assert set(cases) == {"plain"}


def test_the_nearest_scenario_is_named(write: Write, library: ScenarioFiles) -> None:
    write("case")
    write("scenario")
    with pytest.raises(InputError, match=r"no scenario is called `swf\.plan`; did you mean `swf\.plain`\?"):
        library.scenario("swf.plan")


def test_two_scenarios_of_one_id_are_refused(write: Write, library: ScenarioFiles) -> None:
    write("case")
    write("scenario")
    write("scenario", folder="pir")
    with pytest.raises(InputError, match=r"two scenarios are called swf\.plain"):
        library.scenarios()


def test_a_defect_is_checked_against_its_scenario(write: Write, library: ScenarioFiles) -> None:
    write("case")
    write("scenario")
    write("defect", name="no-patient-id")
    defect = library.defect("no-patient-id")
    assert (defect.deviations[0].change, defect.detection.step) == (Change.REMOVE, "worklist")
    assert library.defects() == (defect,)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("scenario: swf.plain", "scenario: swf.plan", "unknown scenario `swf.plan`; did you mean `swf.plain`?"),
        ("step: worklist", "step: worklists", "unknown step `worklists`; did you mean `worklist`?"),
        ("mwl-request/PatientID", "mwl-request/PatientId", "unknown requirement `mwl-request/PatientId`; did you mean"),
        ("leg: query", "leg: querry", "unknown leg of RAD-5 `querry`; did you mean `query`?"),
        ("change: remove", "change: late", "the change `late` needs `seconds`"),
        ("change: remove", "change: decide", "the change `decide` needs `decision`"),
        ("RAD-5", "RAD-55", "unknown transaction `RAD-55`; did you mean `RAD-5`?"),
        ("id: plain", "id: other", "`other` does not end in the name of its file, `plain`"),
    ],
)
def test_faults_of_a_defect(write: Write, library: ScenarioFiles, old: str, new: str, text: str) -> None:
    write("case")
    write("scenario")
    path = write("defect", old=old, new=new)
    with pytest.raises(SourceError) as caught:
        library.defect(str(path))
    assert text in str(caught.value)
