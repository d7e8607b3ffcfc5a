"""Label the cells of a timeline, and average what is known of them over the rows that result.

A cell is a stretch of time that one reading holds: a frame of the face, a window of the voice. The
rules and the reasons for them are in docs/decisions/0005-segmentation.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emoreport.analysis.numeric.hold_times import (
    TIME_TOLERANCE_S,
    BoolArray,
    Timeline,
    true_runs,
)
from emoreport.analysis.rows.hysteresis import hysteresis_labels, label_runs
from emoreport.records import ROWS_AT_ONCE, DoubleArray, FloatArray, IntArray, pieces
from emoreport.settings import AnalysisSettings

Probabilities = Callable[[slice], DoubleArray]
"""Gives those of consecutive readings, float64 (N, K)."""
_Runs = tuple[IntArray, IntArray]
"""Positions of the first reading of every run of one label, and these labels."""


@dataclass(frozen=True, slots=True)
class CellRows:
    """Bounds of the rows as cells: row r is ``cells[first[r]:first[r + 1]]``; label -1: nothing."""

    first: IntArray
    label: IntArray


def absent_cells(
    timeline: Timeline, seen: BoolArray, gap_limit_s: float, min_interval_s: float
) -> BoolArray:
    """Which cells belong to rows that show nothing: `no_face`, `no_speech`.

    A stretch where nothing is seen counts if it is longer than the gap limit and not shorter
    than the shortest row; so does what is left between such stretches (or at the ends) if it is
    shorter than the shortest row. Where nothing is seen at all, everything is absent.

    Parameters
    ----------
    timeline
        The cells (C).
    seen
        bool (C,), cells held by a frame with a usable face, or by speech.
    gap_limit_s, min_interval_s
        Limits in seconds.

    Returns
    -------
    bool (C,)
    """
    edges_s = timeline.edges_s
    if not seen.any():
        return np.ones(len(seen), dtype=np.bool_)
    absent = np.zeros(len(seen), dtype=np.bool_)
    shortest_s = min_interval_s - TIME_TOLERANCE_S
    first, end = true_runs(~seen)
    length_s = edges_s[end] - edges_s[first]
    counts = (length_s > gap_limit_s + TIME_TOLERANCE_S) & (length_s >= shortest_s)
    for start, stop in zip(first[counts], end[counts], strict=True):
        absent[start:stop] = True
    if absent.any():
        first, end = true_runs(~absent)
        islands = edges_s[end] - edges_s[first] < shortest_s
        for start, stop in zip(first[islands], end[islands], strict=True):
            absent[start:stop] = True
    return absent


class Leaders:
    """Who leads in a stretch of the readings, worked out once.

    Parameters
    ----------
    probabilities
        Of the readings; those of frames are smoothed. They are asked for piece by piece.
    hysteresis
        Lead that a change needs.
    """

    def __init__(self, probabilities: Probabilities, hysteresis: float) -> None:
        self._probabilities, self._hysteresis = probabilities, hysteresis
        self._stretches: dict[tuple[int, int, int], _Runs] = {}

    def runs(self, readings: IntArray) -> _Runs:
        """Runs of one label in a stretch, whose readings are in order.

        Their first one, last one and number identify a stretch of one timeline, if the cells of
        a reading that holds several are cut in one way only.
        """
        key = (int(readings[0]), int(readings[-1]), len(readings))
        runs = self._stretches.get(key)
        if runs is None:
            tables = (self._of(readings[piece]) for piece in pieces(len(readings)))
            runs = self._stretches[key] = hysteresis_labels(tables, self._hysteresis)
        return runs

    def votes(self, readings: IntArray, hold_s: DoubleArray, starts: IntArray) -> DoubleArray:
        """Summed probabilities of each run, float64 (S, K), weighted by what the readings hold."""
        bounds = np.append(starts, len(readings))
        votes, run = [], 0
        while run < len(starts):
            # Runs stay whole, so that sums are rounded alike wherever a piece ends.
            enough = int(bounds.searchsorted(bounds[run] + ROWS_AT_ONCE, side="right")) - 1
            end = max(enough, run + 1)
            piece = slice(bounds[run], bounds[end])
            table, held, firsts = self._of(readings[piece]), hold_s[piece], starts[run:end]
            # Label by label: the products of all of them would be as large as the table.
            sums = [np.add.reduceat(values * held, firsts - piece.start) for values in table.T]
            votes.append(np.column_stack(sums))
            run = end
        return np.concatenate(votes)

    def _of(self, readings: IntArray) -> DoubleArray:
        first, last = int(readings[0]), int(readings[-1])
        table = self._probabilities(slice(first, last + 1))
        is_whole = len(readings) == len(table) and bool((np.diff(readings) == 1).all())
        return table if is_whole else table[readings - first]


def label_cells(
    led: Leaders, timeline: Timeline, seen: BoolArray, settings: AnalysisSettings
) -> CellRows:
    """Cut the cells of a timeline into rows of one label or of nothing.

    Parameters
    ----------
    led
        Probabilities of the readings that hold the cells.
    timeline
        The cells (C), at least one.
    seen
        bool (C,), cells whose readings vote; see `absent_cells`.
    settings
        Gap limit, shortest row, hysteresis.
    """
    absent = absent_cells(timeline, seen, settings.gap_limit_s, settings.min_interval_s)
    rows = [(int(first), -1) for first in true_runs(absent)[0]]
    for first, end in zip(*true_runs(~absent), strict=True):
        voters = first + np.flatnonzero(seen[first:end])
        starts, labels = _label_stretch(
            led,
            timeline.frame[voters],
            np.append(timeline.edges_s[voters], timeline.edges_s[end]),
            float(timeline.edges_s[first]),
            timeline.length_s[voters],
            settings,
        )
        cells = voters[starts]
        cells[0] = first
        rows.extend(zip(cells.tolist(), labels.tolist(), strict=True))
    rows.sort()
    table = np.asarray([*rows, (len(timeline), -1)], dtype=np.int64)
    return CellRows(first=table[:, 0], label=table[:-1, 1])


def _label_stretch(
    led: Leaders,
    readings: IntArray,
    edges_s: DoubleArray,
    start_s: float,
    hold_s: DoubleArray,
    settings: AnalysisSettings,
) -> tuple[IntArray, IntArray]:
    """Runs of one stretch, as positions among its voting cells and labels.

    A bridged gap votes for nothing and belongs to the run before it (one at the start of the
    recording to the run after it): a label changes only at a cell that votes.
    """
    starts, labels = led.runs(readings)
    cuts_s = edges_s[np.append(starts, len(readings))]
    cuts_s[0] = start_s
    shortest_s = settings.min_interval_s - TIME_TOLERANCE_S
    if len(starts) == 1 or np.diff(cuts_s).min() >= shortest_s:
        return starts, labels
    votes = led.votes(readings, hold_s, starts)
    # The bonus makes the label that hysteresis kept the best one of its own run, so that only
    # rows that are too short are decided again.
    bonus = settings.hysteresis * np.add.reduceat(hold_s, starts)
    votes[np.arange(len(starts)), labels] += bonus
    runs, run_labels = label_runs(cuts_s, votes, shortest_s)
    return starts[runs], run_labels


class CellMeans:
    """Averages values of the readings over rows, weighted by the seconds that they hold.

    Parameters
    ----------
    values
        float (N,) or (N, columns), NaN where unknown; None: nothing is known.
    timeline
        The cells (C), each held by a reading or by none.
    weight_s
        float64 (C,), seconds that count.
    """

    def __init__(
        self,
        values: FloatArray | DoubleArray | None,
        timeline: Timeline,
        weight_s: DoubleArray,
    ) -> None:
        self._values = values[:, np.newaxis] if values is not None and values.ndim == 1 else values
        self._frame, self._weight_s = timeline.frame, weight_s

    def means(self, starts: IntArray) -> DoubleArray:
        """Means per row, float64 (R, columns); NaN where nothing is known."""
        if self._values is None:
            return np.full((len(starts), 1), np.nan)
        held = self._frame >= 0
        means = np.zeros((len(starts), self._values.shape[1]))
        # Column by column, since cells times columns would be as large as all readings.
        for column, values in enumerate(self._values.T):
            means[:, column] = self._column_means(values, held, starts)
        return means

    def _column_means(
        self, values: FloatArray | DoubleArray, held: BoolArray, starts: IntArray
    ) -> DoubleArray:
        cells = np.full(len(held), np.nan)
        cells[held] = values[self._frame[held]]
        present = ~np.isnan(cells)
        weight_s = present * self._weight_s
        seconds = np.add.reduceat(weight_s, starts)
        weight_s *= np.where(present, cells, 0.0)
        total = np.add.reduceat(weight_s, starts)
        means: DoubleArray = np.divide(
            total, seconds, out=np.full(total.shape, np.nan), where=seconds > 0
        )
        return means
