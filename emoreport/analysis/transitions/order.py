"""Test which emotion follows which more, or less, often than in a random order of the intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from emoreport.analysis.numeric.shuffling import shuffled_orders
from emoreport.analysis.transitions.chains import (
    Chains,
    pair_counts,
    transition_counts,
)
from emoreport.records import DoubleArray, IntArray

SHUFFLES: Final = 1999
"""The smallest p-value is 1 / 2000: small enough for Holm's correction over all 56 pairs."""

LEAST_SHUFFLES: Final = 999


@dataclass(frozen=True, slots=True)
class PairStatistic:
    """How often `origin` was followed by `target`, against random orders.

    Attributes
    ----------
    count
        Transitions of this pair.
    expected
        Mean count over the shuffled orders.
    p_value
        Two-sided, of one pair looked at alone; None where every order gives the same count.
    p_holm
        Corrected over all pairs by Holm's method (1979): family-wise error.
    """

    origin: str
    target: str
    count: int
    expected: float
    p_value: float | None
    p_holm: float | None


def order_test(
    chains: Chains, *, shuffles: int = SHUFFLES, seed: int = 0
) -> tuple[tuple[PairStatistic, ...], float | None]:
    """Test each ordered pair, and all of them together, against shuffled orders.

    The null hypothesis: given how often each emotion occurred and where the chains break, every
    order without equal neighbours was equally likely (`shuffling.shuffled_orders`). It knows of no
    drift: a talk that is cheerful first and sad later has fewer changes between the two than
    random orders have.

    A pair's p-value is the share of orders, the observed one included, whose count is at least
    as far from the mean over all of them as the observed one does (distances that differ by less
    than the error of the mean count as equal). The common p-value is the same
    for the sum over the pairs of (count − mean)² / mean.

    Returns
    -------
    pairs
        Every ordered pair of emotions that occur.
    p_value
        For all pairs together; None where all orders give the same counts.

    Raises
    ------
    ValueError
        For fewer shuffles than `LEAST_SHUFFLES`.
    """
    if shuffles < LEAST_SHUFFLES:
        raise ValueError(f"the test needs {LEAST_SHUFFLES} shuffles or more, got {shuffles}")
    classes = len(chains.labels)
    observed = transition_counts(chains)
    orders = shuffled_orders(chains.label, chains.chain, shuffles, seed=seed)
    shuffled = pair_counts(orders, chains.linked, classes)
    p_values, p_value = order_p_values(observed, shuffled)
    expected = shuffled.mean(axis=0)
    pairs_of_labels = [(i, j) for i in range(classes) for j in range(classes) if i != j]
    tested = [pair for pair in pairs_of_labels if not np.isnan(p_values[pair])]
    raw = np.asarray([p_values[pair] for pair in tested])
    holm = dict(zip(tested, holm_correction(raw).tolist(), strict=True))
    pairs = tuple(
        PairStatistic(
            origin=chains.labels[pair[0]],
            target=chains.labels[pair[1]],
            count=int(observed[pair]),
            expected=float(expected[pair]),
            p_value=float(p_values[pair]) if pair in holm else None,
            p_holm=holm.get(pair),
        )
        for pair in pairs_of_labels
    )
    return pairs, p_value


def order_p_values(observed: IntArray, shuffled: IntArray) -> tuple[DoubleArray, float | None]:
    """P-values of the counts of pairs among those of random orders; see `order_test`.

    Parameters
    ----------
    observed
        int64 (K, K).
    shuffled
        int64 (B, K, K).

    Returns
    -------
    p_values
        float64 (K, K), NaN where all counts are equal.
    p_value
        For all pairs together; None where all counts are equal.
    """
    counts = np.concatenate((observed[np.newaxis], shuffled)).astype(np.float64)
    varies = (counts != counts[0]).any(axis=0)
    if not varies.any():
        return np.full(observed.shape, np.nan), None
    mean = counts.mean(axis=0)
    away = np.abs(counts - mean)
    # Counts on the two sides of the mean may be equally far from the true one. The error of the
    # mean, which counts twice in the difference, must not decide between them by the seed.
    tie = 6.0 * counts.std(axis=0) / np.sqrt(len(counts)) + 1e-9
    away = np.where(away >= away[0] - tie, np.maximum(away, away[0]), away)
    p_values = (away >= away[0]).mean(axis=0)
    p_values[~varies] = np.nan
    distance = (away[:, varies] ** 2 / mean[varies]).sum(axis=1)
    return p_values, float((distance >= distance[0] - 1e-9).mean())


def holm_correction(p_values: DoubleArray) -> DoubleArray:
    """Holm's step-down correction (1979, Scand. J. Statist. 6:65-70).

    Parameters
    ----------
    p_values
        float64 (M,), no NaN.

    Returns
    -------
    float64 (M,), at most 1, in the order given.
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.minimum(1.0, p_values[order] * np.arange(len(p_values), 0, -1))
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(steps)
    return corrected
