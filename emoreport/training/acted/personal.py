"""A head for one speaker, simulated: universal heads against heads tuned on some of his own clips.

Every speaker is left out once. The universal head knows the other speakers only. His clips are
halved by what is said, so that no sentence is in both halves: from one half clips are drawn to
tune the head on, the other half is the test; then the halves change places. A tuned head is the
universal one moved by the speaker's clips, held near where it was by a penalty whose strength is
taken from the results of the *other* speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.softmax import SoftmaxRegression, fit_softmax
from emoreport.records import DoubleArray, IntArray
from emoreport.training.acted.clips import ActedClips
from emoreport.training.acted.fusion import Flags
from emoreport.training.acted.scores import Speakers

RIDGE: Final = 0.1
"""Penalty of the universal heads: set beforehand, amid those that the fusion chooses from."""
HOLDS: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Penalties on how far a tuned head goes from the universal one."""
DRAWN: Final = 5
"""Draws of the tuning clips, per speaker, half and number."""


def figures(
    clips: ActedClips,
    rows: DoubleArray,
    sentences: Sequence[str],
    numbers: Sequence[int],
    *,
    penalty: float | DoubleArray = 1.0,
    seed: int = 0,
) -> dict[str, Any]:
    """Recall and accuracy on a speaker's test clips, by the number of clips to tune on.

    Parameters
    ----------
    clips
        Of all speakers.
    rows
        float64 (N, D), features.
    sentences
        What is said in each clip (N).
    numbers
        Of tuning clips; a half that has fewer gives all.
    penalty
        Factor on all penalties, of all columns, or float64 (D,) of each.
    seed
        Of the draws.
    """
    names = np.unique(clips.speakers)
    hits = np.zeros((len(numbers) + 1, len(HOLDS), len(rows)))
    half = halves(sentences)
    for name in names:
        own = clips.speakers == name
        count = len(clips.emotions)
        universal = fit_softmax(rows[~own], clips.classes[~own], count, ridge=penalty * RIDGE)
        hits[0, :, own] = _hits(universal, rows[own], clips.classes[own])[:, np.newaxis]
        for side in (0, 1):
            tuning, test = np.flatnonzero(own & (half == side)), own & (half != side)
            for at, number in enumerate(numbers, start=1):
                hits[at][:, test] = _tuned(
                    universal, clips, rows, penalty, tuning, test, number, seed
                )
    speakers = Speakers(clips.classes, clips.speakers)
    base = hits[0, 0]
    result = {"0": {"uar": speakers.recall(base), "accuracy": speakers.accuracy(base)}}
    for at, number in enumerate(numbers, start=1):
        best = _held_as_the_others(hits[at], clips)
        result[str(number)] = {
            "uar": speakers.recall(best),
            "accuracy": speakers.accuracy(best),
            "gain": speakers.difference(best, base),
        }
    return result


def halves(sentences: Sequence[str]) -> IntArray:
    """0 or 1 for each clip, int64 (N,): all clips of a sentence are in one half."""
    _, number = np.unique(sentences, return_inverse=True)
    return np.asarray(number % 2, np.int64)


def chosen_for_tuning(
    candidates: IntArray, classes: IntArray, number: int, generator: np.random.Generator
) -> IntArray:
    """Positions of `number` clips, as evenly over the classes as the candidates allow."""
    order = generator.permutation(candidates)
    turn = np.zeros(len(order), np.int64)
    for own in np.unique(classes[order]):
        same = classes[order] == own
        turn[same] = np.arange(np.count_nonzero(same))
    return order[np.argsort(turn, kind="stable")][:number]


def _tuned(
    universal: SoftmaxRegression,
    clips: ActedClips,
    rows: DoubleArray,
    penalty: float | DoubleArray,
    tuning: IntArray,
    test: Flags,
    number: int,
    seed: int,
) -> DoubleArray:
    """Share of the draws in which each test clip is hit, by strength of the hold, (H, n)."""
    generator = np.random.default_rng(seed)
    hits = np.zeros((len(HOLDS), np.count_nonzero(test)))
    for _ in range(DRAWN):
        own = chosen_for_tuning(tuning, clips.classes, number, generator)
        for at, hold in enumerate(HOLDS):
            head = fit_softmax(
                rows[own],
                clips.classes[own],
                len(clips.emotions),
                ridge=penalty * hold,
                start=universal,
            )
            hits[at] += _hits(head, rows[test], clips.classes[test]) / DRAWN
    return hits


def _hits(head: SoftmaxRegression, rows: DoubleArray, classes: IntArray) -> DoubleArray:
    return np.asarray(head.probabilities(rows).argmax(axis=1) == classes, np.float64)


def _held_as_the_others(hits: DoubleArray, clips: ActedClips) -> DoubleArray:
    """Hits (N,) of each speaker under the hold that was best for all other speakers; (H, N)."""
    result = np.zeros(hits.shape[1])
    for name in np.unique(clips.speakers):
        own = clips.speakers == name
        classes = clips.classes[~own]
        recalls = [
            np.mean([row[~own][classes == each].mean() for each in np.unique(classes)])
            for row in hits
        ]
        result[own] = hits[int(np.argmax(recalls))][own]
    return result
