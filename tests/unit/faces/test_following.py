import numpy as np
import pytest

from emoreport.faces.following import ABSENCE_S, MOST_FACES, FaceFollower
from tests.fixtures.faces import face_at

STEP_S = 0.04


def numbers(follower, time_s, faces, leader=None):
    """The track of each face, None where it is not followed."""
    by_face = {id(face): track.number for track, face in follower.follow(time_s, faces, leader)}
    return [by_face.get(id(face)) for face in faces]


def follow(script, step_s=STEP_S):
    """The tracks of each frame's faces, the first of which leads."""
    follower = FaceFollower()
    return [
        numbers(follower, place * step_s, faces, faces[0] if faces else None)
        for place, faces in enumerate(script)
    ]


def test_faces_keep_their_tracks_whatever_their_order():
    left, right = (
        [face_at(10 + k, 20) for k in range(20)],
        [face_at(300, 20 + k) for k in range(20)],
    )
    script = [[a, b] if k % 2 else [b, a] for k, (a, b) in enumerate(zip(left, right, strict=True))]
    expected = follow(script)
    assert expected[0] == [1, 2] or expected[0] == [2, 1]
    for k, found in enumerate(expected[1:], start=1):
        assert found == (expected[0][::-1] if k % 2 else expected[0])


def test_no_track_holds_both_of_two_faces_that_cross():
    """They walk through each other, and swap for one frame before they do."""
    across = np.linspace(0, 400, 41)
    owners = {}
    script, people = [], []
    for x in across:
        one, other = face_at(x, 20), face_at(400 - x, 24)
        if one.box.iou(other.box) > 0.4:  # a detector finds one of two faces at one place
            script.append([one]), people.append(["one"])
        else:
            script.append([one, other]), people.append(["one", "other"])
    for faces, names in zip(follow(script), people, strict=True):
        for track, name in zip(faces, names, strict=True):
            owners.setdefault(track, set()).add(name)
    owners.pop(None, None)
    assert all(len(names) == 1 for names in owners.values()), owners


def test_where_two_faces_may_go_on_neither_does():
    follower = FaceFollower()
    assert numbers(follower, 0.0, [face_at(0, 20), face_at(90, 20)]) == [1, 2]
    # One step later both are half way: which is which cannot be told.
    assert numbers(follower, STEP_S, [face_at(45, 20)]) == [3]
    assert numbers(follower, 2 * STEP_S, [face_at(45, 20)]) == [3]


def test_a_cut_ends_all_tracks_but_that_of_a_face_that_goes_on():
    faces = [face_at(0, 20), face_at(300, 20)]
    follower = FaceFollower()
    assert numbers(follower, 0.0, faces) == [1, 2]
    follower.cut(going_on=faces[1].box)
    assert numbers(follower, STEP_S, faces) == [3, 2]
    follower.cut()
    assert sorted(numbers(follower, 2 * STEP_S, faces)) == [4, 5]


@pytest.mark.parametrize(("absent_s", "second"), [(ABSENCE_S - 0.1, 1), (ABSENCE_S + 0.1, 2)])
def test_a_face_that_was_away_for_long_begins_a_new_track(absent_s, second):
    follower = FaceFollower()
    assert numbers(follower, 0.0, [face_at(0, 20)]) == [1]
    follower.follow(STEP_S, [], None)
    assert numbers(follower, absent_s, [face_at(0, 20)]) == [second]


def test_frames_that_are_far_apart_are_no_absence():
    assert follow([[face_at(0, 20)]] * 4, step_s=2.0) == [[1]] * 4


def test_four_faces_are_followed_and_the_one_that_leads_is_among_them():
    small = face_at(600, 20, 30)
    faces = [face_at(120 * k, 20, 100 - k) for k in range(5)]
    follower = FaceFollower()
    found = numbers(follower, 0.0, [*faces, small], small)
    assert sum(track is not None for track in found) == MOST_FACES
    assert found[-1] is not None
    assert found[:-1] == [1, 2, 3, None, None] or None not in found[:3]
    again = numbers(follower, STEP_S, [*faces, small], small)
    assert again == found  # who is followed is followed on


def test_a_face_that_is_not_sure_begins_no_track_unless_it_leads():
    doubtful = face_at(0, 20, score=0.55)
    follower = FaceFollower()
    assert numbers(follower, 0.0, [doubtful]) == [None]
    assert numbers(follower, STEP_S, [doubtful], doubtful) == [1]
    assert numbers(follower, 2 * STEP_S, [doubtful]) == [1]


def test_one_face_that_was_found_twice_is_one():
    follower = FaceFollower()
    twice = [face_at(0, 20, score=0.9), face_at(8, 24, score=0.8)]
    for k in range(5):
        assert numbers(follower, k * STEP_S, twice) == [1, None]
