import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.faces.tracker import MEMORY_S, MIN_SIDE_PX, SpeakerTracker
from emoreport.records import Box, FaceObservation
from tests.fixtures.faces import face_at

SIZE = (1280, 720)


def follow(tracker, script, rate_hz=25.0):
    return [tracker.choose(index / rate_hz, faces, SIZE) for index, faces in enumerate(script)]


def test_nothing_seen_gives_nothing():
    assert SpeakerTracker().choose(0.0, []) is None


def test_a_single_sure_face_is_the_speaker_at_once():
    face = face_at(400, 200)
    assert SpeakerTracker().choose(0.0, [face]) is face


def test_faces_below_the_score_do_not_exist():
    tracker = SpeakerTracker(min_score=0.6)
    faint, sure = face_at(0, 0, score=0.59), face_at(500, 300, score=0.9)
    assert tracker.usable([faint, sure]) == [sure]
    assert tracker.choose(0.0, [faint]) is None


@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, MIN_SIDE_PX - 1, MIN_SIDE_PX - 1),
        Box(0, 0, 100, 49),
        Box(0, 0, 49, 100),
        Box(math.nan, 0, 100, 100),
        Box(0, 0, math.inf, 100),
        Box(0, 0, -50, -50),
    ],
)
def test_implausible_boxes_are_no_faces(box):
    assert SpeakerTracker().usable([FaceObservation(box, 0.99)]) == []


def test_a_doubtful_face_needs_three_sightings():
    doubtful = [face_at(400 + shift, 200, score=0.6) for shift in (0, 2, 4, 6)]
    chosen = follow(SpeakerTracker(), [[face] for face in doubtful])
    assert chosen == [None, None, doubtful[2], doubtful[3]]


def test_false_alarms_that_jump_about_never_start_a_track():
    script = [[face_at(x, y, score=0.65)] for x, y in ((0, 0), (900, 500), (0, 500), (900, 0)) * 5]
    assert set(follow(SpeakerTracker(), script)) == {None}


def test_the_larger_face_is_taken_at_the_start():
    small, large = face_at(300, 300, 60), face_at(900, 200, 150)
    assert SpeakerTracker().choose(0.0, [small, large], SIZE) is large


def test_of_equal_faces_the_central_one_is_taken():
    edge, centre = face_at(0, 0, 100), face_at(590, 310, 100)
    assert SpeakerTracker().choose(0.0, [edge, centre], SIZE) is centre


def test_a_young_track_gives_way_to_a_clearly_larger_face():
    passer_by, speaker = face_at(100, 300, 50), face_at(500, 200, 200)
    tracker = SpeakerTracker()
    assert tracker.choose(0.0, [passer_by], SIZE) is passer_by
    assert tracker.choose(0.2, [passer_by, speaker], SIZE) is speaker


def test_an_established_track_stays_with_the_speaker():
    speaker, visitor = face_at(500, 200, 100), face_at(800, 100, 300)
    tracker = SpeakerTracker()
    follow(tracker, [[speaker]] * 50)
    chosen = [tracker.choose(2.0 + k / 25, [visitor, speaker], SIZE) for k in range(100)]
    assert set(chosen) == {speaker}


def test_a_moving_speaker_is_followed_past_a_resting_face():
    resting = face_at(640, 200, 110)
    script = [[resting, face_at(300 + 12 * k, 260, 120)] for k in range(60)]
    chosen = follow(SpeakerTracker(), script)
    assert [face.box.x for face in chosen] == [300 + 12 * k for k in range(60)]


def test_a_listener_does_not_become_the_speaker_during_a_short_loss():
    speaker, listener = face_at(300, 200), face_at(800, 200, 95)
    tracker = SpeakerTracker()
    follow(tracker, [[speaker, listener]] * 50)
    away = [tracker.choose(2.0 + k / 25, [listener], SIZE) for k in range(45)]
    assert set(away) == {None}
    assert tracker.choose(3.85, [listener, speaker], SIZE) is speaker


def test_after_a_long_loss_the_remaining_face_is_taken():
    speaker, listener = face_at(300, 200), face_at(800, 200, 95)
    tracker = SpeakerTracker()
    follow(tracker, [[speaker, listener]] * 50)
    last_s = 49 / 25
    assert tracker.choose(last_s + 0.9 * MEMORY_S, [listener], SIZE) is None
    assert tracker.choose(last_s + 1.01 * MEMORY_S, [listener], SIZE) is listener


def test_a_cut_to_another_place_is_followed_at_once():
    tracker = SpeakerTracker()
    follow(tracker, [[face_at(100, 100, 80)]] * 50)
    close_up = face_at(600, 200, 300)
    assert tracker.choose(2.0, [close_up], SIZE) is close_up


def test_a_cut_to_several_new_faces_takes_the_most_prominent():
    tracker = SpeakerTracker()
    follow(tracker, [[face_at(100, 100, 80)]] * 50)
    small, large = face_at(1100, 500, 60), face_at(600, 200, 300)
    assert tracker.choose(2.0, [small, large], SIZE) is large


def test_in_another_shot_the_tracker_starts_again():
    speaker, listener = face_at(300, 200), face_at(800, 200, 95)
    tracker = SpeakerTracker()
    follow(tracker, [[speaker, listener]] * 50)
    assert tracker.choose(2.0, [listener], SIZE) is None
    tracker.restart()
    other = face_at(800, 200, 95)
    assert tracker.last_box(2.0, 1.0) is None
    assert tracker.choose(2.04, [other], SIZE) is other
    assert tracker.last_box(2.5, 1.0) == other.box
    assert tracker.last_box(4.0, 1.0) is None


def test_the_face_that_comes_back_where_it_was_is_the_speaker():
    speaker = face_at(300, 200)
    tracker = SpeakerTracker()
    follow(tracker, [[speaker]] * 50)
    assert tracker.choose(30.0, [face_at(310, 205)], SIZE) is not None


def test_strict_gives_nothing_where_two_faces_are_seen():
    one, other = face_at(300, 200), face_at(800, 200)
    tracker = SpeakerTracker(strict=True)
    assert follow(tracker, [[one], [one, other], [other, one], [one]]) == [one, None, None, one]


def test_strict_does_not_count_what_is_no_face():
    one, faint = face_at(300, 200), face_at(800, 200, score=0.3)
    assert SpeakerTracker(strict=True).choose(0.0, [one, faint]) is one


@pytest.mark.parametrize("rate_hz", [1.0, 5.0, 25.0, 60.0])
def test_the_rate_of_analysis_does_not_lose_the_speaker(rate_hz):
    listener = face_at(900, 200, 90)
    script = []
    for k in range(int(8 * rate_hz)):
        sway = 60 * math.sin(2 * math.pi * 0.25 * k / rate_hz)
        script.append([face_at(300 + sway, 200, 100), listener])
    chosen = follow(SpeakerTracker(), script, rate_hz)
    assert all(face is faces[0] for face, faces in zip(chosen, script, strict=True))


boxes = st.builds(
    face_at,
    st.floats(-200, 1400),
    st.floats(-200, 800),
    st.floats(5, 600),
    score=st.floats(0.1, 1.0),
)
scripts = st.lists(
    st.tuples(st.floats(0.001, 5.0), st.lists(boxes, max_size=4)), min_size=1, max_size=30
)


@settings(max_examples=200, deadline=None)
@given(scripts, st.booleans())
def test_the_choice_is_always_one_of_the_usable_faces(script, strict):
    tracker = SpeakerTracker(min_score=0.5, strict=strict)
    time_s = 0.0
    for step_s, faces in script:
        time_s += step_s
        chosen = tracker.choose(time_s, faces, SIZE)
        usable = tracker.usable(faces)
        assert chosen is None or any(chosen is face for face in usable)
        if strict and len(usable) > 1:
            assert chosen is None


@settings(max_examples=100, deadline=None)
@given(scripts)
def test_the_order_of_the_faces_does_not_matter(script):
    forwards, backwards = SpeakerTracker(), SpeakerTracker()
    time_s = 0.0
    for step_s, faces in script:
        time_s += step_s
        if len({(face.box, face.score) for face in faces}) < len(faces):
            continue
        one = forwards.choose(time_s, faces, SIZE)
        other = backwards.choose(time_s, faces[::-1], SIZE)
        assert one == other or one.box.area == other.box.area


@settings(max_examples=100, deadline=None)
@given(scripts, st.floats(0.25, 4.0))
def test_the_scale_of_the_picture_does_not_matter(script, factor):
    plain, scaled = SpeakerTracker(), SpeakerTracker()
    time_s = 0.0
    for step_s, faces in script:
        time_s += step_s
        large = [face for face in faces if face.box.width * min(factor, 1) > MIN_SIDE_PX + 1]
        zoomed = [
            replace(face, box=Box(*(factor * v for v in (b.x, b.y, b.width, b.height))))
            for face in large
            for b in [face.box]
        ]
        one = plain.choose(time_s, large)
        other = scaled.choose(time_s, zoomed)
        assert (one is None) == (other is None)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.5, 1.0), st.floats(0.0, MEMORY_S * 5), st.integers(0, 200))
def test_one_still_sure_face_is_found_again_after_any_loss(score, gap_s, frames):
    face = face_at(300, 200, score=0.95)
    tracker = SpeakerTracker()
    follow(tracker, [[face]] * (frames + 1))
    again = replace(face, score=score)
    assert tracker.choose((frames + 1) / 25 + gap_s, [again], SIZE) is again


def test_an_unsure_sighting_does_not_make_the_tracker_wait():
    tracker = SpeakerTracker()
    assert tracker.choose(0.0, [face_at(500, 60, 42, score=0.85)]) is not None
    passing = [face_at(428, 48, 189, score=0.65), face_at(377, 39, 211, score=0.83)]
    assert tracker.choose(0.04, passing[:1]) is None
    assert tracker.choose(0.08, passing[1:]) is passing[1]
