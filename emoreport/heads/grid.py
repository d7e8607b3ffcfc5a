"""Features of a recording on a regular grid of time, read piece by piece.

Frames come at the rate of the video, windows of the voice once a second. A head wants both at the
same moments: step k of the grid covers the presentation time [k/rate, (k + 1)/rate). Its face is
the mean of the frames in it, its voice the window that covers its middle and is centred nearest to
it. Whatever is missing is NaN, never the value of a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emoreport.records import DoubleArray, FaceFeatures, FloatArray, IntArray, VoiceFeatures
from emoreport.tables.feature_files import read_face, read_sources, read_voice

CHUNK_STEPS: Final = 512
TIME_TOLERANCE_S: Final = 1e-6
"""Times are sums of binary fractions: a frame at 0.3 s belongs to the step that begins there."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps of equal length from time 0 on.

    Attributes
    ----------
    rate_hz
        Steps per second, > 0.
    """

    rate_hz: float

    def step_of(self, time_s: DoubleArray) -> IntArray:
        """Number of the step that holds each time, int64 (N,); negative before time 0."""
        step: IntArray = np.floor((time_s + TIME_TOLERANCE_S) * self.rate_hz).astype(np.int64)
        return step

    def middle_s(self, first: int, end: int) -> DoubleArray:
        """Middles of the steps `first` … `end` − 1, float64 (T,)."""
        return (np.arange(first, end) + 0.5) / self.rate_hz

    def steps_until(self, end_s: float) -> int:
        """How many steps it takes to reach `end_s`."""
        return max(0, int(np.ceil((end_s - TIME_TOLERANCE_S) * self.rate_hz)))


@dataclass(frozen=True, slots=True)
class GridChunk:
    """Features of consecutive steps.

    Attributes
    ----------
    time_s
        float64 (T,), middles of the steps.
    face, voice
        float32 (T, D), NaN rows where nothing is seen or heard; None where not asked for or where
        the file has no such features.
    """

    time_s: DoubleArray
    face: FloatArray | None
    voice: FloatArray | None


def read_grid(
    path: Path, rate_hz: float, *, face: bool = True, voice: bool = True, steps: int = CHUNK_STEPS
) -> Iterator[GridChunk]:
    """Read a file of features on a grid; the chunks follow each other without a gap.

    Parameters
    ----------
    path
        features.parquet.
    rate_hz
        Steps per second.
    face, voice
        What is wanted of it.
    steps
        Steps of a chunk; the last one may be shorter.

    Raises
    ------
    StoredReadingsError
        When the file is missing, damaged or something else.
    """
    grid = Grid(rate_hz)
    sources = read_sources(path)
    seen = heard = None
    if face and "face" in sources:
        seen = _Frames(read_face(path), sources["face"].width, grid)
    if voice and "voice" in sources:
        heard = _Windows(read_voice(path), sources["voice"].width, grid)
    first = 0
    while True:
        for part in (seen, heard):
            if part is not None:
                part.read_to(first + steps)
        known = max((part.steps for part in (seen, heard) if part is not None), default=0)
        end = min(first + steps, known)
        if end <= first:
            return
        yield GridChunk(
            grid.middle_s(first, end),
            None if seen is None else seen.take(first, end),
            None if heard is None else heard.take(first, end),
        )
        first = end


class _Frames:
    """Frames of a file, as far as they are read and not yet taken.

    `steps` is how many steps the frames reach that have been read.
    """

    def __init__(self, parts: Iterator[FaceFeatures], width: int, grid: Grid) -> None:
        self._parts, self._grid = parts, grid
        self._step = np.zeros(0, np.int64)
        self._values = np.zeros((0, width), np.float32)
        self.steps = 0

    def read_to(self, end: int) -> None:
        """Read on until all frames before step `end` are there, or the file is through."""
        while self.steps <= end and (part := next(self._parts, None)) is not None:
            step = self._grid.step_of(part.time_s)
            self._step = np.concatenate([self._step, step])
            self._values = np.concatenate([self._values, part.values])
            self.steps = max(self.steps, int(step.max(initial=-1)) + 1)

    def take(self, first: int, end: int) -> FloatArray:
        """Means of the frames in each step, float32 (T, D); these frames are let go."""
        now = self._step < end
        steps, values = self._step[now] - first, self._values[now]
        self._step, self._values = self._step[~now], self._values[~now]
        return step_means(steps, values, end - first)


def step_means(step: IntArray, values: FloatArray | DoubleArray, steps: int) -> FloatArray:
    """Mean of the rows of each step that hold no NaN.

    Parameters
    ----------
    step
        int64 (N,), non-decreasing; rows of steps outside 0 … `steps` − 1 do not count.
    values
        (N, D).
    steps
        T.

    Returns
    -------
    float32 (T, D), NaN rows for steps without a row.
    """
    means = np.full((steps, values.shape[1]), np.nan, np.float32)
    usable = ~np.isnan(values).any(axis=1) & (step >= 0) & (step < steps)
    step, values = step[usable], values[usable]
    if len(step):
        filled, starts, counts = np.unique(step, return_index=True, return_counts=True)
        sums = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
        means[filled] = sums / counts[:, np.newaxis]
    return means


class _Windows:
    """Windows of the voice, as far as they are read and still matter."""

    def __init__(self, parts: Iterator[VoiceFeatures], width: int, grid: Grid) -> None:
        self._parts, self._grid = parts, grid
        self._start_s, self._end_s = np.zeros(0), np.zeros(0)
        self._values = np.zeros((0, width), np.float32)
        self._begun = 0
        self.steps = 0

    def read_to(self, end: int) -> None:
        """Read on until all windows that begin before step `end` are there."""
        while self._begun <= end and (part := next(self._parts, None)) is not None:
            self._start_s = np.concatenate([self._start_s, part.start_s])
            self._end_s = np.concatenate([self._end_s, part.end_s])
            self._values = np.concatenate([self._values, part.values])
            self._begun = int(self._grid.step_of(self._start_s).max(initial=-1)) + 1
            self.steps = self._grid.steps_until(float(self._end_s.max(initial=0.0)))

    def take(self, first: int, end: int) -> FloatArray:
        """The window of each step, float32 (T, D); windows that are past are let go."""
        middle_s = self._grid.middle_s(first, end)
        taken = nearest_windows(middle_s, self._start_s, self._end_s)
        values = np.full((end - first, self._values.shape[1]), np.nan, np.float32)
        values[taken >= 0] = self._values[taken[taken >= 0]]
        ahead = self._end_s > end / self._grid.rate_hz
        self._start_s, self._end_s = self._start_s[ahead], self._end_s[ahead]
        self._values = self._values[ahead]
        return values


def nearest_windows(middle_s: DoubleArray, start_s: DoubleArray, end_s: DoubleArray) -> IntArray:
    """The window that covers each moment and is centred nearest to it.

    Returns
    -------
    int64 (T,), number of the window, of two as near the earlier; −1 where none covers the moment.
    """
    if len(start_s) == 0:
        return np.full(len(middle_s), -1)
    at = middle_s[:, np.newaxis]
    away_s = np.abs(at - 0.5 * (start_s + end_s))
    away_s[(at < start_s - TIME_TOLERANCE_S) | (at > end_s + TIME_TOLERANCE_S)] = np.inf
    nearest = away_s.argmin(axis=1)
    return np.where(np.isinf(away_s.min(axis=1)), -1, nearest)
