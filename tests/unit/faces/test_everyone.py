import dataclasses

import numpy as np
import pytest

from emoreport.faces.appearance import AppearanceCollector, colours, set_up
from emoreport.faces.everyone import Everyone
from emoreport.faces.looks import read_looks
from emoreport.faces.reading import read_faces
from emoreport.records import MOUTH_MOTION, LookRule, RgbPicture
from emoreport.settings import FaceSettings
from tests.fixtures.faces import (
    BrightnessModel,
    FrameStream,
    ScriptedDetector,
    face_at,
    numbered_frame,
)

SETTINGS = FaceSettings()
FRAMES = 40


def two_people(count=FRAMES):
    """Two faces of other brightness; the right one is away at times, and there is a cut at 20."""
    frames, script = [], []
    for k in range(count):
        frame = numbered_frame(k, level=48, size=(320, 120))
        frame.rgb[:, 160:] = 208
        if k == 20:
            frame = dataclasses.replace(frame, change=np.full((9, 16), 50, np.int16))
        frames.append(frame)
        right = [] if k in (8, 9) else [face_at(220, 30, 50, score=0.85)]
        script.append([face_at(40 + 0.2 * k, 30, 60), *right])
    return frames, ScriptedDetector(script)


def read(frames, detector, settings=SETTINGS, reader=read_faces, witness=None, model=None):
    model = model or BrightnessModel(affect=True)
    everyone = Everyone(model, settings, witness)
    track = reader(
        FrameStream(frames), detector, model, settings, witness=witness, everyone=everyone
    )
    return track, everyone.build(track)


def assert_same_track(one, other):
    for field in dataclasses.fields(other):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(theirs, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)
    for name in other.extra:
        np.testing.assert_array_equal(one.extra[name], other.extra[name])


@pytest.mark.parametrize("witness", [None, BrightnessModel()], ids=["alone", "witness"])
def test_the_speaker_is_read_as_if_nobody_else_were_followed(witness):
    frames, detector = two_people()
    model = BrightnessModel(affect=True)
    plain = read_faces(FrameStream(frames), detector, model, SETTINGS, witness=witness)
    track, (seen, _) = read(frames, detector, witness=witness)
    assert_same_track(track, plain)
    led = seen.leads
    np.testing.assert_array_equal(seen.frame[led], plain.frame[plain.valid])
    for name in ("box", "detection_score", "probabilities", "valence", "arousal"):
        np.testing.assert_array_equal(getattr(seen, name)[led], getattr(plain, name)[plain.valid])
    for name in plain.extra.keys() - {MOUTH_MOTION}:
        np.testing.assert_array_equal(seen.extra[name][led], plain.extra[name][plain.valid])
    assert seen.mouth_motion[led] == pytest.approx(
        plain.extra[MOUTH_MOTION][plain.valid], nan_ok=True
    )
    if witness is not None:
        assert np.isfinite(seen.witness.probabilities).all()


def test_every_face_is_read_in_tracks_that_end_with_the_shot():
    frames, detector = two_people()
    _, (seen, appearance) = read(frames, detector)
    assert len(seen) == 2 * FRAMES - 2
    assert seen.tracks.tolist() == [1, 2, 3, 4]
    order = np.lexsort((seen.track, seen.time_s))
    assert order.tolist() == list(range(len(seen)))
    before, left = seen.frame < 20, seen.box[:, 0] < 100
    for shot in (before, ~before):
        assert len(set(seen.track[shot & left])) == len(set(seen.track[shot & ~left])) == 1
    assert not set(seen.track[before]) & set(seen.track[~before])
    # level 48 is class 1, 208 is class 6
    assert set(seen.probabilities[left].argmax(axis=1)) == {1}
    assert set(seen.probabilities[~left].argmax(axis=1)) == {6}
    assert np.isfinite(seen.mouth_motion[~left & (seen.frame > 25)]).all()
    assert np.isnan(seen.mouth_motion[seen.frame == 0]).all()
    assert appearance.track.tolist() == [1, 2, 3, 4]
    assert appearance.recogniser == ""


def test_one_track_is_no_more_than_the_frames_say():
    frames = [numbered_frame(k) for k in range(10)]
    track, collected = read(frames, ScriptedDetector([[face_at(40, 20, 60)]] * 10))
    assert track.valid.all()
    assert collected is None


def test_strict_readings_know_nobody_but_the_speaker():
    frames, detector = two_people()
    track, collected = read(frames, detector, FaceSettings(strict_single_face=True))
    assert track.frame[track.valid].tolist() == [8, 9]
    assert collected is None


def test_the_frames_that_were_looked_at_hold_all_their_faces():
    frames, detector = two_people()
    model = BrightnessModel(affect=True)
    model.record = dataclasses.replace(model.record, look_rule=LookRule({"constant": -10.0}, 0.5))
    track, (seen, _) = read(frames, detector, reader=read_looks, model=model)
    assert len(track) < FRAMES
    assert set(seen.frame) == set(track.frame)
    np.testing.assert_array_equal(seen.frame[seen.leads], track.frame[track.valid])
    assert set(seen.track) == {1, 2, 3, 4}


def picture(shirt, wall=(90, 90, 90), skin=(200, 150, 120)):
    rgb = np.full((120, 160, 3), wall, np.uint8)
    rgb[70:, 30:130] = shirt
    rgb[30:70, 60:100] = skin
    return RgbPicture(rgb)


def test_colours_tell_clothes_apart_and_stay_with_a_little_more_light():
    face = face_at(60, 30, 40)
    red, blue = picture((180, 30, 30)), picture((30, 30, 180))
    brighter = RgbPicture((red.rgb * 1.05).astype(np.uint8))
    one, other = colours(red, face.box), colours(blue, face.box)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one @ colours(brighter, face.box) > 0.9
    assert one @ other < 0.75
    # A face at the edge has points outside the picture: they are no black clothes.
    edge = colours(red, face_at(0, 30, 40).box)
    assert np.isfinite(edge).all()


def test_a_camera_is_known_by_the_picture_round_the_face():
    here, there = picture((180, 30, 30)), picture((180, 30, 30), wall=(240, 240, 200))
    moved = RgbPicture(np.roll(here.rgb, 2, axis=1))
    assert set_up(here) @ set_up(moved) > 0.95
    assert set_up(here) @ set_up(there) < 0.6


def test_a_track_is_looked_at_more_rarely_the_longer_it_goes_on(monkeypatch):
    looks = []
    monkeypatch.setattr(
        "emoreport.faces.appearance.colours",
        lambda picture, box: looks.append(box) or np.ones(4, np.float32),
    )
    collector = AppearanceCollector()
    for k in range(1000):
        if collector.is_due(1, k / 25):
            collector.see(numbered_frame(k), face_at(40, 20, 60), 1)
    assert 5 <= len(looks) <= 12
    assert collector.build().descriptor.tolist() == [[0.5, 0.5, 0.5, 0.5]]
