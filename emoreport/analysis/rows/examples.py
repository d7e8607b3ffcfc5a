"""Choose the rows that show an emotion best, and the frame in which each shows it most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import Box, FaceTrack
from emoreport.results import AudioInterval, Expression, VideoInterval
from emoreport.vocabulary import ALL_LABELS, is_emotion

LENGTH: Final = "length"
STRENGTH: Final = "strength"

NEUTRAL: Final = "neutral"
"""Comes last: it is what the others are held against."""


def ranked_rows(
    rows: Sequence[VideoInterval | AudioInterval], emotion: str, by: str = LENGTH
) -> list[int]:
    """Indices of the rows with an emotion, the best ones first; of equals the earliest.

    Parameters
    ----------
    rows
        In order of time.
    emotion
        The label.
    by
        `LENGTH`: the longest first. `STRENGTH`: those with the highest mean probability, of equals
        the longest; rows without one come last.
    """

    def rank(row_index: int) -> tuple[float, float, int]:
        row = rows[row_index]
        strength = (row.confidence or 0.0) if by == STRENGTH else 0.0
        return -strength, -row.span.duration_s, row_index

    return sorted((at for at, row in enumerate(rows) if row.emotion == emotion), key=rank)


def strongest_expressions(
    rows: Sequence[VideoInterval], faces: FaceTrack, most: int, by: str = LENGTH
) -> dict[str, tuple[Expression, ...]]:
    """The rows that show each emotion of one person longest, or most strongly.

    Rows without an emotion (`uncertain`, `no_face`) are left out, and rows in which no frame has a
    usable face.

    Parameters
    ----------
    rows
        Of the face of one person, in order of time.
    faces
        The readings that they were made from.
    most
        How many of each emotion, at most.
    by
        As in `ranked_rows`, which says the order too.

    Returns
    -------
    By emotion, in the order of the vocabulary, neutral last; emotions without such a row are
    not in it.
    """
    present = {row.emotion for row in rows if is_emotion(row.emotion)}
    order = sorted(present, key=lambda label: (label == NEUTRAL, ALL_LABELS.index(label)))
    seen = faces.valid & faces.looked_at
    chosen = {}
    for emotion in order:
        candidates = (
            _expression(rows[at], at, faces, seen) for at in ranked_rows(rows, emotion, by)
        )
        chosen[emotion] = tuple(islice((one for one in candidates if one is not None), most))
    return {emotion: found for emotion, found in chosen.items() if found}


def _expression(
    row: VideoInterval, row_index: int, faces: FaceTrack, seen: NDArray[np.bool_]
) -> Expression | None:
    """A row with its frame; None where no frame of it has a usable face."""
    low, high = np.searchsorted(faces.time_s, (row.span.start_s, row.span.end_s))
    usable = low + np.flatnonzero(seen[low:high])
    if not len(usable):
        return None
    if row.emotion in faces.labels:
        scores = faces.probabilities[usable, faces.labels.index(row.emotion)]
        index = int(usable[scores.argmax()])
        probability = float(scores.max())
    else:
        index = int(usable[np.abs(faces.time_s[usable] - row.span.centre_s).argmin()])
        probability = None
    x, y, width, height = (float(value) for value in faces.box[index])
    box = Box(x, y, width, height)
    return Expression(row, row_index, float(faces.time_s[index]), box, probability)
