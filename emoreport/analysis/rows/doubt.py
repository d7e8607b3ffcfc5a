"""Believe a model less the further a reading is from what the model was trained on.

A model that measures it gives a `distance` for every reading, of which 1 is the limit that its
recipe found on data left out whole: beyond it, readings are unlike the training data. The same
recipe scales distances so that a softmax temperature multiplied by the distance, beyond 1, fits
those data best. That is what is done here, and `abstention` takes the label from rows whose mean
distance is beyond the limit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from emoreport.records import DoubleArray, FaceTrack, FloatArray, SpeechTrack

DISTANCE: Final = "distance"
"""Further column of the readings that holds the distances."""

_Track = TypeVar("_Track", FaceTrack, SpeechTrack)


def doubted(track: _Track, limit: float) -> _Track:
    """Readings with distances in units of the limit in force, and tempered beyond it.

    Parameters
    ----------
    track
        Readings; without distances they stay as they are.
    limit
        Of the setting ``distance_limit``, in units of the model's own; 0 takes no notice of
        distances, which are then unknown.
    """
    distance = track.extra.get(DISTANCE)
    if distance is None:
        return track
    units = np.full(distance.shape, np.nan, np.float32)
    if limit > 0:
        units = np.asarray(distance / np.float32(limit), np.float32)
    probabilities = tempered(track.probabilities, units)
    return replace(track, probabilities=probabilities, extra={**track.extra, DISTANCE: units})


def tempered(
    probabilities: FloatArray | DoubleArray, distance: FloatArray | DoubleArray
) -> FloatArray:
    """Probabilities as if the temperature of their softmax were multiplied by the distance.

    Parameters
    ----------
    probabilities
        float (N, K); rows sum to 1 or are NaN.
    distance
        float (N,); rows of distance 1 or less, or of none, stay bit for bit.

    Returns
    -------
    float32 (N, K): p ** (1 / distance), rows brought to the sum 1 again.
    """
    result = np.array(probabilities, dtype=np.float32)
    units = np.asarray(distance, np.float64)
    far = units > 1.0
    powers = np.asarray(result[far], np.float64) ** (1.0 / units[far])[:, np.newaxis]
    result[far] = powers / powers.sum(axis=1, keepdims=True)
    return result
