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

from emoreport.records import WITNESS_MEASURE, DoubleArray, FaceTrack, FloatArray, SpeechTrack

DISTANCE: Final = "distance"
"""Further column of the readings that holds the distances."""

_Track = TypeVar("_Track", FaceTrack, SpeechTrack)


def doubted(track: _Track, limit: float) -> _Track:
    """Readings with distances in units of the limit in force, and tempered beyond it.

    Those of a witness by its own distances.

    Parameters
    ----------
    track
        Readings; without distances they stay as they are.
    limit
        Of the setting ``distance_limit``, in units of the model's own; 0 takes no notice of
        distances, which are then unknown.
    """
    beside = WITNESS_MEASURE[DISTANCE]
    known = {name: track.extra[name] for name in (DISTANCE, beside) if name in track.extra}
    if not known:
        return track
    units = {name: _units(distance, limit) for name, distance in known.items()}
    track = replace(track, extra={**track.extra, **units})
    if DISTANCE in units:
        track = replace(track, probabilities=tempered(track.probabilities, units[DISTANCE]))
    if beside in units and track.witness is not None:
        table = tempered(track.witness.probabilities, units[beside])
        track = replace(track, witness=replace(track.witness, probabilities=table))
    return track


def _units(distance: FloatArray, limit: float) -> FloatArray:
    if limit > 0:
        return np.asarray(distance / np.float32(limit), np.float32)
    return np.full(distance.shape, np.nan, np.float32)


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
