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
    gaps = calibration_gaps(
        probabilities.max(axis=1), probabilities.argmax(axis=1) == truth, bins=bins
    )
    return float(np.abs(gaps).sum() / len(truth))


def calibration_gaps(
    confidence: FloatArray | DoubleArray,
    correct: NDArray[np.bool_],
    *,
    bins: int = CALIBRATION_BINS,
) -> DoubleArray:
    """Right answers less confidence, summed in every bin of the confidence, (bins,).

    Gaps of parts of the data add up to those of the whole; the calibration error is the sum of
    their sizes over the number of items.
    """
    place = np.clip(np.ceil(confidence.astype(np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, correct.astype(np.float64) - confidence, minlength=bins)
    return gaps.astype(np.float64)


def confusion_matrix(truth: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Counts (K, K): rows are the true classes, columns the predicted ones."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def recalls(confusion: IntArray | DoubleArray) -> DoubleArray:
    """Recall of every class, (K,); NaN where it does not occur."""
    hits, occurs = np.diag(confusion), confusion.sum(axis=1)
    return np.where(occurs > 0, hits / np.maximum(occurs, 1), np.nan)


def f1_scores(confusion: IntArray | DoubleArray) -> DoubleArray:
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
    centre = truth.mean() if len(truth) else 0.0  # sums of squares lose what is far from zero
    return concordance_of_sums(concordance_sums(predicted - centre, truth - centre))


def concordance_sums(predicted: DoubleArray, truth: DoubleArray) -> DoubleArray:
    """Number, sums, sums of squares and of products, (6,): of parts they add up to the whole."""
    pairs = (predicted, truth, predicted**2, truth**2, predicted * truth)
    return np.array([len(truth), *(values.sum() for values in pairs)], np.float64)


def concordance_of_sums(sums: DoubleArray) -> float:
    """The coefficient of `concordance_sums`."""
    number = sums[0]
    if number < 2:
        return float("nan")
    mean, mean_true, square, square_true, product = sums[1:] / number
    spread = square + square_true - 2 * mean * mean_true
    together = product - mean * mean_true
    # What is left of the squares of equal numbers is rounding.
    return 2 * together / spread if spread > 1e-12 * (square + square_true) else 0.0


def binary_f1(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """F1 of the positive class; NaN where nothing is positive on either side."""
    return float(f1_of_counts(binary_counts(predicted, truth)))


def binary_counts(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> DoubleArray:
    """Rows that are positive in both, in the predictions, in the labels: (…, 3), by column."""
    sides = (predicted & truth, predicted, truth)
    return np.asarray(np.stack([side.sum(axis=0) for side in sides], axis=-1), np.float64)


def f1_of_counts(counts: DoubleArray) -> DoubleArray:
    """F1 of `binary_counts`, (…,); NaN where nothing is positive on either side."""
    either = counts[..., 1] + counts[..., 2]
    return np.where(either > 0, 2 * counts[..., 0] / np.maximum(either, 1), np.nan)


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
    rows = [np.flatnonzero(member == index) for index in range(len(names))]
    return _interval(
        lambda drawn: score(np.concatenate([rows[index] for index in drawn])), len(rows), draws
    )


def interval_of_sums(
    score: Callable[[DoubleArray], float], sums: DoubleArray, draws: int = DRAWS
) -> tuple[float, float]:
    """The interval of `bootstrap_interval` for a score of sums, such as counts.

    Rows of each group are summed once, so that a draw costs the same for ten rows and a million.

    Parameters
    ----------
    score
        Sums over the drawn groups, of the shape of one group's, to a number.
    sums
        (groups, …), what the rows of every group sum up to.
    """
    return _interval(lambda drawn: score(sums[drawn].sum(axis=0)), len(sums), draws)


def _interval(score: Callable[[IntArray], float], groups: int, draws: int) -> tuple[float, float]:
    if groups < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(_SEED)
    values = np.array([score(rng.integers(0, groups, groups)) for _ in range(draws)])
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
