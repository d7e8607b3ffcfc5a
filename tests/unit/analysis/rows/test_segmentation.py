"""Rows of the face: hand-worked cases for each rule."""

import numpy as np
import pytest

from emoreport.analysis.rows import cell_rows
from emoreport.analysis.rows.segmentation import FaceSegmenter, segment_faces
from emoreport.records import arrays
from emoreport.settings import AnalysisSettings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.readings import face_track, peaked, track_of

PLAIN = AnalysisSettings(smoothing_s=0.0, min_interval_s=0.5, gap_limit_s=0.5, hysteresis=0.05)
NO_LIMITS = AnalysisSettings(smoothing_s=0.0, min_interval_s=0.0, gap_limit_s=0.0, hysteresis=0.0)


def rows(track, duration_s, settings=PLAIN):
    return [
        (row.emotion, round(row.span.start_s, 6), round(row.span.end_s, 6))
        for row in segment_faces(track, duration_s, settings)
    ]


def test_rows_follow_the_emotions_to_the_very_end():
    track = face_track(("happiness", 2), ("sadness", 1.04))
    assert rows(track, 3.04) == [("happiness", 0, 2), ("sadness", 2, 3.04)]


def test_a_single_frame_of_something_else_is_no_row():
    track = face_track(("neutral", 1), ("fear", 0.04), ("neutral", 1))
    assert rows(track, 2.04) == [("neutral", 0, 2.04)]
    assert len(rows(track, 2.04, NO_LIMITS)) == 3


def test_a_row_of_exactly_the_shortest_length_stays():
    track = face_track(("neutral", 1), ("fear", 0.5), ("neutral", 1), rate_hz=10)
    assert rows(track, 2.5) == [("neutral", 0, 1), ("fear", 1, 1.5), ("neutral", 1.5, 2.5)]


def test_smoothing_moves_no_clean_change():
    track = face_track(("happiness", 3), ("sadness", 3), peak=0.9)
    settings = AnalysisSettings(smoothing_s=1.0, hysteresis=0.0)
    assert rows(track, 6.0, settings) == [("happiness", 0, 3), ("sadness", 3, 6)]


def test_a_long_gap_is_a_row_of_its_own():
    track = face_track(("anger", 1), (None, 1), ("anger", 1))
    assert rows(track, 3) == [("anger", 0, 1), ("no_face", 1, 2), ("anger", 2, 3)]


def test_a_gap_of_exactly_the_limit_is_bridged():
    track = face_track(("anger", 1), (None, 0.5), ("anger", 1), rate_hz=10)
    (row,) = segment_faces(track, 2.5, PLAIN)
    assert (row.emotion, row.span.end_s) == ("anger", 2.5)
    assert row.face_coverage == pytest.approx(2.0 / 2.5)
    assert row.frames == 25
    assert row.confidence == 1.0


def test_a_bridged_gap_belongs_to_what_was_seen_before_it():
    track = face_track(("anger", 1), (None, 0.4), ("fear", 1))
    assert rows(track, 2.4) == [("anger", 0, 1.4), ("fear", 1.4, 2.4)]


def test_a_short_gap_at_the_start_belongs_to_what_follows_and_one_at_the_end_to_what_was():
    track = face_track((None, 0.2), ("fear", 1), (None, 0.2))
    assert rows(track, 1.4) == [("fear", 0, 1.4)]


def test_a_bridged_gap_counts_towards_the_length_of_its_row():
    track = face_track((None, 0.3), ("fear", 0.3), ("anger", 0.3), (None, 0.3), rate_hz=10)
    assert rows(track, 1.2) == [("fear", 0, 0.6), ("anger", 0.6, 1.2)]


def test_long_gaps_at_the_start_and_the_end():
    track = face_track((None, 1), ("fear", 1), (None, 1))
    assert rows(track, 3) == [("no_face", 0, 1), ("fear", 1, 2), ("no_face", 2, 3)]


def test_a_gap_over_the_limit_but_shorter_than_a_row_is_bridged():
    track = face_track(("anger", 2), (None, 1), ("anger", 2))
    settings = AnalysisSettings(smoothing_s=0.0, min_interval_s=1.5, gap_limit_s=0.5)
    assert rows(track, 5, settings) == [("anger", 0, 5)]


def test_a_gap_as_long_as_the_shortest_row_is_a_row():
    track = face_track(("anger", 2), (None, 1), ("anger", 2))
    settings = AnalysisSettings(smoothing_s=0.0, min_interval_s=1.0, gap_limit_s=0.5)
    assert [row[0] for row in rows(track, 5, settings)] == ["anger", "no_face", "anger"]


@pytest.mark.parametrize(
    "stretches",
    [
        ((None, 1), ("anger", 0.2), (None, 1)),
        (("anger", 0.2), (None, 2)),
        ((None, 2), ("anger", 0.2)),
        ((None, 1), ("anger", 0.1), (None, 0.1), ("fear", 0.1), (None, 0.9)),
    ],
)
def test_a_glimpse_between_long_gaps_is_no_row_but_counts_as_coverage(stretches):
    track = face_track(*stretches, rate_hz=50)
    (row,) = segment_faces(track, 2.2, PLAIN)
    assert (row.emotion, row.confidence, row.distribution) == ("no_face", None, None)
    assert row.span.duration_s == 2.2
    assert row.face_coverage == pytest.approx(0.2 / 2.2)


def test_no_face_anywhere_is_one_row_however_short():
    for seconds in (0.2, 3.0):
        (row,) = segment_faces(face_track((None, seconds)), seconds, PLAIN)
        assert (row.emotion, row.face_coverage, row.confidence) == ("no_face", 0.0, None)
        assert row.frames == round(seconds * 25)


def test_no_frames_at_all():
    (row,) = segment_faces(face_track(), 3.0, PLAIN)
    assert (row.emotion, row.frames, row.span.duration_s) == ("no_face", 0, 3.0)
    assert segment_faces(face_track(), 0.0, PLAIN) == ()
    assert segment_faces(face_track(("fear", 1)), 0.0, PLAIN) == ()


def test_one_frame():
    track = track_of([0.0], [peaked("fear")])
    (row,) = segment_faces(track, 0.04, PLAIN)
    assert (row.emotion, row.frames, row.face_coverage) == ("fear", 1, 1.0)


def test_a_video_shorter_than_the_shortest_row_is_one_row():
    track = face_track(("fear", 0.12), ("anger", 0.2))
    assert rows(track, 0.32) == [("anger", 0, 0.32)]


def test_a_short_video_with_a_face_for_a_moment_shows_that_face():
    track = face_track(("fear", 0.08), (None, 0.32))
    (row,) = segment_faces(track, 0.4, AnalysisSettings(min_interval_s=1.0, gap_limit_s=0.1))
    assert row.emotion == "fear"
    assert row.face_coverage == pytest.approx(0.2)


def test_video_that_ends_before_the_recording():
    track = face_track(("fear", 2))
    assert rows(track, 5.0) == [("fear", 0, 2), ("no_face", 2, 5)]
    assert rows(track, 2.3) == [("fear", 0, 2.3)]


def test_a_hole_in_the_frames_is_no_face():
    time_s = [*np.arange(0, 1, 0.25), *np.arange(6, 7, 0.25)]
    track = track_of(time_s, [peaked("fear")] * 8)
    found = segment_faces(track, 7.0, PLAIN)
    assert [(row.emotion, row.span.start_s, row.span.end_s) for row in found] == [
        ("fear", 0, 1),
        ("no_face", 1, 6),
        ("fear", 6, 7),
    ]
    assert [row.frames for row in found] == [4, 0, 4]


def test_a_variable_frame_rate_weighs_by_time():
    track = track_of([0.0, 0.75], [[0.8, 0.2], [0.6, 0.4]], ("anger", "fear"))
    (row,) = segment_faces(track, 1.0, PLAIN)
    assert row.confidence == pytest.approx(0.75)
    assert row.distribution == pytest.approx((0.75, 0.25))


def test_confidence_is_that_of_the_label_before_smoothing():
    happy = peaked("happiness", peak=0.9)
    sad = peaked("sadness", peak=0.7)
    track = track_of(np.arange(20) / 10, [happy] * 15 + [sad] + [happy] * 4)
    (row,) = segment_faces(track, 2.0, AnalysisSettings(smoothing_s=1.0))
    assert row.emotion == "happiness"
    assert row.confidence == pytest.approx((19 * 0.9 + 0.3 / 7) / 20)
    assert sum(row.distribution) == pytest.approx(1.0)
    assert row.confidence == row.distribution[EMOTIONS.index("happiness")]


def test_valence_and_arousal_are_means_over_frames_with_a_face():
    nan = float("nan")
    track = track_of(
        [0.0, 0.25, 0.5, 0.75],
        [peaked("fear"), peaked("fear"), peaked(None), peaked("fear")],
        valence=[-0.5, -0.25, nan, nan],
        arousal=[nan] * 4,
    )
    (row,) = segment_faces(track, 1.0, PLAIN)
    assert row.valence == pytest.approx(-0.375)
    assert row.arousal is None
    assert segment_faces(face_track(("fear", 1)), 1.0, PLAIN)[0].valence is None


def test_hysteresis_holds_a_label_against_a_small_lead():
    table = [[0.55, 0.45]] * 10 + [[0.48, 0.52]] * 10
    track = track_of(np.arange(20) / 10, table, ("anger", "fear"))
    assert rows(track, 2.0) == [("anger", 0, 2)]
    eager = AnalysisSettings(smoothing_s=0.0, hysteresis=0.0)
    assert rows(track, 2.0, eager) == [("anger", 0, 1), ("fear", 1, 2)]


def test_rows_that_are_long_enough_are_left_as_hysteresis_made_them():
    steady = [[0.55, 0.45]] * 3 + [[0.48, 0.52]] * 17
    flicker = [[0.1, 0.9]] * 10 + [[0.6, 0.4]] * 2 + [[0.1, 0.9]] * 10
    track = track_of(np.arange(42) / 10, steady + flicker, ("anger", "fear"))
    assert rows(track, 4.2) == [("anger", 0, 2), ("fear", 2, 4.2)]


def test_flicker_becomes_the_label_with_most_probability():
    table = [[0.6, 0.4], [0.1, 0.9]] * 5
    track = track_of(np.arange(10) / 10, table, ("anger", "fear"))
    settings = AnalysisSettings(smoothing_s=0.0, min_interval_s=1.0)
    assert rows(track, 1.0, settings) == [("fear", 0, 1)]


def test_frames_past_the_end_belong_to_the_last_row():
    track = face_track(("fear", 1), ("anger", 1))
    found = segment_faces(track, 1.5, PLAIN)
    assert [row.frames for row in found] == [25, 25]
    assert found[-1].span.end_s == 1.5


def test_one_segmenter_under_many_settings_gives_what_a_fresh_one_gives():
    rng = np.random.default_rng(4)
    shown = np.repeat(rng.dirichlet(np.ones(len(EMOTIONS)), 60), rng.integers(1, 30, 60), axis=0)
    shown[rng.random(len(shown)) < 0.05] = np.nan
    shown[300:330] = np.nan
    duration_s = len(shown) / 25.0
    track = track_of(np.arange(len(shown)) / 25.0, shown)
    segmenter = FaceSegmenter(track, duration_s)
    varied = [
        AnalysisSettings(
            smoothing_s=smoothing_s,
            smoothing_method=method,
            min_interval_s=min_interval_s,
            gap_limit_s=gap_limit_s,
            hysteresis=hysteresis,
        )
        for smoothing_s in (0.0, 0.5, 1.0)
        for method in ("mean", "median")
        for min_interval_s in (0.2, 1.0)
        for gap_limit_s in (0.1, 0.5)
        for hysteresis in (0.0, 0.3)
    ]
    found = {settings: segment_faces(track, duration_s, settings) for settings in varied}
    assert len(set(found.values())) > len(varied) / 3
    for settings in [*varied, *reversed(varied)]:
        assert segmenter.rows(settings) == found[settings]


@pytest.mark.parametrize("at_once", [1, 7, 64])
@pytest.mark.parametrize("smoothing_s", [0.0, 0.5])
def test_rows_are_the_same_in_whatever_pieces_frames_are_worked_on(
    monkeypatch, at_once, smoothing_s
):
    random = np.random.default_rng(at_once)
    probabilities = random.dirichlet(np.full(len(EMOTIONS), 0.3), 500)
    probabilities[random.integers(0, 500, 40)] = np.nan
    probabilities[200:260] = np.nan
    track = track_of(np.arange(500) / 25, probabilities)
    settings = AnalysisSettings(smoothing_s=smoothing_s)
    whole = segment_faces(track, 20.0, settings)
    for module in (arrays, cell_rows):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", at_once)
    assert segment_faces(track, 20.0, settings) == whole
    assert len(whole) > 5
