"""What each frame stands for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.numeric.hold_times import (
    build_timeline,
    hold_times,
    long_gaps,
    stretch_of_frames,
    true_runs,
)


def cells(time_s, duration_s):
    timeline = build_timeline(np.asarray(time_s, dtype=float), duration_s)
    return timeline.edges_s.tolist(), timeline.frame.tolist()


def test_a_frame_holds_until_the_next_one_the_first_from_zero_the_last_to_the_end():
    assert cells([0.1, 0.4, 0.6], 1.0) == ([0.0, 0.4, 0.6, 1.0], [0, 1, 2])


def test_a_variable_frame_rate_is_honoured():
    assert hold_times(np.array([0.0, 0.25, 0.5, 1.25]), 1.5).tolist() == [0.25, 0.25, 0.75, 0.25]


def test_a_hole_in_the_frames_is_nobodys():
    time_s = [0.0, 0.25, 0.5, 5.0, 5.25]
    assert cells(time_s, 5.5) == (
        [0.0, 0.25, 0.5, 0.75, 5.0, 5.25, 5.5],
        [0, 1, 2, -1, 3, 4],
    )


def test_a_video_track_that_ends_before_the_recording_leaves_a_hole():
    assert cells([0.0, 0.5, 1.0], 8.0) == ([0.0, 0.5, 1.0, 1.5, 8.0], [0, 1, 2, -1])


def test_a_late_first_frame_leaves_a_hole_before_it():
    assert cells([4.0, 4.5, 5.0], 5.5) == ([0.0, 4.0, 4.5, 5.0, 5.5], [-1, 0, 1, 2])


def test_a_sparse_rate_makes_no_holes():
    time_s = np.arange(0, 60, 5.0)
    assert hold_times(time_s, 60.0).tolist() == [5.0] * 12
    uneven = np.array([0.0, 5.0, 10.0, 22.0, 27.0])
    assert hold_times(uneven, 32.0).tolist() == [5.0, 5.0, 12.0, 5.0, 5.0]


def test_a_stall_of_up_to_a_second_is_held():
    time_s = np.array([0.0, 0.04, 0.08, 1.08, 1.12])
    assert hold_times(time_s, 1.16)[2] == pytest.approx(1.0)


def test_a_single_frame_holds_a_short_recording_and_a_second_of_a_long_one():
    assert cells([0.0], 0.04) == ([0.0, 0.04], [0])
    assert cells([0.0], 10.0) == ([0.0, 1.0, 10.0], [0, -1])
    assert cells([2.0], 2.5) == ([0.0, 2.0, 2.5], [-1, 0])


def test_no_frames_and_no_duration():
    assert cells([], 3.0) == ([0.0, 3.0], [-1])
    assert cells([], 0.0) == ([0.0], [])
    assert cells([0.0, 1.0], 0.0) == ([0.0], [])
    assert hold_times(np.zeros(0), 3.0).tolist() == []


def test_frames_outside_the_duration_hold_nothing():
    assert hold_times(np.array([-0.5, 0.25, 0.5, 0.75]), 0.5).tolist() == [0.25, 0.25, 0.0, 0.0]
    assert cells([-0.5, 0.25, 0.5, 0.75], 0.5) == ([0.0, 0.25, 0.5], [0, 1])


def test_runs_of_true():
    starts, ends = true_runs(np.array([True, False, True, True]))
    assert (starts.tolist(), ends.tolist()) == ([0, 2], [1, 4])
    assert true_runs(np.zeros(0, dtype=bool))[0].tolist() == []


def test_long_gaps_number_the_stretches_between_them():
    usable = np.array([1, 0, 1, 0, 0, 1, 1, 0, 0, 0], dtype=bool)
    timeline = build_timeline(np.arange(10) / 10, 1.0)
    gaps = long_gaps(timeline, usable, 0.2)
    assert np.flatnonzero(gaps).tolist() == [7, 8, 9]
    gaps = long_gaps(timeline, usable, 0.1)
    assert np.flatnonzero(gaps).tolist() == [3, 4, 7, 8, 9]
    assert stretch_of_frames(timeline, gaps, 10).tolist() == [0, 0, 0, -1, -1, 1, 1, -1, -1, -1]


@given(
    steps=st.lists(st.integers(1, 400), min_size=0, max_size=40),
    first=st.integers(0, 300),
    rest=st.integers(1, 400),
)
def test_cells_tile_the_recording_and_each_frame_holds_its_own_time(steps, first, rest):
    time_s = (first + np.cumsum([0, *steps])) / 64
    duration_s = float(time_s[-1]) + rest / 64
    timeline = build_timeline(time_s, duration_s)
    assert timeline.edges_s[0] == 0.0
    assert timeline.edges_s[-1] == duration_s
    assert (timeline.length_s > 0).all()
    held = timeline.frame >= 0
    assert timeline.frame[held].tolist() == list(range(len(time_s)))
    assert (timeline.edges_s[:-1][held] <= time_s).all()
    assert (time_s < timeline.edges_s[1:][held]).all()
    assert timeline.holds_s(len(time_s)).sum() == pytest.approx(timeline.length_s[held].sum())
