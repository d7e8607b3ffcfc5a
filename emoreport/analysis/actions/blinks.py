"""Find blinks: the eyes lose much of their opening and have it back within moments.

The opening is compared with that of the same eyes around the same time, so that neither narrow eyes
nor a lowered gaze count. Limits and what they were checked on are in docs/actions.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from emoreport.analysis.numeric.hold_times import true_runs
from emoreport.records import DoubleArray, EyeTrack, Span
from emoreport.results import BLINK, ActionEvent

LEAST_LOST: Final = 0.4
"""Share of the opening that a blink takes away, or more."""

LONGEST_S: Final = 0.6
"""Lids that stay down for longer are closed, or the person looks down."""

AROUND_S: Final = 1.0
"""The usual opening is the median from so long before to so long after."""

LEAST_RATE_HZ: Final = 23.5
"""Of the blinks at 25 Hz, 15 Hz loses a tenth to a fifth, 10 Hz a quarter to a third."""

ROWS_AT_ONCE: Final = 50_000


def watched_s(eyes: EyeTrack | None) -> float:
    """Seconds in which the eyes were seen often enough for blinks; 0 where they never were."""
    if eyes is None or len(eyes) < 2:
        return 0.0
    step_s = np.diff(eyes.time_s)
    usual_s = float(np.median(step_s))
    if usual_s * LEAST_RATE_HZ > 1.0:
        return 0.0
    seen = ~np.isnan(eyes.opening)
    held_s = np.minimum(np.append(step_s, usual_s), 2.0 * usual_s)
    return float(held_s[seen].sum())


def find_blinks(eyes: EyeTrack | None) -> tuple[ActionEvent, ...]:
    """Blinks in order of time; none where the eyes were not watched often enough.

    Begin and end are where half of the depth is reached, between two looks by a straight line.
    """
    if eyes is None or watched_s(eyes) == 0.0:
        return ()
    lost = _lost(eyes)
    return tuple(_events(eyes.time_s, lost))


def _lost(eyes: EyeTrack) -> DoubleArray:
    """Share of the usual opening that the eyes lack, float64 (M,); NaN where unknown."""
    opening = np.asarray(eyes.opening, np.float64)
    reach = max(1, round(AROUND_S / float(np.median(np.diff(eyes.time_s)))))
    padded = np.pad(opening, reach, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    usual = np.full(len(opening), np.nan)
    for first in range(0, len(opening), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        seen = ~np.isnan(opening[part])
        usual[part][seen] = np.nanmedian(around[part][seen], axis=1)
    return 1.0 - np.divide(opening, usual, out=np.full(len(opening), np.nan), where=usual > 0)


def _events(time_s: DoubleArray, lost: DoubleArray) -> Iterator[ActionEvent]:
    known = np.nan_to_num(lost, nan=-1.0)
    end = 0
    for first, last in zip(*true_runs(known > LEAST_LOST), strict=True):
        if first < end:
            continue  # the lids did not open to the half since the blink before
        peak = int(first + np.argmax(known[first:last]))
        half = 0.5 * known[peak]
        start, end = _reach(known, first, -1, half, end), _reach(known, last - 1, 1, half) + 1
        start_s, end_s = _crossing(time_s, known, start, half), _crossing(time_s, known, end, half)
        if end_s - start_s <= LONGEST_S:
            span = Span(start_s, end_s)
            yield ActionEvent(BLINK, span, float(time_s[peak]), float(known[peak]))


def _reach(lost: DoubleArray, index: int, step: int, level: float, least: int = 0) -> int:
    """The last look in one direction from `index` that is above the level without a break."""
    while least <= index + step < len(lost) and lost[index + step] > level:
        index += step
    return index


def _crossing(time_s: DoubleArray, lost: DoubleArray, index: int, level: float) -> float:
    """When the level is crossed between the look before `index` and that at it."""
    if index == 0 or index == len(lost):
        return float(time_s[min(index, len(lost) - 1)])
    before, after = float(lost[index - 1]), float(lost[index])
    share = (level - before) / (after - before) if after != before else 0.0
    return float(
        time_s[index - 1] + min(max(share, 0.0), 1.0) * (time_s[index] - time_s[index - 1])
    )
