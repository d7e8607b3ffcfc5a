"""Types of arrays and of the function that progress is reported to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RgbImage = NDArray[np.uint8]

ProgressCallback = Callable[[str, float, float | None], None]
"""``(stage, done, total)``: seconds of the recording done; total is None while unknown."""
