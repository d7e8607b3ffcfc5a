"""One clock for picture and sound: gaps, joined recordings, clocks that wrap."""

import numpy as np
import pytest

from emoreport.media import open_audio, open_video
from emoreport.media.joins import StreamRuns, join, remarks
from emoreport.media.soundtrack import open_soundtrack
from emoreport.records import Span
from tests.fixtures.media import clicks, joined_clocks, lost_stretch, read_number, wrapped_clock

FORMATS = [".ts", ".mpg", ".flv"]


def read(path):
    """Times by picture number, times of the clicks, what decoding the picture found."""
    with open_video(path) as video:
        times_s = {read_number(frame.rgb): frame.time_s for frame in video}
        outcome, info = video.outcome, video.info
    track = open_audio(path, info, duration_s=None)
    with track:
        found_s = clicks_in(track.read(Span(0.0, track.end_s)), 16_000)
    return times_s, found_s, outcome


def clicks_in(samples, rate_hz):
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    firsts = loud[np.diff(loud, prepend=-rate_hz) > rate_hz // 10]
    return (firsts / rate_hz).tolist()


def keys(outcome):
    """What is said of the clock; program streams leave out the times of some frames."""
    return [key for key, _ in outcome.warnings if key != "time_repaired"]


# --------------------------------------------------------------------------- gaps


@pytest.mark.parametrize("lost_s", [(1.0, 3.0), (1.0, 15.0)])
@pytest.mark.parametrize("suffix", FORMATS)
def test_behind_a_missing_picture_it_is_where_the_sound_is(tmp_path, suffix, lost_s):
    end_s = lost_s[1]
    path = lost_stretch(
        tmp_path / f"a{suffix}",
        lost_s=lost_s,
        kinds=["video"],
        seconds=end_s + 2,
        click_at_s=[0.6, end_s + 1],
    )
    times_s, found_s, outcome = read(path)
    assert np.diff(found_s) == pytest.approx([end_s + 0.4], abs=0.003)
    number = round(25 * (end_s + 1))
    assert times_s[number] - times_s[15] == pytest.approx(found_s[1] - found_s[0], abs=0.006)
    assert outcome.duration_s == pytest.approx(end_s + 2, abs=0.1)
    assert keys(outcome) == ["picture_missing"]
    seconds = float(outcome.warnings[0][1]["seconds"])
    assert seconds == pytest.approx(end_s - 1.0, abs=0.15)
    assert outcome.time_quality == "repaired"


@pytest.mark.parametrize("lost_s", [(1.0, 3.0), (1.0, 15.0)])
@pytest.mark.parametrize("suffix", FORMATS)
def test_behind_missing_sound_it_is_where_the_picture_is(tmp_path, suffix, lost_s):
    end_s = lost_s[1]
    path = lost_stretch(
        tmp_path / f"a{suffix}",
        lost_s=lost_s,
        kinds=["audio"],
        seconds=end_s + 2,
        click_at_s=[0.6, end_s + 1],
    )
    times_s, found_s, outcome = read(path)
    number = round(25 * (end_s + 1))
    assert found_s[1] - found_s[0] == pytest.approx(end_s + 0.4, abs=0.003)
    assert times_s[number] - times_s[15] == pytest.approx(end_s + 0.4, abs=0.006)
    assert keys(outcome) == ["sound_missing"]


@pytest.mark.parametrize("lost", [9.9, 10.0, 10.04, 10.2, 14.0])
def test_a_lost_segment_moves_picture_and_sound_alike(tmp_path, lost):
    path = lost_stretch(
        tmp_path / "a.ts", lost_s=(1.0, 1.0 + lost), seconds=lost + 3, click_at_s=[0.6, lost + 2]
    )
    times_s, found_s, outcome = read(path)
    number = round(25 * (lost + 2))
    off_s = number / 25 - (lost + 2)  # the picture nearest the click
    shown_s = times_s[number] - times_s[15]
    assert shown_s == pytest.approx(found_s[1] - found_s[0] + off_s, abs=0.006)
    assert outcome.time_quality == "repaired"
    assert keys(outcome)[0] in {"stretch_missing", "gap_closed"}
    assert float(outcome.warnings[0][1]["seconds"]) == pytest.approx(lost, abs=0.15)


def test_a_closed_gap_is_closed_for_the_listener_too(tmp_path):
    path = lost_stretch(tmp_path / "a.ts", lost_s=(1.0, 16.0), seconds=18, click_at_s=[0.6, 17.0])
    times_s, found_s, outcome = read(path)
    assert keys(outcome) == ["gap_closed"]
    assert outcome.duration_s == pytest.approx(3.0, abs=0.1)
    with open_video(path) as video, open_soundtrack(path, video.info) as track:
        samples = np.concatenate([block[0] for block in track.rest()])
    assert clicks_in(samples, track.rate_hz) == pytest.approx(found_s, abs=0.003)
    assert times_s[425] - times_s[15] == pytest.approx(found_s[1] - found_s[0], abs=0.006)


# --------------------------------------------------------------------------- joined recordings


@pytest.mark.parametrize("shorter", ["sound", "picture"])
@pytest.mark.parametrize("suffix", [*FORMATS, ".mkv"])
def test_the_second_part_starts_at_the_later_end_for_both(tmp_path, suffix, shorter):
    length_s = 1.2 if shorter == "sound" else 3.5
    path = joined_clocks(
        tmp_path / f"a{suffix}",
        seconds=2.0,
        first_sound=clicks(length_s, [0.6]),
        second_sound=clicks(2.0, [1.0]),
    )
    times_s, found_s, outcome = read(path)
    later_s = max(2.0, length_s)
    assert times_s[500] == pytest.approx(later_s, abs=0.12)
    # Picture 525 and the second click are both one second into the second part.
    before_s = times_s[15] - found_s[0]
    assert times_s[525] - found_s[1] == pytest.approx(before_s, abs=0.03)
    assert keys(outcome)[0] == "clock_restarted"
    assert float(outcome.warnings[0][1]["at"]) == pytest.approx(later_s, abs=0.12)
    assert outcome.time_quality == "repaired"


# --------------------------------------------------------------------------- wrapped clocks


@pytest.mark.parametrize("before_s", [0.5, 1.3, 30.0])
@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
def test_a_clock_that_wraps_loses_nothing(tmp_path, suffix, before_s):
    path = wrapped_clock(tmp_path / f"a{suffix}", before_s=before_s)
    times_s, found_s, outcome = read(path)
    assert len(times_s) == 50
    assert times_s[0] < 0.1
    assert outcome.duration_s == pytest.approx(2.0, abs=0.1)
    assert found_s == pytest.approx([times_s[25]], abs=0.03)
    assert keys(outcome) == []


# --------------------------------------------------------------------------- arithmetic


def runs_of(stamps_s, step_s=0.04):
    """Runs of streams whose packets come in the order given: (stream, stamp) pairs."""
    streams = {index: StreamRuns() for index in {index for index, _ in stamps_s}}
    for order, (index, stamp_s) in enumerate(stamps_s):
        if streams[index].add(order, stamp_s, stamp_s, step_s):
            for other, stream in streams.items():
                if other != index:
                    stream.split()
    return streams


def ten_seconds(step_s, stamp_s):
    del stamp_s
    return step_s > 10.0


def interleaved(*streams):
    """Packets of (stream, stamps) in the order of their stamps."""
    return sorted(
        ((index, stamp) for index, stamps in streams for stamp in stamps), key=lambda pair: pair[1]
    )


def times(start_s, end_s):
    return np.arange(start_s, end_s, 0.04).tolist()


def test_a_step_that_one_stream_makes_alone_moves_nothing():
    packets = interleaved((0, times(0, 5) + times(30, 35)), (1, times(0, 35)))
    joins = join(runs_of(packets), 0.0, ten_seconds)
    assert joins.breaks == ()
    assert joins.shift_of(0) is None
    assert joins.shift_of(1) is None
    assert joins.gaps[0] == (pytest.approx((5.0, 30.0), abs=0.05),)


def test_a_step_that_all_streams_make_is_closed_once():
    packets = interleaved((0, times(0, 5) + times(30, 35)), (1, times(0, 4) + times(30.5, 35)))
    joins = join(runs_of(packets), 0.0, ten_seconds)
    [closed] = joins.breaks
    assert closed.time_s == pytest.approx(5.0, abs=0.05)
    assert closed.jump_s == pytest.approx(25.0, abs=0.05)
    assert joins.shift_of(0)(125) == pytest.approx(-25.0, abs=0.05)
    assert joins.shift_of(1)(100) == joins.shift_of(0)(125)
    assert joins.shift_of(0)(124) == joins.shift_of(1)(99) == 0.0


def test_the_last_packets_of_a_part_may_come_after_the_first_of_the_next():
    first = interleaved((0, times(0, 5)), (1, times(0, 4.8)))
    second = interleaved((0, times(0, 5)), (1, times(0, 5)))
    late = [(1, 4.8), (1, 4.84)]
    packets = [*first, *second[:2], *late, *second[2:]]
    packets = [*first, (0, 0.0), *late, (1, 0.0), *second[2:]]
    joins = join(runs_of(packets), 0.0, ten_seconds)
    assert len(joins.breaks) == 1
    assert joins.shift_of(1)(121) == 0.0
    assert joins.shift_of(1)(122) == joins.shift_of(0)(125) == pytest.approx(5.0, abs=0.05)


def test_a_stream_whose_own_clock_goes_back_takes_no_other_with_it():
    packets = interleaved((1, times(0, 20)))
    video = [*times(0, 10), *times(3, 13)]
    packets = [pair for both in zip([(0, t) for t in video], packets, strict=True) for pair in both]
    joins = join(runs_of(packets), 0.0, ten_seconds)
    assert joins.breaks == ()
    assert joins.shift_of(1) is None


def test_a_single_broken_stamp_breaks_nothing():
    stamps = times(0, 5)
    stamps[60] = 9000.0
    joins = join(runs_of([(0, stamp) for stamp in stamps]), 0.0, ten_seconds)
    assert joins.breaks == ()
    assert joins.ends_s[0] == pytest.approx(5.0, abs=0.05)


def test_sound_that_only_the_second_part_has_belongs_to_it():
    second = interleaved((0, times(0, 5)), (1, times(0, 5)))
    packets = [(0, stamp) for stamp in times(0, 12)] + [(1, 0.0), *second[:1], *second[2:]]
    joins = join(runs_of(packets), 0.0, ten_seconds)
    assert len(joins.breaks) == 1
    assert joins.shift_of(1)(0) == joins.shift_of(0)(300) == pytest.approx(12.0, abs=0.05)


def test_what_both_streams_lack_is_said_once():
    packets = interleaved((0, times(0, 5) + times(12, 15)), (1, times(0, 5.2) + times(12, 15)))
    joins = join(runs_of(packets), 0.0, ten_seconds)
    assert remarks(joins, 0, 1, steady=True) == [
        ("stretch_missing", {"seconds": "6.8", "at": "5.2"})
    ]
    assert remarks(joins, 0, -1, steady=False) == []
