"""Performed procedure steps that are legal and unusual: what N-CREATE and N-SET say of them (PS3.4 F.7.2)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from harness.dicom.uids import uid_of
from harness.engine.unscripted import UnscriptedExchange, dimse_exchange
from harness.model.profile import Service
from tests.legal.datasets import charset_of, codes, people, private, put, take
from tests.legal.judged import KNOWLEDGE
from tests.specimens import builder
from tests.specimens.workflow import Workflow

IMAGES = ("CTImageStorage", "SecondaryCaptureImageStorage", "MRImageStorage", "UltrasoundMultiFrameImageStorage")
OTHERS = ("EnhancedSRStorage", "XRayRadiationDoseSRStorage", "GrayscaleSoftcopyPresentationStateStorage")
LATER = {
    "CommentsOnThePerformedProcedureStep": ("moved\r\ntwice", ""),
    "PerformedProcedureStepDescription": ("CT chest, twice", ""),
    "PerformedProcedureTypeDescription": ("CT",),
    "BillingProcedureStepSequence": ([builder.code("B1")], []),
    "FilmConsumptionSequence": ([builder.dataset(NumberOfFilms="1", MediumType="PAPER", FilmSizeID="A4")], []),
    "TotalNumberOfExposures": (3, None),
    "DistanceSourceToDetector": ("1000", None),
    "ReferencedImageSequence": ([],),
    "ExposureDoseSequence": ([builder.dataset(RadiationMode="PULSED", KVP="80", ExposureTime="25")], []),
    "RadiationMode": ("PULSED",),
    "ReasonForPerformedProcedureCodeSequence": ([builder.code("R1")], []),
    "ContentCreatorName": ("",),
}
"""Attributes that an N-CREATE may create and an N-SET may set, with values."""

ONCE = {
    "IssuerOfPatientID": "SWF",
    "AdmissionID": "V1",
    "OtherPatientIDsSequence": [builder.dataset(PatientID="9", IssuerOfPatientID="X", TypeOfPatientID="TEXT")],
    "PatientAge": "065Y",
    "PatientWeight": "70",
    "PerformedStationGeographicLocationCodeSequence": [],
    "TimezoneOffsetFromUTC": "+0100",
    "ImageAndFluoroscopyAreaDoseProduct": "1.5",
    "ServiceEpisodeID": "E1",
}
"""Attributes that only an N-CREATE has."""


@dataclass
class Step:
    """A performed procedure step in the making: its instance, and the messages about it."""

    mpps: str
    created: Dataset
    sets: list[Dataset] = field(default_factory=list)
    answered: bool = False

    def __str__(self) -> str:
        return "\n---\n".join(str(one) for one in (self.created, *self.sets))

    def exchanges(self) -> list[UnscriptedExchange]:
        """The messages as they are recorded, on the way to the PPS Manager."""
        given = self.created if self.answered else None
        first = dimse_exchange(
            "RAD-6",
            "to-pps-manager",
            Service.N_CREATE,
            self.created,
            sop_class="ModalityPerformedProcedureStep",
            sop_instance=self.mpps,
            responses=((0, given),),
        )
        later = [
            dimse_exchange(
                "RAD-7",
                "to-pps-manager",
                Service.N_SET,
                one,
                sop_class="ModalityPerformedProcedureStep",
                sop_instance=self.mpps,
            )
            for one in self.sets
        ]
        return [first, *later]


@st.composite
def steps(draw: st.DrawFn, number: int = 1) -> Step:
    """A step, from its beginning to its end."""
    step = Step(f"1.2.3.4.6.{number}", draw(_created(number)), answered=draw(st.booleans()))
    later = draw(st.lists(st.sampled_from(sorted(LATER)), max_size=3, unique=True))
    for keyword in later:
        put(step.created, keyword, [] if isinstance(LATER[keyword][0], list) else None)
    series = draw(_series(number))
    given = False
    for place in range(draw(st.integers(0, 2))):
        change = Dataset()
        if draw(st.booleans()):
            change.PerformedProcedureStepStatus = "IN PROGRESS"
        if draw(st.booleans()):
            change.PerformedSeriesSequence = Sequence(deepcopy(series[: place + 1]))
            given = len(series) <= place + 1
        _set_later(draw, change, later)
        if len(change):
            step.sets.append(change)
    step.sets.append(_final(draw, step, series, given, later))
    charset = step.created.get("SpecificCharacterSet")
    if charset is not None and draw(st.booleans()):
        for one in step.sets:
            one.SpecificCharacterSet = charset
    return step


def _set_later(draw: st.DrawFn, change: Dataset, later: list[str]) -> None:
    for keyword in later:
        if draw(st.booleans()):
            put(change, keyword, deepcopy(draw(st.sampled_from(LATER[keyword]))))


def _final(draw: st.DrawFn, step: Step, series: list[Dataset], given: bool, later: list[str]) -> Dataset:
    """The last N-SET: with everything, or with the rest."""
    status = draw(st.sampled_from(("COMPLETED", "COMPLETED", "DISCONTINUED")))
    day, time = draw(st.sampled_from((("20240102", "113000"), ("20240103", "0010"), ("20240102", "1115"))))
    made = builder.dataset(
        PerformedProcedureStepStatus=status, PerformedProcedureStepEndDate=day, PerformedProcedureStepEndTime=time
    )
    if not given or draw(st.booleans()):
        made.PerformedSeriesSequence = Sequence(deepcopy(series))
    if status == "DISCONTINUED" and draw(st.booleans()):
        put(step.created, "PerformedProcedureStepDiscontinuationReasonCodeSequence", [])
        made.PerformedProcedureStepDiscontinuationReasonCodeSequence = Sequence(
            [builder.code(draw(st.sampled_from(("110513", "X-OWN", "110514"))), "DCM", "a reason")]
        )
    if draw(st.booleans()):
        made.PerformedProtocolCodeSequence = Sequence([draw(codes("X1")) for _ in range(draw(st.integers(0, 2)))])
    _set_later(draw, made, later)
    return made


@st.composite
def _created(draw: st.DrawFn, number: int) -> Dataset:
    workflow = Workflow(builder, KNOWLEDGE, "2.5.1", {})
    made = workflow.started()
    made.PerformedProcedureStepID = f"PPS{number}"
    name, charset = draw(people())
    if charset:
        made.SpecificCharacterSet = charset_of(charset)
    made.PatientName = name
    if draw(st.integers(0, 2)) == 2:
        _unscheduled(draw, made)
    else:
        _scheduled(draw, made)
    made.PerformedProcedureStepStartTime = draw(st.sampled_from(("111500", "1115", "111500.123456", "11", "111500.0")))
    made.Modality = draw(st.sampled_from(("CT", "MR", "US", "OT", "SR")))
    made.PerformedStationName = draw(st.sampled_from(("", "CT ROOM 1")))
    made.PerformedLocation = draw(st.sampled_from(("", "ROOM 1")))
    made.PerformedProcedureStepDescription = draw(st.sampled_from(("", "CT chest")))
    made.StudyID = draw(st.sampled_from(("", "RP1", "7")))
    made.ProcedureCodeSequence = Sequence([draw(codes("P1"))] if draw(st.booleans()) else [])
    made.PerformedProtocolCodeSequence = Sequence([draw(codes("X1"))] if draw(st.booleans()) else [])
    for keyword in draw(st.lists(st.sampled_from(sorted(ONCE)), max_size=2, unique=True)):
        put(made, keyword, deepcopy(ONCE[keyword]))
    if draw(st.integers(0, 2)) == 2:
        draw(private(made))
    return made


def _scheduled(draw: st.DrawFn, made: Dataset) -> None:
    """One scheduled step, or two of one procedure; codes with all their parts, or without codes at all."""
    items = [deepcopy(made.ScheduledStepAttributesSequence[0]) for _ in range(draw(st.integers(1, 2)))]
    for place, item in enumerate(items, 1):
        item.ScheduledProcedureStepID = f"SPS{place}"
        item.ScheduledProtocolCodeSequence = Sequence(
            [draw(codes(f"X{place}{other}")) for other in range(draw(st.integers(0, 2)))]
        )
        if draw(st.booleans()):
            take(item, "RequestedProcedureCodeSequence")
        if draw(st.booleans()):
            item.ReferencedStudySequence = Sequence(
                [
                    builder.dataset(
                        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=item.StudyInstanceUID
                    )
                ]
            )
        if draw(st.booleans()):
            item.ScheduledProcedureStepDescription = ""
        if draw(st.booleans()):
            take(item, "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest")
    made.ScheduledStepAttributesSequence = Sequence(items)


def _unscheduled(draw: st.DrawFn, made: Dataset) -> None:
    """A step that nobody scheduled: the study, and everything else without a value."""
    made.ScheduledStepAttributesSequence = Sequence(
        [
            builder.dataset(
                StudyInstanceUID="1.2.3.4.55",
                ReferencedStudySequence=[],
                AccessionNumber="",
                RequestedProcedureID="",
                RequestedProcedureDescription="",
                ScheduledProcedureStepID="",
                ScheduledProcedureStepDescription="",
                ScheduledProtocolCodeSequence=[],
            )
        ]
    )
    for keyword in ("PatientID", "PatientBirthDate", "PatientSex"):
        if draw(st.booleans()):
            put(made, keyword, "")


@st.composite
def _series(draw: st.DrawFn, number: int) -> list[Dataset]:
    """One or two series, of images or of other objects, or of none."""
    made = []
    for place in range(1, draw(st.integers(1, 2)) + 1):
        uid = f"1.2.3.4.5.{number}.{place}"
        images = _references(draw, uid, draw(st.integers(0, 2)), IMAGES)
        others = _references(draw, f"{uid}.9", draw(st.integers(0, 1)), OTHERS)
        made.append(
            builder.dataset(
                PerformingPhysicianName=draw(st.sampled_from(("", "EK^IDA"))),
                ProtocolName="CHEST",
                OperatorsName=draw(st.sampled_from(("", "BERG^BO", ["BERG^BO", "ALM^ADA"]))),
                SeriesInstanceUID=uid,
                SeriesDescription=draw(st.sampled_from(("", "a series"))),
                RetrieveAETitle=draw(st.sampled_from(("", "PACS", ["PACS", "PACS2"]))),
                ReferencedImageSequence=images,
                ReferencedNonImageCompositeSOPInstanceSequence=others,
            )
        )
    return made


def _references(draw: st.DrawFn, root: str, count: int, classes: tuple[str, ...]) -> list[Dataset]:
    return [
        builder.dataset(
            ReferencedSOPClassUID=uid_of(draw(st.sampled_from(classes))), ReferencedSOPInstanceUID=f"{root}.{place}"
        )
        for place in range(1, count + 1)
    ]
