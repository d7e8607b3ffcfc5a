import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.tables.frames import shown_tables
from emoreport.tables.workbook_data import (
    MAX_STRETCHES,
    column,
    label_seconds,
    shares_over_time,
    stretches,
)
from tests.fixtures.results import face_track, long_analysis, speech_track


@given(st.integers(1, 40_000_000))
def test_stretches_tile_a_recording_and_are_few(duration_ms):
    cut = stretches(duration_ms / 1000)
    assert 1 <= len(cut.starts_s) <= MAX_STRETCHES
    assert cut.starts_s[0] == 0.0
    assert sum(cut.lengths_s) == pytest.approx(duration_ms / 1000)
    ends = [start + length for start, length in zip(cut.starts_s, cut.lengths_s, strict=True)]
    assert ends[:-1] == pytest.approx(list(cut.starts_s[1:]))


@given(st.integers(1, 4_000_000), st.data())
def test_cutting_a_span_loses_no_time(duration_ms, data):
    start = data.draw(st.integers(0, duration_ms)) / 1000
    end = data.draw(st.integers(round(start * 1000), duration_ms)) / 1000
    cut = stretches(duration_ms / 1000)
    pieces = list(cut.cut(start, end))
    assert sum(seconds for _, seconds in pieces) == pytest.approx(end - start, abs=1e-9)
    assert all(0 < seconds <= cut.lengths_s[place] + 1e-9 for place, seconds in pieces)


@pytest.mark.parametrize(
    ("duration_s", "width_s"),
    [(10.0, 0.1), (36.2, 0.5), (600.0, 5.0), (3600.0, 30.0), (7200.0, 60.0), (500_000.0, 7200.0)],
)
def test_stretches_have_round_lengths(duration_s, width_s):
    assert stretches(duration_s).width_s == width_s


def test_there_are_no_stretches_of_nothing():
    assert stretches(0.0).starts_s == ()


def test_shares_over_time_hold_the_seconds_of_each_label():
    shown = shown_tables(long_analysis(300), face_track(), speech_track())
    intervals = shown["video_intervals"]
    cut = stretches(3600.0)
    shares = shares_over_time(intervals, cut)
    for label, seconds in label_seconds(intervals).items():
        rebuilt = sum(
            share * length for share, length in zip(shares[label], cut.lengths_s, strict=True)
        )
        assert rebuilt == pytest.approx(seconds, abs=1e-6)
    assert sum(label_seconds(intervals).values()) == pytest.approx(3600.0)
    assert len(column(intervals, "emotion")) == 300
