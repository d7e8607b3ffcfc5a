import threading
import weakref
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreport.analysis.rows.skipped import with_skipped_frames
from emoreport.faces import looks
from emoreport.faces.looks import read_looks
from emoreport.faces.reading import read_faces
from emoreport.faces.select import open_detector, open_face_model
from emoreport.media import open_video
from emoreport.records import LookRule, RgbPicture
from emoreport.settings import FaceSettings, Settings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.faces import (
    BrightnessModel,
    FrameStream,
    ScriptedDetector,
    face_at,
    numbered_frame,
)

SETTINGS = FaceSettings()
ALWAYS = LookRule({"constant": 50.0}, 0.5)
NEVER = LookRule({"constant": -50.0}, 0.5)
WHERE_LABELS_DIFFER = LookRule({"constant": -20.0, "differ": 40.0, "one_face": 40.0}, 0.5)


def model_with(rule):
    model = BrightnessModel()
    model.record = replace(model.record, look_rule=rule)
    return model


def talk(labels, faces=None):
    """Frames that show one label each; a face in all of them, or those given."""
    frames = [numbered_frame(k, level=16 + 32 * label) for k, label in enumerate(labels)]
    if faces is None:
        faces = [[face_at(40, 20, 60)] for _ in labels]
    return frames, ScriptedDetector(faces)


def assert_same(track, other):
    for name in ("time_s", "frame", "faces", "box", "detection_score", "probabilities", "shot"):
        np.testing.assert_array_equal(getattr(track, name), getattr(other, name))
    for name, values in other.extra.items():
        np.testing.assert_array_equal(track.extra[name], values)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def random_talk(rng, count):
    """Labels that change now and then; faces that go, are unsure, or are not alone."""
    labels = np.repeat(rng.integers(0, len(EMOTIONS), count), rng.integers(1, 30, count))[:count]
    kinds = np.repeat(rng.integers(0, 6, count), rng.integers(1, 20, count))[:count]
    script = []
    for k, kind in enumerate(kinds):
        face = face_at(30 + 0.1 * k, 20, 40, score=0.6 if kind == 1 else 0.9)
        more = [face_at(5, 60, 40, score=0.95)] if kind == 2 else []
        script.append([] if kind == 0 else [face, *more])
    return talk(labels, script)


def test_all_frames_are_shown_in_order_with_the_faces_that_were_looked_at():
    frames, detector = talk([0] * 45 + [3] * 45)
    seen = []
    track = read_looks(
        frames,
        detector,
        model_with(WHERE_LABELS_DIFFER),
        SETTINGS,
        see=lambda frame, box: seen.append((frame.index, box is not None)),
    )
    assert [number for number, _ in seen] == list(range(90))
    assert [number for number, known in seen if known] == track.frame.tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("strict", [False, True])
def test_where_every_label_is_doubtful_every_frame_is_read_as_usual(seed, strict):
    frames, detector = random_talk(np.random.default_rng(seed), 150)
    own = replace(SETTINGS, strict_single_face=strict)
    every, found = [], []
    plain = read_faces(frames, detector, BrightnessModel(), own, keep=every.append)
    track = read_looks(frames, detector, model_with(ALWAYS), own, keep=found.append)
    assert_same(track, plain)
    rows = [np.concatenate([part.values for part in parts]) for parts in (every, found)]
    np.testing.assert_array_equal(*rows)


def test_a_witness_reads_what_the_model_reads():
    frames, detector = talk([0] * 30 + [3] * 30)
    plain = read_faces(frames, detector, BrightnessModel(), SETTINGS, witness=BrightnessModel())
    track = read_looks(
        frames, detector, model_with(WHERE_LABELS_DIFFER), SETTINGS, witness=BrightnessModel()
    )
    assert len(track) < 20
    np.testing.assert_array_equal(
        track.witness.probabilities, plain.witness.probabilities[track.frame]
    )


def test_where_no_label_is_doubtful_a_few_looks_a_second_do():
    frames, detector = talk([2] * 96)
    track = read_looks(FrameStream(frames), detector, model_with(NEVER), SETTINGS)
    assert track.frame.tolist() == [*range(0, 96, 10), 95]
    short, detector = talk([2])
    assert read_looks(short, detector, model_with(NEVER), SETTINGS).frame.tolist() == [0]
    assert len(read_looks([], detector, model_with(NEVER), SETTINGS)) == 0


def test_looks_follow_the_time_and_not_the_number_of_frames():
    frames, detector = talk([2] * 60)
    times_s = np.cumsum([0.1] * 30 + [0.01] * 30)
    uneven = [replace(frame, time_s=at) for frame, at in zip(frames, times_s, strict=True)]
    track = read_looks(uneven, detector, model_with(NEVER), SETTINGS)
    assert np.diff(track.time_s).max() < 0.45
    assert len(track) <= 11


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(12, 40)), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_lasting_change_is_found_to_the_frame(steps):
    labels = np.repeat([label for label, _ in steps], [count for _, count in steps])
    frames, detector = talk(labels)
    track = read_looks(frames, detector, model_with(WHERE_LABELS_DIFFER), SETTINGS)
    read = set(track.frame.tolist())
    for change in np.flatnonzero(np.diff(labels)):
        assert {change, change + 1} <= read
    changes = int((np.diff(labels) != 0).sum())
    assert len(read) <= len(labels) / 10 + 2 + 5 * changes
    best = track.probabilities.argmax(axis=1)
    np.testing.assert_array_equal(best, labels[track.frame])


def test_a_face_that_goes_and_comes_is_found_to_the_frame():
    faces = [[] if 33 <= k < 58 else [face_at(40, 20, 60)] for k in range(100)]
    frames, detector = talk([1] * 100, faces)
    track = read_looks(frames, detector, model_with(WHERE_LABELS_DIFFER), SETTINGS)
    assert {32, 33, 57, 58} <= set(track.frame.tolist())
    assert track.valid.tolist() == [bool(faces[number]) for number in track.frame]


def test_both_sides_of_a_cut_are_looked_at_and_nothing_is_guessed_across_it():
    frames, detector = talk([1] * 60)
    change = np.full((18, 32), 90, np.int16)
    frames[23] = replace(frames[23], change=change)
    frames[24] = replace(frames[24], change=change)
    track = read_looks(frames, detector, model_with(NEVER), SETTINGS)
    assert {0, 22, 23, 24, 59} <= set(track.frame.tolist())
    plain = read_faces(frames, detector, BrightnessModel(), SETTINGS)
    np.testing.assert_array_equal(track.shot, plain.shot[track.frame])
    assert track.shot.tolist()[-1] == 3


def test_the_batch_size_changes_nothing():
    frames, detector = random_talk(np.random.default_rng(7), 200)
    model = model_with(WHERE_LABELS_DIFFER)
    plain = read_looks(frames, detector, model, SETTINGS)
    assert max(model.batches) > 2
    for batch in (1, 2, 1000):
        model = model_with(WHERE_LABELS_DIFFER)
        assert_same(read_looks(frames, detector, model, SETTINGS, batch=batch), plain)
        assert max(model.batches) <= batch


class Living:
    """Frames that count how many of them are alive at once."""

    def __init__(self, count):
        self.count, self.alive, self.most = count, 0, 0

    def _gone(self):
        self.alive -= 1

    def __iter__(self):
        for number in range(self.count):
            frame = numbered_frame(number, size=(16, 16))
            picture = RgbPicture(frame.rgb)
            weakref.finalize(picture, self._gone)
            self.alive += 1
            self.most = max(self.most, self.alive)
            yield replace(frame, picture=picture)
            del frame, picture


@pytest.mark.parametrize("rule", [ALWAYS, NEVER])
def test_no_more_frames_are_held_however_long_the_talk(rule, monkeypatch):
    monkeypatch.setattr(looks, "WINDOW_BYTES", 40 * 16 * 16 * 3)
    monkeypatch.setattr(looks, "WAITING_BYTES", 20 * 16 * 16 * 3)
    detector = ScriptedDetector([[]] * 1500)
    source = Living(1500)
    track = read_looks(source, detector, model_with(rule), SETTINGS)
    assert track.frame[-1] == 1499
    assert source.most <= 40 + 20 + 5


def test_frames_too_large_for_the_window_are_looked_at_sooner(monkeypatch):
    monkeypatch.setattr(looks, "WINDOW_BYTES", 5 * 160 * 120 * 3)
    frames, detector = talk([2] * 60)
    track = read_looks(frames, detector, model_with(NEVER), SETTINGS)
    assert np.diff(track.frame).max() <= 5
    assert track.frame[-1] == 59


def test_a_failure_of_the_source_reaches_the_caller():
    frames, detector = talk([2] * 60)
    source = FrameStream(frames, fail_at=40)
    with pytest.raises(OSError, match="disk"):
        read_looks(source, detector, model_with(NEVER), SETTINGS)
    assert source.closed


def test_batches_below_one_are_refused():
    with pytest.raises(ValueError, match="batch"):
        read_looks([], ScriptedDetector(), BrightnessModel(), SETTINGS, batch=0)


def test_a_real_talk_is_read_from_few_of_its_frames():
    own = Settings(face="compact", offline=True)
    model = open_face_model(own, print)
    detector = open_detector(own, print)
    try:
        tracks = []
        for read in (read_faces, read_looks):
            with open_video("samples/talk.mp4", threads=1) as video:
                tracks.append(read(islice(video, 160), detector, model, SETTINGS))
    finally:
        detector.close()
    every, few = tracks
    assert len(few) < 0.35 * len(every)
    assert (few.emotion == every.emotion[few.frame]).mean() > 0.95
    filled = with_skipped_frames(few, float(every.time_s[-1]) + 0.04)
    assert filled.frame.tolist() == every.frame.tolist()
    assert (filled.emotion == every.emotion).mean() > 0.97
