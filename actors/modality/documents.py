"""What a modality makes beside images, each in a series of its own: a presentation state, a key object selection, and a
document of measurements (PS3.3 A.33.1, A.35.4, A.35.1). They refer to the images of the examination.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
)

from actors.modality.examination import Examination, Image, PerformedSeries, Reference
from actors.modality.modules import code, fill
from actors.modality.performed_step import dicom_date, dicom_time
from actors.objects.copying import REFERENCE, fresh_items, put, reference_item
from harness.dicom.paths import first


@dataclass(frozen=True, kw_only=True)
class About:
    """What a document is about: an examination, and the image series of it."""

    examination: Examination
    series: Sequence[PerformedSeries]

    def images(self) -> Sequence[Image]:
        """Every image."""
        return [image for series in self.series for image in series.images]


@dataclass(frozen=True, kw_only=True)
class DocumentKind:
    """An IOD: its SOP class, what its series is called, and the function that writes its own modules."""

    sop_class: str
    title: str
    describe: Callable[[Dataset, About], None]


def document_kind(name: str) -> DocumentKind:
    """The kind of that name, which is its Modality (PS3.3 C.7.3.1.1.1); KeyError."""
    return _KINDS[name]


def _moment(target: Dataset, about: About) -> None:
    start = about.examination.start
    fill(target, {"InstanceNumber": 1, "ContentDate": dicom_date(start), "ContentTime": dicom_time(start)})


def _presentation_state(target: Dataset, about: About) -> None:
    """Grayscale softcopy presentation state over the first image series (PS3.3 A.33.1)."""
    shown = about.series[0]
    rows, columns = shown.images[0].dataset.Rows, shown.images[0].dataset.Columns
    area = Dataset()
    fill(
        area,
        {
            "DisplayedAreaTopLeftHandCorner": [1, 1],
            "DisplayedAreaBottomRightHandCorner": [columns, rows],
            "PresentationSizeMode": "SCALE TO FIT",
            "PresentationPixelAspectRatio": ["1", "1"],
        },
    )
    start = about.examination.start
    fill(
        target,
        {
            "BodyPartExamined": first(shown.images[0].dataset, "BodyPartExamined") or None,
            "InstanceNumber": 1,
            "PresentationCreationDate": dicom_date(start),
            "PresentationCreationTime": dicom_time(start),
            "ContentLabel": "WINDOW",
            "ContentDescription": "Window of the modality",
            "ContentCreatorName": shown.operator,
            "DisplayedAreaSelectionSequence": [area],
            "PresentationLUTShape": "IDENTITY",
        },
    )
    related = Dataset()
    put(related, "SeriesInstanceUID", shown.uid)
    put(related, "ReferencedImageSequence", [reference_item(*image.reference) for image in shown.images])
    put(target, "ReferencedSeriesSequence", [related])


def _key_objects(target: Dataset, about: About) -> None:
    """Key object selection of the first image (PS3.3 A.35.4; PS3.16 TID 2010)."""
    chosen = about.images()[:1]
    _document(target, about, chosen, code("113000", "DCM", "Of Interest"))
    template = Dataset()
    fill(template, {"MappingResource": "DCMR", "TemplateIdentifier": "2010"})
    put(target, "ContentTemplateSequence", [template])
    put(target, "ContentSequence", [_image_item(image.reference) for image in chosen])


def _measurements(target: Dataset, about: About) -> None:
    """Basic text document with a remark on each image series (PS3.3 A.35.1)."""
    chosen = [series.images[0] for series in about.series]
    _document(target, about, chosen, code("126000", "DCM", "Imaging Measurement Report"))
    fill(target, {"CompletionFlag": "COMPLETE", "VerificationFlag": "UNVERIFIED"})
    put(
        target, "PerformedProcedureCodeSequence", fresh_items(about.examination.entry, "RequestedProcedureCodeSequence")
    )
    remarks = []
    for series, image in zip(about.series, chosen, strict=True):
        remark = Dataset()
        text = f"Cylinder measured in series {series.number}"
        fill(remark, {"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": text})
        put(remark, "ConceptNameCodeSequence", [code("121071", "DCM", "Finding")])
        source = _image_item(image.reference)
        put(source, "RelationshipType", "INFERRED FROM")
        put(remark, "ContentSequence", [source])
        remarks.append(remark)
    put(target, "ContentSequence", remarks)


def _document(target: Dataset, about: About, evidence: Sequence[Image], title: Dataset) -> None:
    """What structured documents share: request, evidence and the root of the content (PS3.3 C.17.2, C.17.3)."""
    _moment(target, about)
    put(target, "ReferencedRequestSequence", [_request(about.examination.entry)])
    put(target, "CurrentRequestedProcedureEvidenceSequence", [_evidence(about, evidence)])
    put(target, "ValueType", "CONTAINER")
    put(target, "ConceptNameCodeSequence", [title])
    put(target, "ContinuityOfContent", "SEPARATE")


def _request(entry: Dataset) -> Dataset:
    item = Dataset()
    put(item, "StudyInstanceUID", first(entry, "StudyInstanceUID"))
    put(item, "ReferencedStudySequence", fresh_items(entry, "ReferencedStudySequence", REFERENCE))
    for keyword in (
        "AccessionNumber",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
        "RequestedProcedureID",
        "RequestedProcedureDescription",
    ):
        put(item, keyword, first(entry, keyword) or None)
    put(item, "RequestedProcedureCodeSequence", fresh_items(entry, "RequestedProcedureCodeSequence"))
    return item


def _evidence(about: About, chosen: Sequence[Image]) -> Dataset:
    """The images that the document refers to, by study and series (PS3.3 Table C.17-3)."""
    study = Dataset()
    put(study, "StudyInstanceUID", about.examination.study)
    parts = []
    for series in about.series:
        named = [reference_item(*image.reference) for image in series.images if image in chosen]
        if named:
            part = Dataset()
            put(part, "SeriesInstanceUID", series.uid)
            put(part, "ReferencedSOPSequence", named)
            parts.append(part)
    put(study, "ReferencedSeriesSequence", parts)
    return study


def _image_item(reference: Reference) -> Dataset:
    item = Dataset()
    fill(item, {"RelationshipType": "CONTAINS", "ValueType": "IMAGE"})
    put(item, "ReferencedSOPSequence", [reference_item(*reference)])
    return item


_KINDS: Mapping[str, DocumentKind] = MappingProxyType(
    {
        "PR": DocumentKind(
            sop_class=GrayscaleSoftcopyPresentationStateStorage,
            title="Presentation state",
            describe=_presentation_state,
        ),
        "KO": DocumentKind(sop_class=KeyObjectSelectionDocumentStorage, title="Key objects", describe=_key_objects),
        "SR": DocumentKind(sop_class=BasicTextSRStorage, title="Measurements", describe=_measurements),
    }
)
