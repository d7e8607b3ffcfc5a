"""Faces of all people of a recording, and one person's readings of them."""

from __future__ import annotations

import numpy as np

from emoreport.records import FaceTrack, Person, SeenFaces, WitnessReadings, find_person

NAN = float("nan")
FRAMES = FaceTrack(
    labels=("anger", "neutral"),
    time_s=np.array([0.0, 0.04, 0.08]),
    frame=np.array([0, 1, 2]),
    faces=np.array([2, 2, 1]),
    box=np.full((3, 4), np.nan, np.float32),
    detection_score=np.full(3, np.nan, np.float32),
    probabilities=np.full((3, 2), np.nan, np.float32),
    shot=np.array([1, 1, 2]),
)


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


SEEN = SeenFaces(
    labels=("anger", "neutral"),
    time_s=np.array([0.0, 0.0, 0.04, 0.04, 0.08]),
    frame=np.array([0, 0, 1, 1, 2]),
    track=np.array([1, 2, 1, 2, 3]),
    leads=np.array([True, False, True, False, True]),
    box=np.arange(20, dtype=np.float32).reshape(5, 4),
    detection_score=column(0.9, 0.8, 0.7, 0.95, 0.6),
    probabilities=column(1, 0, 0.5, 0.5, 0.25, 0.75, 0, 1, 0.1, 0.9).reshape(5, 2),
    mouth_motion=column(NAN, NAN, 1.0, 2.0, NAN),
    extra={"yaw_deg": column(1, 2, 3, 4, 5)},
    witness=WitnessReadings(("a",), column(1, 2, 3, 4, 5).reshape(5, 1)),
)


def test_a_person_has_an_entry_in_every_frame_and_nan_where_not_seen():
    track = SEEN.readings_of((2,), FRAMES)
    assert track.time_s is FRAMES.time_s
    assert track.faces is FRAMES.faces
    assert track.shot is FRAMES.shot
    np.testing.assert_array_equal(track.valid, [True, True, False])
    np.testing.assert_array_equal(track.box[:2], SEEN.box[[1, 3]])
    np.testing.assert_array_equal(track.extra["yaw_deg"], column(2, 4, NAN))
    assert track.witness is not None
    np.testing.assert_array_equal(track.witness.probabilities[:, 0], column(2, 4, NAN))


def test_tracks_of_one_person_are_joined_and_the_better_face_wins_where_two_meet():
    track = SEEN.readings_of((3, 2, 1), FRAMES)
    np.testing.assert_array_equal(track.detection_score, column(0.9, 0.95, 0.6))


def test_nobody_has_no_readings():
    track = SEEN.readings_of((), FRAMES)
    assert not track.valid.any()
    assert len(track) == 3


def test_a_person_is_found_by_key_and_by_name():
    people = (Person("A", (1, 3), "Анна"), Person("B", (2,)))
    assert find_person(people, "анна") == people[0]
    assert find_person(people, "a") == people[0]
    assert find_person(people, "b") == people[1]
    assert find_person(people, "C") is None
