"""Bringing an outgoing copy up to date: what RAD-12, RAD-13 and late orders changed since the object was stored.

What leaves the archive must be right; what is kept stays as it came (RAD TF-2: 4.12, 4.13). UIDs never change.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from pydicom.dataset import Dataset

from actors.image_manager.archive import StoredObject
from actors.image_manager.patients import PatientIndex
from actors.image_manager.procedures import Procedure, Procedures
from actors.objects.copying import items, put
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload, encode_large, unwrap_large, wrap_large
from harness.dicom.paths import first
from harness.model.scenario import Code

UNICODE = "ISO_IR 192"
"""UTF-8 (PS3.3 C.12.1.1.2), when a corrected value does not fit the object's own character set."""


class Revision:
    """Applies what is known by now to copies of stored objects."""

    def __init__(self, patients: PatientIndex, procedures: Procedures) -> None:
        self._patients = patients
        self._procedures = procedures

    def index(self, stored: StoredObject) -> Dataset:
        """The object's indexed attributes as they are shown now."""
        copy = deepcopy(stored.index)
        self._revise(copy)
        return copy

    def patient_of(self, stored: StoredObject) -> str:
        """The Patient ID under which the object is filed by now."""
        procedure = self._procedures.of(stored.study)
        if procedure is not None and procedure.late:
            return self._patients.resolve(*procedure.patient).id
        return self._patients.resolve(stored.patient_id, stored.issuer).id

    def outgoing(self, stored: StoredObject) -> bytes | Path | Bulk:
        """The object's Part 10 form as it is handed out now: the stored one itself, unless something changed."""
        if not self._revise(deepcopy(stored.index)):
            return stored.payload
        dataset = decode_payload(stored.payload)
        if dataset is None:
            return stored.payload
        self._revise(dataset)
        transfer_syntax = unwrap_large(stored.payload)[1]
        encoded = encode_large(dataset, transfer_syntax)
        return wrap_large(encoded, transfer_syntax, stored.sop_class, stored.sop_instance)

    def _revise(self, dataset: Dataset) -> bool:
        """Change the data set in place; whether anything changed."""
        procedure = self._procedures.of(first(dataset, "StudyInstanceUID"))
        before = first(dataset, "PatientID")
        wanted = dict(self._patients.revision(before, first(dataset, "IssuerOfPatientID")))
        if procedure is not None and procedure.late:
            wanted.update(self._patients.attributes(procedure.patient))
        if wanted.get("PatientID") == before:
            wanted = {keyword: value for keyword, value in wanted.items() if keyword != "IssuerOfPatientID"}
        changed = [_set(dataset, keyword, value) for keyword, value in wanted.items()]
        texts = list(wanted.values())
        if procedure is not None and procedure.applies:
            changed.append(_apply(dataset, procedure))
            texts.append(procedure.code.meaning)
        if any(changed) and not "".join(texts).isascii():
            put(dataset, "SpecificCharacterSet", UNICODE)
        return any(changed)


def _set(dataset: Dataset, keyword: str, value: str) -> bool:
    if first(dataset, keyword).rstrip("^ ") == value.rstrip("^ "):
        return False
    put(dataset, keyword, value)
    return True


def _apply(dataset: Dataset, procedure: Procedure) -> bool:
    """Accession, procedure code and description of the study, and the IDs of the request."""
    changed = False
    texts = {"AccessionNumber": procedure.accession, "StudyDescription": procedure.code.meaning}
    for keyword, value in texts.items():
        changed |= bool(value) and _set(dataset, keyword, value)
    if procedure.code.value and not _has_code(dataset, procedure.code):
        put(dataset, "ProcedureCodeSequence", [_code_item(procedure.code)])
        changed = True
    requests = items(dataset, "RequestAttributesSequence")
    if not requests:
        requests = [Dataset()]
        put(dataset, "RequestAttributesSequence", requests)
        changed = True
    for request in requests:
        changed |= bool(procedure.requested_procedure) and _set(
            request, "RequestedProcedureID", procedure.requested_procedure
        )
    if len(requests) == 1 and procedure.step and not first(requests[0], "ScheduledProcedureStepID"):
        changed |= _set(requests[0], "ScheduledProcedureStepID", procedure.step)
    return changed


def _has_code(dataset: Dataset, code: Code) -> bool:
    return any(
        (first(item, "CodeValue"), first(item, "CodingSchemeDesignator")) == (code.value, code.scheme)
        for item in items(dataset, "ProcedureCodeSequence")
    )


def _code_item(code: Code) -> Dataset:
    item = Dataset()
    put(item, "CodeValue", code.value)
    put(item, "CodingSchemeDesignator", code.scheme)
    put(item, "CodeMeaning", code.meaning)
    return item
