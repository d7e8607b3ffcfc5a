from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.numeric.hold_times import hold_times
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.skipped import with_skipped_frames
from emoreport.records import WitnessReadings
from emoreport.settings import Settings
from tests.fixtures.readings import (
    face_track,
    peaked,
    random_readings,
    recording,
    speech_track,
    track_of,
)


def looks_at(track, numbers):
    """The readings of some frames of a track."""
    index = np.asarray(sorted(numbers))
    columns = ("time_s", "frame", "faces", "box", "detection_score", "probabilities")
    return replace(
        track,
        **{name: getattr(track, name)[index] for name in columns},
        valence=None if track.valence is None else track.valence[index],
        arousal=None if track.arousal is None else track.arousal[index],
        extra={name: values[index] for name, values in track.extra.items()},
    )


def test_where_every_frame_was_looked_at_nothing_changes():
    track, _ = random_readings(5.0, seed=3)
    assert with_skipped_frames(track, 5.0) is track
    short = looks_at(track, [0])
    assert with_skipped_frames(short, 5.0) is short


def test_between_two_looks_readings_change_evenly():
    pair = track_of([0.0, 0.4], [peaked("anger"), peaked("fear")])
    pair = replace(pair, frame=np.array([7, 17]), extra={"yaw_deg": np.float32([0, 10])})
    filled = with_skipped_frames(pair, 0.44)
    assert filled.frame.tolist() == list(range(7, 18))
    assert filled.time_s == pytest.approx(0.04 * np.arange(11))
    assert filled.probabilities[3] == pytest.approx(
        0.7 * peaked("anger") + 0.3 * peaked("fear"), abs=1e-6
    )
    assert filled.extra["yaw_deg"] == pytest.approx(np.arange(11))
    assert filled.looked_at.tolist() == [True, *[False] * 9, True]
    assert filled.probabilities.dtype == filled.box.dtype == np.float32


def test_a_face_that_goes_between_two_looks_goes_half_way():
    pair = track_of([0.0, 0.4], [peaked("anger"), peaked(None)])
    pair = replace(pair, frame=np.array([0, 10]))
    filled = with_skipped_frames(pair, 0.44)
    assert filled.valid.tolist() == [True] * 5 + [False] * 6
    assert filled.faces.tolist() == [1] * 5 + [0] * 6
    np.testing.assert_array_equal(filled.probabilities[:5], np.tile(peaked("anger"), (5, 1)))


def test_the_witness_is_filled_in_too():
    pair = track_of([0.0, 0.2], [peaked("anger"), peaked("fear")])
    pair = replace(
        pair,
        frame=np.array([0, 2]),
        witness=WitnessReadings(("a", "b"), np.float32([[1, 0], [0, 1]])),
    )
    assert with_skipped_frames(pair, 0.3).witness.probabilities.tolist() == [
        [1, 0],
        [0.5, 0.5],
        [0, 1],
    ]


def test_nothing_is_mixed_across_a_cut():
    pair = track_of([0.0, 0.4], [peaked("anger"), peaked("fear")])
    pair = replace(pair, frame=np.array([0, 10]), shot=np.array([1, 2]))
    filled = with_skipped_frames(pair, 0.44)
    assert filled.shot.tolist() == [1] * 10 + [2]
    np.testing.assert_array_equal(filled.probabilities[:10], np.tile(peaked("anger"), (10, 1)))
    assert filled.cuts_s == pytest.approx([0.4])


def test_the_last_look_holds_to_the_end_and_no_hole_is_filled():
    pair = track_of([0.0, 2.0, 30.0, 32.0], [peaked("anger")] * 4)
    pair = replace(pair, frame=np.array([0, 50, 100, 150]))
    filled = with_skipped_frames(pair, 33.9)
    assert hold_times(filled.time_s, 33.9).sum() == pytest.approx(33.9 - 28.0 + 0.04)
    assert not ((filled.time_s > 2.0) & (filled.time_s < 30.0)).any()
    # Numbers that no camera counts do not fill the memory.
    far = replace(looks_at(pair, [0, 1]), frame=np.array([0, 2**60]))
    assert len(with_skipped_frames(far, 2.0)) <= 2001


@given(
    st.lists(st.sampled_from(["anger", "fear", "neutral", None]), min_size=2, max_size=6),
    st.lists(st.integers(1, 12), min_size=30, max_size=60),
)
def test_rows_of_lasting_labels_are_those_of_every_frame(names, steps):
    """Where looks are beside each change, what the tables say is what all frames say."""
    track = face_track(*[(name, 0.8) for name in names])
    duration_s = 0.8 * len(names)
    numbers = set(np.cumsum(steps)[np.cumsum(steps) < len(track)].tolist())
    numbers |= {0, len(track) - 1}
    for change in range(20, len(track), 20):
        numbers |= {change - 1, change}
    few = looks_at(track, numbers)
    every = segment_faces(track, duration_s, Settings().analysis)
    found = segment_faces(with_skipped_frames(few, duration_s), duration_s, Settings().analysis)
    assert [row.emotion for row in found] == [row.emotion for row in every]
    for row, other in zip(found, every, strict=True):
        assert row.span.end_s == pytest.approx(other.span.end_s)
        assert row.face_coverage == pytest.approx(other.face_coverage)
        assert row.frames <= other.frames
    assert sum(row.frames for row in found) == len(few)


def test_figures_count_looks_and_go_by_the_time_of_all_frames():
    track = face_track(("anger", 2), (None, 1), ("fear", 2))
    few = looks_at(track, {*range(0, 125, 10), 49, 50, 74, 75, 124})
    speech, talk = speech_track([]), recording(5.0)
    every = analyze_readings(track, speech, talk, Settings(speech="none")).summary
    found = analyze_readings(few, speech, talk, Settings(fps="5", speech="none")).summary
    assert (every.frames, found.frames) == (125, len(few))
    assert found.face_coverage == pytest.approx(every.face_coverage)
    assert found.emotion_s == pytest.approx(every.emotion_s)
