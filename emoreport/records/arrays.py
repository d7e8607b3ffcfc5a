"""Types of arrays and of the function that progress is reported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RgbImage = NDArray[np.uint8]
Columns = dict[str, NDArray[Any]]
"""Arrays of one length by the name of their column in a table."""

ROWS_AT_ONCE: Final = 1 << 15
"""Rows of a long table that are worked on at a time: twenty minutes of video at 25 frames a second,
a few megabytes of float64."""

ProgressCallback = Callable[[str, float, float | None], None]
"""``(stage, done, total)``: seconds of the recording done; total is None while unknown."""


def class_columns(prefix: str, labels: Iterable[str], probabilities: FloatArray) -> Columns:
    """Columns of (N, K) probabilities, one per class, named ``<prefix><label>``."""
    return {
        f"{prefix}{label}": values for label, values in zip(labels, probabilities.T, strict=True)
    }


def pieces(rows: int) -> Iterator[slice]:
    """Slices of nearly equal length, `ROWS_AT_ONCE` at most, that tile ``range(rows)``."""
    number = -(-rows // ROWS_AT_ONCE)
    bounds = [rows * piece // number for piece in range(number + 1)] if number else []
    return map(slice, bounds[:-1], bounds[1:])
