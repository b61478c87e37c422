"""An object as it leaves the archive: the bytes that were kept, unless a decision of the archive comes out otherwise.

The decisions are faults that archives have; ours has them only when a deviation turns them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from actors.objects.copying import put
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import decode_payload, encode_large, unwrap_large, wrap_large
from harness.dicom.paths import first
from harness.dicom.pixel_values import is_native

Decide = Callable[[str, bool], bool]
"""The archive's own decision, or what a deviation makes of it."""

Part10 = bytes | Path | Bulk


def handed_out(payload: Part10, decide: Decide) -> Part10:
    """The Part 10 form that leaves the archive."""
    turned = [alter for decision, alter in _FAULTS.items() if not decide(decision, True)]
    dataset = decode_payload(payload) if turned else None
    if dataset is None:
        return payload
    transfer_syntax = unwrap_large(payload)[1]
    for alter in turned:
        alter(dataset, transfer_syntax)
    content = encode_large(dataset, transfer_syntax)
    return wrap_large(content, transfer_syntax, first(dataset, "SOPClassUID"), first(dataset, "SOPInstanceUID"))


def _last_frame_dropped(dataset: Dataset, transfer_syntax: str) -> None:
    """A multi-frame image loses its last frame, and says so."""
    frames = int(first(dataset, "NumberOfFrames") or 1)
    if frames > 1 and is_native(transfer_syntax):
        pixels = dataset["PixelData"]
        size = len(pixels.value) // frames * (frames - 1)
        _set_pixels(dataset, pixels.value[:size] if isinstance(pixels.value, bytes) else pixels.value.part(0, size))
        put(dataset, "NumberOfFrames", frames - 1)


def _pixel_changed(dataset: Dataset, transfer_syntax: str) -> None:
    """Another value in a pixel of every image but the first of its series."""
    if first(dataset, "InstanceNumber") not in ("", "1") and "PixelData" in dataset and is_native(transfer_syntax):
        value = dataset["PixelData"].value
        content = Bulk(value)
        middle = len(content) // 4 * 2
        changed = bytes((content.read(middle, 1)[0] ^ 1,))
        whole = Bulk(content.part(0, middle), changed, content.part(middle + 1, len(content)))
        _set_pixels(dataset, whole if isinstance(value, Bulk) else whole.read(0, len(whole)))


def _set_pixels(dataset: Dataset, value: bytes | Bulk) -> None:
    old = dataset["PixelData"]
    dataset["PixelData"] = DataElement(old.tag, old.VR, value, already_converted=True)


def _representation_lost(dataset: Dataset, transfer_syntax: str) -> None:
    """Decimal strings are written as texts, as by an archive that encodes anew what it keeps in a database."""
    for element in dataset:
        if element.VR == "DS" and element.VM:
            value = element.value
            text = "\\".join(map(str, value)) if element.VM > 1 else str(value)
            dataset[element.tag] = DataElement(element.tag, "LO", text, already_converted=True)


_FAULTS: Mapping[str, Callable[[Dataset, str], None]] = MappingProxyType(
    {
        "every-frame-is-kept": _last_frame_dropped,
        "every-pixel-is-kept": _pixel_changed,
        "representation-is-kept": _representation_lost,
    }
)
"""What is wrong with an object when a decision comes out false."""
