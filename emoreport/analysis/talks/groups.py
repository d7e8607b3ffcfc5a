"""Compare two groups of talks: each talk counts once, however long it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np

from emoreport.analysis.numeric.quantiles import t_quantile
from emoreport.analysis.talks.figure_table import (
    RESAMPLES,
    ROUNDING,
    SIGNIFICANT,
    compare_figures,
)
from emoreport.analysis.transitions.chains import CONFIDENCE
from emoreport.analysis.transitions.talk_figures import UNKNOWN, Talk
from emoreport.records import DoubleArray

LEAST_TALKS: Final = 3
"""Talks in each group that an interval must rest on."""

TOO_FEW_TALKS: Final = "too_few_talks"
"""Reason: too few talks for an interval, or for any p-value below 0.05."""

NO_VARIATION: Final = "no_variation"
"""Reason: the talks of each group are all alike."""


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """Mean of the second group less mean of the first one in one figure.

    Attributes
    ----------
    measure, emotion
        As in `Figure`.
    first_talks, second_talks
        Talks on which the figure is defined.
    first, second, difference
        Means over talks and their difference.
    low, high
        Welch's 95 % interval of the difference.
    p_value
        Permutation test on Welch's t, two-sided.
    p_holm
        The same, corrected over all figures by Holm's method.
    least_p
        Smallest p-value that so few talks can give.
    reason
        Why something is missing, or cannot become significant; or None.
    """

    measure: str
    emotion: str | None
    first_talks: int
    second_talks: int
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_holm: float | None
    least_p: float | None
    reason: str | None


def compare_groups(
    first: Sequence[Talk],
    second: Sequence[Talk],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[GroupDifference, ...]:
    """Differences between two groups of talks, second less first; the talk is the unit.

    Intervals are Welch's (1947, Biometrika 34:28-35). P-values come from exchanging talks between
    the groups, all ways where there are few, `resamples` random ones where there are many; the
    statistic is Welch's t, so that the test holds for unequal spreads too (Janssen 1997, Statistics
    and Probability Letters 36:9-21). Several talks of one person are not independent: average them
    first, or take one.

    Parameters
    ----------
    first, second
        Talks of different people; the groups may differ in size.
    seed
        Seed of the random exchanges.
    resamples
        Random exchanges.
    confidence
        Coverage of each interval, 0–1.
    """

    def compare(
        key: tuple[str, str | None], before: DoubleArray, after: DoubleArray
    ) -> GroupDifference:
        first_values, second_values = (values[~np.isnan(values)] for values in (before, after))
        return _compared(
            key, first_values, second_values, np.random.default_rng(seed), resamples, confidence
        )

    return compare_figures(first, second, compare)


def _compared(
    key: tuple[str, str | None],
    first: DoubleArray,
    second: DoubleArray,
    rng: np.random.Generator,
    resamples: int,
    confidence: float,
) -> GroupDifference:
    """Compare the values of two groups, none of which is NaN."""
    blank = GroupDifference(*key, len(first), len(second), *(None,) * 8, UNKNOWN)
    if len(first) == 0 or len(second) == 0:
        return blank
    before, after = float(first.mean()), float(second.mean())
    row = dataclasses.replace(blank, first=before, second=after, difference=after - before)
    if min(len(first), len(second)) < LEAST_TALKS:
        return dataclasses.replace(row, reason=TOO_FEW_TALKS)
    if max(np.ptp(first), np.ptp(second)) < ROUNDING:
        return dataclasses.replace(row, reason=NO_VARIATION)
    p_value, least_p = _permutation(first, second, rng, resamples)
    low, high = _welch(first, second, confidence)
    reason = TOO_FEW_TALKS if least_p > SIGNIFICANT else None
    return dataclasses.replace(
        row, low=low, high=high, p_value=p_value, least_p=least_p, reason=reason
    )


def _welch(first: DoubleArray, second: DoubleArray, confidence: float) -> tuple[float, float]:
    first_error, second_error = (values.var(ddof=1) / len(values) for values in (first, second))
    freedom = (first_error + second_error) ** 2 / (
        first_error**2 / (len(first) - 1) + second_error**2 / (len(second) - 1)
    )
    reach = float(np.sqrt(first_error + second_error) * t_quantile(0.5 + 0.5 * confidence, freedom))
    difference = float(second.mean() - first.mean())
    return difference - reach, difference + reach


def _permutation(
    first: DoubleArray, second: DoubleArray, rng: np.random.Generator, resamples: int
) -> tuple[float, float]:
    """Two-sided p-value of Welch's t among exchanges of talks, and the smallest one possible."""
    from scipy.stats import permutation_test

    test = permutation_test(
        (second, first), _welch_t, vectorized=True, n_resamples=resamples, rng=rng
    )
    ways = comb(len(first) + len(second), len(first))
    least_p = 2.0 / ways if ways <= resamples else 2.0 / (resamples + 1)
    return float(test.pvalue), min(1.0, least_p)


def _welch_t(first: DoubleArray, second: DoubleArray, axis: int) -> DoubleArray:
    """Welch's t along an axis; 0 where nothing varies and nothing differs, else ±inf there.

    Rounded: exchanges that give the same t must not differ in its last digits.
    """
    difference = first.mean(axis=axis) - second.mean(axis=axis)
    error = np.sqrt(
        first.var(axis=axis, ddof=1) / first.shape[axis]
        + second.var(axis=axis, ddof=1) / second.shape[axis]
    )
    large = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.round(np.divide(difference, error, out=large, where=error > 0), 9)
