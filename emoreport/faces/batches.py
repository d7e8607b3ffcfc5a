"""How many faces a model is given at once, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emoreport.records import (
    EmbeddingFaceModel,
    FaceEmotionModel,
    FaceFeatures,
    FaceScores,
    FloatArray,
    RgbImage,
)

FACES_AT_ONCE: Final = 16
"""Faces per call of the emotion model."""
FACES_ON_A_CARD: Final = 64
"""Likewise on a graphics card, where a call costs more than a face does."""


def checked_batch(batch: int | None, model: FaceEmotionModel) -> int:
    """Faces per call: what is asked for, else what suits the device; ValueError below 1."""
    if batch is None:
        return FACES_ON_A_CARD if model.record.device == "cuda" else FACES_AT_ONCE
    if batch < 1:
        raise ValueError(f"batch must be at least 1, got {batch}")
    return batch


def scored(
    model: FaceEmotionModel, crops: Sequence[RgbImage], *, embed: bool
) -> tuple[FaceScores, FloatArray | None]:
    """What a model says of crops; with `embed`, of an `EmbeddingFaceModel`, their features too."""
    if not embed:
        return model.predict(crops), None
    assert isinstance(model, EmbeddingFaceModel)
    return model.embed(crops)


def as_features(
    model: FaceEmotionModel,
    moments: Sequence[tuple[float, int]],
    rows: Sequence[FloatArray | None],
) -> FaceFeatures:
    """Features of frames by their time and number; None where a frame shows no face."""
    assert isinstance(model, EmbeddingFaceModel)
    nothing = np.full(model.feature_width, np.nan, np.float32)
    return FaceFeatures(
        np.array([time_s for time_s, _ in moments], np.float64),
        np.array([frame for _, frame in moments], np.int64),
        np.array([nothing if row is None else row for row in rows], np.float32).reshape(
            len(rows), model.feature_width
        ),
    )
