"""Answering worklist queries (RAD-5), and the same entries as files for a product that answers instead of us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom import dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from actors.objects import character_sets
from actors.order_filler import worklist_answer
from actors.order_filler.orders import Entry, OrderBook
from actors.order_filler.worklist import EntryDatasets, entry_dataset
from harness.actor import World
from harness.dicom.encoding import quiet
from harness.dicom.scan import skeleton
from harness.dicom.uids import uid_of
from harness.transports.dimse import DimseRequest, DimseResponse

WORKLIST = "ModalityWorklistInformationModelFind"

PENDING = 0xFF00
PENDING_WITHOUT_OPTIONAL_KEYS = 0xFF01
CANCELLED = 0xFE00
IDENTIFIER_DOES_NOT_MATCH = 0xA900
UNABLE_TO_PROCESS = 0xC000


def answers(world: World, orders: OrderBook, datasets: EntryDatasets, request: DimseRequest) -> Iterator[DimseResponse]:
    """One pending response for each matching step (PS3.4 K.4.1.1.4)."""
    keys = request.dataset
    if request.content and (_breaks_off(request) or not len(keys)):
        yield DimseResponse(UNABLE_TO_PROCESS)
        return
    if len(keys.get("ScheduledProcedureStepSequence") or ()) > 1:
        yield DimseResponse(IDENTIFIER_DOES_NOT_MATCH)
        return
    for entry in orders.entries():
        if request.cancelled():
            yield DimseResponse(CANCELLED)
            return
        dataset = datasets.of(entry)
        if world.decide("worklist-entry-matches", worklist_answer.matches(keys, dataset)):
            response = worklist_answer.answer(keys, dataset)
            character_sets.declare(response, _sets(entry))
            status = PENDING_WITHOUT_OPTIONAL_KEYS if worklist_answer.unsupported(keys, dataset) else PENDING
            yield DimseResponse(status, response)


def _breaks_off(request: DimseRequest) -> bool:
    """Whether the identifier ends in its middle: a decoder that takes what it can get does not say so."""
    content, syntax = request.content, request.transfer_syntax
    if not isinstance(content, bytes) or syntax == DeflatedExplicitVRLittleEndian:
        return False
    return bool(skeleton(content, syntax).text)


def write_entries(world: World, orders: OrderBook, folder: Path) -> None:
    """Write `entry-1.wl`, `entry-2.wl` ...: DICOM files in Explicit VR Little Endian, one for each entry."""
    for number, entry in enumerate(orders.entries(), start=1):
        dataset = entry_dataset(entry)
        character_sets.declare(dataset, _sets(entry))
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.MediaStorageSOPClassUID = UID(uid_of(WORKLIST))
        dataset.file_meta.MediaStorageSOPInstanceUID = UID(world.identifiers.uid())
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        with quiet():
            dcmwrite(folder / f"entry-{number}.wl", dataset, enforce_file_format=True)


def _sets(entry: Entry) -> tuple[str, ...]:
    """The character sets in which the hospital writes of the patient."""
    return character_sets.of_message(entry.registration.patient.characters)
