"""Words that fit better than other words do, and the runs of words that this is decided for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.words.chance import ERROR_RATE, Evidence, other_words, runs_above, shown

GAINS = st.lists(st.integers(-9, 9).map(float), min_size=1, max_size=8)


def worth(gains, taken, price):
    changes = np.count_nonzero(np.diff(np.concatenate([[0], taken, [0]])))
    return float(np.dot(gains, taken)) - price * changes


@given(GAINS, st.integers(0, 6).map(float))
def test_no_other_choice_of_runs_gains_more(gains, price):
    best = max(worth(gains, taken, price) for taken in product((0, 1), repeat=len(gains)))
    assert worth(gains, runs_above(np.array(gains), price).astype(int), price) == best


def evidence(means, letters=5, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    means = np.asarray(means, float)
    return Evidence(np.full(len(means), float(letters)), rng.normal(means, spread))


@pytest.mark.parametrize(("usual", "right"), [(-1.0, 3.0), (0.5, 3.0), (-5.0, -2.5)])
def test_what_counts_is_not_the_fit_but_how_far_it_is_above_chance(usual, right):
    others = [evidence(np.full(200, usual), seed=seed) for seed in range(1, 6)]
    own = evidence(np.repeat([right, usual, right], [30, 15, 30]))
    found = shown(own, others)
    assert found[:28].mean() > 0.95
    assert found[-28:].mean() > 0.95
    assert found[32:43].mean() < 0.1
    foreign = [shown(evidence(np.full(100, usual), seed=seed), others) for seed in range(9, 29)]
    assert np.mean(foreign) < 2 * ERROR_RATE


def test_a_word_that_the_path_leaves_out_is_not_shown_and_one_of_unknown_letters_goes_along():
    others = [evidence(np.zeros(300), seed=1)]
    own = evidence(np.full(9, 4.0), spread=0.1)
    own.per_letter[2] = np.nan
    own.letters[6] = own.per_letter[6] = 0.0
    assert shown(own, others).tolist() == [number != 2 for number in range(9)]


def test_few_words_have_to_stand_out():
    others = [evidence(np.zeros(3), seed=seed) for seed in range(300)]
    assert shown(evidence(np.full(3, 3.0)), others).all()
    assert not shown(evidence(np.full(3, 0.3), spread=0.1), others).any()


def test_other_words_are_as_long_and_never_the_same():
    words = ["и", "на", "слово", "наводнение", "а" * 300, "се??", "", "и", "на"]
    drawn = [other_words(words, draw) for draw in range(60)]
    assert drawn == [other_words(words, draw) for draw in range(60)]
    for others in drawn:
        assert [len(word) for word in others] == [len(word) for word in words]
        assert others[5:7] == ["се??", ""]
        assert all(one != two for one, two in zip(others[:5], words[:5], strict=True))
    assert len({tuple(others) for others in drawn}) > 15
