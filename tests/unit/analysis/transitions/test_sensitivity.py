"""Counts under other settings."""

from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.segmentation import segment_faces
from emoreport.analysis.transitions.chains import poisson_rate
from emoreport.analysis.transitions.counting import count_transitions
from emoreport.analysis.transitions.sensitivity import sensitivity
from emoreport.settings import AnalysisSettings
from tests.fixtures.readings import face_track, random_readings, video_rows

SETTINGS = AnalysisSettings(smoothing_s=1.0, min_interval_s=0.5)


def test_a_grid_of_nine_around_the_chosen_settings():
    faces, _ = random_readings(60.0, seed=2)
    table = sensitivity(faces, 60.0, SETTINGS)
    assert [(one.min_interval_s, one.smoothing_s) for one in table] == [
        (shortest, window) for shortest in (0.25, 0.5, 1.0) for window in (0.5, 1.0, 2.0)
    ]
    (main,) = [one for one in table if one.chosen]
    rows = segment_faces(faces, 60.0, SETTINGS)
    assert main.intervals == len(rows)
    assert main.transitions.count == sum(one.count for one in count_transitions(rows))
    assert table[0].intervals > main.intervals > table[-1].intervals


def test_longer_rows_swallow_shorter_ones():
    track = face_track(("neutral", 2), ("fear", 0.7), ("neutral", 2), rate_hz=20)
    settings = AnalysisSettings(smoothing_s=0.0, min_interval_s=0.5)
    table = sensitivity(track, 4.7, settings)
    counts = [(one.min_interval_s, one.smoothing_s, one.transitions.count) for one in table]
    assert counts == [(0.25, 0.0, 2), (0.5, 0.0, 2), (1.0, 0.0, 0)]


def test_rows_are_counted_as_they_are_after_abstention():
    faces, _ = random_readings(60.0, seed=2)
    faces.box[:] = 10.0

    def relabel(rows):
        return firm_faces(FrameEvidence(faces, 60.0), rows, "normal")

    assert all(
        one.transitions.count == 0 for one in sensitivity(faces, 60.0, SETTINGS, relabel=relabel)
    )
    assert all(one.transitions.count > 0 for one in sensitivity(faces, 60.0, SETTINGS))


def test_time_without_an_emotion_is_no_exposure():
    track = face_track(("anger", 4), (None, 2), ("fear", 4), rate_hz=10)
    (one,) = sensitivity(track, 10.0, SETTINGS, factors=(1.0,))
    assert (one.intervals, one.chosen) == (3, True)
    assert one.transitions == poisson_rate(0, 8.0)


def test_relabelled_rows_need_not_come_from_the_frames():
    (one,) = sensitivity(
        face_track(("anger", 1)),
        1.0,
        SETTINGS,
        relabel=lambda _: video_rows(("fear", 1), ("anger", 1)),
        factors=(1.0,),
    )
    assert one.transitions.count == 1
