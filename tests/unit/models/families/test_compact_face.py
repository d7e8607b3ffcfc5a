import numpy as np
import pytest

from emoreport.errors import FaceStageError, ModelError
from emoreport.models.families.compact import CompactFaceModel, grey_batch
from emoreport.models.store.model_metadata import folder_metadata, shipped_metadata
from emoreport.vocabulary import EMOTIONS
from tests.fixtures.graphs import FACE_PX, face_model_folder


def model_in(folder, **changes):
    return CompactFaceModel(folder_metadata(face_model_folder(folder, **changes), "face"))


def grey_face(level):
    return np.full((FACE_PX, FACE_PX, 3), level, np.uint8)


@pytest.mark.parametrize("label", range(len(EMOTIONS)))
def test_the_network_sees_grey_levels_from_0_to_255(tmp_path, label):
    scores = model_in(tmp_path).predict([grey_face(16 + 32 * label)])
    assert scores.probabilities.argmax(axis=1).tolist() == [label]
    assert scores.probabilities[0, label] > 0.99
    assert scores.valence is None


def test_grey_is_luma_of_red_green_and_blue():
    face = np.zeros((3, 24, 24, 3), np.uint8)
    for channel in range(3):
        face[channel, :, :, channel] = 200
    batch = grey_batch(list(face), 24)
    assert batch.shape == (3, 1, 24, 24)
    assert batch.dtype == np.float32
    assert batch[:, 0, 0, 0] == pytest.approx([59.8, 117.4, 22.8])


def test_the_temperature_softens_the_answer(tmp_path):
    plain = model_in(tmp_path / "plain").predict([grey_face(60)]).probabilities
    soft = model_in(tmp_path / "soft", temperature=4.0).predict([grey_face(60)]).probabilities
    softened = plain.astype(float) ** 0.25
    assert soft == pytest.approx(softened / softened.sum(), abs=1e-5)


def test_crop_labels_and_record_come_from_the_description(tmp_path):
    model = model_in(
        tmp_path, crop={"scale": 1.4, "shift_x": 0.1, "shift_y": -0.2, "align_roll": True}
    )
    assert model.labels == EMOTIONS
    crop = model.crop
    assert (crop.size_px, crop.scale, crop.shift_x, crop.shift_y) == (FACE_PX, 1.4, 0.1, -0.2)
    assert crop.align_roll
    assert model.record.name == "tiny-face"
    assert set(model.record.files) == {"net.onnx"}
    assert model.record.device == "cpu"


@pytest.mark.parametrize(
    "face",
    [
        np.zeros((FACE_PX, FACE_PX), np.uint8),
        np.zeros((FACE_PX, FACE_PX, 3), np.float32),
        np.zeros((FACE_PX + 1, FACE_PX, 3), np.uint8),
        np.zeros((FACE_PX, FACE_PX, 4), np.uint8),
    ],
)
def test_crops_of_another_kind_are_refused(tmp_path, face):
    with pytest.raises(FaceStageError, match="face crop must be RGB"):
        model_in(tmp_path).predict([face])


def test_a_graph_that_does_not_fit_its_labels_is_refused(tmp_path):
    with pytest.raises(ModelError, match="8 classes for 7 labels"):
        model_in(tmp_path, labels=list(EMOTIONS[:7]))


def test_a_network_that_was_given_back_is_loaded_again():
    model = CompactFaceModel(shipped_metadata("face"))
    size = model.crop.size_px
    faces = list(np.random.default_rng(3).integers(0, 256, (3, size, size, 3), np.uint8))
    plain, (embedded, features) = model.predict(faces).probabilities, model.embed(faces)
    model.release()
    np.testing.assert_array_equal(model.predict(faces).probabilities, plain)
    again, same = model.embed(faces)
    np.testing.assert_array_equal(again.probabilities, embedded.probabilities)
    np.testing.assert_array_equal(same, features)
