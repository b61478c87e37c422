"""Query/Retrieve of the archive (RAD-11, RAD-14, RAD-16; PS3.4 C.4, C.6): what an identifier means, and answers.

Hierarchical search in the Patient Root and Study Root models. Pure but for the archive it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from actors.image_manager.archive import Archive, StoredObject, Study
from actors.objects.copying import put
from actors.objects.matching import matches
from harness.dicom.paths import first, values
from harness.dicom.uids import uid_of
from harness.transports.dimse import DimseResponse


class Level(Enum):
    """Query/Retrieve Level (0008,0052), from the top; the value is the level's unique key (PS3.4 C.6.1.1, C.6.2.1)."""

    PATIENT = "PatientID"
    STUDY = "StudyInstanceUID"
    SERIES = "SeriesInstanceUID"
    IMAGE = "SOPInstanceUID"

    @property
    def depth(self) -> int:
        """0 for the patient."""
        return list(Level).index(self)


KEYS: Mapping[Level, tuple[str, ...]] = MappingProxyType(
    {
        Level.PATIENT: (
            "PatientName",
            "PatientID",
            "IssuerOfPatientID",
            "IssuerOfPatientIDQualifiersSequence",
            "OtherPatientIDsSequence",
            "PatientBirthDate",
            "PatientBirthTime",
            "PatientSex",
            "OtherPatientNames",
            "EthnicGroup",
            "PatientComments",
            "NumberOfPatientRelatedStudies",
            "NumberOfPatientRelatedSeries",
            "NumberOfPatientRelatedInstances",
        ),
        Level.STUDY: (
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
            "IssuerOfAccessionNumberSequence",
            "StudyID",
            "StudyInstanceUID",
            "ModalitiesInStudy",
            "SOPClassesInStudy",
            "ReferringPhysicianName",
            "StudyDescription",
            "ProcedureCodeSequence",
            "NameOfPhysiciansReadingStudy",
            "AdmittingDiagnosesDescription",
            "ReferencedStudySequence",
            "ReferencedPatientSequence",
            "PatientAge",
            "PatientSize",
            "PatientWeight",
            "Occupation",
            "AdditionalPatientHistory",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        ),
        Level.SERIES: (
            "Modality",
            "SeriesNumber",
            "SeriesInstanceUID",
            "SeriesDescription",
            "SeriesDate",
            "SeriesTime",
            "BodyPartExamined",
            "InstitutionName",
            "PerformedProcedureStepID",
            "ReferencedPerformedProcedureStepSequence",
            "RequestAttributesSequence",
            "PerformedProcedureStepStartDate",
            "PerformedProcedureStepStartTime",
            "NumberOfSeriesRelatedInstances",
        ),
        Level.IMAGE: (
            "InstanceNumber",
            "SOPInstanceUID",
            "SOPClassUID",
            "Rows",
            "Columns",
            "BitsAllocated",
            "NumberOfFrames",
            "ContentDate",
            "ContentTime",
            "ObservationDateTime",
            "ConceptNameCodeSequence",
            "ReferencedRequestSequence",
            "PerformedProcedureCodeSequence",
            "CompletionFlag",
            "VerificationFlag",
            "VerifyingObserverSequence",
            "ContentLabel",
            "ContentDescription",
            "PresentationCreationDate",
            "PresentationCreationTime",
            "ContentCreatorName",
            "ReferencedSeriesSequence",
        ),
    }
)
"""The attributes that a query may match and have returned, by level (RAD TF-2: 4.14, with those of other objects)."""

INDEXED = tuple(keyword for level in Level for keyword in KEYS[level])
"""Every attribute that an archived object is indexed by."""

_ABOUT_THE_ANSWER = frozenset(
    {"QueryRetrieveLevel", "SpecificCharacterSet", "RetrieveAETitle", "InstanceAvailability", "TimezoneOffsetFromUTC"}
)


class IdentifierError(Exception):
    """The identifier does not match the SOP class: status A900 (PS3.4 C.4.1.1.4)."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an identifier means at its level: the objects below, and the attributes that describe them now."""

    attributes: Dataset
    objects: tuple[StoredObject, ...]


def level_of(identifier: Dataset, *, patient_root: bool, retrieve: bool) -> Level:
    """The level of a well-formed identifier; IdentifierError says what is wrong with the others."""
    name = first(identifier, "QueryRetrieveLevel")
    if name not in Level.__members__ or (name == "PATIENT" and not patient_root):
        raise IdentifierError(f"no Query/Retrieve Level {name!r} in this model")
    level = Level[name]
    top = Level.PATIENT if patient_root else Level.STUDY
    for upper in list(Level)[top.depth : level.depth]:
        value = first(identifier, upper.value)
        if not value or any(character in value for character in "*?\\"):
            raise IdentifierError(f"{upper.value} is not a single value")
    if retrieve and not first(identifier, level.value):
        raise IdentifierError(f"{level.value} is empty")
    return level


def is_patient_root(sop_class: str) -> bool:
    """Whether a SOP Class UID is of the Patient Root model (PS3.4 C.6.1)."""
    return sop_class in {
        uid_of(f"PatientRootQueryRetrieveInformationModel{service}") for service in ("Find", "Move", "Get")
    }


def refusal(fault: IdentifierError) -> DimseResponse:
    """The answer to an identifier that does not match its SOP class."""
    return DimseResponse(0xA900, fields={"ErrorComment": str(fault)[:64]})


def unique_keys(identifier: Dataset) -> Dataset:
    """The unique keys, which alone decide what is retrieved (PS3.4 C.4.2.1.4.2)."""
    keys = Dataset()
    for level in Level:
        if level.value in identifier:
            keys[level.value] = identifier[level.value]
    return keys


class Finder:
    """Answers identifiers from the archive.

    `shown` gives an object's attributes as they are by now, `patient_of` the Patient ID it is filed under.
    """

    def __init__(
        self,
        archive: Archive,
        shown: Callable[[StoredObject], Dataset],
        patient_of: Callable[[StoredObject], str],
        decide: Callable[[str, bool], bool] = lambda _, answer: answer,
    ) -> None:
        self._archive = archive
        self._shown = shown
        self._patient_of = patient_of
        self._decide = decide

    def find(self, identifier: Dataset, level: Level) -> Iterator[Found]:
        """Everything at the level that matches the identifier's keys."""
        keys = [element for element in identifier if element.keyword in _supported(level)]
        for found in self._candidates(identifier, level):
            if not self._decide("archived-object-matches", matches(keys, found.attributes, lacking_matches=False)):
                continue
            if level is not Level.IMAGE or self._decide("archived-image-is-found", True):
                yield found

    def _candidates(self, identifier: Dataset, level: Level) -> Iterator[Found]:
        if level is Level.PATIENT:
            yield from self._patients(identifier)
            return
        for study in self._studies(identifier):
            yield from self._below(study, level)

    def _studies(self, identifier: Dataset) -> Sequence[Study]:
        """Studies that the unique keys leave over: few, so that the rest need not be looked at."""
        uids = first(identifier, "StudyInstanceUID")
        if uids and not any(character in uids for character in "*?"):
            chosen = [self._archive.study(uid) for uid in uids.split("\\")]
            return [study for study in chosen if study]
        patient_id = first(identifier, "PatientID")
        studies = self._archive.studies().values()
        if not patient_id or any(character in patient_id for character in "*?\\"):
            return list(studies)
        return [study for study in studies if self._patient_of(_objects(study)[0]) == patient_id]

    def _below(self, study: Study, level: Level) -> Iterator[Found]:
        objects = _objects(study)
        of_study = _study_counts(study)
        if level is Level.STUDY:
            yield self._found(objects, of_study)
            return
        for series in study.values():
            members = tuple(series.values())
            of_series = {**of_study, "NumberOfSeriesRelatedInstances": len(members)}
            if level is Level.SERIES:
                yield self._found(members, of_series)
                continue
            for member in members:
                yield self._found((member,), of_series)

    def _patients(self, identifier: Dataset) -> Iterator[Found]:
        by_patient: dict[str, list[Study]] = {}
        for study in self._studies(identifier):
            by_patient.setdefault(self._patient_of(_objects(study)[0]), []).append(study)
        for studies in by_patient.values():
            objects = tuple(member for study in studies for member in _objects(study))
            counts = {
                "NumberOfPatientRelatedStudies": len(studies),
                "NumberOfPatientRelatedSeries": sum(len(study) for study in studies),
                "NumberOfPatientRelatedInstances": len(objects),
            }
            yield self._found(objects, counts)

    def _found(self, objects: tuple[StoredObject, ...], counted: Mapping[str, object]) -> Found:
        attributes = self._shown(objects[0])
        for keyword, value in counted.items():
            put(attributes, keyword, value)
        return Found(attributes=attributes, objects=objects)


def _objects(study: Study) -> tuple[StoredObject, ...]:
    return tuple(member for series in study.values() for member in series.values())


def _study_counts(study: Study) -> dict[str, object]:
    objects = _objects(study)
    return {
        "ModalitiesInStudy": sorted({first(member.index, "Modality") for member in objects} - {""}),
        "SOPClassesInStudy": sorted({member.sop_class for member in objects}),
        "NumberOfStudyRelatedSeries": len(study),
        "NumberOfStudyRelatedInstances": len(objects),
    }


def _supported(level: Level) -> frozenset[str]:
    return frozenset(keyword for each in Level if each.depth <= level.depth for keyword in KEYS[each])


def is_fully_supported(identifier: Dataset, level: Level) -> bool:
    """Whether every key of the identifier is supported at the level (status FF00, else FF01; PS3.4 C.4.1.1.4)."""
    known = _supported(level) | _ABOUT_THE_ANSWER
    return all(element.keyword in known for element in identifier)


def answer(identifier: Dataset, found: Found, level: Level, ae_title: str) -> Dataset:
    """The identifier of a response: the requested attributes, those without a value empty (PS3.4 C.4.1.1.3.2)."""
    response = Dataset()
    supported = _supported(level)
    for key in identifier:
        if key.keyword in _ABOUT_THE_ANSWER:
            continue
        located = values(found.attributes, key.keyword) if key.keyword in supported else ()
        response[key.tag] = _returned(key, located[0].element if located else None)
    charset = first(found.attributes, "SpecificCharacterSet")
    if charset:
        put(response, "SpecificCharacterSet", charset.split("\\"))
    put(response, "QueryRetrieveLevel", level.name)
    put(response, "RetrieveAETitle", ae_title)
    put(response, "InstanceAvailability", "ONLINE")
    return response


def _returned(key: DataElement, stored: DataElement | None) -> DataElement:
    """The stored element; of a sequence only the attributes that the key's item names, when it names any."""
    if key.VR != "SQ":
        value = None if stored is None or stored.VR == "SQ" else stored.value
        return DataElement(key.tag, key.VR if stored is None else stored.VR, value, already_converted=True)
    wanted = [element.tag for item in key.value for element in item]
    if stored is None or stored.VR != "SQ":
        return DataElement(key.tag, "SQ", [])
    made = []
    for item in stored.value:
        part = Dataset()
        for tag in wanted or item.keys():
            part[tag] = item[tag] if tag in item else _empty_like(key, tag)
        made.append(part)
    return DataElement(key.tag, "SQ", made)


def _empty_like(key: DataElement, tag: int) -> DataElement:
    element = next(item[tag] for item in key.value if tag in item)
    return DataElement(tag, element.VR, [] if element.VR == "SQ" else None)
