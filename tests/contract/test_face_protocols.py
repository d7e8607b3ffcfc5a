"""What every face detector and every face-emotion model keeps to, stand-ins included."""

import math
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest

from emoreport.errors import EmoreportError, ModelError
from emoreport.faces.crops import crop_face
from emoreport.faces.detectors import BUNDLE_MEMBER, DirectDetector, TasksDetector
from emoreport.models.families.compact import CompactFaceModel
from emoreport.models.families.hsemotion import HSEmotionModel, open_hsemotion
from emoreport.models.store.model_metadata import folder_metadata, shipped_metadata
from emoreport.models.store.registry import PulledModel
from emoreport.records import (
    EmbeddingFaceModel,
    FaceDetector,
    FaceEmotionModel,
    FaceScores,
    ModelRecord,
)
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.face_detector import short_range_file, solutions_detector, spelt
from tests.fixtures.faces import BrightnessModel, ScriptedDetector, face_at, scene
from tests.fixtures.graphs import face_model_folder
from tests.fixtures.hsemotion import efficientnet, model_folder, pulled


def tasks_detector(folder):
    bundle = folder / "landmarker.task"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(BUNDLE_MEMBER, short_range_file().read_bytes())
    return TasksDetector(bundle)


DETECTORS = {
    "direct": lambda folder: DirectDetector(short_range_file()),
    "solutions": lambda folder: solutions_detector(),
    "thorough": lambda folder: solutions_detector(thorough=True),
    "tasks": tasks_detector,
    "scripted": lambda folder: ScriptedDetector(),
}
MODELS = {
    "shipped": lambda folder: CompactFaceModel(shipped_metadata("face")),
    "folder": lambda folder: CompactFaceModel(
        folder_metadata(face_model_folder(folder, temperature=20.0), "face")
    ),
    "hsemotion": lambda folder: HSEmotionModel(pulled(folder, "hsemotion/enet_b2_7")),
    "hsemotion mtl": lambda folder: HSEmotionModel(pulled(folder, "hsemotion/mbf_va_mtl")),
    "hsemotion folder": lambda folder: open_hsemotion(
        PulledModel(None, "own", model_folder(folder), {})
    ),
    "true shape": lambda folder: HSEmotionModel(
        pulled(folder, "hsemotion/enet_b0_8_va_mtl", efficientnet("b0", 10))
    ),
    "brightness": lambda folder: BrightnessModel(),
    "affect": lambda folder: BrightnessModel(affect=True),
}
FRAMES = {
    "one": lambda: scene((640, 360), (220, 50, 1.0)),
    "two": lambda: scene((1280, 720), (60, 60, 2.0), (700, 100, 1.5)),
    "small": lambda: scene((1280, 720), (500, 200, 0.8)),
    "cut off": lambda: scene((640, 360), (560, 180, 1.2)),
    "none": lambda: scene((640, 360)),
    "tiny": lambda: scene((8, 6)),
    "tall": lambda: scene((300, 900), (40, 300, 1.0)),
}


if find_spec("openvino") is not None:
    MODELS["shipped openvino"] = lambda folder: CompactFaceModel(
        shipped_metadata("face"), runtime="openvino"
    )
    MODELS["true shape openvino"] = lambda folder: HSEmotionModel(
        pulled(folder, "hsemotion/enet_b0_8_va_mtl", efficientnet("b0", 10)), runtime="openvino"
    )


@pytest.fixture(params=DETECTORS, scope="module")
def detector(request, tmp_path_factory):
    opened = DETECTORS[request.param](tmp_path_factory.mktemp("detector"))
    yield opened
    opened.close()


@pytest.fixture(params=MODELS, scope="module")
def model(request, tmp_path_factory):
    return MODELS[request.param](tmp_path_factory.mktemp("model"))


@pytest.fixture(params=FRAMES)
def frame(request):
    return FRAMES[request.param]()


def faces_for(model, count=5):
    """Crops of a real face and of noise, as the model wants them."""
    rng = np.random.default_rng(5)
    frame = scene((640, 360), (220, 50, 1.0))
    crops = [
        crop_face(frame, face_at(250 + 6 * k, 120 + 3 * k, 90 + 8 * k), model.crop)
        for k in range(count - 1)
    ]
    size = model.crop.size_px
    return [*crops, rng.integers(0, 256, (size, size, 3), dtype=np.uint8)]


# ------------------------------------------------------------------------------- detectors


def test_a_detector_is_one(detector):
    assert isinstance(detector, FaceDetector)
    assert detector.name


def test_faces_come_best_first_with_finite_boxes_and_scores_from_0_to_1(detector, frame):
    faces = detector.detect(frame)
    assert isinstance(faces, list)
    scores = [face.score for face in faces]
    assert scores == sorted(scores, reverse=True)
    for face in faces:
        assert 0 < face.score <= 1
        box = face.box
        assert all(map(math.isfinite, (box.x, box.y, box.width, box.height)))
        assert box.area > 0
        assert math.isnan(face.yaw_deg) or -90 <= face.yaw_deg <= 90
        assert math.isnan(face.pitch_deg) or -90 <= face.pitch_deg <= 90
        if face.eyes is not None:
            assert np.isfinite(face.eyes).all()
        if face.points is not None:
            assert face.points[:2] == face.eyes
            assert np.isfinite(face.points).all()
            assert len(face.points) in {4, 5}


def test_the_same_frame_gives_the_same_faces(detector, frame):
    assert spelt(detector.detect(frame)) == spelt(detector.detect(frame))


def test_what_came_before_does_not_matter(detector):
    wanted = detector.detect(FRAMES["one"]())
    for other in ("none", "small", "two"):
        detector.detect(FRAMES[other]())
        assert spelt(detector.detect(FRAMES["one"]())) == spelt(wanted)


def test_a_frame_is_left_as_it_was(detector, frame):
    copy = frame.copy()
    detector.detect(frame)
    assert np.array_equal(frame, copy)


def test_a_plain_picture_shows_no_face(detector):
    assert detector.detect(scene((640, 360))) == []


def test_a_detector_that_finds_faces_finds_both(detector):
    wanted = len(detector.script) if isinstance(detector, ScriptedDetector) else 2
    assert len(detector.detect(FRAMES["two"]())) == wanted


# ---------------------------------------------------------------------------------- models


def test_a_model_is_one(model):
    assert isinstance(model, FaceEmotionModel)
    assert isinstance(model.record, ModelRecord)
    assert model.record.kind == "face"
    assert model.record.labels == model.labels
    assert model.record.name
    assert model.crop.size_px > 0


def test_labels_are_emotions_and_none_twice(model):
    assert set(model.labels) <= set(EMOTIONS)
    assert len(set(model.labels)) == len(model.labels) > 1


def test_rows_are_distributions(model):
    scores = model.predict(faces_for(model))
    assert isinstance(scores, FaceScores)
    assert scores.probabilities.shape == (5, len(model.labels))
    assert scores.probabilities.dtype == np.float32
    assert (scores.probabilities >= 0).all()
    assert scores.probabilities.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    for affect in (scores.valence, scores.arousal):
        assert affect is None or (affect.shape == (5,) and (np.abs(affect) <= 1).all())
    assert all(values.shape == (5,) for values in scores.extra.values())
    assert all(values.dtype == np.float32 for values in scores.extra.values())


@pytest.mark.parametrize("batch", [2, 3, 4])
def test_the_batch_does_not_matter(model, batch):
    faces = faces_for(model)
    single = np.vstack([model.predict([face]).probabilities for face in faces])
    batched = [
        model.predict(faces[start : start + batch]).probabilities
        for start in range(0, len(faces), batch)
    ]
    assert np.vstack(batched) == pytest.approx(single, abs=1e-5)


def test_further_columns_have_the_same_names_on_every_call(model):
    faces = faces_for(model)
    names = [list(model.predict(some).extra) for some in (faces, faces[:1], [])]
    assert names[0] == names[1] == names[2]


def test_the_order_of_the_faces_is_kept(model):
    faces = faces_for(model)
    forwards = model.predict(faces).probabilities
    backwards = model.predict(faces[::-1]).probabilities
    assert forwards == pytest.approx(backwards[::-1], abs=1e-5)


def embeds(model):
    """Whether a model gives features: all but a graph without a linear layer at its end."""
    if isinstance(model, CompactFaceModel) and model.record.name == "tiny-face":
        with pytest.raises(ModelError, match="does not end in one linear layer"):
            model.embed(faces_for(model))
        return False
    return True


def test_an_embedding_comes_with_the_scores_of_predict(model):
    if not embeds(model):
        return
    assert isinstance(model, EmbeddingFaceModel)
    faces = faces_for(model)
    wanted = model.predict(faces)
    scores, features = model.embed(faces)
    assert features.shape == (5, model.feature_width)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.ptp(features, axis=0).max() > 0
    assert scores.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    for name, values in wanted.extra.items():
        assert scores.extra[name] == pytest.approx(values, rel=1e-4, abs=1e-5)
    for own, other in ((scores.valence, wanted.valence), (scores.arousal, wanted.arousal)):
        assert (own is None and other is None) or own == pytest.approx(other, abs=1e-5)


def test_an_embedding_does_not_depend_on_the_batch(model):
    if not embeds(model):
        return
    faces = faces_for(model)
    single = np.vstack([model.embed([face])[1] for face in faces])
    together = model.embed(faces)[1]
    assert together == pytest.approx(single, rel=1e-5, abs=1e-5)
    assert model.embed(faces[::-1])[1] == pytest.approx(together[::-1], rel=1e-5, abs=1e-5)
    scores, features = model.embed([])
    assert scores.probabilities.shape == (0, len(model.labels))
    assert features.shape == (0, model.feature_width)


def test_no_faces_give_no_rows(model):
    scores = model.predict([])
    assert scores.probabilities.shape == (0, len(model.labels))


def test_a_face_is_left_as_it_was(model):
    faces = faces_for(model)
    copies = [face.copy() for face in faces]
    model.predict(faces)
    assert all(np.array_equal(face, copy) for face, copy in zip(faces, copies, strict=True))


@pytest.mark.parametrize("name", ["shipped", "folder", "hsemotion"])
def test_errors_are_the_programs_own(name, tmp_path):
    with pytest.raises(EmoreportError):
        MODELS[name](tmp_path).predict([np.zeros((3, 3), np.float32)])
