"""The whole stage: rows fit together, and properties that hold for any readings."""

import dataclasses
import io
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from emoreport.analysis import analyze_readings, segment_faces
from emoreport.records import Span, SpeechTrack
from emoreport.settings import AnalysisSettings, Settings
from emoreport.vocabulary import NO_FACE, is_emotion
from tests.fixtures.readings import (
    face_track,
    peaked,
    random_readings,
    recording,
    speech_track,
    track_of,
)

LABELS = ("anger", "fear", "neutral")
TICK_S = 1 / 64
"""Times on a binary grid, so that sums and shifts of them are exact."""

nan_row = st.just([float("nan")] * 3)
probability_row = st.lists(st.integers(0, 8), min_size=3, max_size=3).map(
    lambda weights: [(weight + 1) / (sum(weights) + 3) for weight in weights]
)


@st.composite
def tracks(draw, max_step=24):
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, max_step),
                st.integers(1, 12),
                st.one_of(nan_row, probability_row, probability_row),
            ),
            min_size=1,
            max_size=12,
        )
    )
    steps = [step for step, repeat, _ in rows for _ in range(repeat)]
    table = [row for _, repeat, row in rows for _ in range(repeat)]
    first = draw(st.integers(0, 20))
    time_s = (first + np.cumsum([0, *steps[:-1]])) * TICK_S
    duration_s = float(time_s[-1] + steps[-1] * TICK_S)
    return track_of(time_s.tolist(), table, LABELS), duration_s


seconds = st.integers(0, 128).map(lambda ticks: ticks * TICK_S)
configurations = st.builds(
    AnalysisSettings,
    smoothing_s=seconds,
    smoothing_method=st.sampled_from(["mean", "median"]),
    min_interval_s=seconds,
    gap_limit_s=seconds,
    hysteresis=st.sampled_from([0.0, 0.05, 0.3]),
)


def bounds(rows):
    return [(row.emotion, row.span.start_s, row.span.end_s) for row in rows]


@given(tracks(), configurations)
def test_rows_tile_the_recording_differ_and_are_long_enough(drawn, settings):
    track, duration_s = drawn
    rows = segment_faces(track, duration_s, settings)
    assert rows[0].span.start_s == 0.0
    assert rows[-1].span.end_s == duration_s
    for left, right in pairwise(rows):
        assert left.span.end_s == right.span.start_s
        assert left.emotion != right.emotion
    assert all(row.span.duration_s > 0 for row in rows)
    if len(rows) > 1:
        assert min(row.span.duration_s for row in rows) >= settings.min_interval_s - 1e-6
    assert sum(row.frames for row in rows) == len(track)


@given(tracks(), configurations)
def test_rows_say_what_they_know_and_no_more(drawn, settings):
    track, duration_s = drawn
    for row in segment_faces(track, duration_s, settings):
        assert 0.0 <= row.face_coverage <= 1.0
        if row.emotion == NO_FACE:
            assert (row.confidence, row.distribution) == (None, None)
        else:
            assert row.face_coverage > 0
            assert row.confidence == row.distribution[LABELS.index(row.emotion)]
            assert sum(row.distribution) == pytest.approx(1.0, abs=1e-6)


@given(tracks(max_step=80), configurations)
def test_every_gap_over_both_limits_is_no_face(drawn, settings):
    track, duration_s = drawn
    rows = segment_faces(track, duration_s, settings)
    faceless = [row.span for row in rows if row.emotion == NO_FACE]
    ends = np.append(track.time_s[1:], duration_s)
    for seen, group in groupby(range(len(track)), lambda frame: bool(track.valid[frame])):
        frames = list(group)
        gap = Span(float(track.time_s[frames[0]]), float(ends[frames[-1]]))
        limit_s = max(settings.gap_limit_s, settings.min_interval_s)
        if not seen and gap.duration_s > limit_s + 1e-6:
            assert any(gap.overlap_s(span) == gap.duration_s for span in faceless)


@given(tracks(max_step=80), configurations)
def test_segmenting_the_result_again_changes_nothing(drawn, settings):
    track, duration_s = drawn
    settings = dataclasses.replace(settings, smoothing_s=0.0)
    rows = segment_faces(track, duration_s, settings)
    starts = [row.span.start_s for row in rows]
    owner = np.searchsorted(starts, track.time_s, side="right") - 1
    names = [rows[row].emotion for row in owner]
    table = [peaked(None if name == NO_FACE else name, LABELS) for name in names]
    again = segment_faces(track_of(track.time_s.tolist(), table, LABELS), duration_s, settings)
    assert bounds(again) == bounds(rows)


@given(tracks(max_step=12), configurations, st.data())
def test_a_frame_more_of_the_same_changes_nothing_without_smoothing(drawn, settings, data):
    track, duration_s = drawn
    settings = dataclasses.replace(settings, smoothing_s=0.0)
    place = data.draw(st.integers(0, len(track) - 1))
    next_s = np.append(track.time_s[1:], duration_s)[place]
    time_s = np.insert(track.time_s, place + 1, 0.5 * (track.time_s[place] + next_s))
    table = np.insert(track.probabilities, place + 1, track.probabilities[place], axis=0)
    rows = segment_faces(track, duration_s, settings)
    more = segment_faces(track_of(time_s.tolist(), table, LABELS), duration_s, settings)
    assert bounds(more) == bounds(rows)
    for one, other in zip(rows, more, strict=True):
        assert other.confidence == pytest.approx(one.confidence)
        assert other.face_coverage == pytest.approx(one.face_coverage)


@given(tracks(max_step=12), configurations)
def test_slow_motion_changes_nothing_but_the_scale(drawn, settings):
    track, duration_s = drawn
    slow = dataclasses.replace(track, time_s=2 * track.time_s)
    rows = segment_faces(track, duration_s, settings)
    scaled = segment_faces(
        slow,
        2 * duration_s,
        dataclasses.replace(
            settings,
            smoothing_s=2 * settings.smoothing_s,
            min_interval_s=2 * settings.min_interval_s,
            gap_limit_s=2 * settings.gap_limit_s,
        ),
    )
    expected = [(name, 2 * start_s, 2 * end_s) for name, start_s, end_s in bounds(rows)]
    assert bounds(scaled) == expected


@given(tracks(max_step=12), configurations, st.integers(70, 500))
def test_a_later_start_moves_the_rows_and_leaves_no_face_before_them(drawn, settings, ticks):
    track, duration_s = drawn
    settings = dataclasses.replace(settings, min_interval_s=min(settings.min_interval_s, 1.0))
    settings = dataclasses.replace(settings, gap_limit_s=min(settings.gap_limit_s, 1.0))
    track = dataclasses.replace(track, time_s=track.time_s - track.time_s[0])
    delay_s = ticks * TICK_S
    late = dataclasses.replace(track, time_s=track.time_s + delay_s)
    rows = bounds(segment_faces(track, duration_s, settings))
    if not track.valid[0] or rows[0][0] == NO_FACE or duration_s < settings.min_interval_s:
        return
    moved = bounds(segment_faces(late, duration_s + delay_s, settings))
    assert moved[0] == (NO_FACE, 0.0, delay_s)
    assert moved[1:] == [(name, low + delay_s, high + delay_s) for name, low, high in rows]


@pytest.mark.parametrize("seed", range(5))
def test_everything_fits_together(seed):
    faces, speech = random_readings(60.0, seed=seed)
    result = analyze_readings(faces, speech, recording(60.0), Settings())
    spans = [row.span for row in result.video_intervals]
    assert [row.span for row in result.audio_intervals] == spans
    assert [row.span for row in result.comparisons] == spans
    summary = result.summary
    names = [row.emotion for row in result.video_intervals]
    chains = sum(key for key, _ in groupby(names, is_emotion))
    assert summary.transitions == sum(map(is_emotion, names)) - chains
    assert summary.transitions == sum(row.count for row in result.transitions)
    assert summary.mismatches == sum(row.match is False for row in result.comparisons)
    covered_s = sum(row.face_coverage * row.span.duration_s for row in result.video_intervals)
    assert summary.face_coverage == pytest.approx(covered_s / 60.0)
    assert summary.speech_s == pytest.approx(sum(row.speech_s for row in result.audio_intervals))
    mismatch = summary.mismatch
    assert 0 < mismatch.mismatch_s <= mismatch.compared_s <= summary.emotion_s <= 60.0


def test_the_readings_are_left_alone_and_give_the_same_again():
    faces, speech = random_readings(30.0, seed=7)
    before = faces.probabilities.copy(), speech.probabilities.copy(), faces.time_s.copy()
    for array in (faces.probabilities, faces.time_s, speech.probabilities, speech.start_s):
        array.flags.writeable = False
    first = analyze_readings(faces, speech, recording(30.0), Settings())
    second = analyze_readings(faces, speech, recording(30.0), Settings())
    assert first == second
    np.testing.assert_array_equal(faces.probabilities, before[0])
    np.testing.assert_array_equal(speech.probabilities, before[1])
    np.testing.assert_array_equal(faces.time_s, before[2])


def labelled_columns(track):
    return zip(track.labels, track.probabilities.T, strict=True)


def stored_and_read(columns):
    """Columns after a trip through a Parquet file in memory."""
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    table = parquet.read_table(file)
    return {name: table[name].to_numpy() for name in table.column_names}


def test_readings_that_were_stored_give_the_same_result():
    faces, speech = random_readings(30.0, seed=8)
    columns = stored_and_read({"time": faces.time_s, **dict(labelled_columns(faces))})
    stored = dataclasses.replace(
        faces,
        time_s=columns["time"],
        probabilities=np.asarray([columns[label] for label in faces.labels]).T,
    )
    columns = stored_and_read({"speech": speech.speech_s, **dict(labelled_columns(speech))})
    heard = dataclasses.replace(
        speech,
        speech_s=columns["speech"],
        probabilities=np.asarray([columns[label] for label in speech.labels]).T,
    )
    assert analyze_readings(stored, heard, recording(30.0), Settings()) == analyze_readings(
        faces, speech, recording(30.0), Settings()
    )


def test_no_face_and_no_sound():
    result = analyze_readings(face_track((None, 2)), speech_track([]), recording(2.0), Settings())
    assert [row.emotion for row in result.video_intervals] == ["no_face"]
    assert [row.emotion for row in result.audio_intervals] == ["no_speech"]
    assert [(row.match, row.severity) for row in result.comparisons] == [(None, None)]
    assert result.transitions == ()
    assert result.summary.face_coverage == 0.0


def test_a_voice_model_without_labels_compares_nothing():
    silent = SpeechTrack(
        (), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, 0), np.float32), (Span(0, 2),)
    )
    result = analyze_readings(face_track(("fear", 2)), silent, recording(2.0), Settings())
    assert [row.emotion for row in result.audio_intervals] == ["uncertain"]
    assert result.summary.mismatch.compared_s == 0.0
    assert result.summary.mismatch.share is None


def test_nothing_at_all():
    result = analyze_readings(face_track(), speech_track([]), recording(0.0), Settings())
    assert result.video_intervals == ()
    assert result.summary.intervals == 0


def test_a_smile_with_an_angry_voice_is_one_mismatch():
    result = analyze_readings(
        face_track(("happiness", 6), ("anger", 6), peak=0.8),
        speech_track(["anger"] * 10, peak=0.8),
        recording(12.0),
        Settings(),
    )
    assert [(row.video_emotion, row.match) for row in result.comparisons] == [
        ("happiness", False),
        ("anger", True),
    ]
    assert result.comparisons[0].severity > 0.7
    assert result.summary.mismatch.share == pytest.approx(0.5, abs=0.01)
