"""Whether two images have the same pixels, whatever transfer syntax each came in (PS3.5 8). Knows no exchanges."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, AllTransferSyntaxes

from harness.dicom.encoding import quiet
from harness.dicom.paths import first

_LOSSLESS = frozenset(
    {
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.201",
        "1.2.840.10008.1.2.4.202",
    }
)
"""RLE, JPEG Lossless, JPEG-LS Lossless, JPEG 2000 Lossless, HTJ2K Lossless (PS3.5 8.2)."""

_UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError)


def is_native(transfer_syntax: str) -> bool:
    """Whether pixels are uncompressed in that transfer syntax."""
    syntax = UID(transfer_syntax)
    return syntax in AllTransferSyntaxes and not syntax.is_compressed


def same_pixels(one: Dataset, first_syntax: str, other: Dataset, second_syntax: str) -> bool | None:
    """Whether the decoded pixels are equal; None where that cannot be told: lossy, or no decoder at hand."""
    left, right = _decoded(one, first_syntax), _decoded(other, second_syntax)
    if left is None or right is None:
        return None
    if first(one, "PhotometricInterpretation") != first(other, "PhotometricInterpretation"):
        return None
    return bool(np.array_equal(left, right))


def _decoded(ds: Dataset, transfer_syntax: str) -> np.ndarray | None:
    syntax = UID(transfer_syntax)
    if not is_native(transfer_syntax) and syntax not in _LOSSLESS:
        return None
    try:
        with quiet():
            decoder = get_decoder(syntax)
            if not decoder.is_available:
                return None
            array, _ = decoder.as_array(ds, raw=True)
    except _UNREADABLE:
        return None
    return array
