"""Ask a function of long tables piece by piece, so that what is needed on the way stays small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emoreport.records import DoubleArray, FloatArray, pieces


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
    result: DoubleArray | None = None
    for piece in pieces(len(table)):
        part = function(table[piece].astype(np.float64))
        if result is None:
            result = np.empty((len(table), *part.shape[1:]))
        result[piece] = part
    return function(table.astype(np.float64)) if result is None else result
