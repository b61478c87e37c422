"""Schedules, queries and the answers that a worklist provider gives to them.

Which entries come back is worked out by the matcher of the simulated actors, which the checks do not use.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from actors.objects.matching import FIRST_TIME, LAST_TIME, ends, matches, padded
from harness.engine.unscripted import UnscriptedExchange, dimse_exchange
from harness.model.profile import Service
from tests.legal.datasets import charset_of, codes, people, private, put, take
from tests.legal.judged import KNOWLEDGE
from tests.specimens import builder
from tests.specimens.workflow import Workflow

STATIONS, MODALITIES = ("CT1", "MR1", "CT 2"), ("CT", "MR", "DX", "US")
DATES, TIMES = ("20240102", "20240103", "20231231"), ("110000", "0900", "235959.5", "11", "1100", "000000")
EXTRA = {
    "RequestedProcedurePriority": ("ROUTINE", ""),
    "PatientWeight": ("70.5", None),
    "Allergies": ("none known", ""),
    "PregnancyStatus": (4, None),
    "MedicalAlerts": ("", ["A", "B"]),
    "SpecialNeeds": ("",),
    "PatientState": ("",),
    "ConfidentialityConstraintOnPatientDataDescription": ("", "V"),
    "PatientTransportArrangements": ("", "WALK"),
    "CurrentPatientLocation": ("RADOPD", ""),
    "RequestingPhysician": ("HOLM^PETER", ""),
    "RequestingService": ("RAD",),
    "AdmissionID": ("V1", ""),
    "PatientComments": ("a comment\r\nin two lines",),
    "EthnicGroup": ("",),
    "PatientSize": ("1.7",),
    "OtherPatientIDs": (["A", "B"],),
    "IssuerOfPatientID": ("SWF",),
    "StudyDate": ("20240102", ""),
    "ReasonForTheRequestedProcedure": ("cough",),
}
"""Return keys beyond those of the profile, with values that entries have."""


@dataclass(frozen=True)
class Query:
    """A query and the entries that came back."""

    keys: Dataset
    responses: tuple[tuple[int, Dataset | None], ...]

    def exchange(self) -> UnscriptedExchange:
        """The query as it was recorded."""
        return dimse_exchange(
            "RAD-5",
            "query",
            Service.C_FIND,
            self.keys,
            sop_class="ModalityWorklistInformationModelFind",
            responses=self.responses,
        )


@st.composite
def entries(draw: st.DrawFn, number: int, extra: Iterable[str]) -> Dataset:
    """One entry of a schedule, with some attributes beyond those of the profile."""
    made = _workflow().entry()
    name, charset = draw(people())
    if charset:
        made.SpecificCharacterSet = charset_of(charset)
    made.PatientName = name
    made.PatientID = draw(st.sampled_from(("P1001", "P1002", "p 1003")))
    made.StudyInstanceUID = f"1.2.3.4.{number}"
    made.RequestedProcedureID, made.AccessionNumber = f"RP{number}", draw(st.sampled_from((f"ACC{number}", "")))
    made.PatientBirthDate = draw(st.sampled_from(("19580714", "")))
    made.PatientSex = draw(st.sampled_from(("F", "M", "O", "")))
    made.ReferringPhysicianName = draw(st.sampled_from(("", "HOLM^PETER")))
    if draw(st.booleans()):
        item = builder.dataset(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=made.StudyInstanceUID
        )
        made.ReferencedStudySequence = Sequence([item])
    step = made.ScheduledProcedureStepSequence[0]
    step.ScheduledStationAETitle = draw(st.sampled_from((*STATIONS, ["CT1", "CT3"])))
    step.Modality = draw(st.sampled_from(MODALITIES))
    step.ScheduledProcedureStepStartDate = draw(st.sampled_from(DATES))
    step.ScheduledProcedureStepStartTime = draw(st.sampled_from(TIMES))
    step.ScheduledPerformingPhysicianName = draw(st.sampled_from(("", "EK^IDA")))
    step.ScheduledProcedureStepID = f"SPS{number}"
    step.ScheduledProtocolCodeSequence = Sequence(
        [draw(codes(f"X{place}")) for place in range(draw(st.integers(1, 3)))]
    )
    made.RequestedProcedureCodeSequence = Sequence([draw(codes("P1"))])
    _described_once(draw, made, step)
    for keyword in extra:
        put(made, keyword, draw(st.sampled_from(EXTRA[keyword])))
    return made


def _described_once(draw: st.DrawFn, made: Dataset, step: Dataset) -> None:
    """A description or a code is enough, of the procedure and of the step."""
    which = draw(st.integers(0, 5))
    if which == 1:
        step.ScheduledProcedureStepDescription = ""
    elif which == 2:
        made.RequestedProcedureDescription = ""


@st.composite
def queries(draw: st.DrawFn, schedule: list[Dataset], extra: Iterable[str]) -> Query:
    """A query with keys of every kind, and its answer."""
    keys = _workflow().worklist_keys()
    keys.PatientID = ""
    for keyword in extra:
        put(keys, keyword, None)
    _shape(draw, keys)
    for _ in range(draw(st.integers(0, 3))):
        _key(draw, keys, draw(st.sampled_from(schedule)) if schedule else draw(entries(0, ())))
    found = [_returned(draw, keys, entry) for entry in schedule if _selected(keys, entry)]
    pending = draw(st.sampled_from((0xFF00, 0xFF00, 0xFF01)))
    return Query(keys, (*((pending, entry) for entry in found), (0, None)))


def _shape(draw: st.DrawFn, keys: Dataset) -> None:
    """The sequences of a query: without an item, with an empty one, or with the attributes that are wanted."""
    step = keys.ScheduledProcedureStepSequence[0]
    triple = {"CodeValue": "", "CodingSchemeDesignator": "", "CodeMeaning": ""}
    shapes = ([], [triple], [{**triple, "CodingSchemeVersion": "", "LongCodeValue": "", "URNCodeValue": ""}])
    for holder, keyword in ((step, "ScheduledProtocolCodeSequence"), (keys, "RequestedProcedureCodeSequence")):
        put(holder, keyword, [builder.dataset(**item) for item in draw(st.sampled_from(shapes))])
    if draw(st.booleans()):
        put(step, "ScheduledStationName", "")
        put(step, "ScheduledProcedureStepLocation", "")
    if draw(st.integers(0, 3)) == 3:
        keys.SpecificCharacterSet = draw(st.sampled_from(("ISO_IR 100", "ISO_IR 192")))
    if draw(st.integers(0, 3)) == 3:
        draw(private(keys))


def _key(draw: st.DrawFn, keys: Dataset, entry: Dataset) -> None:
    """One key with a value, mostly one that the entry has."""
    step, of_entry = keys.ScheduledProcedureStepSequence[0], entry.ScheduledProcedureStepSequence[0]
    date, time = of_entry.ScheduledProcedureStepStartDate, of_entry.ScheduledProcedureStepStartTime
    station = of_entry["ScheduledStationAETitle"].value
    which = draw(st.integers(0, 9))
    if which == 0:
        keys.PatientID = entry.PatientID
    elif which == 1:
        name = str(entry.PatientName)
        if name.isascii():
            keys.PatientName = draw(st.sampled_from((name, f"{name[:2]}*", "*", f"?{name[1:]}", name.lower())))
    elif which == 2:
        step.ScheduledStationAETitle = station if isinstance(station, str) else station[0]
    elif which == 3:
        step.ScheduledProcedureStepStartDate = draw(
            st.sampled_from((date, f"{date}-{date}", f"{date}-", f"-{date}", "20231201-20240102"))
        )
    elif which == 4:
        # a time alone may be matched as it is written or by the moment that it stands for
        whole = padded(time, FIRST_TIME)[:6]
        step.ScheduledProcedureStepStartTime = draw(st.sampled_from((f"{whole}-", "0000-2359", f"-{whole}", "08-12")))
    elif which == 5:
        step.Modality = of_entry.Modality
    elif which == 6:
        keys.RequestedProcedureID = entry.RequestedProcedureID
    elif which == 7:
        keys.AccessionNumber = entry.AccessionNumber
    elif which == 8:
        step.ScheduledPerformingPhysicianName = draw(st.sampled_from(("EK*", "EK^IDA", "*")))
    else:
        keys.StudyInstanceUID = draw(st.sampled_from((entry.StudyInstanceUID, [entry.StudyInstanceUID, "1.2.9"])))


def _selected(keys: Dataset, entry: Dataset) -> bool:
    """Whether an entry meets the keys; date and time ranges mean one span (PS3.4 K.4.1.1.3.1)."""
    ignoring = {"SpecificCharacterSet"}
    step, of_entry = keys.ScheduledProcedureStepSequence[0], entry.ScheduledProcedureStepSequence[0]
    date, time = str(step.ScheduledProcedureStepStartDate), str(step.ScheduledProcedureStepStartTime)
    if "-" in date and "-" in time:
        (first, last), (low, high) = ends(date), ends(time)
        moment = of_entry.ScheduledProcedureStepStartDate + padded(of_entry.ScheduledProcedureStepStartTime, FIRST_TIME)
        if not (first or "0") + padded(low, FIRST_TIME) <= moment <= (last or "9" * 8) + padded(high, LAST_TIME):
            return False
        ignoring |= {"ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"}
    asked = [element for element in keys if not element.tag.is_private]
    return matches(asked, entry, lacking_matches=True, ignoring=frozenset(ignoring))


def _returned(draw: st.DrawFn, keys: Dataset, entry: Dataset) -> Dataset:
    """What an entry has of the attributes that were asked for; the rest is there without a value."""
    made = _asked(keys, entry)
    if "SpecificCharacterSet" in entry:
        made.SpecificCharacterSet = entry.SpecificCharacterSet
    elif "SpecificCharacterSet" in keys:
        take(made, "SpecificCharacterSet")
    if draw(st.integers(0, 4)) == 4:
        made.TimezoneOffsetFromUTC = "+0100"
    return made


def _asked(keys: Dataset, entry: Dataset) -> Dataset:
    made = Dataset()
    for key in keys:
        if key.tag not in entry:
            if not key.tag.is_private:
                made.add_new(key.tag, key.VR, None if key.VR != "SQ" else Sequence())
        elif key.VR == "SQ" and key.value and len(key.value[0]):
            items = [_asked_of(key.value[0], item) for item in entry[key.tag].value]
            made.add_new(key.tag, "SQ", Sequence(items))
        else:
            made.add(entry[key.tag])
    return made


def _asked_of(key: Dataset, item: Dataset) -> Dataset:
    """An item; of a coded entry, only the code that it has."""
    made = _asked(key, item)
    if "CodeMeaning" in item:
        for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue", "CodingSchemeDesignator", "CodingSchemeVersion"):
            if keyword not in item:
                take(made, keyword)
            elif keyword not in key:
                made.add(item[keyword])
    return made


@st.composite
def lookups(draw: st.DrawFn) -> list[Query]:
    """One schedule, and one or two queries."""
    extra = draw(st.lists(st.sampled_from(sorted(EXTRA)), max_size=4, unique=True))
    schedule = [draw(entries(number, extra)) for number in range(1, draw(st.integers(0, 3)) + 1)]
    return [draw(queries(schedule, extra)) for _ in range(draw(st.integers(1, 2)))]


def _workflow() -> Workflow:
    return Workflow(builder, KNOWLEDGE, "2.5.1", {})
