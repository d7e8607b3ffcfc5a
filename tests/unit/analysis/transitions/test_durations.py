"""Durations under censoring: a published data set, cases by hand, and no bias in simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.transitions.durations import (
    LEAST_EVENTS,
    MEDIAN_NOT_REACHED,
    TOO_FEW_EVENTS,
    dwell_times,
    kaplan_meier,
    recovery_time,
)
from tests.fixtures.readings import video_rows

# Weeks of remission under 6-mercaptopurine (Freireich et al. 1963), the usual textbook example;
# minus: censored. Published: median 23, interval from 13 without an upper end; mean up to 35
# weeks 23.29, its error 2.83 before the correction by 9/8.
REMISSION = "6 6 6 -6 7 -9 10 -10 -11 13 16 -17 -19 -20 22 23 -25 -32 -32 -34 -35"


def durations(text):
    values = np.array([float(part) for part in text.split()])
    return np.abs(values), values > 0


def dwell(*stretches, **options):
    return {one.emotion: one.durations for one in dwell_times(video_rows(*stretches), **options)}


def test_a_published_data_set():
    found = kaplan_meier(*durations(REMISSION))
    assert (found.events, found.censored) == (9, 12)
    assert (found.median_s, found.median_low_s, found.median_high_s) == (23.0, 13.0, None)
    assert found.mean_s == pytest.approx(23.287, abs=5e-4)
    error = np.log(found.mean_s / found.mean_low_s) * found.mean_s / 2.306
    assert error == pytest.approx(2.827 * np.sqrt(9 / 8), abs=2e-3)
    assert (found.limit_s, found.reason) == (35.0, None)


def test_without_censoring_the_restricted_mean_is_the_mean():
    lengths = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 11.0])
    found = kaplan_meier(lengths, np.ones(7, bool))
    assert found.mean_s == pytest.approx(5.0)
    assert found.median_s == 4.0
    cut = kaplan_meier(lengths, np.ones(7, bool), limit_s=4.5)
    assert cut.mean_s == pytest.approx(np.minimum(lengths, 4.5).mean())
    assert cut.limit_s == 4.5
    assert cut.mean_high_s <= 4.5


def test_nothing_is_known_beyond_the_longest_duration():
    found = kaplan_meier(*durations("1 2 3 4 5 6 -8"), limit_s=20.0)
    assert found.limit_s == 8.0


def test_a_median_that_was_not_reached_leaves_the_mean():
    found = kaplan_meier(*durations("1 2 3 4 5 6 -7 -7 -7 -7 -7 -7 -7 -7"))
    assert (found.median_s, found.median_high_s) == (None, None)
    assert found.reason == MEDIAN_NOT_REACHED
    assert found.mean_low_s < found.mean_s < found.mean_high_s


def test_too_few_complete_durations_give_nothing():
    found = kaplan_meier(*durations("1 2 3 4 5 -6 -7 -8 -9"))
    assert (found.events, found.censored) == (LEAST_EVENTS - 1, 4)
    assert (found.median_s, found.mean_s, found.limit_s) == (None, None, None)
    assert found.reason == TOO_FEW_EVENTS
    assert kaplan_meier(np.zeros(0), np.zeros(0, bool)).reason == TOO_FEW_EVENTS


def test_which_intervals_count_and_how():
    found = dwell(
        ("fear", 1), ("anger", 2), ("fear", 3), ("no_face", 1), ("fear", 4), ("anger", 5),
        ("uncertain", 1), ("anger", 1), ("fear", 6),
    )  # fmt: skip
    fear, anger = found["fear"], found["anger"]
    # fear: 1 and 4 began unseen; 3 was cut off by the gap and 6 by the end.
    assert (fear.events, fear.censored, fear.start_unknown) == (0, 2, 2)
    # anger: 2 is complete, 5 was cut off, 1 began unseen.
    assert (anger.events, anger.censored, anger.start_unknown) == (1, 1, 1)


def test_the_lengths_of_the_complete_intervals_are_used():
    stretches = [(name, seconds) for seconds in range(1, 9) for name in ("fear", "anger")]
    stretches = [(name, 0.5 if name == "fear" else seconds) for name, seconds in stretches]
    found = dwell(*stretches)
    assert found["fear"].median_s == 0.5
    assert (found["anger"].events, found["anger"].censored) == (7, 1)
    assert found["anger"].mean_s == pytest.approx(4.5)


def test_one_limit_for_all_emotions():
    found = dwell(*[("fear", 2), ("anger", 6)] * 9, limit_s=4.0)
    assert found["fear"].mean_s == pytest.approx(2.0)
    assert found["anger"].mean_s == pytest.approx(4.0)


def test_recovery_by_hand():
    away = [("neutral", 1), ("fear", 1), ("anger", 2)]
    found = recovery_time(video_rows(*away * 7, ("neutral", 2), ("fear", 4), ("no_face", 1)))
    assert (found.events, found.censored, found.start_unknown) == (7, 1, 0)
    assert found.median_s == 3.0


def test_recovery_begins_anew_after_a_gap():
    rows = video_rows(
        ("fear", 9), ("neutral", 1), ("anger", 3), ("no_face", 1), ("neutral", 5), ("no_face", 1),
        ("fear", 2), ("neutral", 1), ("fear", 1), ("neutral", 1),
    )  # fmt: skip
    found = recovery_time(rows)
    # Two chains begin away from neutral; anger is cut off; the neutral chain was never left.
    assert (found.events, found.censored, found.start_unknown) == (1, 1, 2)


def test_recovery_without_any_neutral():
    found = recovery_time(video_rows(("fear", 1), ("anger", 1)))
    assert (found.events, found.censored, found.start_unknown) == (0, 0, 1)
    assert recovery_time(()).reason == TOO_FEW_EVENTS


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=6, max_size=40),
    st.integers(1, 60),
)
def test_estimates_stay_in_order_and_inside(drawn, limit_s):
    lengths, ended = (np.array(column) for column in zip(*drawn, strict=True))
    found = kaplan_meier(lengths / 4, ended, limit_s=limit_s / 4)
    if found.reason == TOO_FEW_EVENTS:
        assert ended.sum() < LEAST_EVENTS
        return
    assert 0 < found.mean_low_s <= found.mean_s <= found.mean_high_s <= found.limit_s + 1e-12
    assert found.mean_s >= np.minimum(lengths / 4, found.limit_s).mean() - 1e-9
    if found.median_s is not None and found.median_low_s is not None:
        assert found.median_low_s <= found.median_s
        assert found.median_high_s is None or found.median_s <= found.median_high_s


def test_censoring_biases_the_naive_mean_and_not_the_estimate():
    rng = np.random.default_rng(0)
    limit_s, naive, estimated = 20.0, [], []
    for _ in range(300):
        whole = rng.gamma(2.0, 6.0, 40)
        seen = rng.exponential(15.0, 40)
        lengths = np.minimum(whole, seen)
        naive.append(np.minimum(lengths, limit_s).mean())
        estimated.append(kaplan_meier(lengths, whole <= seen, limit_s=limit_s).mean_s)
    truth = np.minimum(rng.gamma(2.0, 6.0, 400_000), limit_s).mean()
    assert np.mean(naive) < 0.7 * truth
    assert np.mean(estimated) == pytest.approx(truth, abs=0.25)
