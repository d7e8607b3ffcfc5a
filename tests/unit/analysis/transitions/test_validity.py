"""Statistics on talks whose truth is known; benchmarks/validity_transitions.py does more of it."""

import numpy as np
import pytest
from scipy import stats

from emoreport.analysis.numeric.shuffling import shuffled_orders
from emoreport.analysis.talks.two import compare_talks
from emoreport.analysis.transitions.chains import pair_counts, transition_counts, unbroken_chains
from emoreport.analysis.transitions.durations import dwell_times
from emoreport.analysis.transitions.order import order_p_values
from emoreport.analysis.transitions.talk_figures import talk_measures
from tests.fixtures import talks
from tests.fixtures.talk_rows import random_order, rows_of, talk_of
from tests.fixtures.talks import NEUTRAL, VOICE_LABELS, Design

pytestmark = pytest.mark.slow


def test_p_values_of_the_order_are_uniform_where_there_is_none():
    rng = np.random.default_rng(0)
    found = []
    for seed in range(500):
        chains = unbroken_chains(rows_of(random_order(rng, [5, 20, 3, 30, 1, 12])))
        # Few moves: the p-value is exact for any number of them.
        orders = shuffled_orders(chains.label, chains.chain, 999, seed=seed, moves=60)
        shuffled = pair_counts(orders, chains.linked, len(chains.labels))
        found.append(order_p_values(transition_counts(chains), shuffled)[1])
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_dwell_times_are_unbiased_where_the_naive_mean_is_not():
    rng = np.random.default_rng(0)
    chain = talks.talking_chain(neutral_s=12.0, other_s=4.0)
    design = Design(face=chain, face_present_s=25.0, gap_s=3.0, errors=False)
    limit_s, naive, estimated, covered = 20.0, [], [], []
    visit = stats.gamma(chain.shape, scale=chain.mean_s[NEUTRAL] / chain.shape)
    truth = np.minimum(visit.rvs(1_000_000, random_state=rng), limit_s).mean()
    for _ in range(400):
        rows = rows_of(talks.simulate_talk(rng, 1200.0, design).face)
        found = {one.emotion: one.durations for one in dwell_times(rows, limit_s=limit_s)}[
            "neutral"
        ]
        lengths = [row.span.duration_s for row in rows if row.emotion == "neutral"]
        naive.append(np.minimum(lengths, limit_s).mean())
        estimated.append(found.mean_s)
        covered.append(found.mean_low_s <= truth <= found.mean_high_s)
    assert np.mean(naive) < 0.8 * truth
    assert np.mean(estimated) == pytest.approx(truth, rel=0.02)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_intervals_of_differences_cover_the_truth():
    rng = np.random.default_rng(0)
    one = Design(coupling=0.3)
    other = Design(face=talks.talking_chain(neutral_s=4.0, other_s=4.0, back=0.4), coupling=0.6)
    truth = [
        [row.course.value for row in talk_measures(talk_of(rng, 300_000.0, design), VOICE_LABELS)]
        for design in (one, other)
    ]
    differences = np.subtract(truth[1], truth[0])
    covered = []
    for _ in range(200):
        rows = compare_talks(talk_of(rng, 600.0, one), talk_of(rng, 600.0, other))
        covered += [
            row.low <= difference <= row.high
            for row, difference in zip(rows, differences, strict=True)
            if row.low is not None
        ]
    assert len(covered) > 1800
    assert 0.93 <= np.mean(covered) <= 0.97
