"""From frame readings to the rows of the face: spans that tile the recording.

The rules and the reasons for them are in docs/decisions/0005-segmentation.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoreport.analysis.numeric.hold_times import (
    TIME_TOLERANCE_S,
    BoolArray,
    Timeline,
    build_timeline,
    true_runs,
)
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.hysteresis import hysteresis_labels, label_runs
from emoreport.analysis.rows.smoothing import Smoother, track_smoother
from emoreport.records import DoubleArray, FaceTrack, FloatArray, IntArray, Span
from emoreport.results import VideoInterval
from emoreport.settings import AnalysisSettings
from emoreport.vocabulary import NO_FACE

_Stretch = tuple[DoubleArray, IntArray, IntArray]
"""Probabilities of the frames with a face, float64 (N, K), starts of their runs, labels."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Bounds of the rows as cells: row r is ``cells[first[r]:first[r + 1]]``; label -1: no face."""

    first: IntArray
    label: IntArray


def segment_faces(
    faces: FaceTrack, duration_s: float, settings: AnalysisSettings
) -> tuple[VideoInterval, ...]:
    """Cut the recording into rows of one emotion or of `no_face`.

    Parameters
    ----------
    faces
        Frame readings; may be empty or without any face.
    duration_s
        Length of the recording in seconds; 0 gives no row.
    settings
        Smoothing, gap limit, shortest row, hysteresis.

    Returns
    -------
    Rows that tile [0, `duration_s`]; neighbours differ; none is shorter than
    ``settings.min_interval_s`` unless it is the only one. `confidence`, `distribution`, `valence`
    and `arousal` are means over the valid frames of the row, unsmoothed, weighted by the seconds
    that each frame holds.
    """
    return FaceSegmenter(faces, duration_s).rows(settings)


class FaceSegmenter:
    """Cuts one recording under any settings; what does not depend on them is made once.

    Parameters
    ----------
    faces, duration_s
        As in `segment_faces`.
    """

    def __init__(self, faces: FaceTrack, duration_s: float) -> None:
        self._faces, self._duration_s = faces, duration_s
        self._timeline = build_timeline(faces.time_s, duration_s)
        self._seen = self._timeline.held_by(faces.valid)
        self._weight_s = np.where(self._seen, self._timeline.length_s, 0.0)
        self._probabilities = _Weighted(faces.probabilities, self._timeline, self._weight_s)
        self._valence = _Weighted(faces.valence, self._timeline, self._weight_s)
        self._arousal = _Weighted(faces.arousal, self._timeline, self._weight_s)
        self._smoother: tuple[float, Smoother] | None = None
        self._led: tuple[tuple[float, str, float, float], _Led] | None = None

    def rows(self, settings: AnalysisSettings) -> tuple[VideoInterval, ...]:
        """Rows under some settings; see `segment_faces`."""
        if len(self._timeline) == 0:
            return ()
        led = self._follow(settings)
        return self._measure(_label_cells(led, self._timeline, self._seen, settings))

    def _follow(self, settings: AnalysisSettings) -> _Led:
        """Smoothed probabilities with their leading labels; kept until other ones are asked for."""
        gap_limit_s = settings.gap_limit_s
        key = (settings.smoothing_s, settings.smoothing_method, gap_limit_s, settings.hysteresis)
        if self._led is None or self._led[0] != key:
            if self._smoother is None or self._smoother[0] != gap_limit_s:
                smoother = track_smoother(self._faces, self._duration_s, gap_limit_s)
                self._smoother = gap_limit_s, smoother
            smoothed = self._smoother[1].smooth(settings.smoothing_s, settings.smoothing_method)
            self._led = key, _Led(smoothed, settings.hysteresis)
        return self._led[1]

    def _measure(self, rows: _Rows) -> tuple[VideoInterval, ...]:
        starts, labels = rows.first[:-1], self._faces.labels
        bounds_s = self._timeline.edges_s[rows.first]
        covered_s = np.add.reduceat(self._weight_s, starts)
        means = self._probabilities.means(starts)
        valence, arousal = self._valence.means(starts), self._arousal.means(starts)
        row_of_frame = np.searchsorted(bounds_s[1:-1], self._faces.time_s, side="right")
        frames = np.bincount(row_of_frame, minlength=len(starts))
        intervals = []
        for row, label in enumerate(rows.label.tolist()):
            span = Span(float(bounds_s[row]), float(bounds_s[row + 1]))
            shown = label >= 0
            intervals.append(
                VideoInterval(
                    span=span,
                    emotion=labels[label] if shown else NO_FACE,
                    confidence=float(means[row, label]) if shown else None,
                    face_coverage=min(1.0, float(covered_s[row]) / span.duration_s),
                    frames=int(frames[row]),
                    distribution=tuple(means[row].tolist()) if shown else None,
                    valence=none_if_nan(valence[row, 0]) if shown else None,
                    arousal=none_if_nan(arousal[row, 0]) if shown else None,
                )
            )
        return tuple(intervals)


def absent_cells(
    timeline: Timeline, seen: BoolArray, gap_limit_s: float, min_interval_s: float
) -> BoolArray:
    """Which cells belong to rows `no_face`.

    A stretch without a usable face counts if it is longer than the gap limit and not shorter
    than the shortest row; so does what is left between such stretches (or at the ends) if it is
    shorter than the shortest row. A recording without any usable face is absent as a whole.

    Parameters
    ----------
    timeline
        The cells (C).
    seen
        bool (C,), cells held by a frame with a usable face.
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


class _Led:
    """Smoothed probabilities of the frames and who leads in a stretch of them, worked out once.

    Parameters
    ----------
    smoothed
        float64 (N, K).
    hysteresis
        Lead that a change needs.
    """

    def __init__(self, smoothed: DoubleArray, hysteresis: float) -> None:
        self._smoothed, self._hysteresis = smoothed, hysteresis
        self._stretches: dict[tuple[int, int, int], _Stretch] = {}

    def stretch(self, frames: IntArray) -> _Stretch:
        """Probabilities of the frames, the starts of their runs and the labels of these.

        Their first frame, last frame and number identify a stretch of one timeline.
        """
        key = (int(frames[0]), int(frames[-1]), len(frames))
        stretch = self._stretches.get(key)
        if stretch is None:
            probabilities = self._smoothed[frames]
            stretch = (probabilities, *hysteresis_labels(probabilities, self._hysteresis))
            self._stretches[key] = stretch
        return stretch


def _label_cells(
    led: _Led, timeline: Timeline, seen: BoolArray, settings: AnalysisSettings
) -> _Rows:
    absent = absent_cells(timeline, seen, settings.gap_limit_s, settings.min_interval_s)
    rows = [(int(first), -1) for first in true_runs(absent)[0]]
    for first, end in zip(*true_runs(~absent), strict=True):
        voters = first + np.flatnonzero(seen[first:end])
        starts, labels = _label_stretch(
            led.stretch(timeline.frame[voters]),
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
    return _Rows(first=table[:, 0], label=table[:-1, 1])


def _label_stretch(
    stretch: _Stretch,
    edges_s: DoubleArray,
    start_s: float,
    hold_s: DoubleArray,
    settings: AnalysisSettings,
) -> tuple[IntArray, IntArray]:
    """Runs of one stretch with a face, as positions among its valid frames and labels.

    A bridged gap votes for nothing and belongs to the run before it (one at the start of the
    recording to the run after it): a label changes only at a frame that shows a face.
    """
    probabilities, starts, labels = stretch
    cuts_s = edges_s[np.append(starts, len(probabilities))]
    cuts_s[0] = start_s
    shortest_s = settings.min_interval_s - TIME_TOLERANCE_S
    if len(starts) == 1 or np.diff(cuts_s).min() >= shortest_s:
        return starts, labels
    votes = np.add.reduceat(probabilities * hold_s[:, np.newaxis], starts, axis=0)
    # The bonus makes the label that hysteresis kept the best one of its own run, so that only
    # rows that are too short are decided again.
    bonus = settings.hysteresis * np.add.reduceat(hold_s, starts)
    votes[np.arange(len(starts)), labels] += bonus
    runs, run_labels = label_runs(cuts_s, votes, shortest_s)
    return starts[runs], run_labels


class _Weighted:
    """Values of the frames times the seconds that they hold, ready to be averaged over rows."""

    def __init__(
        self, values: FloatArray | None, timeline: Timeline, weight_s: DoubleArray
    ) -> None:
        self._total: DoubleArray | None = None
        if values is None:
            return
        table = (values if values.ndim == 2 else values[:, np.newaxis]).astype(np.float64)
        cells = np.full((len(timeline), table.shape[1]), np.nan)
        held = timeline.frame >= 0
        cells[held] = table[timeline.frame[held]]
        present = ~np.isnan(cells)
        self._seconds = present * weight_s[:, np.newaxis]
        self._total = np.where(present, cells, 0.0) * self._seconds

    def means(self, starts: IntArray) -> DoubleArray:
        """Means per row, float64 (R, columns); NaN where nothing is known."""
        if self._total is None:
            return np.full((len(starts), 1), np.nan)
        total = np.add.reduceat(self._total, starts, axis=0)
        seconds = np.add.reduceat(self._seconds, starts, axis=0)
        means: DoubleArray = np.divide(
            total, seconds, out=np.full(total.shape, np.nan), where=seconds > 0
        )
        return means
