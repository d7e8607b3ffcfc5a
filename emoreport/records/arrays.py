"""Types of arrays and of the function that progress is reported to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RgbImage = NDArray[np.uint8]
Columns = dict[str, NDArray[Any]]
"""Arrays of one length by the name of their column in a table."""

ProgressCallback = Callable[[str, float, float | None], None]
"""``(stage, done, total)``: seconds of the recording done; total is None while unknown."""


def class_columns(prefix: str, labels: Iterable[str], probabilities: FloatArray) -> Columns:
    """Columns of (N, K) probabilities, one per class, named ``<prefix><label>``."""
    return {
        f"{prefix}{label}": values for label, values in zip(labels, probabilities.T, strict=True)
    }
