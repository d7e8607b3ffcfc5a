from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from emoreport.errors import FaceStageError, ModelError
from emoreport.faces.detectors import has_solutions
from emoreport.faces.mesh import FaceMesh
from emoreport.records import Box
from tests.fixtures.faces import FACE_IN_HEAD, scene

pytestmark = pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face mesh")

SIZE = (640, 480)
LEFT, TOP, SCALE = 200, 60, 1.2
FACE = Box(
    LEFT + FACE_IN_HEAD[0] * 200 * SCALE,
    TOP + FACE_IN_HEAD[1] * 250 * SCALE,
    FACE_IN_HEAD[2] * 200 * SCALE,
    FACE_IN_HEAD[3] * 250 * SCALE,
)


@pytest.fixture(scope="module")
def mesh() -> Iterator[FaceMesh]:
    found = FaceMesh()
    yield found
    found.close()


def test_the_mesh_lies_on_the_face(mesh: FaceMesh) -> None:
    points = mesh.find(scene(SIZE, (LEFT, TOP, SCALE)), FACE)
    assert points.shape == (468, 2)
    assert mesh.edges.min() == 0
    assert mesh.edges.max() == 467
    centre = points.mean(axis=0)
    assert centre == pytest.approx(FACE.centre, abs=0.3 * FACE.width)
    assert 0.6 * FACE.width < np.ptp(points[:, 0]) < 1.6 * FACE.width


def test_where_there_is_no_face_there_is_no_mesh(mesh: FaceMesh) -> None:
    assert mesh.find(scene(SIZE, (LEFT, TOP, SCALE)), Box(20, 350, 80, 80)) is None


@pytest.mark.parametrize("box", [Box(-500, -500, 90, 90), Box(630, 470, 90, 90), Box(10, 10, 0, 0)])
def test_boxes_outside_the_frame_are_harmless(mesh: FaceMesh, box: Box) -> None:
    assert mesh.find(scene(SIZE), box) is None


def test_a_face_at_the_edge_is_not_stretched(mesh: FaceMesh) -> None:
    whole = mesh.find(scene(SIZE, (LEFT, TOP, SCALE)), FACE)
    moved = Box(FACE.x - LEFT, FACE.y, FACE.width, FACE.height)
    edge = mesh.find(scene(SIZE, (0, TOP, SCALE)), moved)
    np.testing.assert_allclose(edge + np.array([LEFT, 0]), whole, atol=0.06 * FACE.width)


def test_a_closed_mesh_says_so() -> None:
    mesh = FaceMesh()
    mesh.close()
    mesh.close()
    with pytest.raises(FaceStageError, match="closed"):
        mesh.find(scene(SIZE), FACE)


def test_a_mediapipe_without_a_mesh_is_an_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = builtins.__import__

    def refusing(name: str, *arguments: Any, **values: Any) -> Any:
        if name.startswith("mediapipe.python"):
            raise ImportError(name)
        return original(name, *arguments, **values)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(ModelError, match="--blur-face works"):
        FaceMesh()
