"""Work through long tables piece by piece, so that what is needed on the way stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, FloatArray

ROWS_AT_ONCE: Final = 1 << 15
"""Twenty minutes of video at 25 frames a second: a few megabytes of float64."""


def pieces(rows: int) -> Iterator[slice]:
    """Slices of nearly equal length, `ROWS_AT_ONCE` at most, that tile ``range(rows)``."""
    number = -(-rows // ROWS_AT_ONCE)
    bounds = [rows * piece // number for piece in range(number + 1)] if number else []
    return map(slice, bounds[:-1], bounds[1:])


def by_rows(
    function: Callable[[DoubleArray], DoubleArray], table: FloatArray | DoubleArray
) -> DoubleArray:
    """What a function says of each row of a table, asked for some rows at a time.

    Parameters
    ----------
    function
        float64 (M, K) → float64 (M,) or (M, L), row by row.
    table
        float (N, K).

    Returns
    -------
    float64 (N,) or (N, L).
    """
    parts = [function(table[piece].astype(np.float64)) for piece in pieces(len(table))]
    return np.concatenate(parts) if parts else function(table.astype(np.float64))
