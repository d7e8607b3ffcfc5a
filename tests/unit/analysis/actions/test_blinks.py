from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.actions.blinks import LONGEST_S, find_blinks, watched_s
from emoreport.records import EyeTrack


def eyes(blinks_s: list[float], *, rate_hz: float = 25.0, length_s: float = 0.12) -> EyeTrack:
    """Eyes open to 0.3 for 10 s that close at these times; `length_s` is that at half depth."""
    time_s = np.arange(0, 10, 1 / rate_hz)
    opening = np.full(len(time_s), 0.3)
    for blink_s in blinks_s:
        depth = np.clip(1.5 - np.abs(time_s - blink_s) / (0.5 * length_s), 0, 1)
        opening *= 1 - 0.9 * depth
    return EyeTrack(time_s, opening.astype(np.float32))


def test_blinks_are_found_with_their_times_and_lengths() -> None:
    found = find_blinks(eyes([1.0, 2.4, 9.0]))
    assert [event.action for event in found] == ["blink"] * 3
    assert [event.peak_s for event in found] == pytest.approx([1.0, 2.4, 9.0], abs=0.041)
    assert [event.span.duration_s for event in found] == pytest.approx([0.12] * 3, abs=0.03)
    assert all(0.8 < event.peak <= 1 for event in found)


def test_a_gaze_that_sinks_slowly_is_no_blink() -> None:
    time_s = np.arange(0, 10, 0.04)
    sinking = EyeTrack(time_s, (0.2 + 0.1 * np.cos(time_s)).astype(np.float32))
    assert find_blinks(sinking) == ()


def test_eyes_that_stay_closed_are_no_blink() -> None:
    assert find_blinks(eyes([5.0], length_s=LONGEST_S + 0.2)) == ()


def test_two_blinks_in_a_row_are_two() -> None:
    assert len(find_blinks(eyes([2.0, 2.3]))) == 2


@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 15.0])
def test_at_a_low_rate_nothing_is_counted(rate_hz: float) -> None:
    seldom = eyes([1.0, 2.0], rate_hz=rate_hz)
    assert watched_s(seldom) == 0
    assert find_blinks(seldom) == ()


@pytest.mark.parametrize("track", [None, EyeTrack(np.zeros(0), np.zeros(0, np.float32))])
def test_where_nobody_watched_there_is_none(track: EyeTrack | None) -> None:
    assert watched_s(track) == 0
    assert find_blinks(track) == ()


def test_time_without_a_face_is_not_watched() -> None:
    track = eyes([1.0, 8.0])
    track.opening[100:150] = np.nan
    assert watched_s(track) == pytest.approx(8.0, abs=0.05)
    assert len(find_blinks(track)) == 2


@given(st.lists(st.floats(0.02, 0.5), min_size=2, max_size=120))
def test_blinks_are_disjoint_and_in_order(openings: list[float]) -> None:
    time_s = np.arange(len(openings)) / 25
    found = find_blinks(EyeTrack(time_s, np.array(openings, np.float32)))
    for event in found:
        assert time_s[0] <= event.span.start_s <= event.peak_s <= event.span.end_s <= time_s[-1]
    for before, after in itertools.pairwise(found):
        assert before.span.end_s <= after.span.start_s + 1e-9
