"""The network run directly finds what MediaPipe's own graph around it finds."""

from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces import detectors
from emoreport.faces.blazeface import BlazeFace, blended, is_known
from emoreport.faces.detectors import DirectDetector, TasksDetector
from emoreport.faces.select import open_detector
from emoreport.models.runtimes.tflite_files import onnx_of_tflite
from emoreport.records import PictureDetector, RgbPicture
from emoreport.settings import Settings
from tests.fixtures.face_detector import short_range_file, solutions_detector
from tests.fixtures.faces import scene

PLACES = ((540, 150, 2.0), (100, 60, 2.4), (900, 300, 1.6))
SIZES = ((1280, 720), (720, 1280), (640, 640))


@pytest.fixture(scope="module")
def direct():
    detector = DirectDetector(short_range_file())
    yield detector
    detector.close()


@pytest.fixture(scope="module")
def solutions():
    detector = solutions_detector()
    yield detector
    detector.close()


def frames():
    return [scene(size, *places) for size in SIZES for places in ([p] for p in PLACES)]


def test_the_network_sees_what_mediapipe_sees(direct, solutions):
    compared = 0
    for frame in frames():
        own, other = direct.near(frame), solutions.near(frame)
        assert len(own) == len(other)
        for one, same in zip(own, other, strict=True):
            assert one.box.iou(same.box) > 0.97
            assert one.score == pytest.approx(same.score, abs=0.01)
            assert np.abs(one.points - same.points).max() < 0.03 * same.box.width
            compared += 1
    assert compared >= 4


def test_small_faces_are_found_as_by_mediapipe(direct, solutions):
    frame = scene((1280, 720), (260, 280, 0.75))
    (own,), (other,) = direct.detect(frame), solutions.detect(frame)
    assert own.box.iou(other.box) > 0.9


def test_without_the_full_range_network_small_faces_are_found_in_tiles(monkeypatch):
    monkeypatch.setattr(detectors, "own_short_range", lambda: None)
    detector = DirectDetector(short_range_file())
    assert detector.name.endswith("tiles")
    assert len(detector.detect(scene((1280, 720), (260, 280, 0.75)))) == 1
    detector.close()


def test_auto_runs_the_network_directly_and_a_known_file_only(monkeypatch):
    detector = open_detector(Settings(), [].append)
    assert isinstance(detector, DirectDetector)
    assert isinstance(detector, PictureDetector)
    assert "onnxruntime" in detector.name
    detector.close()
    own = open_detector(Settings().replace(face_detector=str(short_range_file())), [].append)
    assert isinstance(own, TasksDetector)
    own.close()
    assert not is_known(short_range_file().read_bytes() + b"\0")


def test_a_closed_detector_says_so():
    detector = DirectDetector(short_range_file())
    detector.close()
    detector.close()
    with pytest.raises(FaceStageError, match="closed"):
        detector.detect(np.zeros((120, 160, 3), np.uint8))


def test_what_is_no_such_network_is_an_error():
    content = short_range_file().read_bytes()
    for damaged in (b"", b"\0" * 64, content[: len(content) // 2], b"PK" + content):
        with pytest.raises(ModelError):
            onnx_of_tflite(damaged)


def test_detections_of_one_face_are_blended_by_their_scores():
    box = np.array([[0.0, 0.0], [10.0, 10.0], [5.0, 5.0]])
    far = box + 100
    scores = np.array([0.6, 0.9, 0.7])
    (first, place), (second, other) = blended(scores, np.stack([box + 1, box, far]))
    assert (first, second) == (0.9, 0.7)
    np.testing.assert_allclose(place, box + 0.6 / 1.5)
    np.testing.assert_allclose(other, far)
    # Boxes that overlap by less than 0.3 are two faces.
    assert len(blended(scores[:2], np.stack([box, box + np.array([6.0, 0.0])]))) == 2


def test_noise_holds_no_face_and_tiny_pictures_are_looked_at():
    path = Path(short_range_file())
    network = BlazeFace(path.read_bytes(), path)
    noise = np.random.default_rng(1).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    assert network.find(RgbPicture(noise)) == []
    assert network.find(RgbPicture(np.zeros((1, 1, 3), np.uint8))) == []
