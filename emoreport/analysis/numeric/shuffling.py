"""Random orders of intervals that could have occurred: no label follows itself.

A plain shuffle of a sequence of intervals puts equal labels side by side, which no segmentation
ever gives: every pair of different emotions would then look more frequent than chance. The orders
made here have the length of every chain, the number of intervals of each label over all chains,
and no two equal neighbours inside a chain.

They are made by a Markov chain whose moves (exchanges of two intervals, reversals of a stretch) are
their own inverse, so that all such orders are equally likely in the long run. A test must not rest
on "in the long run", so it is started as Besag and Clifford say (1989, Biometrika 76:633-642): from
the observed order the moves are run *backwards* to a hub, and from the hub forwards again, once for
each shuffle. If the observed order is itself a random one, it and the shuffles are exchangeable,
whatever the number of moves: the p-value is exact. Too few moves cost power, not validity. So do
orders that no moves lead to, such as some of two labels in several chains of odd length.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.hold_times import BoolArray, true_runs
from emoreport.records import IntArray

Labels = NDArray[np.int8]

LEAST_MOVES: Final = 90
"""Moves of a run; each one offers a new position to about a third of all intervals.

Measured with 800 intervals of eight labels: from 30 moves on, mean and spread of the counts of
pairs no longer change.
"""

MOST_MOVES: Final = 600
MOVES_TIMES_INTERVALS: Final = 24_000
"""A short sequence has few possible moves, most of which fail, and needs more of them."""

EVERY_NTH_IS_A_REVERSAL: Final = 3
ORDERS_AT_ONCE: Final = 128
"""Orders that are worked on together: of a long talk all of them take tens of megabytes."""
BREAK: Final = -1
"""Before, between and after the chains; equals no label."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Exchange the labels at `first` and `second`, int64 (P,) each; no two positions touch."""

    first: IntArray
    second: IntArray


@dataclass(frozen=True, slots=True)
class _Reversal:
    """Turn stretches [`first`, `last`] around, int64 (S,) each; fixed positions separate them."""

    first: IntArray
    last: IntArray


def shuffled_orders(
    label: IntArray, chain: IntArray, shuffles: int, *, seed: int, moves: int | None = None
) -> Labels:
    """Random orders of the labels that keep the chains and set no equal neighbours.

    Parameters
    ----------
    label
        int64 (N,), 0 … 126; neighbours inside a chain differ.
    chain
        int64 (N,), number of the chain of each interval, rising by 0 or 1.
    shuffles
        How many orders (B).
    seed
        Seed of the random numbers; the same seed gives the same orders.
    moves
        Length of the run that makes each order; None chooses it by the number of intervals.

    Returns
    -------
    int8 (N, B), one order per column. Labels move between chains.
    """
    if len(label) == 0:
        return np.zeros((0, shuffles), dtype=np.int8)
    if moves is None:
        wanted = MOVES_TIMES_INTERVALS // len(label)
        moves = max(LEAST_MOVES, min(MOST_MOVES, wanted))
    rng = np.random.default_rng(seed)
    position = np.arange(len(label)) + 1 + chain - chain[0]
    size = int(position[-1]) + 2
    free = np.zeros(size, dtype=np.bool_)
    free[position] = True
    plan = [_planned(rng, free, number) for number in range(moves)]
    observed = np.full((size, 1), BREAK, dtype=np.int8)
    observed[position, 0] = label
    hub = _run(observed, reversed(plan), rng)
    orders: Labels = _run(np.repeat(hub, shuffles, axis=1), plan, rng)[position]
    return orders


def _planned(rng: np.random.Generator, free: BoolArray, number: int) -> _Exchange | _Reversal:
    """Choose where a move acts; whether it happens is decided order by order, later."""
    if number % EVERY_NTH_IS_A_REVERSAL == EVERY_NTH_IS_A_REVERSAL - 1:
        fixed = rng.random(len(free)) < 0.5 ** rng.integers(1, 8)
        first, end = true_runs(free & ~fixed)
        longer = end - first > 1
        return _Reversal(first[longer], end[longer] - 1)
    steps = rng.integers(2, 4, size=len(free) // 2 + 1)
    positions = np.cumsum(steps) - int(rng.integers(1, 4))
    positions = positions[positions < len(free)]
    positions = rng.permutation(positions[free[positions]])
    half = len(positions) // 2
    return _Exchange(positions[:half], positions[half : 2 * half])


def _run(orders: Labels, plan: Iterable[_Exchange | _Reversal], rng: np.random.Generator) -> Labels:
    """Apply the moves of a plan to each column; a possible move happens with probability 1/2."""
    orders = orders.copy()
    for move in plan:
        if isinstance(move, _Exchange):
            _exchange(orders, move, rng)
        else:
            _reverse(orders, move, rng)
    return orders


def _exchange(orders: Labels, move: _Exchange, rng: np.random.Generator) -> None:
    first, second = orders[move.first], orders[move.second]
    happens = _coins(rng, first.shape)
    for side in (-1, 1):
        happens &= first != orders[move.second + side]
        happens &= second != orders[move.first + side]
    orders[move.first] = np.where(happens, second, first)
    orders[move.second] = np.where(happens, first, second)


def _reverse(orders: Labels, move: _Reversal, rng: np.random.Generator) -> None:
    if len(move.first) == 0:
        return
    happens = _coins(rng, (len(move.first), orders.shape[1]))
    happens &= orders[move.first - 1] != orders[move.last]
    happens &= orders[move.last + 1] != orders[move.first]
    lengths = move.last - move.first + 1
    stretch = np.repeat(np.arange(len(lengths)), lengths)
    offset = np.arange(len(stretch)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    positions = move.first[stretch] + offset
    from_positions = move.last[stretch] - offset
    for begin in range(0, orders.shape[1], ORDERS_AT_ONCE):
        some = orders[:, begin : begin + ORDERS_AT_ONCE]
        turned = happens[:, begin : begin + ORDERS_AT_ONCE][stretch]
        some[positions] = np.where(turned, some[from_positions], some[positions])


def _coins(rng: np.random.Generator, shape: tuple[int, ...]) -> BoolArray:
    count = int(np.prod(shape))
    bits = np.unpackbits(np.frombuffer(rng.bytes(-(-count // 8)), dtype=np.uint8), count=count)
    return bits.astype(np.bool_).reshape(shape)
