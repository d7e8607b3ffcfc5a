"""Random orders without equal neighbours: kept invariants, and every order equally likely."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emoreport.analysis.numeric.shuffling import shuffled_orders


@st.composite
def chained(draw):
    """Labels and chain numbers, neighbours inside a chain different."""
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    label, chain = [], []
    for number, length in enumerate(lengths):
        for place in range(length):
            free = [name for name in range(4) if place == 0 or name != label[-1]]
            label.append(draw(st.sampled_from(free)))
            chain.append(number)
    return np.asarray(label), np.asarray(chain)


def allowed(order, chain):
    steps = zip(pairwise(order), pairwise(chain), strict=True)
    return all(one != other or left != right for (one, other), (left, right) in steps)


@given(chained(), st.integers(0, 2**32))
def test_an_order_keeps_the_counts_and_sets_no_equal_neighbours(drawn, seed):
    label, chain = drawn
    orders = shuffled_orders(label, chain, 5, seed=seed, moves=30)
    for order in orders.T.tolist():
        assert sorted(order) == sorted(label.tolist())
        assert allowed(order, chain.tolist())


@pytest.mark.parametrize(
    ("label", "chain"),
    [
        ([0, 1, 0, 2, 1, 0], [0, 0, 0, 0, 1, 1]),
        ([0, 1, 2, 0, 1, 2], [0, 0, 0, 0, 0, 0]),
        ([0, 1, 2, 1, 0, 1], [0, 0, 0, 1, 1, 2]),
        ([0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_every_possible_order_is_equally_likely(label, chain):
    possible = sorted({order for order in permutations(label) if allowed(order, chain)})
    drawn = Counter(map(tuple, shuffled_orders(np.array(label), np.array(chain), 8000, seed=1).T))
    assert set(drawn) == set(possible)
    assert stats.chisquare([drawn[order] for order in possible]).pvalue > 0.001


def test_a_test_is_exact_even_where_moves_reach_few_orders():
    chain = np.array([0, 0, 0, 1, 1, 2])
    possible = sorted({one for one in permutations([0, 1, 0, 1, 0, 1]) if allowed(one, chain)})
    small = []
    for seed, order in enumerate(possible * 40):
        orders = shuffled_orders(np.array(order), chain, 19, seed=seed, moves=6)
        # A statistic without ties: the order read as a number.
        numbers = (2 ** np.arange(6)) @ np.column_stack((order, orders))
        small.append((numbers >= numbers[0]).mean() <= 0.25)
    assert np.mean(small) <= 0.25


def test_moves_forget_where_they_began():
    rng = np.random.default_rng(0)
    label = np.array([0])
    while len(label) < 300:
        label = np.append(label, rng.choice(np.setdiff1d(np.arange(5), label[-1:])))
    orders = shuffled_orders(label, np.zeros(300, int), 200, seed=0)
    same = (orders == label[:, np.newaxis]).mean()
    assert same == pytest.approx(((np.bincount(label) / 300) ** 2).sum(), abs=0.01)


def test_an_order_that_cannot_change_stays():
    orders = shuffled_orders(np.array([0, 1, 0]), np.zeros(3, int), 50, seed=0)
    assert (orders == np.array([[0], [1], [0]])).all()


def test_nothing_to_shuffle():
    assert shuffled_orders(np.zeros(0, int), np.zeros(0, int), 7, seed=0).shape == (0, 7)


def test_the_same_seed_gives_the_same_orders_and_another_one_others():
    label, chain = np.arange(40) % 5, np.zeros(40, int)
    first, again, other = (shuffled_orders(label, chain, 20, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
