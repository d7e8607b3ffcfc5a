from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.faces.detectors import has_solutions
from emoreport.media import open_video
from emoreport.overlay.covering import BACKGROUND, MESH_COLOUR, head_region
from emoreport.overlay.hide_faces import BLUR, MESH, find_faces, hidden, small_faces
from emoreport.records import Box
from emoreport.settings import Settings
from tests.fixtures.faces import FACE_IN_HEAD, ScriptedDetector, face_at, scene
from tests.fixtures.media import Film, no_audio, steady_times, write_media
from tests.fixtures.readings import face_track, speech_track
from tests.fixtures.results import MadeFindings, analysis

needs_solutions = pytest.mark.skipif(
    not has_solutions(), reason="this mediapipe carries no face models"
)
SIZE = (640, 480)
LEFT, TOP, SCALE = 200, 60, 1.2
FACE = (
    LEFT + FACE_IN_HEAD[0] * 200 * SCALE,
    TOP + FACE_IN_HEAD[1] * 250 * SCALE,
    FACE_IN_HEAD[2] * 200 * SCALE,
    FACE_IN_HEAD[3] * 250 * SCALE,
)


def findings(box=FACE) -> MadeFindings:
    faces = face_track(("happiness", 2.0), (None, 1.0))
    faces.box[faces.valid] = box
    return MadeFindings(analysis(), faces, speech_track(["happiness"]))


class Finder(ScriptedDetector):
    """Finds the same faces in every whole frame, and none in its parts."""

    def detect(self, rgb: np.ndarray) -> list:
        return list(self.script) if rgb.shape[:2] == (120, 160) else []


class Grey(ScriptedDetector):
    """Finds grey squares that take at least a tenth of what it is shown."""

    def detect(self, rgb: np.ndarray) -> list:
        rows, columns = np.nonzero((rgb == 200).all(axis=2))
        if not len(rows) or np.ptp(columns) < 0.1 * rgb.shape[1]:
            return []
        return [face_at(columns.min(), rows.min(), np.ptp(columns) + 1)]


def test_nothing_is_done_unless_asked_for(tmp_path: Path) -> None:
    with hidden(None, tmp_path / "none.mp4", findings(), Settings()) as prepare:
        assert prepare is None


def test_faces_of_the_readings_that_the_search_misses_are_covered_too(tmp_path: Path) -> None:
    video = no_audio(tmp_path / "a.mp4", seconds=1.0)
    tracks = find_faces(video, Finder([]), findings((20, 20, 40, 40)))
    (region,) = tracks.regions_at(0.48)
    assert region == head_region(Box(20, 20, 40, 40))


def test_faces_found_twice_are_covered_once_and_others_too(tmp_path: Path) -> None:
    video = no_audio(tmp_path / "a.mp4", seconds=1.0)
    detector = Finder([face_at(22, 21, 40), face_at(100, 60, 30)])
    tracks = find_faces(video, detector, findings((20, 20, 40, 40)))
    assert sorted(box.width for box in tracks.regions_at(0.48)) == pytest.approx(
        [head_region(face.box).width for face in (face_at(0, 0, 30), face_at(0, 0, 40))]
    )


@pytest.mark.parametrize(("x", "y"), [(0, 0), (300, 10), (595, 315), (440, 190)])
@pytest.mark.parametrize("turned", [False, True])
def test_small_faces_are_found_wherever_they_are(x: int, y: int, turned: bool) -> None:
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[y : y + 45, x : x + 45] = 200
    if turned:
        frame, x, y = np.ascontiguousarray(frame.transpose(1, 0, 2)), y, x
    assert Grey().detect(frame) == [] or turned
    assert Box(x, y, 45, 45) in small_faces(frame, Grey())


def test_a_small_face_is_covered_between_close_looks(tmp_path: Path) -> None:
    film = Film(steady_times(2.0), size_px=(640, 480))
    video = write_media(tmp_path / "a.mp4", [film])
    looks: list[tuple[int, ...]] = []

    class Counting(ScriptedDetector):
        def detect(self, rgb: np.ndarray) -> list:
            looks.append(rgb.shape)
            return [face_at(10, 10, 30)] if rgb.shape[:2] == (288, 288) else []

    tracks = find_faces(video, Counting(), findings((400, 300, 40, 40)))
    assert looks.count((480, 640, 3)) == 50
    assert 4 <= looks.count((288, 288, 3)) / 12 <= 5
    for time_s in (0.0, 0.3, 0.8, 1.7):
        assert any(region.x < 10 < region.x + region.width for region in tracks.regions_at(time_s))


def test_the_search_tells_how_far_it_is(tmp_path: Path) -> None:
    video = no_audio(tmp_path / "a.mp4", seconds=1.0)
    told = []
    find_faces(video, Finder([]), findings(), lambda *values: told.append(values))
    assert [stage for stage, _, _ in told] == ["faces"] * 25
    assert told[-1][1:] == pytest.approx((0.96, 1.0))


@needs_solutions
def test_every_pixel_of_a_mesh_lies_between_two_colours(tmp_path: Path) -> None:
    frame = scene(SIZE, (LEFT, TOP, SCALE))
    with hidden(MESH, tmp_path / "unread.mp4", findings(), Settings()) as draw:
        drawn = draw(frame, 1.0).astype(float)
        plain = draw(frame, 2.5)
    low, step = np.array(BACKGROUND, float), np.subtract(MESH_COLOUR, BACKGROUND).astype(float)
    share = (drawn - low) @ step / (step @ step)
    assert np.abs(drawn - low - share[..., np.newaxis] * step).max() <= 4.0
    assert share.max() > 0.9
    assert (plain == BACKGROUND).all()  # no face at that time


@needs_solutions
def test_a_mesh_does_not_depend_on_what_is_about_the_face(tmp_path: Path) -> None:
    frame = scene(SIZE, (LEFT, TOP, SCALE))
    other = np.random.default_rng(0).integers(0, 256, frame.shape, dtype=np.uint8)
    reach = 1.1 * max(FACE[2:])
    x, y = FACE[0] + FACE[2] / 2, FACE[1] + FACE[3] / 2
    part = np.s_[int(y - reach) : int(y + reach), int(x - reach) : int(x + reach)]
    other[part] = frame[part]
    with hidden(MESH, tmp_path / "unread.mp4", findings(), Settings()) as draw:
        np.testing.assert_array_equal(draw(frame, 1.0), draw(other, 1.0))


@needs_solutions
def test_blur_searches_the_whole_recording_first(tmp_path: Path) -> None:
    video = no_audio(tmp_path / "a.mp4", seconds=3.0)
    with hidden(BLUR, video, findings((60, 40, 30, 30)), Settings()) as prepare:
        with open_video(video) as source:
            frames = {round(frame.time_s, 2): frame.rgb for frame in source}
        held = prepare(frames[2.52], 2.52)  # half a second after the face was lost
    region = head_region(Box(60, 40, 30, 30), 0.56)
    inner = held[int(region.y) + 1 : int(region.y + region.height) - 1, 60:90]
    assert len(np.unique(inner.reshape(-1, 3), axis=0)) <= 40
    assert (inner & 0b1_1111 == 0b1_0000).all()
