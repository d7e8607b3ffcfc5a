"""Errors of means of dependent data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.numeric.blocks import (
    Ratio,
    automatic_block,
    bin_edges,
    bootstrap_error,
    events_in_bins,
    time_in_bins,
)


def autoregressive(rng, number, keep):
    values = rng.standard_normal(number + 200)
    for place in range(1, len(values)):
        values[place] += keep * values[place - 1]
    return values[200:]


def test_bins_share_out_the_time():
    edges_s = bin_edges(2.0)
    assert edges_s.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    found = time_in_bins(
        np.array([0.25, 1.0]), np.array([0.75, 2.0]), np.array([2.0, -1.0]), edges_s
    )
    assert found.tolist() == [0.5, 0.5, -0.5, -0.5]
    assert time_in_bins(np.zeros(0), np.zeros(0), np.zeros(0), edges_s).tolist() == [0.0] * 4


def test_bins_fit_the_length():
    assert len(bin_edges(0.0)) == 2
    assert np.diff(bin_edges(1.3)) == pytest.approx([1.3 / 3] * 3)


def test_an_event_counts_once_also_on_a_bound():
    found = events_in_bins(np.array([0.0, 0.5, 0.9, 2.0]), bin_edges(2.0))
    assert found.tolist() == [1.0, 2.0, 0.0, 1.0]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(-3, 3)), min_size=1, max_size=12), st.data()
)
def test_cutting_a_piece_in_two_changes_no_bin(pieces, data):
    bounds = np.cumsum([0, *[length for length, _ in pieces]]) / 8
    values = np.array([value for _, value in pieces], dtype=float)
    edges_s = bin_edges(float(bounds[-1]), 0.3)
    place = data.draw(st.integers(0, len(pieces) - 1))
    middle = 0.3 * bounds[place] + 0.7 * bounds[place + 1]
    cut = np.insert(bounds, place + 1, middle)
    one = time_in_bins(bounds[:-1], bounds[1:], values, edges_s)
    other = time_in_bins(cut[:-1], cut[1:], np.insert(values, place, values[place]), edges_s)
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert one.sum() == pytest.approx((values * np.diff(bounds)).sum())


def test_blocks_of_one_give_the_usual_error():
    series = np.array([1.0, 2.0, 4.0, 7.0])
    assert bootstrap_error(series, 1.0) == pytest.approx(series.std() / 2.0)


def test_the_closed_form_is_what_drawing_blocks_gives():
    rng = np.random.default_rng(0)
    series, block, draws = autoregressive(rng, 60, 0.7), 5.0, 40_000
    place = rng.integers(0, 60, draws)
    total = np.zeros(draws)
    for _ in range(60):
        total += series[place]
        jump = rng.random(draws) < 1.0 / block
        place = np.where(jump, rng.integers(0, 60, draws), (place + 1) % 60)
    assert bootstrap_error(series, block) == pytest.approx((total / 60).std(), rel=0.02)


def test_the_block_grows_with_the_dependence():
    rng = np.random.default_rng(1)
    blocks = [
        np.median([automatic_block(autoregressive(rng, 1000, keep)) for _ in range(20)])
        for keep in (0.0, 0.5, 0.9)
    ]
    assert blocks[0] < 3 < blocks[1] < 20 < blocks[2]


def test_the_error_is_the_true_one_for_dependent_data():
    rng = np.random.default_rng(2)
    keep, number = 0.8, 4000
    truth = 1.0 / (1.0 - keep) / np.sqrt(number)
    found = []
    for _ in range(30):
        series = autoregressive(rng, number, keep)
        found.append(bootstrap_error(series, automatic_block(series)))
    assert np.mean(found) == pytest.approx(truth, rel=0.1)
    assert bootstrap_error(series, 1.0) < 0.5 * truth


@pytest.mark.parametrize("series", [np.zeros(1), np.zeros(2), np.full(50, 3.0)])
def test_what_does_not_vary_has_no_error(series):
    assert automatic_block(series) == 1.0
    assert bootstrap_error(series, 4.0) == 0.0


def test_a_series_that_swings_to_and_fro_gets_a_block_all_the_same():
    series = np.tile([1.0, -1.0], 100)
    assert 1.0 <= automatic_block(series) <= 43.0


def test_a_ratio_and_its_influence():
    ratio = Ratio(np.array([1.0, 0.0, 2.0]), np.array([2.0, 1.0, 3.0]))
    assert ratio.value == 0.5
    assert ratio.influence.tolist() == [0.0, -0.25, 0.25]
    nothing = Ratio(np.zeros(2), np.zeros(2))
    assert nothing.value is None
    assert nothing.influence.tolist() == [0.0, 0.0]
