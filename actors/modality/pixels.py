"""Pixel data of the simulated modality: a phantom that differs from image to image, so that a mix-up shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROWS = 64
COLUMNS = 64

Pixels = npt.NDArray[np.uint16]


def phantom(number: int, largest: int) -> Pixels:
    """Cylinder on a ramp, ROWS x COLUMNS values from 0 to `largest`; the cylinder's radius grows with the number."""
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    ramp = (row + column) * (largest // 4) // (ROWS + COLUMNS - 2)
    distance = np.hypot(row - ROWS / 2, column - COLUMNS / 2)
    cylinder = np.where(distance < 8 + number % 20, largest // 2, 0)
    marker = np.zeros((ROWS, COLUMNS), dtype=np.int64)
    marker[0, number % COLUMNS] = largest // 4
    pixels: Pixels = np.clip(ramp + cylinder + marker, 0, largest).astype(np.uint16)
    return pixels
