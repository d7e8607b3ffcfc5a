"""Compound expressions: seven pairs of basic emotions shown at once.

The pairs are those of the C-EXPR data (Kollias 2023, CVPR). A pair's score is the mean of
the probabilities of its two emotions, the rule of HSEmotion's systems for that data. Nothing was
trained on compound expressions: a score says that a model of single emotions is torn between two,
which may be a blend and may be doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emoreport.records import DoubleArray, FloatArray
from emoreport.results import CompoundScores, VideoInterval
from emoreport.vocabulary import COMPOUND_NAMES, COMPOUNDS


def compound_scores(probabilities: FloatArray | DoubleArray, labels: Sequence[str]) -> DoubleArray:
    """Scores of the seven pairs from the probabilities of single emotions.

    Parameters
    ----------
    probabilities
        float (N, K); NaN rows give NaN.
    labels
        Emotions of the columns (K).

    Returns
    -------
    float64 (N, 7), 0–1, columns as in `COMPOUND_NAMES`; NaN columns where the model lacks one of
    the two emotions.
    """
    table = np.asarray(probabilities, dtype=np.float64)
    scores = np.full((len(table), len(COMPOUNDS)), np.nan)
    column = {label: index for index, label in enumerate(labels)}
    for compound, (_, first, second) in enumerate(COMPOUNDS):
        if first in column and second in column:
            scores[:, compound] = 0.5 * (table[:, column[first]] + table[:, column[second]])
    return scores


def with_compounds(
    intervals: Sequence[VideoInterval], labels: Sequence[str]
) -> tuple[VideoInterval, ...]:
    """Rows with the scores of the seven pairs, from the mean probabilities of the row.

    They equal the means of the scores of the row's frames. They are not known for rows without a
    distribution and for models that lack an emotion of every pair.
    """
    blank = (float("nan"),) * len(labels)
    table = [blank if row.distribution is None else row.distribution for row in intervals]
    scores = compound_scores(np.asarray(table, dtype=np.float64).reshape(-1, len(labels)), labels)
    return tuple(
        replace(row, compounds=_scores_of(values))
        for row, values in zip(intervals, scores, strict=True)
    )


def _scores_of(scores: DoubleArray) -> CompoundScores:
    present = ~np.isnan(scores)
    leading = COMPOUND_NAMES[int(np.nanargmax(scores))] if present.any() else None
    values = tuple(
        float(value) if there else None for value, there in zip(scores, present, strict=True)
    )
    return CompoundScores(values, leading)
