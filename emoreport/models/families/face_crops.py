"""What face models share about the crops that they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.errors import FaceStageError
from emoreport.records import RgbImage


def check_crops(faces: Sequence[RgbImage], size_px: int) -> None:
    """Refuse crops that are not RGB uint8 (size, size, 3).

    Raises
    ------
    FaceStageError
        When there is one.
    """
    for face in faces:
        if face.shape != (size_px, size_px, 3) or face.dtype != np.uint8:
            raise FaceStageError("faces.crop", size_px=size_px, dtype=face.dtype, shape=face.shape)
