"""Look up a talk at one moment: the reading, the rows of both modalities, the mismatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.records import Box, FloatArray
from emoreport.results import AudioInterval, Comparison, Findings, VideoInterval

SAME_TIME_S: Final = 0.0006
"""Stored times are rounded to 1 ms: a frame this much before a reading is the frame of it."""

LONGEST_HOLD_S: Final = 1.0
HOLD_STEPS: Final = 1.5
"""A reading stands until the next one, but no longer than so many usual steps or `LONGEST_HOLD_S`,
whichever is less, so that nothing is shown where frames were lost."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known at one time.

    Attributes
    ----------
    box
        The speaker's face in pixels of the upright frame; None where none was found.
    face_scores
        Probabilities of that frame, float32 (K,); None where none was found.
    video, audio, comparison
        The rows that hold the time; None past the end.
    """

    box: Box | None
    face_scores: FloatArray | None
    video: VideoInterval | None
    audio: AudioInterval | None
    comparison: Comparison | None

    @property
    def is_mismatch(self) -> bool:
        """Whether face and voice were compared here and differ."""
        return self.comparison is not None and self.comparison.match is False


class Moments:
    """Looks up moments of one talk.

    Parameters
    ----------
    findings
        The talk; its rows have one set of spans.
    """

    def __init__(self, findings: Findings) -> None:
        self._analysis = findings.analysis
        self._faces = findings.analysis.seen_faces or findings.faces
        self._starts_s = np.array([row.span.start_s for row in findings.analysis.video_intervals])
        steps_s = np.diff(self._faces.time_s)
        usual_s = float(np.median(steps_s)) if len(steps_s) else LONGEST_HOLD_S
        self._valid = self._faces.valid
        self._hold_s = min(HOLD_STEPS * usual_s, LONGEST_HOLD_S)

    def at(self, time_s: float) -> Moment:
        """What is known at a time in seconds from the start of the video."""
        box, scores = self._reading(time_s)
        row_index = int(np.searchsorted(self._starts_s, time_s + SAME_TIME_S, side="right")) - 1
        rows = self._analysis
        if row_index < 0 or time_s >= rows.video_intervals[row_index].span.end_s + SAME_TIME_S:
            return Moment(box, scores, None, None, None)
        return Moment(
            box,
            scores,
            rows.video_intervals[row_index],
            rows.audio_intervals[row_index] if rows.audio_intervals else None,
            rows.comparisons[row_index] if rows.comparisons else None,
        )

    def _reading(self, time_s: float) -> tuple[Box | None, FloatArray | None]:
        faces = self._faces
        index = int(np.searchsorted(faces.time_s, time_s + SAME_TIME_S, side="right")) - 1
        if index < 0 or time_s - faces.time_s[index] > self._hold_s or not self._valid[index]:
            return None, None
        x, y, width, height = (float(value) for value in faces.box[index])
        return Box(x, y, width, height), faces.probabilities[index]
