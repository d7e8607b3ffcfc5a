"""Rows in shots: none goes across a cut, and without cuts nothing is different."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emoreport.analysis.analyze import analyze_readings
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.rows.shots import in_shots
from emoreport.analysis.transitions.chains import transition_counts, unbroken_chains
from emoreport.analysis.transitions.counting import count_transitions
from emoreport.records import FaceTrack, Span
from emoreport.results import VideoInterval
from emoreport.settings import AnalysisSettings, Settings
from tests.fixtures.readings import face_track, random_readings, recording, speech_track

PLAIN = AnalysisSettings(smoothing_s=0.0, min_interval_s=0.5, gap_limit_s=0.5)


def cut(track: FaceTrack, *cuts_s: float) -> FaceTrack:
    """The track with shots that begin at the first frames from these times on."""
    shot = np.searchsorted(sorted(cuts_s), track.time_s, side="right")
    return replace(track, shot=1 + np.unique(shot, return_inverse=True)[1].astype(np.int64))


def shown(rows):
    return [(row.shot, row.emotion, row.span.start_s, row.span.end_s) for row in rows]


def test_one_emotion_across_a_cut_is_two_rows():
    rows = segment_faces(cut(face_track(("fear", 4)), 2.0), 4.0, PLAIN)
    assert shown(rows) == [(1, "fear", 0, 2), (2, "fear", 2, 4)]


def test_smoothing_does_not_reach_across_a_cut():
    track = cut(face_track(("fear", 2), ("anger", 2)), 2.0)
    rows = segment_faces(track, 4.0, AnalysisSettings(smoothing_s=3.0))
    assert shown(rows) == [(1, "fear", 0, 2), (2, "anger", 2, 4)]


def test_hysteresis_starts_again_after_a_cut():
    track = cut(face_track(("fear", 2), ("anger", 2), peak=0.2), 2.0)
    held = AnalysisSettings(smoothing_s=0.0, hysteresis=0.5)
    assert [row.emotion for row in segment_faces(track, 4.0, held)] == ["fear", "anger"]


def test_a_shot_without_a_face_is_a_row_however_short():
    track = cut(face_track(("fear", 2), (None, 0.2), ("fear", 2), rate_hz=10), 2.0, 2.2)
    rows = segment_faces(track, 4.2, PLAIN)
    assert [(row.shot, row.emotion) for row in rows] == [(1, "fear"), (2, "no_face"), (3, "fear")]


def test_a_shot_shorter_than_a_row_is_uncertain_and_says_why():
    track = cut(face_track(("fear", 2), ("anger", 0.2), ("fear", 2), rate_hz=10), 2.0, 2.2)
    short = segment_faces(track, 4.2, PLAIN)[1]
    assert (short.emotion, short.of_shortest) == ("anger", pytest.approx(0.4))
    found = {
        level: analyze_readings(
            track, speech_track([]), recording(4.2), Settings(abstention=level)
        ).video_intervals[1]
        for level in ("normal", "off")
    }
    assert (found["normal"].emotion, found["normal"].reasons) == ("uncertain", ("short_shot",))
    assert found["off"].emotion == "anger"


def test_uncertain_neighbours_of_two_shots_stay_two_rows():
    track = cut(face_track(("fear", 2), rate_hz=10), 1.0)
    faint = replace(track, detection_score=np.full(len(track), 0.1, np.float32))
    rows = analyze_readings(faint, speech_track([]), recording(2.0), Settings()).video_intervals
    assert [(row.shot, row.emotion) for row in rows] == [(1, "uncertain"), (2, "uncertain")]


def test_a_change_across_a_cut_is_a_transition_only_where_that_is_asked_for():
    track = cut(face_track(("fear", 2), ("anger", 2), ("fear", 2), ("fear", 2)), 2.0, 6.0)
    for across in (False, True):
        rows = segment_faces(track, 8.0, replace(PLAIN, transitions_across_cuts=across))
        counted = count_transitions(rows)
        wanted = {("anger", "fear"): 1, **({("fear", "anger"): 1} if across else {})}
        assert {(row.origin, row.target): row.count for row in counted} == wanted
        chains = unbroken_chains(rows)
        assert int(transition_counts(chains).sum()) == len(wanted)
        assert len(chains) == (3 if across else 4)


def test_every_table_of_the_face_names_the_shot():
    track = cut(face_track(("fear", 4)), 2.0)
    found = analyze_readings(track, speech_track(["anger"] * 3), recording(4.0), Settings())
    for rows in (found.video_intervals, found.audio_intervals, found.comparisons):
        assert [row.shot for row in rows] == [1, 2]
    assert {row.shot for row in found.face_voice} == {1, 2}
    assert {row.shot for row in found.voice_intervals} == {None}


def test_a_row_of_a_person_across_a_cut_has_no_shot():
    track = cut(face_track(("fear", 4)), 2.0)
    coded = [VideoInterval(Span(low, high), "fear", None, 1, 1) for low, high in ((0, 2), (1, 3))]
    assert [row.shot for row in in_shots(coded, track)] == [1, None]


readings = st.tuples(
    st.integers(0, 200),
    st.lists(st.floats(0.01, 7.99), max_size=5),
    st.sampled_from((0.0, 0.5, 2.0)),
    st.sampled_from((0.0, 1.0)),
    st.sampled_from((0.1, 1.0)),
)


@settings(max_examples=60, deadline=None)
@given(readings)
@example((172, [7.9375], 0.0, 0.0, 0.1))
def test_rows_tile_the_recording_and_no_row_spans_a_cut(case):
    seed, cuts_s, shortest_s, smoothing_s, gap_s = case
    track = cut(random_readings(8.0, seed=seed)[0], *cuts_s)
    chosen = AnalysisSettings(smoothing_s=smoothing_s, min_interval_s=shortest_s, gap_limit_s=gap_s)
    rows = segment_faces(track, 8.0, chosen)
    starts = [row.span.start_s for row in rows]
    assert [0.0, *(row.span.end_s for row in rows)] == [*starts, 8.0]
    assert set(track.cuts_s.tolist()) <= set(starts)
    assert [row.shot for row in in_shots(rows, track)] == [row.shot for row in rows]
    assert [row.after_cut for row in rows] == [start in track.cuts_s for start in starts]
    bounds_s = [0.0, *track.cuts_s, 8.0]
    for left, right in pairwise(rows):
        assert left.shot != right.shot or left.emotion != right.emotion
    for row in rows:
        whole_s = bounds_s[row.shot] - bounds_s[row.shot - 1]
        assert row.span.duration_s >= min(shortest_s, whole_s) - 2e-6
        assert (row.of_shortest is None) == (
            row.span.duration_s >= shortest_s - 1e-6 or len(bounds_s) == 2
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200), st.sampled_from((0.0, 1.0)))
def test_each_shot_is_cut_as_a_recording_of_its_own(seed, smoothing_s):
    track = random_readings(8.0, seed=seed)[0]
    middle_s = float(track.time_s[len(track) // 2])
    chosen = AnalysisSettings(smoothing_s=smoothing_s)
    first = segment_faces(part(track, slice(0, len(track) // 2)), middle_s, chosen)
    both = segment_faces(cut(track, middle_s), 8.0, chosen)
    assert [(row.emotion, row.span) for row in both if row.shot == 1] == [
        (row.emotion, row.span) for row in first
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 200))
def test_without_cuts_nothing_differs_but_the_number_of_the_shot(seed):
    track, voice = random_readings(8.0, seed=seed)
    plain = analyze_readings(track, voice, recording(8.0), Settings())
    one = analyze_readings(cut(track), voice, recording(8.0), Settings())
    numbered = [replace(row, shot=1) for row in plain.video_intervals]
    assert list(one.video_intervals) == numbered
    assert one.transition_statistics == plain.transition_statistics
    assert one.mismatch_statistics == plain.mismatch_statistics
    assert one.summary == plain.summary


def part(track: FaceTrack, rows: slice) -> FaceTrack:
    """Some frames of a track."""
    return replace(
        track,
        **{
            name: getattr(track, name)[rows]
            for name in ("time_s", "frame", "faces", "box", "detection_score", "probabilities")
        },
    )
