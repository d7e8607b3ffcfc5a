"""Statistics of the changes between emotions: rate, order, shares, entropy.

A *chain* is a sequence of intervals that show an emotion and follow each other without a break;
`no_face` and `uncertain` break it. Neighbours of one label are one interval here, so that cutting
an interval in two changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, BoolArray
from emoreport.analysis.numeric.quantiles import chi_square_quantile
from emoreport.analysis.numeric.shuffling import ORDERS_AT_ONCE
from emoreport.records import DoubleArray, IntArray
from emoreport.results import VideoInterval
from emoreport.vocabulary import ALL_LABELS, is_emotion

CONFIDENCE: Final = 0.95

TRANSITIONS_PER_PAIR: Final = 3
"""Transitions per ordered pair of emotions that an entropy must rest on.

With fewer, even the corrected entropy is too low by more than a tenth of a bit (simulated talks of
seven emotions, docs/statistics.md).
"""

TOO_FEW_TRANSITIONS: Final = "too_few_transitions"
"""Reason: fewer than `TRANSITIONS_PER_PAIR` transitions per ordered pair of emotions."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Intervals with an emotion, in order of time, and the chain that each belongs to.

    Attributes
    ----------
    labels
        Emotions that occur, in canonical order (K).
    label
        int64 (N,), position in `labels`; neighbours inside a chain differ.
    chain
        int64 (N,), number of the chain, from 0, rising by 0 or 1.
    start_s, end_s
        float64 (N,), bounds in seconds.
    """

    labels: tuple[str, ...]
    label: IntArray
    chain: IntArray
    start_s: DoubleArray
    end_s: DoubleArray

    def __len__(self) -> int:
        """Number of intervals."""
        return len(self.label)

    @property
    def linked(self) -> BoolArray:
        """bool (N − 1,) or (0,): interval i + 1 follows interval i without a break."""
        return np.asarray(self.chain[1:] == self.chain[:-1])

    @property
    def length_s(self) -> DoubleArray:
        """float64 (N,), seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per minute with an exact Poisson interval.

    Attributes
    ----------
    count
        Events.
    per_minute, low, high
        Rate and bounds of its interval; None without exposure.
    """

    count: int
    per_minute: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class EntropyRate:
    """How unpredictable the next emotion is, given the present one; bits per transition.

    Attributes
    ----------
    corrected_bits
        From the observed shares, with Miller and Madow's correction.
    maximum_bits
        log2(K − 1): all other emotions equally likely. 0 for two emotions.
    reason
        Why `corrected_bits` is None, or None.
    """

    corrected_bits: float | None
    maximum_bits: float | None
    reason: str | None = None


def unbroken_chains(intervals: Sequence[VideoInterval]) -> Chains:
    """Collect the intervals that show an emotion; see `Chains`.

    Rows that are no emotion, holes between rows, and cuts (`VideoInterval.after_cut`) break the
    chain. Neighbouring rows of one emotion are joined within it.
    """
    labels = tuple(name for name in ALL_LABELS if any(row.emotion == name for row in intervals))
    labels = tuple(name for name in labels if is_emotion(name))
    codes = {name: code for code, name in enumerate(labels)}
    table: list[list[float]] = []
    chain, open_chain = -1, False
    for row in intervals:
        if not is_emotion(row.emotion):
            open_chain = False
            continue
        label, start_s, end_s = codes[row.emotion], row.span.start_s, row.span.end_s
        if open_chain and (row.after_cut or start_s - table[-1][3] > TIME_TOLERANCE_S):
            open_chain = False
        if open_chain and table[-1][0] == label:
            table[-1][3] = end_s
            continue
        chain += not open_chain
        open_chain = True
        table.append([label, chain, start_s, end_s])
    columns = np.asarray(table, dtype=np.float64).reshape(-1, 4).T
    return Chains(
        labels, columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2], columns[3]
    )


def transition_counts(chains: Chains) -> IntArray:
    """int64 (K, K): how often the row's emotion was followed directly by the column's."""
    counts: IntArray = pair_counts(chains.label[:, np.newaxis], chains.linked, len(chains.labels))[
        0
    ]
    return counts


def transition_probabilities(counts: IntArray) -> DoubleArray:
    """Shares of the departures from each emotion.

    Returns
    -------
    float64 (K, K); rows sum to 1, rows of emotions that were never left are NaN.
    """
    departures = counts.sum(axis=1, keepdims=True)
    shares: DoubleArray = np.divide(
        counts, departures, out=np.full(counts.shape, np.nan), where=departures > 0
    )
    return shares


def pair_counts(orders: NDArray[np.int8] | IntArray, linked: BoolArray, classes: int) -> IntArray:
    """Count the ordered pairs of neighbours in each of B orders.

    Parameters
    ----------
    orders
        int (N, B), labels 0 … classes − 1.
    linked
        bool (N − 1,), which neighbours belong to one chain.
    classes
        Number of labels (K).

    Returns
    -------
    int64 (B, K, K)
    """
    counts = np.zeros((orders.shape[1], classes, classes), np.int64)
    for begin in range(0, len(counts), ORDERS_AT_ONCE):
        some = orders[:, begin : begin + ORDERS_AT_ONCE]
        number = some.shape[1]
        pairs = some[:-1][linked].astype(np.int64) * classes + some[1:][linked]
        pairs += np.arange(number) * classes**2
        counted = np.bincount(pairs.ravel(), minlength=number * classes**2)
        counts[begin : begin + number] = counted.reshape(number, classes, classes)
    return counts


def poisson_rate(count: int, exposure_s: float, confidence: float = CONFIDENCE) -> Rate:
    """Rate per minute with the exact interval of a Poisson count.

    Bounds are half the α/2 and 1 − α/2 quantiles of χ² with 2n and 2n + 2 degrees of freedom
    (Garwood 1936, Biometrika 28:437-442). Exact if events come independently of each other; too
    wide for events that keep a distance, as changes of emotion mostly do, too narrow for bursts.

    Parameters
    ----------
    count
        Events, ≥ 0.
    exposure_s
        Seconds watched.
    confidence
        Coverage of the interval, 0–1.
    """
    if exposure_s <= 0:
        return Rate(count, None, None, None)
    tail = 0.5 * (1.0 - confidence)
    low = 0.5 * chi_square_quantile(tail, 2 * count) if count else 0.0
    high = 0.5 * chi_square_quantile(1.0 - tail, 2 * count + 2)
    per = 60.0 / exposure_s
    return Rate(count, count * per, low * per, high * per)


def stationary_shares(counts: IntArray) -> DoubleArray | None:
    """Shares of the intervals in the long run of the embedded Markov chain.

    The left eigenvector π = πP of the observed probabilities of transition. None unless every
    emotion can be reached from every other one through observed transitions.

    Returns
    -------
    float64 (K,), sums to 1, or None.
    """
    classes = len(counts)
    if classes < 2:
        return None
    reached = (counts > 0) | np.eye(classes, dtype=np.bool_)
    for _ in range(classes.bit_length()):  # each step doubles the length of the paths
        reached = reached @ reached
    if not reached.all():
        return None
    system = np.vstack((transition_probabilities(counts).T - np.eye(classes), np.ones(classes)))
    shares = np.linalg.lstsq(system, np.append(np.zeros(classes), 1.0), rcond=None)[0]
    return np.asarray(shares, dtype=np.float64)


def entropy_rate(counts: IntArray) -> EntropyRate:
    """Entropy of the next emotion given the present one.

    H = −Σ n_i/n Σ p_ij log2 p_ij with the observed departures n_i of n. Short talks make it too
    low, since pairs that were not seen count as impossible; Miller and Madow (1955) add
    (cells seen − 1) / (2 n ln 2) for each row. The sum is held below log2(K − 1).

    Parameters
    ----------
    counts
        int64 (K, K), zero diagonal.
    """
    classes, number = len(counts), int(counts.sum())
    maximum = float(np.log2(classes - 1)) if classes > 1 else None
    if maximum is None or number < TRANSITIONS_PER_PAIR * classes * (classes - 1):
        return EntropyRate(None, maximum, TOO_FEW_TRANSITIONS)
    departures = counts.sum(axis=1, keepdims=True)
    seen = counts > 0
    share = np.divide(counts, departures, out=np.ones(counts.shape), where=seen)
    bits = float(-(counts * np.log2(share)).sum() / number)
    free_cells = int((seen.sum(axis=1) - 1).clip(min=0).sum())
    corrected = bits + free_cells / (2.0 * number * np.log(2.0))
    return EntropyRate(min(corrected, maximum), maximum)
