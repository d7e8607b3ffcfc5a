"""From frame readings to the rows of the face: spans that tile the recording.

The rules and the reasons for them are in docs/decisions/0005-segmentation.md.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, build_timeline
from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.rows.abstention import TURN_RULE, abstention_level
from emoreport.analysis.rows.cell_rows import CellMeans, CellRows, Leaders, label_cells
from emoreport.analysis.rows.smoothing import Smoother, track_smoother
from emoreport.analysis.rows.turned_rows import cut_at_turns, frame_turns
from emoreport.records import FaceTrack, Span
from emoreport.results import VideoInterval
from emoreport.settings import AnalysisSettings
from emoreport.vocabulary import NO_FACE


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
    Rows that tile [0, `duration_s`] and every shot; neighbours in one shot differ, but where the
    head turns beyond the limit and the pose is known frame by frame (`turned_rows`); none is
    shorter than ``settings.min_interval_s`` unless it is a whole shot. `confidence`,
    `distribution`, `valence` and `arousal` are means over the valid frames of the row, unsmoothed,
    weighted by the seconds that each frame holds.
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
        self._turn = frame_turns(faces)
        self._seen = self._timeline.held_by(faces.valid)
        self._weight_s = np.where(self._seen, self._timeline.length_s, 0.0)
        self._shots = self._shot_bounds()
        self._probabilities = CellMeans(faces.probabilities, self._timeline, self._weight_s)
        self._valence = CellMeans(faces.valence, self._timeline, self._weight_s)
        self._arousal = CellMeans(faces.arousal, self._timeline, self._weight_s)
        self._smoother: tuple[float, Smoother] | None = None
        self._led: tuple[tuple[float, str, float, float], Leaders] | None = None

    def rows(self, settings: AnalysisSettings) -> tuple[VideoInterval, ...]:
        """Rows under some settings; see `segment_faces`."""
        if len(self._timeline) == 0:
            return ()
        led = self._follow(settings)
        parts = [
            label_cells(led, self._timeline.part(first, end), self._seen[first:end], settings)
            for first, end in pairwise(self._shots)
        ]
        firsts = [part.first[:-1] + first for part, first in zip(parts, self._shots, strict=False)]
        rows = CellRows(
            first=np.append(np.concatenate(firsts), len(self._timeline)),
            label=np.concatenate([part.label for part in parts]),
        )
        limit = TURN_RULE.limit(abstention_level(settings))
        if self._turn is not None and limit is not None:
            shortest_s = settings.min_interval_s
            rows = cut_at_turns(rows, self._timeline, self._turn, limit, shortest_s)
        return self._placed(self._measure(rows), rows, settings)

    def _shot_bounds(self) -> list[int]:
        """First cell of each shot, and the number of cells: a cut is where a frame begins."""
        edges_s = self._timeline.edges_s
        cuts = np.searchsorted(edges_s, self._faces.cuts_s - TIME_TOLERANCE_S)
        inside = cuts[(cuts > 0) & (cuts < len(self._timeline))]
        return [0, *np.unique(inside).tolist(), len(self._timeline)]

    def _placed(
        self, intervals: tuple[VideoInterval, ...], rows: CellRows, settings: AnalysisSettings
    ) -> tuple[VideoInterval, ...]:
        """The rows with the shots that they are in."""
        if self._faces.shot is None or not len(self._faces):
            return intervals
        shots = np.searchsorted(self._shots, rows.first[:-1], side="right").tolist()
        begins = np.isin(rows.first[:-1], self._shots[1:-1]).tolist()
        shortest_s = settings.min_interval_s
        return tuple(
            replace(
                row,
                shot=shot,
                after_cut=first and not settings.transitions_across_cuts,
                of_shortest=row.span.duration_s / shortest_s
                if len(self._shots) > 2 and row.span.duration_s < shortest_s - TIME_TOLERANCE_S
                else None,
            )
            for row, shot, first in zip(intervals, shots, begins, strict=True)
        )

    def _follow(self, settings: AnalysisSettings) -> Leaders:
        """Smoothed probabilities with their leading labels; kept until other ones are asked for."""
        gap_limit_s = settings.gap_limit_s
        key = (settings.smoothing_s, settings.smoothing_method, gap_limit_s, settings.hysteresis)
        if self._led is None or self._led[0] != key:
            if self._smoother is None or self._smoother[0] != gap_limit_s:
                smoother = track_smoother(
                    self._faces, self._duration_s, gap_limit_s, self._timeline
                )
                self._smoother = gap_limit_s, smoother
            window_s, method = settings.smoothing_s, settings.smoothing_method
            smoothed = partial(self._smoother[1].part, window_s=window_s, method=method)
            self._led = key, Leaders(smoothed, settings.hysteresis)
        return self._led[1]

    def _measure(self, rows: CellRows) -> tuple[VideoInterval, ...]:
        starts, labels = rows.first[:-1], self._faces.labels
        bounds_s = self._timeline.edges_s[rows.first]
        covered_s = np.add.reduceat(self._weight_s, starts)
        means = self._probabilities.means(starts)
        valence, arousal = self._valence.means(starts), self._arousal.means(starts)
        looks_s = self._faces.time_s[self._faces.looked_at]
        row_of_frame = np.searchsorted(bounds_s[1:-1], looks_s, side="right")
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
