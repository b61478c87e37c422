"""In which transfer syntax the modality sends an object: what it proposes, and what it sends for what was accepted."""

from __future__ import annotations

from collections.abc import Callable

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harness.dicom.bulk import Bulk
from harness.dicom.uids import uid_of
from harness.errors import CannotAct
from harness.model.scenario import TransferSyntax

Takes = Callable[[str, str], bool]
"""Whether the receiver takes objects of a SOP class in a transfer syntax."""


def proposed(wanted: TransferSyntax | None) -> tuple[str, ...]:
    """The transfer syntaxes that are proposed: the wanted one, and uncompressed ones to fall back to (PS3.5 10.1)."""
    if wanted is None:
        return ()
    native = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))
    uid = uid_of(wanted.value)
    return (uid,) if uid == ImplicitVRLittleEndian else tuple(dict.fromkeys((uid, *native)))


def encoded(dataset: Dataset, wanted: TransferSyntax | None, takes: Takes) -> Dataset:
    """The object as it is sent: in the wanted transfer syntax where the receiver takes it, else uncompressed.

    An object without pixels is not compressed.
    """
    if wanted is None:
        return dataset
    syntax = UID(uid_of(wanted.value))
    if not takes(str(dataset.SOPClassUID), syntax) or (syntax.is_encapsulated and "PixelData" not in dataset):
        return dataset
    sent = Dataset()
    sent.update({element.tag: element for element in dataset})
    sent.file_meta = FileMetaDataset()
    sent.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax.is_encapsulated:
        _compress(sent, syntax)
    sent.file_meta.TransferSyntaxUID = syntax
    return sent


def _compress(target: Dataset, syntax: UID) -> None:
    if isinstance(target.PixelData, Bulk):
        raise CannotAct("an image that is too large for memory is not compressed")
    if not get_encoder(syntax).is_available:
        raise CannotAct(f"no encoder for {syntax.name} is installed: pip install 'swf-harness[jpeg]'")
    pixels = target["PixelData"]  # an element of its own: compressing changes the element, which is the original's, too
    target["PixelData"] = DataElement(pixels.tag, pixels.VR, pixels.value, already_converted=True)
    target.compress(syntax, generate_instance_uid=False)
