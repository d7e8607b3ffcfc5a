"""The small face-emotion network: grey 48 × 48 faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emoreport.errors import FaceStageError, ModelError
from emoreport.models.runtimes.classifiers import OnnxNetwork
from emoreport.models.store.metadata import ModelMetadata
from emoreport.records import FaceScores, FloatArray, RgbImage

LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


class CompactFaceModel(OnnxNetwork):
    """Face-emotion network with the input ``float32 (N, 1, size, size)``, grey 0–255.

    Parameters
    ----------
    metadata
        Description of the model file.
    threads
        Threads inside one run; 1 is best beside a decoder and a detector.
    options
        ``runtime``, ``device`` and ``reason``, as for `OnnxNetwork`.

    Raises
    ------
    ModelError
        When the file cannot be loaded or does not fit its description, or runtime or device
        cannot be had.
    """

    def __init__(self, metadata: ModelMetadata, *, threads: int = 1, **options: str) -> None:
        if metadata.crop is None:
            raise ModelError("describes no face crop", file=metadata.path)
        super().__init__(metadata, threads=threads, **options)
        self.crop = metadata.crop

    def predict(self, faces: Sequence[RgbImage]) -> FaceScores:
        """N face crops, RGB uint8 (size, size, 3) → scores; an empty sequence gives none.

        Raises
        ------
        FaceStageError
            When a crop has another shape or type.
        ModelError
            When inference fails.
        """
        if not faces:
            return FaceScores(np.zeros((0, len(self.labels)), np.float32))
        return FaceScores(self.probabilities(grey_batch(faces, self.crop.size_px)))


def grey_batch(faces: Sequence[RgbImage], size_px: int) -> FloatArray:
    """RGB uint8 crops → float32 (N, 1, size, size), luma 0–255.

    Raises
    ------
    FaceStageError
        When a crop is not RGB uint8 (size, size, 3).
    """
    for face in faces:
        if face.shape != (size_px, size_px, 3) or face.dtype != np.uint8:
            raise FaceStageError(
                f"a face crop must be RGB uint8 ({size_px}, {size_px}, 3),"
                f" not {face.dtype} {face.shape}"
            )
    grey = np.stack(faces).astype(np.float32) @ np.array(LUMA, np.float32)
    return np.ascontiguousarray(grey[:, None])
