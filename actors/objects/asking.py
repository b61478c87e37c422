"""Queries of an archive as whoever asks makes them: identifiers, matching keys, and what the answers showed.

Hierarchical search in the Study Root model (PS3.4 C.4.1, C.6.2; RAD TF-2: 4.11, 4.14). Knows nothing of links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from pydicom.dataset import Dataset

from actors.objects.copying import put
from harness.actor import Bedside, CannotAct
from harness.dicom.paths import first
from harness.dicom.person import pn
from harness.model.scenario import KeyMatch, QueryLevel

FIND = "StudyRootQueryRetrieveInformationModelFind"
MOVE = "StudyRootQueryRetrieveInformationModelMove"

UNIQUE: Mapping[QueryLevel, str] = MappingProxyType(
    {
        QueryLevel.STUDY: "StudyInstanceUID",
        QueryLevel.SERIES: "SeriesInstanceUID",
        QueryLevel.IMAGE: "SOPInstanceUID",
    }
)
"""The unique key of each level (PS3.4 C.6.2.1)."""

_RETURN_KEYS: Mapping[QueryLevel, tuple[str, ...]] = MappingProxyType(
    {
        QueryLevel.STUDY: (
            "StudyDate",
            "StudyTime",
            "AccessionNumber",
            "StudyID",
            "StudyInstanceUID",
            "ModalitiesInStudy",
            "ReferringPhysicianName",
            "StudyDescription",
            "ProcedureCodeSequence",
            "PatientName",
            "PatientID",
            "IssuerOfPatientID",
            "PatientBirthDate",
            "PatientSex",
            "NumberOfStudyRelatedSeries",
            "NumberOfStudyRelatedInstances",
        ),
        QueryLevel.SERIES: (
            "Modality",
            "SeriesNumber",
            "SeriesInstanceUID",
            "SeriesDescription",
            "NumberOfSeriesRelatedInstances",
            "PerformedProcedureStepID",
            "ReferencedPerformedProcedureStepSequence",
            "RequestAttributesSequence",
            "PerformedProcedureStepStartDate",
            "PerformedProcedureStepStartTime",
        ),
        QueryLevel.IMAGE: (
            "InstanceNumber",
            "SOPInstanceUID",
            "SOPClassUID",
            "Rows",
            "Columns",
            "BitsAllocated",
            "NumberOfFrames",
        ),
    }
)
"""Required keys, and those that the framework adds (PS3.4 C.6.2.1, RAD TF-2: 4.14)."""

AVAILABILITY = ("RetrieveAETitle", "InstanceAvailability")
"""What an availability query asks for besides (RAD TF-2: 4.11)."""

_ITEM_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ProcedureCodeSequence": ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
        "ReferencedPerformedProcedureStepSequence": ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID"),
        "RequestAttributesSequence": ("RequestedProcedureID", "ScheduledProcedureStepID"),
    }
)
_OF_REQUEST = frozenset(_ITEM_KEYS["RequestAttributesSequence"])
_NOBODY: Mapping[str, str] = MappingProxyType(
    {
        "PatientName": "NOBODY^OF^THAT^NAME",
        "ReferringPhysicianName": "NOBODY^OF^THAT^NAME",
        "StudyDate": "19000101",
        "PerformedProcedureStepStartDate": "19000101",
        "Modality": "XX",
        "ModalitiesInStudy": "XX",
        "SeriesNumber": "99999",
        "InstanceNumber": "99999",
    }
)
"""Values that nothing has, where one has to be of a certain form."""
_NOBODYS_UID = "2.25.1"
_OTHER_MODALITY = "SR"

Ask = Callable[[Dataset], Sequence[Dataset]]
"""Sends an identifier and gives the answers."""


@dataclass(kw_only=True)
class Shown:
    """What an archive showed of one patient: answers by UID, series by their study, images by their series."""

    studies: dict[str, Dataset] = field(default_factory=dict)
    series: dict[str, dict[str, Dataset]] = field(default_factory=dict)
    images: dict[str, dict[str, Dataset]] = field(default_factory=dict)

    def places(self, level: QueryLevel) -> Iterator[tuple[Mapping[str, str], Mapping[str, Dataset]]]:
        """Where a query of the level may look, as unique keys from above, with the answers known from there."""
        if level is QueryLevel.STUDY:
            yield {}, self.studies
            return
        for study in self.studies:
            if level is QueryLevel.SERIES:
                yield {"StudyInstanceUID": study}, self.series.get(study, {})
                continue
            for series in self.series.get(study, {}):
                yield {"StudyInstanceUID": study, "SeriesInstanceUID": series}, self.images.get(series, {})

    def take(self, level: QueryLevel, above: Mapping[str, str], answers: Iterable[Dataset]) -> None:
        """Remember answers to a query below these unique keys."""
        if level is QueryLevel.STUDY:
            known = self.studies
        elif level is QueryLevel.SERIES:
            known = self.series.setdefault(above["StudyInstanceUID"], {})
        else:
            known = self.images.setdefault(above["SeriesInstanceUID"], {})
        for answer in answers:
            uid = first(answer, UNIQUE[level])
            if uid:
                known[uid] = answer

    def references(self, study: str) -> tuple[tuple[str, str], ...]:
        """The instances of a study as (SOP class, SOP instance)."""
        return tuple(
            (first(image, "SOPClassUID"), uid)
            for series in self.series.get(study, {})
            for uid, image in self.images.get(series, {}).items()
        )

    def unique_keys(self, level: QueryLevel) -> Iterator[Mapping[str, str]]:
        """Everything shown at a level, by its unique keys."""
        for above, known in self.places(level):
            for uid in known:
                yield {**above, UNIQUE[level]: uid}


def identifier(level: QueryLevel, keys: Mapping[str, str], extra: Iterable[str] = ()) -> Dataset:
    """The identifier of a query: every return key of the level, `extra` ones, and the keys with their values."""
    made = level_and_keys(level, {})
    for keyword in (*_RETURN_KEYS[level], *extra):
        put(made, keyword, [_empty_item(keyword)] if keyword in _ITEM_KEYS else None)
    for keyword, value in keys.items():
        put(made["RequestAttributesSequence"].value[0] if keyword in _OF_REQUEST else made, keyword, value)
    if not "".join(keys.values()).isascii():
        put(made, "SpecificCharacterSet", "ISO_IR 192")
    return made


def level_and_keys(level: QueryLevel, keys: Mapping[str, str]) -> Dataset:
    """The identifier of a retrieve: level and unique keys, nothing else (PS3.4 C.4.2.1.4)."""
    made = Dataset()
    put(made, "QueryRetrieveLevel", level.name)
    for keyword, value in keys.items():
        put(made, keyword, value)
    return made


def _empty_item(sequence: str) -> Dataset:
    item = Dataset()
    for keyword in _ITEM_KEYS[sequence]:
        put(item, keyword, None)
    return item


def descend(ask: Ask, keys: Mapping[str, str], extra: Sequence[str] = ()) -> Shown:
    """Ask for the studies that have the keys, then for their series, then for their images (PS3.4 C.4.1.3.1)."""
    shown = Shown()
    shown.take(QueryLevel.STUDY, {}, ask(identifier(QueryLevel.STUDY, keys, extra)))
    for level in (QueryLevel.SERIES, QueryLevel.IMAGE):
        for above, _ in tuple(shown.places(level)):
            shown.take(level, above, ask(identifier(level, above, extra)))
    return shown


def ask_at(
    ask: Ask, level: QueryLevel, keys: Mapping[str, KeyMatch], shown: Shown, bedside: Bedside, extra: Sequence[str] = ()
) -> None:
    """One query of the level wherever something is known above it; `shown` learns what is the patient's.

    Without keys everything there is asked for, of the studies those of the patient.
    """
    places = tuple(shown.places(level))
    if not places:
        raise CannotAct(f"no earlier query showed what lies above the {level.value} level to ask there")
    for above, known in places:
        values = {keyword: _filled(keyword, match, known, bedside) for keyword, match in keys.items()}
        if level is QueryLevel.STUDY and not keys:
            values["PatientID"] = bedside.patient_id
        answers = ask(identifier(level, {**above, **values}, extra))
        if level is QueryLevel.STUDY:
            answers = [answer for answer in answers if first(answer, "PatientID") == bedside.patient_id]
        shown.take(level, above, answers)


def _filled(keyword: str, match: KeyMatch, known: Mapping[str, Dataset], bedside: Bedside) -> str:
    """A matching key with its value (PS3.4 C.2.2.2)."""
    if match is KeyMatch.NOTHING:
        return _NOBODYS_UID if keyword.endswith("UID") else _NOBODY.get(keyword, "SWF-NOBODY")
    values = _known_values(keyword, known, bedside)
    if not values:
        raise CannotAct(f"no earlier query showed a {keyword} of patient {bedside.patient_id} to ask for")
    if match is KeyMatch.LIST:
        other = _NOBODYS_UID if keyword.endswith("UID") else _OTHER_MODALITY
        return "\\".join((*values[:2], other)[:2])
    if match is KeyMatch.WILDCARD:
        return f"{_beginning(keyword, values[0])}*"
    return _range(values[0]) if match is KeyMatch.RANGE else values[0]


def _known_values(keyword: str, known: Mapping[str, Dataset], bedside: Bedside) -> list[str]:
    told = {"PatientName": pn(bedside.name), "PatientID": bedside.patient_id}
    if keyword in told:
        return [told[keyword]]
    path = f"RequestAttributesSequence[*].{keyword}" if keyword in _OF_REQUEST else keyword
    return list(dict.fromkeys(value.split("\\")[0] for answer in known.values() if (value := first(answer, path))))


def _beginning(keyword: str, value: str) -> str:
    """What a person types of a name, and all but the end of a number."""
    length = min(4, len(value) - 1) if keyword.endswith("Name") else len(value) - 1
    return value[: max(1, length)]


def _range(value: str) -> str:
    """From the day before to the day, or from the beginning of the hour to the time (PS3.4 C.2.2.2.5)."""
    if len(value) == len("YYYYMMDD") and value.isdigit():
        day = datetime.strptime(value, "%Y%m%d")
        return f"{day - timedelta(days=1):%Y%m%d}-{value}"
    return f"{value[:2]}0000-{value}"
