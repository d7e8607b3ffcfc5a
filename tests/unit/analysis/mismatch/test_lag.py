"""Lead and lag: arithmetic, then what is found of planted lags."""

import numpy as np
import pytest
from scipy.stats import kstest

from emoreport.analysis.mismatch.lag import (
    CONSTANT,
    TOO_SHORT,
    boxcar,
    circular_correlations,
    lead_and_lag,
    resample,
)
from tests.fixtures.talks import Design, wandering
from tests.fixtures.validity import planted_lag

STEP_S = 0.1


def moving(seed, seconds, hold_s=2.0):
    """A wandering series every 0.1 s, smooth over half a second."""
    rng = np.random.default_rng(seed)
    raw = wandering(rng, int(seconds / STEP_S) + 20, 1, STEP_S, hold_s)[:, 0]
    return np.convolve(raw, np.ones(5) / 5, mode="same")[10:-10]


def delayed(seed, seconds, lag_s, noise=0.5):
    """A series, and the same `lag_s` later with noise of its own."""
    source = moving(seed, seconds + 20)
    steps = round(lag_s / STEP_S)
    length = round(seconds / STEP_S)
    face, voice = source[100 : 100 + length], source[100 - steps : 100 - steps + length]
    rng = np.random.default_rng([seed, 1])
    own = noise * wandering(rng, length, 1, STEP_S, 0.5)[:, 0]
    return np.arange(length) * STEP_S, face, voice + own


@pytest.mark.parametrize(("lag_s", "lead"), [(0.8, "face"), (-1.3, "voice")])
def test_a_planted_lag_is_found(lag_s, lead):
    time_s, face, voice = delayed(1, 600, lag_s)
    found = lead_and_lag(time_s, face, time_s, voice)
    assert found.lead == lead
    assert found.lag_s == pytest.approx(lag_s, abs=0.1)
    assert found.interval_s[0] < lag_s < found.interval_s[1]
    assert found.correlation > found.threshold > 0
    assert found.p_value < 0.05


def test_no_lag_is_called_together():
    time_s, face, voice = delayed(2, 600, 0.0)
    found = lead_and_lag(time_s, face, time_s, voice)
    assert found.lead == "together"
    assert found.lag_s == pytest.approx(0, abs=0.1)


def test_an_opposite_course_has_a_lag_too():
    time_s, face, voice = delayed(3, 600, 0.8)
    found = lead_and_lag(time_s, face, time_s, -voice)
    assert found.correlation < -found.threshold
    assert found.lag_s == pytest.approx(0.8, abs=0.1)


def test_exchanging_the_series_turns_the_lag():
    time_s, face, voice = delayed(4, 600, 0.8)
    forth = lead_and_lag(time_s, face, time_s, voice)
    back = lead_and_lag(time_s, voice, time_s, face)
    assert back.lag_s == pytest.approx(-forth.lag_s, abs=1e-6)
    assert back.p_value == pytest.approx(forth.p_value)
    assert back.correlation == pytest.approx(forth.correlation)


def test_series_of_their_own_give_no_evidence_and_no_lag():
    time_s = np.arange(6000) * STEP_S
    found = lead_and_lag(time_s, moving(5, 600), time_s, moving(6, 600))
    assert found.lead == "no_evidence"
    assert (found.lag_s, found.interval_s) == (None, None)
    assert abs(found.correlation) <= found.threshold


def test_a_common_drift_is_no_coupling():
    time_s = np.arange(6000) * STEP_S
    drift = np.linspace(0, 20, 6000)
    found = lead_and_lag(time_s, moving(5, 600) + drift, time_s, moving(6, 600) + drift)
    assert found.lead == "no_evidence"


def test_series_with_times_of_their_own_and_gaps_are_compared():
    time_s, face, voice = delayed(7, 900, 0.8)
    rng = np.random.default_rng(8)
    some = np.sort(rng.choice(len(time_s), 6000, replace=False))
    face = face.copy()
    face[2000:2300] = np.nan
    slow = np.arange(0.05, 899, 0.5)
    heard = np.interp(slow, time_s, voice)
    heard[100:140] = np.nan
    found = lead_and_lag(time_s[some], face[some], slow, heard)
    assert found.lead == "face"
    assert found.lag_s == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("seconds", [0, 100, 299])
def test_a_short_talk_is_not_enough(seconds):
    time_s = np.arange(int(seconds * 10)) * STEP_S
    series = moving(9, max(seconds, 1))[: len(time_s)]
    found = lead_and_lag(time_s, series, time_s, series)
    assert (found.lead, found.reason, found.p_value) == ("not_enough_data", TOO_SHORT, None)


def test_a_series_that_does_not_vary_or_is_unknown_is_not_enough():
    time_s = np.arange(6000) * STEP_S
    series = moving(9, 600)
    still = lead_and_lag(time_s, series, time_s, np.full(6000, 0.3))
    assert (still.lead, still.reason) == ("not_enough_data", CONSTANT)
    unknown = lead_and_lag(time_s, series, time_s, np.full(6000, np.nan))
    assert (unknown.lead, unknown.reason) == ("not_enough_data", TOO_SHORT)


def test_the_seed_decides_about_the_interval_only():
    time_s, face, voice = delayed(10, 600, 0.8)
    one = lead_and_lag(time_s, face, time_s, voice, seed=1)
    again = lead_and_lag(time_s, face, time_s, voice, seed=1)
    other = lead_and_lag(time_s, face, time_s, voice, seed=2)
    assert one.interval_s == again.interval_s != other.interval_s
    assert (one.p_value, one.lag_s) == (other.p_value, other.lag_s)


def test_correlations_are_those_of_the_overlap():
    rng = np.random.default_rng(11)
    one, other = rng.normal(size=30), rng.normal(size=30)
    one[[4, 5]] = np.nan
    other[[0, 17, 18]] = np.nan
    correlation, overlap = circular_correlations(one, other, 3)
    for lag in range(-3, 4):
        pairs = [
            (one[t], other[t + lag])
            for t in range(30)
            if 0 <= t + lag < 30 and not np.isnan(one[t] + other[t + lag])
        ]
        first, second = np.transpose(pairs)
        wanted = first @ second / np.sqrt((first @ first) * (second @ second))
        assert overlap[lag] == len(pairs)
        assert correlation[lag] == pytest.approx(wanted)


def test_dense_samples_are_averaged_and_sparse_ones_joined():
    grid_s = np.arange(5) * 1.0
    dense_s = np.arange(0, 5, 0.25) - 0.5
    dense = resample(dense_s, np.arange(20.0), grid_s, 1.0)
    assert dense.tolist() == [1.5, 5.5, 9.5, 13.5, 17.5]
    sparse = resample(np.array([0.0, 2.0, 4.0]), np.array([0, 4, np.nan]), grid_s, 0.5)
    assert sparse[:2].tolist() == [0, 2]
    assert np.isnan(sparse[2:]).all()


def test_no_line_is_drawn_across_a_pause():
    grid_s = np.arange(12) + 0.5
    joined = resample(np.array([0.0, 2, 3, 9, 11]), np.zeros(5), grid_s, 0.5)
    assert np.flatnonzero(np.isnan(joined)).tolist() == [3, 4, 5, 6, 7, 8, 11]


def test_the_window_takes_what_is_known():
    values = np.array([1.0, 3.0, np.nan, 5.0, 9.0])
    smooth = boxcar(values, 3.0)
    assert smooth[[0, 1, 3, 4]].tolist() == [2, 2, 7, 7]
    assert np.isnan(smooth[2])
    assert boxcar(values, 1.0) is values


@pytest.mark.slow
def test_peaks_of_independent_valence_are_no_evidence_more_often_than_one_in_twenty():
    values = [
        planted_lag(Design(), 400.0, number, readings=True, draws=1).p_value
        for number in range(300)
    ]
    known = np.array([value for value in values if value is not None])
    assert len(known) > 150
    # The smallest possible p-value is one peak's share of the circle, so small ones are rarer.
    assert kstest(known, "uniform", alternative="greater").pvalue > 0.01


@pytest.mark.slow
def test_a_planted_lag_of_valence_is_found_within_a_tenth_of_a_second():
    design = Design(coupling=0.8, lag_s=0.8, errors=False)
    found = [planted_lag(design, 900.0, number, readings=False) for number in range(20)]
    assert all(one.lead == "face" for one in found)
    assert all(abs(one.lag_s - 0.8) <= 0.1 for one in found)


@pytest.mark.slow
def test_windows_of_three_seconds_blur_a_lag_but_do_not_move_it():
    design = Design(coupling=0.8, lag_s=0.8, errors=False)
    found = [planted_lag(design, 1800.0, number, readings=True) for number in range(20)]
    lags_s = [one.lag_s for one in found if one.lag_s is not None]
    assert len(lags_s) >= 19
    assert np.median(lags_s) == pytest.approx(0.8, abs=0.1)
