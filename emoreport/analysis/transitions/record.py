"""All statistics of the transitions of one talk in one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emoreport.analysis.transitions.chains import (
    EntropyRate,
    LabelShare,
    Rate,
    entropy_rate,
    label_shares,
    poisson_rate,
    transition_counts,
    transition_probabilities,
    unbroken_chains,
)
from emoreport.analysis.transitions.order import SHUFFLES, PairStatistic, order_test
from emoreport.records import DoubleArray, IntArray
from emoreport.results import VideoInterval

FIXED_ORDER: Final = "fixed_order"
"""Reason: the intervals leave no choice of order (fewer than three emotions, or too few rows)."""

NOT_CONNECTED: Final = "not_connected"
"""Reason: some emotion was never left or never entered again, so no long run can be foretold."""


@dataclass(frozen=True, slots=True)
class TransitionStatistics:
    """Everything about the changes of emotion in one talk.

    Attributes
    ----------
    labels
        Emotions that occur (K).
    counts
        int64 (K, K), rows: from, columns: to.
    probabilities
        float64 (K, K), rows sum to 1; NaN rows for emotions that were never left.
    chains
        Number of unbroken chains.
    rate
        Transitions per minute of the time with an emotion.
    pairs
        Every ordered pair of emotions that occur, those never seen included.
    order_p_value
        One p-value for all pairs together: is there any order beyond the frequencies? None where
        the order is fixed.
    order_reason
        `FIXED_ORDER` where `order_p_value` is None.
    shares
        One per emotion.
    stationary_reason
        Why the stationary shares are None, or None.
    entropy
        Entropy rate.
    """

    labels: tuple[str, ...]
    counts: IntArray
    probabilities: DoubleArray
    chains: int
    rate: Rate
    pairs: tuple[PairStatistic, ...]
    order_p_value: float | None
    order_reason: str | None
    shares: tuple[LabelShare, ...]
    stationary_reason: str | None
    entropy: EntropyRate


def transition_statistics(
    intervals: Sequence[VideoInterval], *, shuffles: int = SHUFFLES, seed: int = 0
) -> TransitionStatistics:
    """Compute all statistics of the transitions of one talk.

    Parameters
    ----------
    intervals
        Rows of the face, in order of time.
    shuffles
        Random orders of the permutation test, ≥ 999.
    seed
        Seed of the random orders.

    Raises
    ------
    ValueError
        For fewer than 999 shuffles.
    """
    chains = unbroken_chains(intervals)
    counts = transition_counts(chains)
    pairs, order_p_value = order_test(chains, shuffles=shuffles, seed=seed)
    shares = label_shares(chains)
    connected = any(share.stationary_share is not None for share in shares)
    return TransitionStatistics(
        labels=chains.labels,
        counts=counts,
        probabilities=transition_probabilities(counts),
        chains=int(chains.chain[-1]) + 1 if len(chains) else 0,
        rate=poisson_rate(int(counts.sum()), float(chains.length_s.sum())),
        pairs=pairs,
        order_p_value=order_p_value,
        order_reason=FIXED_ORDER if order_p_value is None else None,
        shares=shares,
        stationary_reason=None if connected else NOT_CONNECTED,
        entropy=entropy_rate(counts),
    )
