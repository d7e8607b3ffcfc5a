"""The recogniser, on a tiny graph in the layout of the published one with random weights."""

import dataclasses

import numpy as np
import onnx
import pytest

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.appearance import AppearanceCollector
from emoreport.models.families import family_of
from emoreport.models.families.sface import SIZE_PX, WIDTH, open_sface
from emoreport.models.store.registry import PulledModel
from emoreport.records import Frame, RgbPicture
from tests.fixtures.faces import face_at, scene
from tests.fixtures.sface import ENTRY, graph, stored


@pytest.fixture
def model(tmp_path):
    return stored(tmp_path, graph())


def test_a_face_becomes_numbers_of_length_1_whatever_is_asked_with_it(model):
    assert family_of("people", model).opener is open_sface
    recogniser = open_sface(model, reason="here")
    rng = np.random.default_rng(0)
    faces = list(rng.integers(0, 256, (3, SIZE_PX, SIZE_PX, 3), np.uint8))
    rows = recogniser.embed(faces)
    assert rows.shape == (3, WIDTH)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(recogniser.embed(faces[1:2])[0], rows[1])
    assert recogniser.embed([]).shape == (0, WIDTH)
    record = recogniser.record
    assert (record.name, record.kind, record.reason) == ("sface", "people", "here")
    assert record.files == model.files
    assert record.version == ENTRY.source.revision


def test_colours_come_red_first_and_from_0_to_255(model):
    """What the graph itself says of the planes in that order."""
    face = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
    face[..., 0], face[20:60, :, 2] = 200, 90
    import onnxruntime

    session = onnxruntime.InferenceSession(
        (model.folder / ENTRY.files[0].name).read_bytes(), providers=["CPUExecutionProvider"]
    )
    planes = np.stack([face[..., channel] for channel in range(3)])[None].astype(np.float32)
    (expected,) = session.run(None, {"data": planes})[0]
    found = open_sface(model).embed([face])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


@pytest.mark.parametrize("wrong", [{"width": 64}, {"size": 96}])
def test_a_graph_of_another_layout_is_refused(tmp_path, wrong):
    with pytest.raises(ModelError, match="no SFace"):
        open_sface(stored(tmp_path, graph(**wrong)))


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    (tmp_path / ENTRY.files[0].name).write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError):
        open_sface(PulledModel(ENTRY, ENTRY.name, tmp_path, {}))


def test_a_crop_of_another_size_is_refused(model):
    with pytest.raises(FaceStageError):
        open_sface(model).embed([np.zeros((96, 96, 3), np.uint8)])


def aligned(x, y):
    """The portrait's face, with points where its eyes, nose and mouth are."""
    points = ((x + 30, y + 40), (x + 70, y + 40), (x + 50, y + 62), (x + 50, y + 82))
    return dataclasses.replace(face_at(x, y), points=points)


def test_a_track_is_described_by_the_recogniser_wherever_its_face_is(model):
    collector = AppearanceCollector(open_sface(model))
    picture = RgbPicture(scene((640, 360), (20, 40, 1.0), (320, 60, 1.0)))
    collector.see(Frame(0, 0.0, picture), aligned(70, 110), 1)
    collector.see(Frame(0, 0.0, picture), aligned(370, 130), 2)
    collector.see(Frame(0, 0.0, picture), face_at(200, 100), 3)  # no points of the face
    seen = collector.build()
    assert seen.recogniser == "sface"
    assert seen.descriptor.shape == (3, WIDTH)
    assert seen.descriptor[0] @ seen.descriptor[1] > 0.999
    assert not seen.descriptor[2].any()


def test_the_graph_is_valid():
    onnx.checker.check_model(graph())
