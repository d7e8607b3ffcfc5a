"""Believe a model less the further a reading is from what it was trained on, or a head is turned.

A model that measures it gives a `distance` for every reading, of which 1 is the limit that its
recipe found on data left out whole: beyond it, readings are unlike the training data. The same
recipe scales distances so that a softmax temperature multiplied by the distance, beyond 1, fits
those data best. The turn of a head, in units of what the face model bears (`HeadLimits`), does the
same to a temperature (docs/models/compact-face.md); of both, the larger counts. That is what is
done here, and `abstention` takes the label from rows whose mean is beyond the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from emoreport.records import (
    WITNESS_MEASURE,
    DoubleArray,
    FaceTrack,
    FloatArray,
    HeadLimits,
    SpeechTrack,
    pieces,
)

DISTANCE: Final = "distance"
"""Further column of the readings that holds the distances."""
HEAD_TURN: Final = "head_turn"
"""Further column of the face readings: turn of the head in units of what the model bears."""

_Track = TypeVar("_Track", FaceTrack, SpeechTrack)


def doubted(track: _Track, limit: float) -> _Track:
    """Readings with distances and turns in units of the limit in force, and tempered beyond it.

    Those of a witness by its own distances. Of face readings that were stored without turns, the
    turns are worked out with the default limits.

    Parameters
    ----------
    track
        Readings; without distances and turns they stay as they are.
    limit
        Of the setting ``distance_limit``, in units of the model's own; 0 takes no notice of
        distances and turns, which are then unknown.
    """
    beside = WITNESS_MEASURE[DISTANCE]
    measured = _with_turns(track)
    units = {
        name: _units(measured[name], limit)
        for name in (DISTANCE, beside, HEAD_TURN)
        if name in measured
    }
    if not units:
        return track
    track = replace(track, extra={**track.extra, **units})
    unknown = np.full(len(track), np.nan, np.float32)
    turn = units.get(HEAD_TURN, unknown)
    away, other = (np.fmax(units.get(name, unknown), turn) for name in (DISTANCE, beside))
    track = replace(track, probabilities=tempered(track.probabilities, away))
    if track.witness is not None:
        table = tempered(track.witness.probabilities, other)
        track = replace(track, witness=replace(track.witness, probabilities=table))
    return track


def _with_turns(track: FaceTrack | SpeechTrack) -> Mapping[str, FloatArray]:
    """The further columns, and the turns of heads where there are angles only."""
    extra = track.extra
    if HEAD_TURN in extra or "yaw_deg" not in extra:
        return extra
    unknown = np.full(len(track), np.nan, np.float32)
    turn = HeadLimits().head_turn(extra["yaw_deg"], extra.get("pitch_deg", unknown))
    return {**extra, HEAD_TURN: turn}


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
    far = np.flatnonzero(distance > 1.0)
    for piece in pieces(len(far)):
        rows = far[piece]
        units = np.asarray(distance[rows], np.float64)
        powers = np.asarray(result[rows], np.float64) ** (1.0 / units)[:, np.newaxis]
        result[rows] = powers / powers.sum(axis=1, keepdims=True)
    return result
