import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.errors import SettingsError
from emoreport.media.selection import RateSelector, selector
from emoreport.media.timeline import Moment


def chosen(picker, times_s) -> list[float]:
    steps = [late - early for early, late in itertools.pairwise(times_s)]
    steps.append(steps[-1] if steps else 0.04)
    moments = [Moment(time_s, step_s) for time_s, step_s in zip(times_s, steps, strict=True)]
    return [moment.time_s for moment in moments if picker.wants(moment)]


@pytest.mark.parametrize("fps", ["every", "adaptive"])
def test_every_frame_is_taken(fps):
    times_s = [0.0, 0.5, 0.50001, 7.0]
    assert chosen(selector(fps), times_s) == times_s


def test_a_rate_that_divides_the_source_hits_the_grid():
    times_s = [k / 25 for k in range(50)]
    assert chosen(selector("5"), times_s) == pytest.approx([k / 5 for k in range(10)])


def test_a_rate_above_the_source_takes_every_frame():
    times_s = [k / 25 for k in range(50)]
    assert chosen(selector("60"), times_s) == times_s


@pytest.mark.parametrize("rate_hz", [29.97, 30])
def test_stamps_rounded_to_milliseconds_lose_no_frame(rate_hz):
    times_s = [round(k / 30, 3) for k in range(300)]
    assert chosen(RateSelector(rate_hz), times_s) == times_s


def test_after_a_gap_no_frame_is_taken_twice():
    assert chosen(RateSelector(10), [0.0, 0.04, 2.0, 2.04, 2.1]) == [0.0, 2.0, 2.1]


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "often", "1001"])
def test_nonsense_is_refused(text):
    with pytest.raises(SettingsError):
        selector(text)


@given(
    st.lists(st.floats(0.001, 0.5), min_size=1, max_size=80),
    st.floats(0.5, 50.0, allow_nan=False),
)
def test_a_rate_takes_at_most_one_frame_per_tick_and_misses_none(steps, rate_hz):
    times_s = list(itertools.accumulate(steps, initial=0.0))
    found = chosen(RateSelector(rate_hz), times_s)
    assert found == sorted(set(found))
    assert len(found) <= times_s[-1] * rate_hz + 2
    # Between two frames that were taken, no other stood nearer to a tick that went unserved.
    for early, late in itertools.pairwise(found):
        skipped = [time_s for time_s in times_s if early < time_s < late]
        assert not skipped or skipped[-1] - early <= 1.5 / rate_hz + max(steps)
