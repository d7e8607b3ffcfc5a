"""Tracks of faces become people; two people are never taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.analysis.people.corrections import Corrections, corrected, same_person
from emoreport.analysis.people.grouping import group_people, key_of, measured
from emoreport.errors import SettingsError
from emoreport.records import FaceTrack, Person, SeenFaces, TrackAppearance

RATE_HZ = 10
LEFT, RIGHT = (100, 100, 60, 60), (400, 100, 60, 60)


def axis(number: int, *, towards: int = 0, share: float = 0.0, size: int = 9) -> np.ndarray:
    """A descriptor: an axis, leaning towards another one by a share of the way."""
    vector = np.zeros(size, np.float32)
    vector[number] = np.sqrt(1 - share**2)
    vector[towards] += share
    return vector


class Scene:
    """Frames of ten a second, and tracks laid over them."""

    def __init__(self, seconds: float, cuts_s: tuple[float, ...] = ()) -> None:
        self.time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        self.duration_s = seconds
        self.shot = 1 + np.searchsorted(cuts_s, self.time_s, side="right")
        self.entries: list[tuple[float, int, tuple[int, ...]]] = []
        self.looks: list[np.ndarray] = []
        self.set_ups: list[np.ndarray] = []

    def track(self, start_s, end_s, box, look, set_up=None) -> int:
        number = len(self.looks) + 1
        inside = (self.time_s >= start_s) & (self.time_s < end_s)
        self.entries += [(time_s, number, box) for time_s in self.time_s[inside]]
        self.looks.append(look)
        self.set_ups.append(axis(0) if set_up is None else set_up)
        return number

    @property
    def seen(self) -> SeenFaces:
        entries = sorted(self.entries)
        count = len(entries)
        time_s = np.array([entry[0] for entry in entries])
        return SeenFaces(
            labels=("neutral",),
            time_s=time_s,
            frame=np.searchsorted(self.time_s, time_s),
            track=np.array([entry[1] for entry in entries], np.int64),
            leads=np.ones(count, np.bool_),
            box=np.array([entry[2] for entry in entries], np.float32).reshape(count, 4),
            detection_score=np.ones(count, np.float32),
            probabilities=np.ones((count, 1), np.float32),
            mouth_motion=np.zeros(count, np.float32),
        )

    @property
    def frames(self) -> FaceTrack:
        count = len(self.time_s)
        return FaceTrack(
            labels=("neutral",),
            time_s=self.time_s,
            frame=np.arange(count),
            faces=np.ones(count, np.int64),
            box=np.full((count, 4), np.nan, np.float32),
            detection_score=np.full(count, np.nan, np.float32),
            probabilities=np.full((count, 1), np.nan, np.float32),
            shot=self.shot,
        )

    def people(self, recogniser: str = "sface") -> list[tuple[int, ...]]:
        appearance = TrackAppearance(
            recogniser,
            np.arange(1, len(self.looks) + 1),
            np.array(self.looks),
            np.array(self.set_ups),
        )
        found = group_people(self.seen, appearance, self.frames, self.duration_s)
        assert [person.key for person in found] == [key_of(n) for n in range(len(found))]
        return [person.tracks for person in found]


def test_two_who_take_turns_before_two_cameras_are_two_and_each_is_one():
    scene = Scene(12, cuts_s=(3, 6, 9))
    for number in range(4):
        who = number % 2
        scene.track(3 * number, 3 * number + 3, LEFT, axis(who), set_up=axis(4 + who))
    assert scene.people() == [(1, 3), (2, 4)]


def test_two_in_one_frame_are_two_however_alike():
    scene = Scene(4)
    scene.track(0, 4, LEFT, axis(1))
    scene.track(0.5, 1, RIGHT, axis(1))
    scene.track(2, 3, RIGHT, axis(1))
    assert scene.people() == [(1,), (2, 3)]


def test_whoever_meets_a_member_never_joins_its_group():
    scene = Scene(10, cuts_s=(5,))
    scene.track(0, 5, LEFT, axis(1))
    scene.track(5, 9, LEFT, axis(1), set_up=axis(5))
    scene.track(6, 7, RIGHT, axis(2, towards=1, share=0.6), set_up=axis(5))
    assert scene.people() == [(1, 2), (3,)]


def test_none_are_joined_who_are_no_more_alike_than_two_seen_together():
    scene = Scene(10, cuts_s=(5,))
    scene.track(0, 5, LEFT, axis(1))
    scene.track(5, 9, LEFT, axis(2, towards=1, share=0.98), set_up=axis(5))
    scene.track(6, 7, RIGHT, axis(2, towards=1, share=0.98), set_up=axis(5))
    assert scene.people() == [(1,), (2,), (3,)]


def test_somebody_who_looks_away_comes_back_in_the_same_place():
    scene = Scene(10)
    scene.track(0, 4, LEFT, axis(1))
    scene.track(6, 10, LEFT, axis(2, towards=1, share=0.4))
    assert scene.people() == [(1, 2)]


def test_in_another_place_so_little_likeness_is_not_enough():
    scene = Scene(10)
    scene.track(0, 4, LEFT, axis(1))
    scene.track(6, 10, RIGHT, axis(2, towards=1, share=0.4))
    assert scene.people() == [(1,), (2,)]


def test_before_another_camera_neither():
    scene = Scene(10, cuts_s=(5,))
    scene.track(0, 5, LEFT, axis(1), set_up=axis(3))
    scene.track(5, 10, LEFT, axis(2, towards=1, share=0.4), set_up=axis(4))
    assert scene.people() == [(1,), (2,)]


def test_colours_must_be_more_alike_than_faces():
    scene = Scene(10, cuts_s=(5,))
    scene.track(0, 5, LEFT, axis(1), set_up=axis(3))
    scene.track(5, 10, RIGHT, axis(2, towards=1, share=0.7), set_up=axis(4))
    assert scene.people("sface") == [(1, 2)]
    assert scene.people("") == [(1,), (2,)]


def test_shoulders_out_of_the_picture_say_nothing():
    near, far = np.zeros(9, np.float32), np.zeros(9, np.float32)
    far[[0, 3, 6]] = near[[0, 3]] = 1.0
    scene = Scene(10, cuts_s=(5,))
    scene.track(0, 5, LEFT, far / np.sqrt(3))
    scene.track(5, 10, RIGHT, near / np.sqrt(2), set_up=axis(4))
    assert scene.people("") == [(1, 2)]
    assert scene.people("sface") == [(1, 2)]
    nothing = np.zeros(9, np.float32)
    scene.track(8, 9, (500, 300, 60, 60), nothing, set_up=axis(4))
    assert scene.people("") == [(1, 2), (3,)]


def test_people_are_lettered_by_seconds_seen_and_of_equals_the_first():
    scene = Scene(10)
    scene.track(0, 2, LEFT, axis(1))
    scene.track(4, 6, RIGHT, axis(2))
    scene.track(6.5, 10, LEFT, axis(3))
    assert scene.people() == [(3,), (1,), (2,)]


def test_seconds_are_those_of_the_frames_on_screen():
    scene = Scene(4)
    scene.track(0, 4, LEFT, axis(1))
    scene.track(1, 2.5, RIGHT, axis(2))
    people = (Person("A", (1,)), Person("B", (2,)))
    found = measured(people, scene.seen, scene.frames, 4.0)
    assert [person.seconds for person in found] == pytest.approx([4.0, 1.5])


def test_nobody_seen():
    assert Scene(2).people() == []


def test_keys_go_on_after_z():
    assert [key_of(number) for number in (0, 25, 26, 27, 52, 702)] == [
        "A",
        "Z",
        "AA",
        "AB",
        "BA",
        "AAA",
    ]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(0, 2)), max_size=12))
def test_whatever_is_seen_every_track_is_one_persons_and_nobody_is_in_a_frame_twice(tracks):
    scene = Scene(6)
    for start, length, look in tracks:
        scene.track(start / RATE_HZ, (start + length) / RATE_HZ, LEFT, axis(look))
    found = scene.people()
    assert sorted(track for person in found for track in person) == [
        number + 1 for number in range(len(tracks))
    ]
    seen = scene.seen
    for person in found:
        times = seen.time_s[np.isin(seen.track, person)]
        assert len(set(times.tolist())) == len(times)


PEOPLE = (Person("A", (1, 4)), Person("B", (2,), "Борис"), Person("C", (3,)))


def test_corrections_keep_the_keys_of_the_others():
    found = corrected(
        PEOPLE, Corrections(split=("a",), merge=(("D", "борис"),), rename=(("A", "Анна"),))
    )
    assert found == (
        Person("A", (1,), "Анна"),
        Person("B", (2, 4), "Борис"),
        Person("C", (3,)),
    )
    assert corrected(found, Corrections(rename=(("Анна", ""),)))[0] == Person("A", (1,))


def test_whoever_is_wanted_stays_wanted_under_another_name_and_after_a_merge():
    found = corrected(PEOPLE, Corrections(merge=(("B", "C"),), rename=(("A", "Анна"),)))
    assert same_person("auto", PEOPLE, found) == "auto"
    assert same_person("борис", PEOPLE, found) == "C"
    assert same_person("A", PEOPLE, found) == "A"


@pytest.mark.parametrize(
    ("corrections", "told"),
    [
        (Corrections(merge=(("X", "A"),)), "A, B (Борис), C"),
        (Corrections(merge=(("A", "a"),)), "itself"),
        (Corrections(rename=(("A", "c"),)), "C"),
        (Corrections(rename=(("A", "борис"),)), "B"),
    ],
)
def test_corrections_that_cannot_be_made_say_why(corrections, told):
    with pytest.raises(SettingsError) as error:
        corrected(PEOPLE, corrections)
    assert told in str(error.value)
