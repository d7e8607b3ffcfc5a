"""From what a trained head says step by step to rows: classes, and action units above a threshold.

A head smooths its own scores, as was best on its validation data: the settings of smoothing are not
applied again. Rows of classes keep the other rules of the face's rows (hysteresis, gap limit,
shortest row); action units may last a few steps only and are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from emoreport.analysis.numeric.hold_times import Timeline, true_runs
from emoreport.analysis.rows.cell_rows import CellMeans, Leaders, label_cells
from emoreport.records import HeadTrack, Span
from emoreport.results import HeadInterval
from emoreport.settings import AnalysisSettings


def head_intervals(
    head: HeadTrack | None, duration_s: float, settings: AnalysisSettings
) -> tuple[HeadInterval, ...]:
    """Rows of a head in order of time; where nothing was seen or heard there is none.

    Parameters
    ----------
    head
        What it says; None, and valence and arousal, give no rows.
    duration_s
        Length of the recording, seconds.
    settings
        Gap limit, shortest row, hysteresis; for classes.
    """
    if head is None or head.task == "va" or not len(head) or duration_s <= 0:
        return ()
    timeline = _timeline(head, duration_s)
    if head.task == "au":
        units = [row for unit in range(len(head.labels)) for row in _active(head, timeline, unit)]
        return tuple(sorted(units, key=lambda row: row.span.start_s))
    return tuple(_classes(head, timeline, settings))


def _timeline(head: HeadTrack, duration_s: float) -> Timeline:
    """The steps as cells up to the end of the recording, and a hole where they end before it."""
    starts_s = head.time_s - 0.5 * head.step_s
    inside = starts_s < duration_s
    end_s = min(float(starts_s[inside][-1]) + head.step_s, duration_s)
    edges_s, frame = np.append(starts_s[inside], end_s), np.flatnonzero(inside)
    if end_s < duration_s:
        edges_s, frame = np.append(edges_s, duration_s), np.append(frame, -1)
    return Timeline(edges_s, frame)


def _classes(
    head: HeadTrack, timeline: Timeline, settings: AnalysisSettings
) -> Iterator[HeadInterval]:
    seen = timeline.held_by(~np.isnan(head.scores).any(axis=1))
    led = Leaders(head.scores.astype(np.float64).__getitem__, settings.hysteresis)
    rows = label_cells(led, timeline, seen, settings)
    weight_s = np.where(seen, timeline.length_s, 0.0)
    means = CellMeans(head.scores, timeline, weight_s).means(rows.first[:-1])
    bounds_s = timeline.edges_s[rows.first].tolist()
    for row, label in enumerate(rows.label.tolist()):
        if label >= 0:
            span = Span(bounds_s[row], bounds_s[row + 1])
            yield HeadInterval(span, head.labels[label], float(means[row, label]))


def _active(head: HeadTrack, timeline: Timeline, unit: int) -> Iterator[HeadInterval]:
    """Stretches in which an action unit is at or above its threshold."""
    steps = timeline.frame[timeline.frame >= 0]
    scores = head.scores[steps, unit].astype(np.float64)
    threshold = head.thresholds[unit] if head.thresholds else 0.5
    for first, end in zip(*true_runs(scores >= threshold), strict=True):
        length_s = timeline.length_s[first:end]
        span = Span(float(timeline.edges_s[first]), float(timeline.edges_s[end]))
        mean = float(np.average(scores[first:end], weights=length_s))
        yield HeadInterval(span, head.labels[unit], mean)
