import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.media.timeline import Clock, FrameTimes


def placed(times: FrameTimes, stamps, duration_s: float = 0.0) -> list[float]:
    moments = [times.place(stamp, duration_s) for stamp in stamps]
    return [round(moment.time_s, 6) for moment in moments if moment is not None]


def test_stamps_are_taken_as_they_are():
    times = FrameTimes(Clock())
    assert placed(times, [0.0, 0.04, 0.3, 0.35]) == [0.0, 0.04, 0.3, 0.35]
    assert times.quality == "exact"
    assert times.notes() == ()


def test_time_zero_is_subtracted():
    times = FrameTimes(Clock(zero_s=1.4))
    assert placed(times, [1.4, 1.44]) == [0.0, 0.04]


def test_frames_before_zero_are_not_presented_and_not_counted():
    times = FrameTimes(Clock())
    assert placed(times, [-0.08, -0.04, 0.0, 0.04]) == [0.0, 0.04]
    assert (times.placed, times.quality) == (2, "exact")


def test_a_stamp_rounded_to_just_before_zero_is_zero():
    assert placed(FrameTimes(Clock(zero_s=1.4000004)), [1.4]) == [0.0]


def test_the_end_is_that_of_the_last_frame():
    times = FrameTimes(Clock())
    placed(times, [0.0, 0.04], duration_s=0.05)
    assert times.end_s == pytest.approx(0.09)


def test_without_durations_the_usual_step_ends_the_video():
    times = FrameTimes(Clock())
    placed(times, [0.0, 0.1, 0.2, 3.2])
    assert times.end_s == pytest.approx(3.3)


def test_one_frame_without_duration_lasts_as_long_as_the_header_says():
    times = FrameTimes(Clock(), nominal_step_s=0.5)
    placed(times, [0.0])
    assert times.end_s == 0.5


def test_an_edit_list_may_end_the_video_within_its_last_frame():
    times = FrameTimes(Clock(claimed_end_s=0.06))
    placed(times, [0.0, 0.04], duration_s=0.04)
    assert times.end_s == 0.06


def test_an_absurd_last_duration_is_not_believed():
    times = FrameTimes(Clock(claimed_end_s=0.2))
    placed(times, [0.0, 0.1])
    times.place(0.2, 5000.0)
    assert times.end_s == pytest.approx(0.3)


def test_missing_stamps_continue_at_the_pace_of_the_frames():
    times = FrameTimes(Clock())
    assert placed(times, [0.0, None, None, 0.12], duration_s=0.04) == [0.0, 0.04, 0.08, 0.12]
    assert times.quality == "repaired"
    assert times.notes() == ("2 frames had no presentation time",)


def test_without_any_stamp_the_steps_of_decoding_are_used():
    times = FrameTimes(Clock())
    moments = [times.place(None, 0.001, decode) for decode in (0.08, 0.12, 0.16, None)]
    assert [round(moment.time_s, 6) for moment in moments if moment] == [0.0, 0.04, 0.08, 0.12]
    assert times.quality == "estimated"


def test_a_format_without_stamps_is_estimated():
    times = FrameTimes(Clock(), stamped=False)
    placed(times, [0.0, 0.04])
    assert times.quality == "estimated"
    assert "no presentation times" in times.notes()[0]


def test_a_frame_with_the_time_of_another_is_dropped():
    times = FrameTimes(Clock())
    assert placed(times, [0.0, 0.04, 0.04, 0.02, 0.08]) == [0.0, 0.04, 0.08]
    assert times.quality == "repaired"
    assert times.dropped == 2


def test_a_stuck_clock_loses_two_frames_at_most():
    times = FrameTimes(Clock(), nominal_step_s=0.1)
    assert placed(times, [0.0] * 7) == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_a_restarted_clock_continues_where_it_was():
    times = FrameTimes(Clock())
    found = placed(times, [5.0, 5.04, 5.08, 0.0, 0.04], duration_s=0.04)
    assert found == [5.0, 5.04, 5.08, 5.12, 5.16]
    assert times.quality == "repaired"
    assert "jumped 1 times" in times.notes()[0]


def test_one_stamp_far_beyond_the_announced_end_does_no_lasting_harm():
    times = FrameTimes(Clock(claimed_end_s=1.0))
    found = placed(times, [0.0, 0.04, 90000.0, 0.12, 0.16], duration_s=0.04)
    assert found == [0.0, 0.04, 0.08, 0.12, 0.16]


def test_a_long_still_picture_within_the_announced_length_is_kept():
    times = FrameTimes(Clock(claimed_end_s=120.0))
    assert placed(times, [0.0, 60.0, 119.0]) == [0.0, 60.0, 119.0]
    assert times.quality == "exact"


def test_a_transport_stream_may_not_jump_ahead():
    times = FrameTimes(Clock(discontinuous=True, claimed_end_s=5000.0))
    assert placed(times, [0.0, 0.04, 900.0, 900.04], duration_s=0.04) == [0.0, 0.04, 0.08, 0.12]


def test_a_stuck_clock_after_a_frame_before_zero_goes_on_from_the_last_frame():
    times = FrameTimes(Clock())
    found = [times.place(stamp, 0.0) for stamp in (3601.0, 0.3125, 0.3125, 0.3125, 0.0, 0.3125)]
    shown = [moment.time_s for moment in found if moment is not None]
    assert all(early < late for early, late in itertools.pairwise(shown))


stamps = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False))


@given(st.lists(stamps, max_size=60), st.floats(-1.0, 100.0), st.one_of(st.none(), st.just(9.0)))
def test_times_always_increase_from_zero(raw, duration_s, claimed_s):
    times = FrameTimes(Clock(claimed_end_s=claimed_s))
    moments = [moment for stamp in raw if (moment := times.place(stamp, duration_s))]
    found = [moment.time_s for moment in moments]
    assert all(time_s >= 0 for time_s in found)
    assert all(early < late for early, late in itertools.pairwise(found))
    assert not found or times.end_s > found[-1]
    assert times.placed == len(found)


@given(st.lists(st.floats(0.001, 5.0), min_size=1, max_size=40), st.floats(0.0, 1e5))
def test_good_stamps_are_never_changed(steps, start_s):
    stamps_s = list(itertools.accumulate(steps, initial=0.0))
    times = FrameTimes(Clock(zero_s=start_s, claimed_end_s=stamps_s[-1]))
    found = placed(times, [start_s + stamp for stamp in stamps_s])
    assert found == pytest.approx(stamps_s, abs=2e-6)
    assert times.quality == "exact"
