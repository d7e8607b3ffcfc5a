"""Find syllable nuclei: voiced peaks of loudness with a dip on both sides.

The rule is that of de Jong and Wempe (2009, Behavior Research Methods 41, 385–390).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, IntArray, SoundContour

LEAST_DIP_DB: Final = 2.0
"""Between two nuclei the level falls at least this far below both."""
BELOW_LOUDEST_DB: Final = 25.0
"""Peaks further below the loud end of the recording (its 99th percentile) are no nuclei."""
SMOOTHED_FRAMES: Final = 3
GAP_S: Final = 0.015
"""Frames further apart than this do not belong to one stretch of speech."""


def syllable_nuclei_s(contour: SoundContour) -> DoubleArray:
    """Times of the syllable nuclei of a recording.

    Returns
    -------
    float64 (S,), seconds, rising.
    """
    if not len(contour):
        return np.zeros(0)
    cuts = np.flatnonzero(np.diff(contour.time_s) > GAP_S) + 1
    level_db = np.asarray(contour.level_db, dtype=np.float64)
    lowest_db = np.percentile(level_db, 99) - BELOW_LOUDEST_DB
    peaks: list[int] = []
    for first, stop in zip([0, *cuts], [*cuts, len(level_db)], strict=True):
        peaks += (first + _peaks(_smoothed(level_db[first:stop]).tolist())).tolist()
    chosen = np.asarray(peaks, dtype=np.int64)
    chosen = chosen[(level_db[chosen] > lowest_db) & ~np.isnan(contour.f0_hz[chosen])]
    nuclei_s: DoubleArray = contour.time_s[chosen]
    return nuclei_s


def _smoothed(level_db: DoubleArray) -> DoubleArray:
    half = SMOOTHED_FRAMES // 2
    padded = np.pad(level_db, half, mode="edge")
    return np.convolve(padded, np.full(SMOOTHED_FRAMES, 1 / SMOOTHED_FRAMES), mode="valid")


def _peaks(level_db: Sequence[float]) -> IntArray:
    """Places of the peaks that rise and fall by at least `LEAST_DIP_DB`."""
    peaks = []
    top, top_at, bottom, rising = -np.inf, 0, np.inf, True
    for at, level in enumerate(level_db):
        if rising:
            if level > top:
                top, top_at = level, at
            elif level <= top - LEAST_DIP_DB:
                peaks.append(top_at)
                bottom, rising = level, False
        elif level < bottom:
            bottom = level
        elif level >= bottom + LEAST_DIP_DB:
            top, top_at, rising = level, at, True
    if rising and level_db:
        peaks.append(top_at)
    return np.asarray(peaks, dtype=np.int64)
