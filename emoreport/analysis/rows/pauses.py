"""Cut the rows of the face where speech begins and ends, to compare speaking with pausing.

A talking mouth looks like emotion, so every statistic of the face is worth little until it is seen
to hold in the pauses too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.records import DoubleArray, FaceTrack, Span, SpeechTrack
from emoreport.results import VideoInterval
from emoreport.vocabulary import NO_FACE, is_emotion

Scope = Literal["speaking", "pausing"]
SCOPES: Final[tuple[Scope, ...]] = ("speaking", "pausing")


def cut_at_speech(
    rows: Sequence[VideoInterval], faces: FaceTrack, speech: SpeechTrack, duration_s: float
) -> tuple[VideoInterval, ...]:
    """Cut the rows of the face at the bounds of detected speech and judge every piece by itself.

    A piece of a row with an emotion gets the emotion with the largest mean probability over its own
    frames, and that distribution; without a frame of its own it is `no_face`. Other rows keep
    their label.

    Parameters
    ----------
    rows
        Rows that tile [0, `duration_s`].
    faces
        Frame readings.
    speech
        Spans of detected speech.
    duration_s
        Length of the recording, seconds.

    Returns
    -------
    Pieces that tile what the rows tile, in order of time, each with whether it is `speaking`.
    """
    bounds_s = np.asarray(
        [bound for span in speech.speech for bound in (span.start_s, span.end_s)],
        dtype=np.float64,
    )
    usable = faces.valid & (faces.time_s < duration_s)
    time_s = faces.time_s[usable]
    weight_s = np.maximum(hold_times(faces.time_s, duration_s)[usable], 1e-9)
    seconds = np.append(0.0, np.cumsum(weight_s))
    cut = _cut(rows, bounds_s)
    starts_s = np.asarray([span.start_s for _, span in cut])
    ends_s = np.asarray([span.end_s for _, span in cut])
    spoken = np.searchsorted(bounds_s, 0.5 * (starts_s + ends_s), side="right") % 2 == 1
    first, stop = np.searchsorted(time_s, starts_s), np.searchsorted(time_s, ends_s)
    held_s = seconds[stop] - seconds[first]
    totals = np.zeros((len(cut), len(faces.labels)))
    # Emotion by emotion: the sums of all would be twice as large as the readings.
    for column, values in enumerate(faces.probabilities.T):
        summed = np.append(0.0, np.cumsum(values[usable] * weight_s))
        totals[:, column] = summed[stop] - summed[first]
    pieces = []
    for index, (row, span) in enumerate(cut):
        frames = int(stop[index] - first[index])
        first_piece = span.start_s == row.span.start_s
        piece = replace(
            row,
            span=span,
            frames=frames,
            speaking=bool(spoken[index]),
            after_cut=row.after_cut and first_piece,
        )
        if is_emotion(row.emotion):
            piece = _judged(piece, faces.labels, totals[index], float(held_s[index]))
        pieces.append(piece)
    return tuple(pieces)


def _cut(rows: Sequence[VideoInterval], bounds_s: DoubleArray) -> list[tuple[VideoInterval, Span]]:
    """The rows cut at the bounds inside them: every piece with the row that it comes from."""
    ordered = bounds_s.tolist()
    cut = []
    for row in rows:
        start_s, end_s = row.span.start_s, row.span.end_s
        inside = ordered[bisect_right(ordered, start_s) : bisect_left(ordered, end_s)]
        for first_s, last_s in pairwise([start_s, *inside, end_s]):
            cut.append((row, Span(first_s, last_s)))
    return cut


def only(pieces: Sequence[VideoInterval], scope: Scope) -> tuple[VideoInterval, ...]:
    """Rows in which everything outside of `scope` is `no_face`, so that nothing counts it."""
    return tuple(
        piece
        if piece.speaking == (scope == "speaking")
        else VideoInterval(piece.span, NO_FACE, None, 0.0, 0)
        for piece in pieces
    )


def _judged(
    piece: VideoInterval, labels: Sequence[str], summed: DoubleArray, seconds: float
) -> VideoInterval:
    if not piece.frames or seconds <= 0:
        return VideoInterval(piece.span, NO_FACE, None, 0.0, 0, speaking=piece.speaking)
    means = summed / seconds
    best = int(np.argmax(means))
    return replace(
        piece,
        emotion=labels[best],
        confidence=float(means[best]),
        distribution=tuple(means.tolist()),
        valence=None,
        arousal=None,
    )
