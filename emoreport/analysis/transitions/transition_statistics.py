"""All statistics of the transitions of one talk in one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emoreport.analysis.transitions.chains import (
    EntropyRate,
    Rate,
    entropy_rate,
    poisson_rate,
    stationary_shares,
    transition_counts,
    unbroken_chains,
)
from emoreport.analysis.transitions.order import SHUFFLES, PairStatistic, order_test
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
    rate
        Transitions per minute of the time with an emotion.
    pairs
        Every ordered pair of emotions that occur, those never seen included.
    order_p_value
        One p-value for all pairs together: is there any order beyond the frequencies? None where
        the order is fixed.
    order_reason
        `FIXED_ORDER` where `order_p_value` is None.
    stationary
        Per emotion, its share of the intervals in the long run, if the observed probabilities of
        transition went on for ever; None where that is not defined.
    stationary_reason
        `NOT_CONNECTED` where the stationary shares are None.
    entropy
        Entropy rate.
    """

    labels: tuple[str, ...]
    rate: Rate
    pairs: tuple[PairStatistic, ...]
    order_p_value: float | None
    order_reason: str | None
    stationary: tuple[float | None, ...]
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
    stationary = stationary_shares(counts)
    return TransitionStatistics(
        labels=chains.labels,
        rate=poisson_rate(int(counts.sum()), float(chains.length_s.sum())),
        pairs=pairs,
        order_p_value=order_p_value,
        order_reason=FIXED_ORDER if order_p_value is None else None,
        stationary=(None,) * len(counts) if stationary is None else tuple(stationary.tolist()),
        stationary_reason=NOT_CONNECTED if stationary is None else None,
        entropy=entropy_rate(counts),
    )
