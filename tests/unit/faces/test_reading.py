import subprocess
import sys
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import FaceStageError
from emoreport.faces.batches import FACES_AT_ONCE, FACES_ON_A_CARD
from emoreport.faces.detectors import DirectDetector
from emoreport.faces.reading import read_faces
from emoreport.faces.viewing import sharpness
from emoreport.records import CropSpec, FaceScores, Frame, RgbPicture
from emoreport.settings import FaceSettings
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.face_detector import short_range_file, solutions_detector
from tests.fixtures.faces import (
    BrightnessModel,
    FrameStream,
    ScriptedDetector,
    face_at,
    numbered_frame,
    scene,
)

ROOT = Path(__file__).parents[3]
SETTINGS = FaceSettings()


def levels(count):
    return [16 + 32 * (number // 7 % len(EMOTIONS)) for number in range(count)]


def scripted(count=100, absent=range(30, 45)):
    """Frames of changing brightness; a face in all but the absent ones."""
    script = [[] if k in absent else [face_at(40 + 0.2 * k, 20, 60)] for k in range(count)]
    frames = [numbered_frame(k, level=level) for k, level in enumerate(levels(count))]
    return frames, ScriptedDetector(script)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_every_frame_has_its_own_reading():
    frames, detector = scripted()
    track = read_faces(FrameStream(frames), detector, BrightnessModel(), SETTINGS)
    assert track.labels == EMOTIONS
    assert track.frame.tolist() == list(range(100))
    assert track.time_s == pytest.approx(np.arange(100) / 25)
    assert np.flatnonzero(~track.valid).tolist() == list(range(30, 45))
    assert track.faces.tolist() == [0 if k in range(30, 45) else 1 for k in range(100)]
    labels = (np.array(levels(100)) - 16) // 32
    assert np.array_equal(track.probabilities[track.valid].argmax(axis=1), labels[track.valid])
    assert track.box[99] == pytest.approx([40 + 0.2 * 99, 20, 60, 60])
    assert np.isnan(track.extra["pitch_deg"]).all()
    assert np.isfinite(track.extra["sharpness"][track.valid]).all()


@pytest.mark.parametrize("batch", [1, 2, 16, 1000])
def test_the_batch_size_changes_nothing(batch):
    frames, detector = scripted()
    plain = read_faces(FrameStream(frames), detector, BrightnessModel(), SETTINGS, batch=7)
    model = BrightnessModel()
    other = read_faces(FrameStream(frames), detector, model, SETTINGS, batch=batch)
    assert max(model.batches) <= batch
    assert np.array_equal(plain.probabilities, other.probabilities, equal_nan=True)
    assert np.array_equal(plain.box, other.box, equal_nan=True)


def test_a_graphics_card_gets_more_faces_a_call_and_reads_the_same():
    tracks, batches = [], []
    for device in ("cpu", "cuda"):
        frames, detector = scripted()
        model = BrightnessModel()
        model.record = replace(model.record, device=device)
        tracks.append(read_faces(FrameStream(frames), detector, model, SETTINGS))
        batches.append(max(model.batches))
    assert batches[0] == FACES_AT_ONCE < batches[1] <= FACES_ON_A_CARD
    assert np.array_equal(tracks[0].probabilities, tracks[1].probabilities, equal_nan=True)


@pytest.mark.parametrize("batch", [1, 16, 1000])
def test_features_of_every_frame_are_handed_on_as_they_come(batch):
    frames, detector = scripted()
    alone = read_faces(FrameStream(frames), detector, BrightnessModel(), SETTINGS)
    frames, detector = scripted()
    parts = []
    track = read_faces(
        FrameStream(frames), detector, BrightnessModel(), SETTINGS, keep=parts.append, batch=batch
    )
    assert np.array_equal(track.probabilities, alone.probabilities, equal_nan=True)
    assert len(parts) > 1 or batch == 1000
    assert np.array_equal(np.concatenate([part.time_s for part in parts]), track.time_s)
    assert np.array_equal(np.concatenate([part.frame for part in parts]), track.frame)
    values = np.concatenate([part.values for part in parts])
    assert values.shape == (100, 2)
    assert np.array_equal(np.isnan(values).all(axis=1), ~track.valid)
    assert values[track.valid, 0] == pytest.approx(np.array(levels(100))[track.valid], abs=0.5)


class Inverted(BrightnessModel):
    """Reads a dark face where the other model reads a bright one; gives seven classes."""

    def __init__(self, size_px):
        super().__init__(crop=CropSpec(size_px=size_px, scale=2.0))
        self.labels = EMOTIONS[:7]
        self.sizes = set()

    def predict(self, faces):
        self.sizes |= {face.shape for face in faces}
        scores = super().predict([255 - face for face in faces]).probabilities[:, :7] + 1e-6
        return FaceScores(scores / scores.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("batch", [1, 16, 1000])
def test_a_witness_reads_the_same_faces_cut_as_it_wants_them(batch):
    frames, detector = scripted()
    alone = read_faces(FrameStream(frames), detector, BrightnessModel(), SETTINGS)
    frames, detector = scripted()
    model, witness = BrightnessModel(), Inverted(24)
    track = read_faces(FrameStream(frames), detector, model, SETTINGS, witness=witness, batch=batch)
    assert np.array_equal(track.probabilities, alone.probabilities, equal_nan=True)
    assert witness.sizes == {(24, 24, 3)}
    assert witness.batches == model.batches
    second = track.witness.probabilities
    assert track.witness.labels == EMOTIONS[:7]
    assert np.array_equal(np.isnan(second).any(axis=1), ~track.valid)
    labels = 7 - (np.array(levels(100)) - 16) // 32
    readable = track.valid & (labels < 7)
    assert np.array_equal(second[readable].argmax(axis=1), labels[readable])


def test_a_witness_whose_answer_does_not_fit_is_an_error():
    class Short(Inverted):
        def predict(self, faces):
            return FaceScores(super().predict(faces).probabilities[:, :6])

    frames, detector = scripted(20)
    with pytest.raises(FaceStageError, match="7 labels"):
        read_faces(frames, detector, BrightnessModel(), SETTINGS, witness=Short(32))


def test_the_model_runs_in_the_callers_thread_and_the_source_in_another():
    frames, detector = scripted(40)
    stream, model = FrameStream(frames), BrightnessModel()
    read_faces(stream, detector, model, SETTINGS)
    assert model.threads == {threading.get_ident()}
    assert stream.thread != threading.get_ident()
    assert stream.closed


def test_a_batch_below_one_is_refused():
    with pytest.raises(ValueError, match="batch"):
        read_faces([], ScriptedDetector(), BrightnessModel(), SETTINGS, batch=0)


def test_no_frames_give_an_empty_track():
    track = read_faces([], ScriptedDetector(), BrightnessModel(), SETTINGS)
    assert len(track) == 0
    assert track.probabilities.shape == (0, len(EMOTIONS))


def test_no_face_anywhere_gives_rows_without_a_reading():
    model = BrightnessModel()
    frames = [numbered_frame(k) for k in range(200)]
    track = read_faces(frames, ScriptedDetector(), model, SETTINGS)
    assert len(track) == 200
    assert not track.valid.any()
    assert model.batches == []


def cut_at(number, *, inside, outside=120, **what):
    """Readings of a still face across a cut: what changed inside its box, and outside of it."""
    frames, detector = scripted(30, absent=what.get("absent", ()))
    change = np.full((36, 64), outside, np.int16)
    height, width = frames[0].rgb.shape[:2]
    down, across = 36 / height, 64 / width
    change[int(20 * down) : int(80 * down), int(40 * across) : int(106 * across)] = inside
    frames[number] = replace(frames[number], change=change)
    return read_faces(FrameStream(frames), detector, BrightnessModel(), SETTINGS)


def test_a_cut_begins_a_shot():
    track = cut_at(12, inside=30)
    assert track.shot.tolist() == [1] * 12 + [2] * 18
    assert track.cuts_s.tolist() == [track.time_s[12]]


def test_a_slide_that_changes_beside_the_speaker_begins_none():
    assert set(cut_at(12, inside=2).shot.tolist()) == {1}


def test_where_nobody_is_seen_a_change_is_a_cut():
    assert cut_at(29, inside=2, absent=range(1, 30)).shot.tolist() == [1] * 29 + [2]


def test_valence_and_arousal_are_passed_on():
    frames, detector = scripted(40)
    track = read_faces(frames, detector, BrightnessModel(affect=True), SETTINGS)
    assert np.array_equal(np.isnan(track.valence), ~track.valid)
    assert np.array_equal(track.arousal, -track.valence, equal_nan=True)


def test_strict_leaves_out_frames_with_two_faces():
    frames = [numbered_frame(k) for k in range(20)]
    pair = [face_at(10, 10, 40), face_at(100, 60, 40)]
    detector = ScriptedDetector([pair if k % 2 else pair[:1] for k in range(20)])
    track = read_faces(frames, detector, BrightnessModel(), FaceSettings(strict_single_face=True))
    assert track.valid.tolist() == [k % 2 == 0 for k in range(20)]
    assert track.faces.tolist() == [1 + k % 2 for k in range(20)]


def endless():
    number = 0
    while True:
        yield numbered_frame(number % 60_000, rate_hz=25.0)
        number += 1


def test_an_error_of_the_source_reaches_the_caller():
    stream = FrameStream(endless(), fail_at=50)
    with pytest.raises(OSError, match="the disk went away"):
        read_faces(stream, ScriptedDetector(), BrightnessModel(), SETTINGS)
    assert stream.closed


def test_an_error_of_the_detector_reaches_the_caller_and_closes_the_source():
    class Failing(ScriptedDetector):
        def detect(self, rgb):
            raise FaceStageError("the graph broke")

    stream = FrameStream(endless())
    with pytest.raises(FaceStageError, match="the graph broke"):
        read_faces(stream, Failing(), BrightnessModel(), SETTINGS)
    assert stream.closed
    assert stream.read < 30


def test_an_error_of_the_model_reaches_the_caller_and_closes_the_source():
    class Failing(BrightnessModel):
        def predict(self, faces):
            raise FaceStageError("no answer")

    class Everywhere(ScriptedDetector):
        def detect(self, rgb):
            return [face_at(40, 20, 60)]

    stream = FrameStream(endless())
    with pytest.raises(FaceStageError, match="no answer"):
        read_faces(stream, Everywhere(), Failing(), SETTINGS)
    assert stream.closed


INTERRUPTED = """
import signal, threading
from emoreport.faces.reading import read_faces
from emoreport.settings import FaceSettings
from tests.fixtures.faces import BrightnessModel, FrameStream, ScriptedDetector
from tests.unit.faces.test_reading import endless

signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run under nohup
stream = FrameStream(endless())
threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
try:
    read_faces(stream, ScriptedDetector(), BrightnessModel(), FaceSettings())
except KeyboardInterrupt:
    print(stream.closed, threading.active_count())
"""


def test_an_interrupt_ends_everything():
    done = subprocess.run(  # a process of its own: a signal too late would end the tests
        [sys.executable, "-c", INTERRUPTED],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["True", "1"], done.stderr


def test_frame_times_that_run_backwards_are_an_error():
    frames = [Frame(0, 1.0, numbered_frame(0).picture), Frame(1, 0.5, numbered_frame(1).picture)]
    with pytest.raises(FaceStageError, match="do not increase"):
        read_faces(frames, ScriptedDetector(), BrightnessModel(), SETTINGS)


def test_memory_does_not_grow_with_the_length():
    class Everywhere(ScriptedDetector):
        def detect(self, rgb):
            return [face_at(40, 20, 60)]

    def frames(count):
        for number in range(count):
            yield numbered_frame(number, size=(320, 240))

    def peak(count):
        tracemalloc.start()
        read_faces(frames(count), Everywhere(), BrightnessModel(), SETTINGS)
        _, high = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return high

    peak(20)
    grown = peak(600) - peak(150)
    assert grown < 450 * 2000
    assert grown < 5 * 320 * 240 * 3 + 450 * 500


def test_large_frames_wait_in_small_numbers():
    ahead = []
    release = threading.Event()

    class Waiting(ScriptedDetector):
        def detect(self, rgb):
            release.wait(5)
            return []

    def frames():
        for number in range(12):
            ahead.append(number)
            yield Frame(number, number / 25, RgbPicture(np.zeros((2160, 3840, 3), np.uint8)))

    timer = threading.Timer(1.0, lambda: (ahead.append("released"), release.set()))
    timer.start()
    read_faces(frames(), Waiting(), BrightnessModel(), SETTINGS)
    timer.join()
    assert ahead.index("released") <= 6


def test_a_blurred_face_is_less_sharp():
    import cv2

    face = scene((200, 250), (0, 0, 1.0))
    blurred = cv2.GaussianBlur(face, (0, 0), 3)
    assert sharpness(face) > 5 * sharpness(blurred)
    assert sharpness(np.full((48, 48, 3), 90, np.uint8)) == 0.0


@pytest.mark.parametrize("steps", [True, False])
@pytest.mark.parametrize("apart", [1, 2, 7])
def test_every_frame_is_shown_in_order_and_those_that_are_read_with_their_face(apart, steps):
    picture = RgbPicture(scene((320, 240), (60, 0, 0.9)))
    frames = [Frame(k, k / 25, picture, is_read=k % apart == 0) for k in range(40)]
    shown = []
    detector = DirectDetector(short_range_file()) if steps else solutions_detector()
    track = read_faces(
        FrameStream(frames),
        detector,
        BrightnessModel(),
        SETTINGS,
        see=lambda frame, box: shown.append((frame.index, box is not None)),
    )
    detector.close()
    assert track.frame.tolist() == list(range(0, 40, apart))
    assert track.valid.all()
    assert shown == [(index, index % apart == 0) for index in range(40)]
