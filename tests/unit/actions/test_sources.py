from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from emoreport.actions.select import open_actions
from emoreport.actions.sources import LandmarkerActions, MeshActions
from emoreport.errors import ModelError
from emoreport.faces.detectors import has_solutions
from emoreport.faces.mesh import face_surroundings
from emoreport.records import MEASURES, ActionSource, Box, ModelRecord, RgbImage, RgbPicture
from emoreport.settings import Settings
from tests.fixtures.faces import FACE_IN_HEAD, SHARED, scene

BUNDLE = SHARED / "models" / "face_landmarker.task"
SCALE = 1.5
needs_mesh = pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face mesh")
needs_bundle = pytest.mark.skipif(not BUNDLE.is_file(), reason=f"no {BUNDLE}")


def part(*, turned: bool = False) -> RgbImage:
    """The surroundings of a smiling face; turned: mirrored."""
    frame = scene((640, 480), (150, 40, SCALE))
    x, y, width, height = FACE_IN_HEAD
    box = Box(
        150 + 200 * SCALE * x, 40 + 250 * SCALE * y, 200 * SCALE * width, 250 * SCALE * height
    )
    cut = face_surroundings(RgbPicture(frame), box)[0]
    return np.ascontiguousarray(cut[:, ::-1]) if turned else cut


SOURCES = {
    "mesh": lambda: MeshActions(ModelRecord("mesh")),
    "landmarker": lambda: LandmarkerActions(BUNDLE, ModelRecord("landmarker")),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("mesh", marks=needs_mesh),
        pytest.param("landmarker", marks=[needs_bundle, pytest.mark.shared]),
    ],
)
def source(request: pytest.FixtureRequest) -> Iterator[ActionSource]:
    opened = SOURCES[request.param]()
    yield opened
    opened.close()


def test_every_measure_of_a_face_is_there_and_in_its_range(source: ActionSource) -> None:
    seen = source.look(part())
    assert seen is not None
    assert set(seen.values) == set(MEASURES)
    assert all(np.isfinite(value) for value in seen.values.values())
    assert all(0 <= value <= 1 for name, value in seen.values.items() if "AU" in name)
    assert max(map(abs, seen.pose_deg)) < 25


def test_the_smile_of_the_photograph_is_seen(source: ActionSource) -> None:
    seen = source.look(part())
    assert seen is not None
    assert seen.values["AU12_like"] > 0.5
    assert seen.values["AU43_like"] < 0.5


def test_a_mirror_turns_yaw_and_roll_and_nothing_else(source: ActionSource) -> None:
    seen, mirrored = source.look(part()), source.look(part(turned=True))
    assert seen is not None
    assert mirrored is not None
    yaw, pitch, roll = seen.pose_deg
    assert mirrored.pose_deg == pytest.approx((-yaw, pitch, -roll), abs=4)
    assert mirrored.values["AU12_like"] == pytest.approx(seen.values["AU12_like"], abs=0.15)
    assert mirrored.values["eye_opening"] == pytest.approx(seen.values["eye_opening"], abs=0.06)


def test_where_there_is_no_face_nothing_is_measured(source: ActionSource) -> None:
    assert source.look(np.full((200, 200, 3), 90, np.uint8)) is None


def test_looks_do_not_depend_on_those_before(source: ActionSource) -> None:
    first = source.look(part())
    source.look(part(turned=True))
    source.look(np.zeros((64, 64, 3), np.uint8))
    assert source.look(part()) == first


@needs_mesh
@needs_bundle
@pytest.mark.shared
def test_both_sources_agree_on_a_face() -> None:
    mesh, landmarker = (SOURCES[name]().look(part()) for name in ("mesh", "landmarker"))
    assert mesh is not None
    assert landmarker is not None
    assert mesh.pose_deg == pytest.approx(landmarker.pose_deg, abs=4)
    for name in ("eye_opening", "mouth_opening", "AU12_like", "AU43_like"):
        assert mesh.values[name] == pytest.approx(landmarker.values[name], abs=0.2), name


def test_nobody_wants_actions_by_default() -> None:
    assert open_actions(Settings(offline=True), print) is None


@needs_mesh
def test_auto_takes_the_mesh_where_the_store_holds_no_landmarker(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path))
    opened = open_actions(Settings(actions=True, offline=True), print)
    assert opened is not None
    assert opened.record.name == "mesh"
    assert opened.record.runtime.startswith("mediapipe ")
    opened.close()


def test_a_landmarker_that_is_named_is_never_replaced(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path))
    named = Settings(actions=True, action_model="mediapipe/face_landmarker", offline=True)
    with pytest.raises(ModelError):
        open_actions(named, print)


def test_a_file_that_is_no_landmarker_is_an_error_with_a_remedy(tmp_path) -> None:
    path = tmp_path / "face_landmarker.task"
    path.write_bytes(b"no bundle")
    with pytest.raises(ModelError, match="no face landmarker"):
        LandmarkerActions(path, ModelRecord("landmarker"))
