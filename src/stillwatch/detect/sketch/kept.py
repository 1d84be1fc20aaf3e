"""Vectors as they are kept: whole 127ths of a unit, 8 bits a number.

A log of millions of openings then fits in memory, and its sums are whole numbers, the same on every engine and in every
order. The error, at most 0.004 a number, is far below the spread of texts.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UNIT = 127
"""A kept vector's numbers are whole multiples of 1 / 127."""

Kept = npt.NDArray[np.int8]


def kept(x: npt.NDArray[np.floating]) -> Kept:
    """Numbers between -1 and 1 as whole 127ths."""
    return np.asarray(np.rint(np.clip(x, -1, 1) * UNIT), np.int8)


def real(x: Kept) -> npt.NDArray[np.float64]:
    """Kept numbers as they are used."""
    return np.asarray(x, np.float64) / UNIT
