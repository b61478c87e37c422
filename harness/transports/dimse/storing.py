"""C-STORE of a Part 10 file or data set on an open association, byte for byte where the transfer syntax allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.dicom.bulk import LARGE, Bulk
from harness.dicom.encoding import LONGEST_META, decode, encode_large, read_file_meta
from harness.dicom.paths import first
from harness.dicom.uids import keyword_of
from harness.errors import ContextRefused
from harness.model.profile import Service
from harness.transports.dimse.contexts import Accepted, is_native
from harness.transports.dimse.conversation import Conversation

SUCCESS = 0x0000

Source = bytes | Path | Bulk
"""A Part 10 file, or what it holds."""

Amend = Callable[[Service, Dataset], Sequence[Dataset]]
"""What is sent in place of a request's data set: itself, changed, several times, or nothing at all."""


@dataclass(frozen=True)
class Instance:
    """A SOP instance to store: its data set as bytes in one transfer syntax."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    content: bytes | Bulk


def load(source: Source | Dataset) -> Instance:
    """The instance in a data set, Part 10 file or its contents; RecordingError when it is none, OSError."""
    if isinstance(source, Dataset):
        syntax = _syntax_of(source)
        sop_class, sop_instance = first(source, "SOPClassUID"), first(source, "SOPInstanceUID")
        return Instance(sop_class, sop_instance, syntax, encode_large(source, syntax))
    if isinstance(source, Bulk) or (isinstance(source, Path) and source.stat().st_size > LARGE):
        return _load_large(source if isinstance(source, Bulk) else Bulk.of_file(source))
    payload = source.read_bytes() if isinstance(source, Path) else source
    meta = read_file_meta(payload)
    return Instance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, payload[meta.offset :])


def _load_large(file: Bulk) -> Instance:
    meta = read_file_meta(file.read(0, LONGEST_META))
    return Instance(meta.sop_class, meta.sop_instance, meta.transfer_syntax, file.part(meta.offset, len(file)))


def _syntax_of(ds: Dataset) -> str:
    meta = getattr(ds, "file_meta", None)
    return str(getattr(meta, "TransferSyntaxUID", "") or ExplicitVRLittleEndian)


def store_context(accepted: tuple[Accepted, ...], instance: Instance) -> Accepted:
    """The context to store the instance on: the same transfer syntax, else another native one; ContextRefused."""
    fitting = [one for one in accepted if one.sop_class == instance.sop_class and one.as_scu]
    for one in fitting:
        if one.transfer_syntax == instance.transfer_syntax:
            return one
    if is_native(instance.transfer_syntax):
        for one in fitting:
            if is_native(one.transfer_syntax):
                return one
    wanted = f"{keyword_of(instance.sop_class)} in {keyword_of(instance.transfer_syntax)}"
    raise ContextRefused(f"no accepted presentation context to store {wanted}")


def contents_for(instance: Instance, context: Accepted, amend: Amend | None) -> tuple[bytes | Bulk, ...]:
    """The data set's bytes for the context: untouched unless another transfer syntax or a deviation asks otherwise."""
    if context.transfer_syntax == instance.transfer_syntax and amend is None:
        return (instance.content,)
    dataset = decode(instance.content, instance.transfer_syntax)
    amended = (dataset,) if amend is None else amend(Service.C_STORE, dataset)
    return tuple(encode_large(one, context.transfer_syntax) for one in amended)


def send_store(
    conversation: Conversation,
    instance: Instance,
    *,
    timeout: float,
    fields: Mapping[str, str] | None = None,
    amend: Amend | None = None,
) -> tuple[int, Mapping[str, str]]:
    """Store the instance; status and further fields of the response. LinkError, AssociationOver, RecordingError.

    An instance that is withheld counts as stored: its sender believes so.
    """
    context = store_context(conversation.accepted, instance)
    status: int = SUCCESS
    found: Mapping[str, str] = {}
    for content in contents_for(instance, context, amend):
        call = conversation.call(
            Service.C_STORE, context, sop_instance=instance.sop_instance, content=content, fields=fields
        )
        response = conversation.next_response(call, timeout).command
        conversation.close_call(call)
        status, found = response.status or SUCCESS, response.fields
    return status, found
