"""Compare talks of the same people before and after: each person is their own control.

What makes one speaker differ from another (a resting face, a way of speaking, how a model reads
them) is the same before and after, and cancels out in the difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
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
from emoreport.analysis.transitions.talk_figures import Talk
from emoreport.records import DoubleArray

LEAST_PAIRS: Final = 3
"""Pairs that an interval must rest on."""

MOST_EXACT: Final = 16
"""People who changed up to which all their flips are made: 65,536."""

NO_PAIRS: Final = "no_pairs"
"""Reason: the figure is defined both before and after for nobody."""

TOO_FEW_PAIRS: Final = "too_few_pairs"
"""Reason: too few people for an interval, or too few who changed for any p-value below 0.05."""

CHANGED_ALIKE: Final = "changed_alike"
"""Reason: the differences do not vary: all people changed by the same amount, or nobody did."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean over people of the talk after less the talk before, in one figure.

    Attributes
    ----------
    measure, emotion
        As in `Figure`.
    pairs
        People for whom the figure is defined on both sides; all below is about these.
    first, second, difference
        Mean before, mean after, mean of the differences.
    rose, fell, stayed
        People whose figure is higher after, lower after, or the same within `ROUNDING`.
    low, high
        Student's 95 % interval of the mean difference.
    p_value
        Sign-flip test, two-sided.
    p_holm
        The same, corrected over all figures by Holm's method.
    least_p
        Smallest p-value that so many people who changed can give.
    reason
        Why something is missing, or cannot become significant; or None.
    """

    measure: str
    emotion: str | None
    pairs: int
    first: float | None
    second: float | None
    difference: float | None
    rose: int
    fell: int
    stayed: int
    low: float | None
    high: float | None
    p_value: float | None
    p_holm: float | None
    least_p: float | None
    reason: str | None


def compare_pairs(
    first: Sequence[Talk],
    second: Sequence[Talk],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[PairedDifference, ...]:
    """Differences within people, after less before; the person is the unit.

    Intervals are Student's, of one sample of differences (1908, Biometrika 6:1-25). P-values are
    those of the randomisation test of Fisher (1935, The Design of Experiments, section 21): if
    nothing changed, the talks of a person might as well have come in the other order, so that each
    difference might as well have had the other sign. All flips of signs are made where few people
    changed, `resamples` random ones where many did. Holm's correction (1979, Scand. J. Statist.
    6:65-70) is over all figures.

    Parameters
    ----------
    first, second
        Talks before and after; the two in one place are of one person, and each person has one
        place.
    seed
        Seed of the random flips.
    resamples
        Random flips.
    confidence
        Coverage of each interval, 0–1.

    Raises
    ------
    ValueError
        When there are not as many talks after as before.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} talks before and {len(second)} after are no pairs")

    def compare(
        key: tuple[str, str | None], before: DoubleArray, after: DoubleArray
    ) -> PairedDifference:
        both = ~np.isnan(before) & ~np.isnan(after)
        rng = np.random.default_rng(seed)
        return _compared(key, before[both], after[both], rng, resamples, confidence)

    return compare_figures(first, second, compare)


def _compared(
    key: tuple[str, str | None],
    first: DoubleArray,
    second: DoubleArray,
    rng: np.random.Generator,
    resamples: int,
    confidence: float,
) -> PairedDifference:
    """Compare values of the same people, float64 (pairs,) each, none of which is NaN."""
    pairs = len(first)
    if pairs == 0:
        return PairedDifference(*key, 0, *(None,) * 3, *(0,) * 3, *(None,) * 5, NO_PAIRS)
    differences = second - first
    rose, fell = (int((sign * differences > ROUNDING).sum()) for sign in (1, -1))
    row = PairedDifference(
        *key,
        pairs,
        float(first.mean()),
        float(second.mean()),
        float(differences.mean()),
        rose,
        fell,
        pairs - rose - fell,
        *(None,) * 5,
        TOO_FEW_PAIRS,
    )
    if pairs < LEAST_PAIRS:
        return row
    if np.ptp(differences) < ROUNDING or rose + fell == 0:
        return dataclasses.replace(row, reason=CHANGED_ALIKE)
    low, high = _student(differences, confidence)
    p_value, least_p = _sign_flips(differences, rng, resamples)
    reason = TOO_FEW_PAIRS if least_p > SIGNIFICANT else None
    return dataclasses.replace(
        row, low=low, high=high, p_value=p_value, least_p=least_p, reason=reason
    )


def _student(differences: DoubleArray, confidence: float) -> tuple[float, float]:
    number, mean = len(differences), float(differences.mean())
    error = float(differences.std(ddof=1)) / float(np.sqrt(number))
    reach = error * t_quantile(0.5 + 0.5 * confidence, number - 1)
    return mean - reach, mean + reach


def _sign_flips(
    differences: DoubleArray, rng: np.random.Generator, resamples: int
) -> tuple[float, float]:
    """Two-sided p-value of the paired t among flips of signs, and the smallest one possible.

    A flip leaves the sum of the squares as it is, and for a given sum of squares |t| grows with
    |sum|: the flips are compared by |sum|, which nothing divides by a spread of zero. Differences
    of zero have no sign and are not flipped, so that they cost power. One of the signs stays: all
    flipped together give the same |sum|. Sorted, so that the order of the people decides nothing.

    Returns
    -------
    p_value, least_p
        0–1. Random flips count the observed signs as one more draw.
    """
    sizes = np.sort(np.abs(differences[np.abs(differences) > ROUNDING]))
    if exact := len(sizes) <= MOST_EXACT:
        flips = np.arange(2 ** (len(sizes) - 1))[:, np.newaxis] >> np.arange(len(sizes)) & 1
    else:
        flips = rng.integers(0, 2, (resamples, len(sizes)))
    sums = np.abs((1.0 - 2.0 * flips) @ sizes)
    as_far = int((sums >= abs(float(differences.sum())) - ROUNDING * len(differences)).sum())
    if exact:
        return as_far / len(flips), 1.0 / len(flips)
    return (1 + as_far) / (1 + resamples), 1.0 / (1 + resamples)
