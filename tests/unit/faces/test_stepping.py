"""Between two looks that agree a face is laid on its way; everywhere else somebody looks."""

import math
from dataclasses import replace

import numpy as np
import pytest

from emoreport.faces.reading import read_faces
from emoreport.faces.stepping import LONGEST_STEP_S, faces_of, on_the_way
from emoreport.records import Box, FaceObservation, Frame, RgbPicture
from emoreport.settings import FaceSettings
from tests.fixtures.faces import BrightnessModel, face_at, scene

FACE = face_at(60, 40, 60, score=0.95)
RATE_HZ = 25.0


def pictures(count, rate_hz=RATE_HZ, change=None):
    """Frames of one painted face; those that `change` names show noise in its place."""
    rng = np.random.default_rng(3)
    head = scene((200, 160), (10, 0, 0.6))
    noise = rng.integers(0, 255, head.shape, dtype=np.uint8)
    return [
        Frame(k, k / rate_hz, RgbPicture(noise if k in (change or ()) else head))
        for k in range(count)
    ]


class Looking:
    """Gives the faces of a script and notes the frames that were looked at."""

    def __init__(self, script):
        self.script, self.seen = script, []

    def __call__(self, frame):
        self.seen.append(frame.index)
        return list(self.script(frame.index))


def moving(k):
    return [replace(FACE, box=Box(60 + 0.5 * k, 40, 60, 60), eyes=None, points=None)]


def looked(frames, script):
    looking = Looking(script)
    looks = list(faces_of(frames, looking))
    assert [look.frame.index for look in looks] == [frame.index for frame in frames]
    return looks, looking.seen


def test_a_steady_face_is_looked_at_every_fourth_frame():
    looks, seen = looked(pictures(13), moving)
    assert sorted(seen) == [0, 4, 8, 12]
    for look in looks:
        (face,), (wanted,) = look.faces, moving(look.frame.index)
        assert face.box.x == pytest.approx(wanted.box.x)
        assert face.score == FACE.score


@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 30.0, 60.0])
def test_no_two_looks_are_farther_apart_than_they_may_be(rate_hz):
    looks, seen = looked(pictures(40, rate_hz), moving)
    times_s = sorted({looks[k].frame.time_s for k in seen} | {looks[-1].frame.time_s})
    assert max(np.diff(times_s)) <= max(LONGEST_STEP_S, 1.0 / rate_hz) + 1e-9
    if rate_hz <= 5:
        assert len(seen) == 40


@pytest.mark.parametrize(
    "script",
    [
        lambda k: [],
        lambda k: [] if k >= 6 else [FACE],
        lambda k: [FACE] if k >= 6 else [],
        lambda k: [replace(FACE, score=0.75)],
        lambda k: [replace(FACE, box=Box(60 + 30 * k, 40, 60, 60))],
        lambda k: [FACE, face_at(130, 90, 40, score=0.9)] if k % 3 else [FACE],
    ],
    ids=["none", "it leaves", "it comes", "unsure", "fast", "another now and then"],
)
def test_where_two_looks_do_not_agree_every_frame_near_is_looked_at(script):
    looks, seen = looked(pictures(13), script)
    for look in looks:
        if look.frame.index in seen:
            assert look.faces == script(look.frame.index)
    for start, end in zip(sorted(seen), sorted(seen)[1:], strict=False):
        assert end - start == 1 or (len(script(start)) == len(script(end)) > 0)


def test_a_face_leaves_on_its_own_frame():
    looks, _ = looked(pictures(40), lambda k: [FACE] if k < 21 else [])
    assert [bool(look.faces) for look in looks] == [k < 21 for k in range(40)]


def test_a_picture_that_neither_look_shows_is_looked_at():
    frames = pictures(13, change={6})
    _, seen = looked(frames, moving)
    assert 6 in seen
    assert 5 not in seen


def test_several_faces_keep_to_their_own_way():
    def two(k):
        return [
            replace(FACE, box=Box(60 + 0.2 * k, 40, 60, 60)),
            replace(FACE, box=Box(20 - 0.1 * k, 90, 40, 40), score=0.9),
        ]

    looks, seen = looked(pictures(9), two)
    assert sorted(seen) == [0, 4, 8]
    for look in looks:
        for face, wanted in zip(look.faces, two(look.frame.index), strict=True):
            assert face.box.iou(wanted.box) > 0.999


def test_what_is_unknown_at_one_end_is_unknown_between():
    other = replace(FACE, eyes=None, yaw_deg=10.0)
    face = on_the_way(replace(FACE, yaw_deg=math.nan), other, 0.5)
    assert math.isnan(face.yaw_deg)
    assert face.eyes is None
    assert isinstance(face, FaceObservation)


def test_readings_cover_every_frame():
    class Stepping:
        name, steps = "stepping", True

        def __init__(self):
            self.looks = 0

        def look(self, picture):
            self.looks += 1
            return [FACE]

        def detect(self, rgb):
            return self.look(RgbPicture(rgb))

        def close(self):
            pass

    detector = Stepping()
    track = read_faces(pictures(50), detector, BrightnessModel(), FaceSettings())
    assert len(track) == 50
    assert track.valid.all()
    assert detector.looks == 14


def test_no_way_goes_across_a_cut():
    frames = pictures(13)
    frames[6] = replace(frames[6], change=np.full((36, 64), 99, np.int16))
    _, seen = looked(frames, moving)
    assert sorted(seen) == [0, 4, 5, 6, 10, 12]
