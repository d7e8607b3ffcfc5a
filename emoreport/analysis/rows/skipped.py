"""Readings of the frames that nobody looked at, from those of the frames beside them.

With a frame rate below the video's only some of its frames are looked at. Rows, windows of time and
shares of time are made as if all had been: else a stretch that was looked at closely would count
for more than a quiet one, and a change of label would come half a step late.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from emoreport.analysis.numeric.hold_times import (
    HOLD_LIMIT_FACTOR,
    MIN_HOLD_LIMIT_S,
    TIME_TOLERANCE_S,
)
from emoreport.records import DoubleArray, FaceTrack, FloatArray, IntArray

_Values = TypeVar("_Values", FloatArray, DoubleArray)

MOST_HZ: Final = 1000.0
"""More frames in a second than this are not made up, whatever a file says of its numbers."""


def with_skipped_frames(faces: FaceTrack, duration_s: float) -> FaceTrack:
    """The readings of all frames that were decoded, the skipped ones filled in and marked.

    What lies between two frames that were looked at is interpolated over the frames between them;
    where only one of them shows the face, each skipped frame goes by the nearer one. Before a cut,
    and behind the last look, the reading of the look before holds. A stretch that is too long for
    a frame to hold it (`hold_times.build_timeline`) stays a hole.

    Parameters
    ----------
    faces
        Readings of the frames that were looked at; `frame` tells how many lie between.
    duration_s
        Length of the recording, seconds.
    """
    if len(faces) < 2:
        return faces
    count, step_s = _frames_from_each(faces, duration_s)
    if (count == 1).all():
        return faces
    left = np.repeat(np.arange(len(faces)), count)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    right = np.minimum(left + (offset > 0), len(faces) - 1)
    if faces.shot is not None:
        right = np.where(faces.shot[left] == faces.shot[right], right, left)
    share = offset / count[left]
    between = _Between(left, right, share)
    next_s = np.append(faces.time_s[1:], faces.time_s[-1] + count[-1] * step_s)
    # No container counts finer than nanoseconds, and a bound that a file names must meet its frame.
    made_up_s = np.round((1.0 - share) * faces.time_s[left] + share * next_s[left], 9)
    witness = faces.witness
    return replace(
        faces,
        time_s=np.where(offset > 0, made_up_s, faces.time_s[left]),
        frame=faces.frame[left] + offset,
        faces=faces.faces[between.nearer],
        box=between.mix(faces.box),
        detection_score=between.mix(faces.detection_score),
        probabilities=between.mix(faces.probabilities),
        valence=None if faces.valence is None else between.mix(faces.valence),
        arousal=None if faces.arousal is None else between.mix(faces.arousal),
        extra={name: between.mix(values) for name, values in faces.extra.items()},
        witness=witness and replace(witness, probabilities=between.mix(witness.probabilities)),
        shot=None if faces.shot is None else faces.shot[left],
        skipped=offset > 0,
    )


def _frames_from_each(faces: FaceTrack, duration_s: float) -> tuple[IntArray, float]:
    """Frames from each look up to the next, itself included, and seconds from frame to frame."""
    gaps_s = np.diff(faces.time_s)
    limit_s = max(MIN_HOLD_LIMIT_S, HOLD_LIMIT_FACTOR * float(np.median(gaps_s)))
    limit_s += TIME_TOLERANCE_S
    most = np.maximum((gaps_s * MOST_HZ).astype(np.int64), 1)
    count = np.where(gaps_s <= limit_s, np.clip(np.diff(faces.frame), 1, most), 1)
    step_s = float(np.median(gaps_s / count))
    left_s = duration_s - float(faces.time_s[-1])
    # The last look holds a frame of its own; half a frame that is left over holds none.
    behind = max(int(left_s / step_s + 0.5), 1) if left_s <= limit_s else 1
    return np.append(count, behind), step_s


class _Between:
    """Values between two looks each; what does not depend on the values is worked out once."""

    def __init__(self, left: IntArray, right: IntArray, share: DoubleArray) -> None:
        self._left, self._right, self._share = left, right, share
        self.nearer = np.where(share < 0.5, left, right)

    def mix(self, values: _Values) -> _Values:
        """Interpolated values, (N, …) → (M, …) of the same type."""
        share = self._share.reshape(-1, *(1,) * (values.ndim - 1))
        mixed = (1.0 - share) * values[self._left] + share * values[self._right]
        # One of two that is unknown makes the sum unknown; the nearer one may be known.
        known: _Values = np.where(np.isnan(mixed), values[self.nearer], mixed).astype(values.dtype)
        return known
