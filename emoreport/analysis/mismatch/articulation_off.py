"""Take off the face's probabilities what goes with open vowels.

Only what `articulation` finds at open vowels is taken off: they are said too fast to follow a
feeling. What the face shows while words are said at all may be felt, and stays
(docs/decisions/0014-articulation.md has what either does to planted talks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from emoreport.analysis.mismatch.articulation import STEP_S, articulation, mouth_work
from emoreport.analysis.rows.skipped import with_skipped_frames
from emoreport.records import FaceTrack, Transcript, Word
from emoreport.settings import EVERY_FRAME, Settings

ALPHA: Final = 0.05
"""Only effects with a p-value up to this are taken off."""


def judged_faces(
    faces: FaceTrack, transcript: Transcript | None, duration_s: float, settings: Settings
) -> FaceTrack:
    """The readings that rows are made of.

    Frames that a reduced frame rate skipped are filled in; articulation is taken off where that is
    asked for.
    """
    if settings.decoding.fps != EVERY_FRAME:
        faces = with_skipped_frames(faces, duration_s)
    if transcript is None or not settings.analysis.correct_articulation:
        return faces
    return without_articulation(faces, transcript.words, duration_s)


def without_articulation(faces: FaceTrack, words: Sequence[Word], duration_s: float) -> FaceTrack:
    """The readings without the part of each emotion that goes with open vowels.

    Parameters
    ----------
    faces, words, duration_s
        As for `articulation`.

    Returns
    -------
    Probabilities that are ≥ 0 and sum to 1 as before; the same readings where nothing is found.
    """
    slopes = np.zeros(len(faces.labels))
    for index, row in enumerate(articulation(faces, words, duration_s)):
        effect = row.at_open_vowels
        if effect.value is not None and effect.p_value is not None and effect.p_value <= ALPHA:
            slopes[index] = effect.value
    if not slopes.any():
        return faces
    cells = max(1, int(np.floor(duration_s / STEP_S)))
    opened = mouth_work(words, cells)[1]
    cell = np.clip((faces.time_s / STEP_S).astype(np.int64), 0, cells - 1)
    left = np.maximum(faces.probabilities - opened[cell][:, np.newaxis] * slopes, 0.0)
    total = left.sum(axis=1, keepdims=True)
    # Where nothing is left, every emotion was articulation: the frame stays as it was read.
    rescaled = np.divide(left, total, out=faces.probabilities.astype(np.float64), where=total > 0)
    return replace(faces, probabilities=rescaled.astype(faces.probabilities.dtype))
