"""Turn clips into batches: check them, scale them to the model's loudness, group them by length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.models.families.voice_clips import checked_clip, repeated
from emoreport.records import FloatArray, IntArray

MOST_SAMPLES: Final = 24 * 16_000
"""Samples of one batch, padding included: eight windows of three seconds.

A longer batch is no faster on a processor and needs more memory.
"""

MOST_PADDING: Final = 0.25
"""Share of a batch that may be padding; beyond it a batch of its own is the cheaper way."""

EPSILON: Final = 1e-7
"""Added to the variance, as transformers' Wav2Vec2FeatureExtractor does it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips that run together.

    Attributes
    ----------
    places
        int64 (N,), their indices among all clips.
    audio
        float32 (N, T), zeros after the end of a clip.
    samples
        int64 (N,), length of each clip, at most T.
    """

    places: IntArray
    audio: FloatArray
    samples: IntArray


def prepared(clip: FloatArray, *, shortest: int, normalise: bool) -> FloatArray:
    """Check one clip and bring it to the form that the network reads.

    Parameters
    ----------
    clip
        Mono, (n,), [-1, 1], n ≥ 1.
    shortest
        A shorter clip is repeated end to end up to so many samples.
    normalise
        Bring it to zero mean and unit variance, over its own samples alone.

    Returns
    -------
    float32 (m,), m ≥ n.

    Raises
    ------
    SpeechStageError
        When the clip is empty, not mono or not finite.
    """
    samples = checked_clip(clip)
    if normalise:
        # Before it is repeated: a part of a period more would shift the mean of the whole.
        samples = (samples - samples.mean()) / np.sqrt(samples.var() + np.float32(EPSILON))
    return repeated(samples, shortest)


def batches(clips: Sequence[FloatArray], *, masks: bool) -> list[Batch]:
    """Put clips together so that each gets the answer that it gets alone.

    Parameters
    ----------
    clips
        Prepared clips, float32 (n_i,).
    masks
        Whether clips of several lengths may share a batch; if not, clips of one length do.

    Returns
    -------
    Batches that hold each clip once, of at most `MOST_SAMPLES` samples unless one clip is longer.
    """
    lengths = np.array([len(clip) for clip in clips], dtype=np.int64)
    groups: list[list[int]] = []
    for index in np.argsort(lengths, kind="stable"):
        if not groups or not _fits(lengths, [*groups[-1], int(index)], masks=masks):
            groups.append([])
        groups[-1].append(int(index))
    return [_batch(clips, np.array(group, dtype=np.int64)) for group in groups]


def _fits(lengths: NDArray[np.int64], places: list[int], *, masks: bool) -> bool:
    """Whether clips, sorted by length, may run together."""
    longest = lengths[places[-1]]
    whole = longest * len(places)
    if not masks and lengths[places[0]] != longest:
        return False
    return bool(whole <= MOST_SAMPLES and lengths[places].sum() >= (1 - MOST_PADDING) * whole)


def _batch(clips: Sequence[FloatArray], indices: IntArray) -> Batch:
    chosen = [clips[index] for index in indices]
    samples = np.array([len(clip) for clip in chosen], dtype=np.int64)
    audio = np.zeros((len(chosen), samples.max()), dtype=np.float32)
    for row, clip in enumerate(chosen):
        audio[row, : len(clip)] = clip
    return Batch(indices, audio, samples)
