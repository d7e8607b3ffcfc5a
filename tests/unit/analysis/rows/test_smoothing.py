"""Smoothing over seconds, within stretches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.rows.smoothing import smooth, smooth_track
from emoreport.settings import AnalysisSettings
from tests.fixtures.readings import face_track, track_of

ONE = np.zeros(5, dtype=np.int64)
COLUMN = np.array([[0.0], [1.0], [0.0], [1.0], [1.0]], dtype=np.float32)
NAN = float("nan")


def smoothed(values, time_s, window_s, method="mean", stretch=None):
    stretch = np.zeros(len(values), dtype=np.int64) if stretch is None else np.asarray(stretch)
    table = np.asarray(values, dtype=np.float32).reshape(len(values), -1)
    return smooth(table, np.asarray(time_s, dtype=float), stretch, window_s, method)[:, 0]


def reference(values, time_s, window_s, method, stretch):
    """The definition, written as loops."""
    pick = np.mean if method == "mean" else np.median
    result = []
    for time, own in zip(time_s, stretch, strict=True):
        near = [
            value
            for value, other_time, other in zip(values, time_s, stretch, strict=True)
            if abs(other_time - time) <= window_s / 2 + 1e-9
            and other == own >= 0
            and not np.isnan(value)
        ]
        result.append(pick(near) if near else NAN)
    return result


def test_the_window_is_centred_and_counts_both_ends():
    mean = smoothed([0, 0, 1, 0, 0], [0.0, 0.5, 1.0, 1.5, 2.0], 1.0)
    assert mean == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 0])


def test_the_window_is_measured_in_seconds_not_in_frames():
    mean = smoothed([0, 1, 1, 1], [0.0, 1.0, 1.1, 1.2], 0.25)
    assert mean == pytest.approx([0, 1, 1, 1])


def test_decimal_times_reach_the_edge_of_the_window():
    time_s = np.arange(0, 1, 0.1)
    mean = smoothed([0] * 5 + [1] + [0] * 4, time_s, 0.2)
    assert np.flatnonzero(mean > 0).tolist() == [4, 5, 6]


def test_the_median_drops_a_single_outlier():
    median = smoothed([0, 0, 1, 0, 0], np.arange(5.0), 2.0, "median")
    assert median.tolist() == [0, 0, 0, 0, 0]


def test_an_even_median_is_the_middle_of_two():
    assert smoothed([0.0, 0.5], [0.0, 1.0], 2.0, "median").tolist() == [0.25, 0.25]


def test_missing_frames_do_not_count_and_are_filled_from_their_window():
    mean = smoothed([0.5, NAN, 1.0], [0.0, 1.0, 2.0], 2.0)
    assert mean.tolist() == [0.5, 0.75, 1.0]


def test_no_valid_frame_in_the_window_is_nan():
    mean = smoothed([0.5, NAN, NAN, NAN, 1.0], np.arange(5.0), 2.0)
    assert np.isnan(mean).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("method", ["mean", "median"])
def test_nothing_crosses_a_stretch(method):
    mean = smoothed([0, 0, NAN, 1, 1], np.arange(5.0), 60.0, method, [0, 0, -1, 1, 1])
    assert mean[[0, 1, 3, 4]].tolist() == [0, 0, 1, 1]
    assert np.isnan(mean[2])


@pytest.mark.parametrize("method", ["mean", "median"])
def test_width_zero_changes_nothing(method):
    values = np.array([0.125, NAN, 0.7], dtype=np.float32)
    result = smoothed(values, [0.0, 0.1, 0.2], 0.0, method)
    np.testing.assert_array_equal(result, values.astype(np.float64))


@pytest.mark.parametrize("method", ["mean", "median"])
def test_no_frames(method):
    assert smooth(np.zeros((0, 3)), np.zeros(0), np.zeros(0, dtype=int), 1.0, method).shape == (
        0,
        3,
    )
    nothing = smoothed([NAN, NAN], [0.0, 1.0], 1.0, method)
    assert np.isnan(nothing).all()


def test_a_constant_stays_exactly_what_it_is_for_hours():
    count = 200_000
    values = np.full((count, 1), 0.1, dtype=np.float32)
    mean = smooth(values, np.arange(count) / 25, np.zeros(count, dtype=int), 1.0)
    np.testing.assert_allclose(mean, values, rtol=0, atol=1e-12)
    assert len(np.unique(mean)) == 1


def test_a_late_frame_is_smoothed_as_precisely_as_an_early_one():
    rng = np.random.default_rng(1)
    values = rng.random((100_000, 1)).astype(np.float32)
    time_s = np.arange(len(values)) / 25
    mean = smooth(values, time_s, np.zeros(len(values), dtype=int), 1.0)
    exact = values[-100:-75].astype(np.float64).mean()
    assert mean[-88, 0] == pytest.approx(exact, abs=1e-12)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 40),
            st.one_of(st.just(NAN), st.integers(0, 64).map(lambda value: value / 64)),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    ),
    window=st.integers(1, 200),
    method=st.sampled_from(["mean", "median"]),
)
def test_agrees_with_the_definition(rows, window, method):
    time_s = np.cumsum([step for step, _, _ in rows]) / 32
    values = [value for _, value, _ in rows]
    stretch = np.cumsum([new for _, _, new in rows])
    fast = smoothed(values, time_s, window / 32, method, stretch)
    np.testing.assert_allclose(
        fast, reference(values, time_s, window / 32, method, stretch), atol=1e-12
    )


def test_a_track_is_cut_at_gaps_longer_than_the_limit():
    track = face_track(("happiness", 1.0), (None, 0.6), ("sadness", 1.0))
    happy = track.labels.index("happiness")
    for limit_s, expected in [(0.5, 0.0), (0.7, 0.5)]:
        settings = AnalysisSettings(smoothing_s=10.0, gap_limit_s=limit_s)
        assert smooth_track(track, 2.6, settings)[-1, happy] == expected


def test_float64_readings_give_what_float32_readings_give():
    track = track_of([0.0, 0.04], [[0.25, 0.75], [0.5, 0.5]], ("anger", "fear"))
    settings = AnalysisSettings()
    mean = smooth_track(track, 0.08, settings)
    assert mean.dtype == np.float64
    assert mean[0].tolist() == [0.375, 0.625]
