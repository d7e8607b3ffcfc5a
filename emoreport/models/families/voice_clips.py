"""What voice models do with clips before and around their networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from emoreport.errors import SpeechStageError
from emoreport.records import FloatArray, IntArray

SHORTEST_CLIP_S: Final = 1.0
"""Shorter clips are repeated up to this length."""


def checked_clip(clip: FloatArray) -> FloatArray:
    """One clip as float32 (n,).

    Raises
    ------
    SpeechStageError
        When the clip is empty, not mono or not finite.
    """
    samples = np.asarray(clip, dtype=np.float32)
    if samples.ndim != 1 or not samples.size:
        raise SpeechStageError("speech.clip", shape=samples.shape)
    if not np.isfinite(samples).all():
        raise SpeechStageError("speech.clip_finite")
    return samples


def repeated(samples: FloatArray, shortest: int) -> FloatArray:
    """A clip repeated end to end up to `shortest` samples; a longer one as it is."""
    return samples if len(samples) >= shortest else np.resize(samples, shortest)


def judged_by_length(
    inputs: Sequence[FloatArray], width: int, judge: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """Run inputs of one length together, so that none is ever padded.

    Parameters
    ----------
    inputs
        Of N clips; the last axis is time.
    width
        Numbers that come out per clip.
    judge
        Turns inputs of one length, stacked on a new first axis, into float32 (n, width).

    Returns
    -------
    float32 (N, width), in the order of `inputs`.
    """
    judged = np.empty((len(inputs), width), dtype=np.float32)
    for indices in indices_by_length(inputs):
        judged[indices] = judge(np.stack([inputs[index] for index in indices]))
    return judged


def indices_by_length(inputs: Sequence[FloatArray]) -> list[IntArray]:
    """Indices of the inputs of each length, the shortest first; the last axis is time."""
    lengths = np.array([clip.shape[-1] for clip in inputs], dtype=np.int64)
    return [np.flatnonzero(lengths == length) for length in np.unique(lengths)]
