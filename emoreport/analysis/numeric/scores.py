"""Scores of a classifier or regressor against labels: F1, recall, CCC, calibration, intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import DoubleArray, FloatArray, IntArray

CALIBRATION_BINS: Final = 15
"""Equal-width bins of the expected calibration error, as in Guo et al. (2017)."""
THRESHOLDS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds of action units that are tried."""
DRAWS: Final = 1000
_SEED: Final = 0


def calibration_error(
    probabilities: FloatArray | DoubleArray, truth: NDArray[np.int64], bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error of the top class.

    Parameters
    ----------
    probabilities
        (N, K), rows sum to 1.
    truth
        (N,), column of the true class.
    bins
        Number of equal-width bins over (0, 1].

    Returns
    -------
    float
        Mean |accuracy − confidence| over the bins, weighted by their items; 0 for N = 0.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML 2017.
    """
    if len(truth) == 0:
        return 0.0
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == truth).astype(np.float64)
    bin_index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(bin_index, correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def confusion_matrix(truth: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Counts (K, K): rows are the true classes, columns the predicted ones."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def recalls(confusion: IntArray) -> DoubleArray:
    """Recall of every class, (K,); NaN where it does not occur."""
    hits, occurs = np.diag(confusion), confusion.sum(axis=1)
    return np.where(occurs > 0, hits / np.maximum(occurs, 1), np.nan)


def f1_scores(confusion: IntArray) -> DoubleArray:
    """F1 of every class, (K,); NaN where it neither occurs nor is predicted.

    A class that occurs and is never predicted, or the reverse, scores 0.
    """
    hits = np.diag(confusion)
    either = confusion.sum(axis=0) + confusion.sum(axis=1)
    return np.where(either > 0, 2 * hits / np.maximum(either, 1), np.nan)


def mean_over_classes(scores: DoubleArray) -> float:
    """Mean of the scores that are known; NaN where none is."""
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if len(known) else float("nan")


def concordance(predicted: DoubleArray, truth: DoubleArray) -> float:
    """Lin's concordance correlation coefficient, −1 to 1; population variances.

    NaN for fewer than two values; 0 where one of the two does not vary.

    References
    ----------
    Lin: A concordance correlation coefficient to evaluate reproducibility. Biometrics 45 (1989).
    """
    if len(truth) < 2:
        return float("nan")
    apart = float(predicted.mean() - truth.mean())
    spread = float(predicted.var() + truth.var()) + apart**2
    together = float(((predicted - predicted.mean()) * (truth - truth.mean())).mean())
    return 2 * together / spread if spread > 0 else 0.0


def binary_f1(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """F1 of the positive class; NaN where nothing is positive on either side."""
    either = int(predicted.sum()) + int(truth.sum())
    return 2 * int((predicted & truth).sum()) / either if either else float("nan")


def best_threshold(probabilities: DoubleArray, truth: NDArray[np.bool_]) -> float:
    """The one of `THRESHOLDS` of the highest F1, of equals the one nearest to a half.

    It fits the data that it is chosen on: state scores at it on other data only.
    """
    scores = [np.nan_to_num(binary_f1(probabilities >= cut, truth)) for cut in THRESHOLDS]
    best = max(scores)
    return min(
        (cut for cut, score in zip(THRESHOLDS, scores, strict=True) if score == best),
        key=lambda cut: abs(cut - 0.5),
    )


def bootstrap_interval(
    score: Callable[[IntArray], float], groups: Sequence[object], draws: int = DRAWS
) -> tuple[float, float]:
    """95 % percentile interval of a score, drawing whole groups with replacement.

    Frames of one person are not independent, so persons (or videos) are drawn, not frames.

    Parameters
    ----------
    score
        Positions of rows, (N,), to a number; NaN draws are left out.
    groups
        The group of every row.

    Returns
    -------
    The 2.5th and 97.5th percentile; NaN for fewer than two groups.
    """
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if len(names) < 2:
        return float("nan"), float("nan")
    rows = [np.flatnonzero(member == index) for index in range(len(names))]
    rng = np.random.default_rng(_SEED)
    values = np.array(
        [
            score(np.concatenate([rows[index] for index in rng.integers(0, len(rows), len(rows))]))
            for _ in range(draws)
        ]
    )
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
