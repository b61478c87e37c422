"""Transfer syntaxes in which our storing actors take objects, the uncompressed ones preferred (PS3.5 10)."""

from __future__ import annotations

from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from harness.transports.dimse import NATIVE_TRANSFER_SYNTAXES

STORAGE_TRANSFER_SYNTAXES: tuple[str, ...] = (
    *NATIVE_TRANSFER_SYNTAXES,
    *map(
        str,
        (
            RLELossless,
            JPEGLosslessSV1,
            JPEGLossless,
            JPEGLSLossless,
            JPEGLSNearLossless,
            JPEG2000Lossless,
            JPEG2000,
            JPEGBaseline8Bit,
            JPEGExtended12Bit,
            DeflatedExplicitVRLittleEndian,
        ),
    ),
)
