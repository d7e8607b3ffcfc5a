import dataclasses
import hashlib
import subprocess
import sys
import types
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from emoreport.errors import FaceStageError, ModelError, SettingsError
from emoreport.faces import select
from emoreport.faces.detectors import (
    BUNDLE_MEMBER,
    DirectDetector,
    TasksDetector,
    has_solutions,
)
from emoreport.models.store.registry import find_entry, registry
from emoreport.records import Box
from emoreport.settings import Settings
from tests.fixtures import known_models
from tests.fixtures.face_detector import short_range_file, solutions_detector, spelt
from tests.fixtures.faces import FACE_IN_HEAD, scene
from tests.fixtures.server import running_server
from tests.fixtures.stores import go_online


def open_detector(**values):
    return select.open_detector(Settings.from_values(values), [].append)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "landmarker.task"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(BUNDLE_MEMBER, short_range_file().read_bytes())
    return path


@pytest.fixture(scope="module")
def solutions():
    detector = solutions_detector()
    yield detector
    detector.close()


@pytest.fixture(scope="module")
def tasks(bundle):
    detector = TasksDetector(bundle)
    yield detector
    detector.close()


@pytest.fixture(scope="module")
def direct():
    detector = DirectDetector(short_range_file())
    yield detector
    detector.close()


@pytest.fixture(params=["direct", "solutions", "tasks"])
def detector(request):
    return request.getfixturevalue(request.param)


def expected_box(left, top, scale):
    x, y, width, height = FACE_IN_HEAD
    return Box(
        left + 200 * scale * x, top + 250 * scale * y, 200 * scale * width, 250 * scale * height
    )


@pytest.mark.parametrize("place", [(540, 150, 2.0), (100, 60, 2.4), (900, 300, 1.6)])
def test_a_face_is_found_where_it_is(detector, place):
    (face,) = detector.detect(scene((1280, 720), *[place]))
    assert face.box.iou(expected_box(*place)) > 0.6
    assert face.score > 0.7
    (right_x, right_y), (left_x, left_y) = face.eyes
    assert right_x < left_x
    assert max(right_y, left_y) < face.box.centre[1]
    assert abs(face.yaw_deg) < 45


def test_both_adapters_agree_on_a_large_face(solutions, tasks):
    frame = scene((1280, 720), (540, 150, 2.0))
    one, other = solutions.detect(frame), tasks.detect(frame)
    assert one[0].box.iou(other[0].box) > 0.97
    assert one[0].score == pytest.approx(other[0].score, abs=0.01)


@pytest.mark.parametrize("width", [1280, 720])
def test_small_faces_are_found_by_the_second_look(detector, width):
    size = (1280, 720) if width == 1280 else (720, 1280)
    place = (260, 280, 0.75)
    faces = detector.detect(scene(size, place))
    assert len(faces) == 1
    assert faces[0].box.width < 0.08 * 1280
    assert faces[0].box.iou(expected_box(*place)) > 0.5


def test_the_second_look_gives_boxes_of_the_same_convention(solutions):
    sure = solutions.detect(scene((640, 360), (220, 50, 1.0)))[0].box
    small = solutions.detect(scene((1280, 720), (220, 50, 1.0)))[0].box
    assert sure.iou(small) > 0.8


def test_thorough_search_counts_the_face_in_the_background():
    frame = scene((1280, 720), (100, 60, 2.4), (1000, 200, 0.9))
    detector = solutions_detector(thorough=True)
    try:
        assert len(detector.detect(frame)) == 2
    finally:
        detector.close()


def test_strict_settings_search_thoroughly():
    frame = scene((1280, 720), (100, 60, 2.4), (1000, 200, 0.9))
    detector = open_detector(strict_single_face=True)
    try:
        assert len(detector.detect(frame)) == 2
    finally:
        detector.close()


@pytest.mark.skipif(not has_solutions(), reason="this mediapipe has no face detector")
def test_auto_takes_the_models_inside_mediapipe():
    detector = open_detector()
    try:
        assert isinstance(detector, DirectDetector)
    finally:
        detector.close()


def test_a_path_goes_through_tasks(bundle):
    for path in (bundle, short_range_file()):
        detector = open_detector(face_detector=str(path))
        try:
            assert path.name in detector.name
            assert len(detector.detect(scene((640, 360), (220, 50, 1.0)))) == 1
        finally:
            detector.close()


@pytest.mark.parametrize("name", ["missing.task", "missing.tflite"])
def test_a_missing_file_is_an_error_that_says_what_to_do(tmp_path, name):
    with pytest.raises(ModelError, match=r"cannot be read.*--face-detector") as caught:
        open_detector(face_detector=str(tmp_path / name))
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["text.task", "text.tflite"])
def test_a_file_that_is_no_detector_is_an_error(tmp_path, name):
    path = tmp_path / name
    path.write_text("no model")
    with pytest.raises(ModelError, match=name):
        TasksDetector(path)


def test_a_bundle_without_a_detector_is_an_error(tmp_path):
    path = tmp_path / "hands.task"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hand_detector.tflite", b"")
    with pytest.raises(ModelError, match="holds no face detector"):
        TasksDetector(path)


def test_a_mediapipe_without_solutions_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    with pytest.raises(ModelError, match=r"no face detector of its own.*--face-detector"):
        open_detector(face_detector="solutions")


class _LacksLibrary(types.ModuleType):
    def __getattr__(self, name):
        raise ImportError("libGL.so.1: cannot open shared object file")


def test_a_missing_system_library_is_named_with_its_package(monkeypatch):
    lacking = _LacksLibrary("mediapipe.python.solutions")
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", lacking)
    with pytest.raises(ModelError, match=r"libGL\.so\.1.*apt-get install libgl1"):
        open_detector(face_detector="solutions")


def test_without_solutions_auto_asks_the_store(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path))
    monkeypatch.setattr(select, "has_solutions", lambda: False)
    with pytest.raises(ModelError, match=r"models pull mediapipe/blaze_face_short_range"):
        open_detector()


def test_without_solutions_auto_pulls_the_small_detector_and_says_so(monkeypatch, tmp_path):
    """The whole way: asked for over HTTP, compared with its digest, stored, run on a face."""
    name = "mediapipe/blaze_face_short_range"
    content = {find_entry(name).files[0].name: short_range_file().read_bytes()}
    monkeypatch.setattr(select, "has_solutions", lambda: False)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    go_online(monkeypatch)
    with (
        running_server() as server,
        known_models.served_models(server, tmp_path, {name: content}),
    ):
        monkeypatch.setenv("EMOREPORT_MODEL_MIRROR", server.url)
        for word in ("downloading", ""):
            said = []
            detector = select.open_detector(Settings(), said.append)
            try:
                assert len(detector.detect(scene((640, 360), (220, 50, 1.0)))) == 1
            finally:
                detector.close()
            assert [line.split()[:2] for line in said] == ([[word, name]] if word else [])
        assert len(server.requests) == 1


def test_a_detector_by_name_comes_from_the_store(monkeypatch, tmp_path, bundle):
    entry = find_entry("mediapipe/face_landmarker")
    content = bundle.read_bytes()
    facts = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    known = dataclasses.replace(entry, files=(dataclasses.replace(entry.files[0], **facts),))
    monkeypatch.setitem(registry(), entry.name, known)
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    folder = tmp_path / "store" / entry.name
    folder.mkdir(parents=True)
    (folder / entry.files[0].name).write_bytes(content)
    detector = open_detector(face_detector=entry.name)
    try:
        assert len(detector.detect(scene((640, 360), (220, 50, 1.0)))) == 1
    finally:
        detector.close()


def test_an_unknown_detector_lists_the_known_ones():
    with pytest.raises(SettingsError, match="solutions, mediapipe/face_landmarker"):
        open_detector(face_detector="retina")


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((120, 160), np.uint8),
        np.zeros((120, 160, 4), np.uint8),
        np.zeros((120, 160, 3), np.float32),
        np.zeros((0, 160, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_frame_is_an_error_and_not_an_absent_face(detector, frame):
    with pytest.raises(FaceStageError, match="RGB uint8"):
        detector.detect(frame)


def test_a_failure_inside_mediapipe_is_an_error_and_not_an_absent_face():
    detector = solutions_detector()
    try:
        broken = SimpleNamespace(process=lambda image: 1 / 0, close=lambda: None)
        detector._short.close()
        detector._short._graph = broken
        with pytest.raises(FaceStageError, match="division by zero") as caught:
            detector.detect(np.zeros((120, 160, 3), np.uint8))
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    finally:
        detector.close()


def test_a_closed_detector_says_so(bundle):
    for closed in (solutions_detector(), TasksDetector(bundle)):
        closed.close()
        closed.close()
        with pytest.raises(FaceStageError, match="closed"):
            closed.detect(np.zeros((120, 160, 3), np.uint8))


def test_frames_that_are_not_contiguous_work(detector):
    frame = scene((640, 360), (220, 50, 1.0))
    wide = np.zeros((360, 700, 3), np.uint8)
    wide[:, :640] = frame
    plain, view = detector.detect(frame), detector.detect(wide[:, :640])
    assert spelt(plain) == spelt(view)


@pytest.mark.parametrize("which", ["solutions", "tasks"])
def test_nothing_is_written_to_the_terminal(which, bundle):
    if which == "solutions":
        solutions_detector().close()
    program = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from emoreport.faces.detectors import SolutionsDetector, TasksDetector\n"
        f"found = {which!r} == 'solutions'\n"
        f"detector = SolutionsDetector() if found else TasksDetector(Path({str(bundle)!r}))\n"
        "for size in (64, 300):\n"
        "    detector.detect(np.zeros((size, size, 3), np.uint8))\n"
        "detector.close()\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, check=True
    )
    assert run.stdout == b""
    assert run.stderr == b""


def test_importing_the_room_imports_nothing_heavy():
    program = (
        "import sys\n"
        "import emoreport.faces.detectors, emoreport.faces.reading, emoreport.faces.select\n"
        "heavy = {'mediapipe', 'cv2', 'onnxruntime', 'torch', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert run.stdout.strip() == b"[]"
