"""Pixel data of the simulated modality: a phantom that differs from image to image, so that a mix-up shows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

ROWS = 64
COLUMNS = 64

Pixels = npt.NDArray[np.uint16]


def phantom(number: int, largest: int, rows: int = ROWS, columns: int = COLUMNS) -> Pixels:
    """Cylinder on a ramp, values from 0 to `largest`; the cylinder's radius grows with the number."""
    row, column = np.mgrid[0:rows, 0:columns]
    ramp = (row + column) * (largest // 4) // (rows + columns - 2)
    distance = np.hypot(row - rows / 2, column - columns / 2) * ROWS / rows
    cylinder = np.where(distance < 8 + number % 20, largest // 2, 0)
    marker = np.zeros((rows, columns), dtype=np.int64)
    marker[0, number % columns] = largest // 4
    pixels: Pixels = np.clip(ramp + cylinder + marker, 0, largest).astype(np.uint16)
    return pixels


def frame_maker(first: bytes, width: int) -> Callable[[int], bytes]:
    """The frame of any number (from 0) of an image whose first one is given, with `width` bytes to a pixel.

    A frame differs from the first in its last four pixels, which hold its number.
    """

    def frame(number: int) -> bytes:
        if number == 0:
            return first
        digits = b"".join(bytes((digit,)).ljust(width, b"\0") for digit in number.to_bytes(4, "big"))
        return first[: -4 * width] + digits

    return frame
