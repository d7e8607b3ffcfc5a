"""Smoothing of frame probabilities over a window of presentation time.

The window is centred and given in seconds, so that it means the same under every frame rate. It
takes valid frames only and never reaches across a long gap. (The challenge systems that this
follows count the window in frames and fill gaps with made-up predictions first.)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.hold_times import (
    Timeline,
    build_timeline,
    long_gaps,
    stretch_of_frames,
)
from emoreport.records import DoubleArray, FaceTrack, FloatArray, IntArray, pieces
from emoreport.settings import AnalysisSettings

WINDOW_TOLERANCE_S: Final = 1e-9
FIXED_POINT: Final = float(1 << 40)


def smooth_track(faces: FaceTrack, duration_s: float, settings: AnalysisSettings) -> DoubleArray:
    """Smoothed probabilities of a whole track.

    Gaps longer than ``settings.gap_limit_s``, and cuts in the picture, end the window.

    Returns
    -------
    float64 (N, K); NaN rows where the window holds no valid frame and inside long gaps.
    """
    smoother = track_smoother(faces, duration_s, settings.gap_limit_s)
    return smoother.smooth(settings.smoothing_s, settings.smoothing_method)


def track_smoother(
    faces: FaceTrack, duration_s: float, gap_limit_s: float, timeline: Timeline | None = None
) -> Smoother:
    """What smooths one track under any window; long gaps and cuts in the picture end windows.

    `timeline` is that of the frames, where it is known.
    """
    if timeline is None:
        timeline = build_timeline(faces.time_s, duration_s)
    gaps = long_gaps(timeline, faces.valid, gap_limit_s)
    stretch = stretch_of_frames(timeline, gaps, len(faces))
    if faces.shot is not None:
        stretch = np.where(stretch < 0, -1, stretch + faces.shot)
    return Smoother(faces.probabilities, faces.time_s, stretch)


def smooth(
    values: FloatArray | DoubleArray,
    time_s: DoubleArray,
    stretch: IntArray,
    window_s: float,
    method: str = "mean",
) -> DoubleArray:
    """Mean or median over the valid frames whose time is within half a window.

    Frame j counts for frame i if their times differ by at most `window_s` / 2 (and 1 ns for
    rounding), its row is free of NaN and both are in the same stretch.

    Parameters
    ----------
    values
        float (N, K), at most 1 in magnitude; NaN rows are not valid.
    time_s
        float64 (N,), strictly increasing.
    stretch
        int64 (N,), non-decreasing numbers of stretches; -1 for frames that get and give nothing.
    window_s
        Full width in seconds; 0 leaves the values as they are.
    method
        ``mean`` or ``median`` (per class; such rows need not sum to 1).

    Returns
    -------
    float64 (N, K), NaN rows where no valid frame is in the window.
    """
    return Smoother(values, time_s, stretch).smooth(window_s, method)


class Smoother:
    """Smooths one series under any window; what does not depend on the window is made once.

    Parameters
    ----------
    values, time_s, stretch
        As in `smooth`.
    """

    def __init__(
        self, values: FloatArray | DoubleArray, time_s: DoubleArray, stretch: IntArray
    ) -> None:
        self._shape, self._time_s = values.shape, time_s
        self._stretch = stretch.astype(np.int32)
        self._valid = ~np.isnan(values).any(axis=1) & (stretch >= 0)
        self._values = values
        self._known: NDArray[np.int32] = np.flatnonzero(self._valid).astype(np.int32)
        self._times, self._groups = time_s[self._known], self._stretch[self._known]

    def smooth(self, window_s: float, method: str = "mean") -> DoubleArray:
        """The series under a window; see `smooth`."""
        result = np.empty(self._shape)
        for piece in pieces(len(result)):
            result[piece] = self.part(piece, window_s, method)
        return result

    def part(self, piece: slice, window_s: float, method: str = "mean") -> DoubleArray:
        """The rows of a piece of the smoothed series."""
        result = np.full((piece.stop - piece.start, self._shape[1]), np.nan)
        if window_s <= 0:
            valid = self._valid[piece]
            result[valid] = self._values[piece][valid]
            return result
        reach_s = 0.5 * window_s + WINDOW_TOLERANCE_S
        of_windows = _window_means if method == "mean" else _window_medians
        frames, low, high = self._windows(piece, reach_s)
        if len(frames):
            first, end = int(low[0]), int(high[-1])
            wide = self._values[self._known[first:end]].astype(np.float64)
            result[frames - piece.start] = of_windows(wide, low - first, high - first)
        return result

    def _windows(self, piece: slice, reach_s: float) -> tuple[IntArray, IntArray, IntArray]:
        """Frames of a piece that are filled, and the valid frames that their windows hold."""
        stretch = self._stretch[piece]
        frames = np.flatnonzero(stretch >= 0)
        stretch, frames = stretch[frames], frames + piece.start
        time_s = self._time_s[frames]
        low = np.maximum(
            np.searchsorted(self._times, time_s - reach_s, side="left"),
            np.searchsorted(self._groups, stretch, side="left"),
        )
        high = np.minimum(
            np.searchsorted(self._times, time_s + reach_s, side="right"),
            np.searchsorted(self._groups, stretch, side="right"),
        )
        filled = high > low
        return frames[filled], low[filled], high[filled]


def _window_means(values: DoubleArray, low: IntArray, high: IntArray) -> DoubleArray:
    """Mean of ``values[low:high]`` per window, from cumulative sums.

    The sums are integers (2**-40 is the unit), which add without rounding: a long sum cannot
    drift, and equal frames give exactly equal means.
    """
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
    np.cumsum(np.rint(values * FIXED_POINT).astype(np.int64), axis=0, out=sums[1:])
    total = (sums[high] - sums[low]).astype(np.float64)
    means: DoubleArray = total / ((high - low)[:, np.newaxis] * FIXED_POINT)
    return means


def _window_medians(values: DoubleArray, low: IntArray, high: IntArray) -> DoubleArray:
    """Median of ``values[low:high]`` per window; bounds never decrease from window to window.

    A sorted list follows the window, so that the cost does not depend on the window's width.
    """
    bounds = list(zip(low.tolist(), high.tolist(), strict=True))
    columns = [_sliding_median(column.tolist(), bounds) for column in values.T]
    return np.asarray(columns, dtype=np.float64).T


def _sliding_median(values: list[float], bounds: list[tuple[int, int]]) -> list[float]:
    window: list[float] = []
    first = end = 0
    medians = []
    for low, high in bounds:
        while end < high:
            insort(window, values[end])
            end += 1
        while first < low:
            del window[bisect_left(window, values[first])]
            first += 1
        half, odd = divmod(high - low, 2)
        medians.append(window[half] if odd else 0.5 * (window[half - 1] + window[half]))
    return medians
