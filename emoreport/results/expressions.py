"""Rows of the face that are shown as examples of their emotion."""

from __future__ import annotations

from dataclasses import dataclass

from emoreport.records import Box
from emoreport.results.intervals import VideoInterval


@dataclass(frozen=True, slots=True)
class Expression:
    """A row of the face, and the frame of it in which the model is surest of its emotion.

    Attributes
    ----------
    row, row_index
        The row, and its place among those it was chosen from.
    time_s
        Presentation time of the frame, seconds.
    box
        The face in that frame, pixels of the upright picture.
    probability
        Of the row's emotion in that frame, 0–1; None where the model has no such class, as after
        a coding by a person: then the frame is the one nearest to the middle of the row.
    """

    row: VideoInterval
    row_index: int
    time_s: float
    box: Box
    probability: float | None
