"""Detection, tracking and crops on recordings of people; skipped where shared data is absent."""

import numpy as np
import pytest

from emoreport.faces.crops import crop_face
from emoreport.faces.detectors import TasksDetector
from emoreport.faces.reading import read_faces
from emoreport.media.video import open_video
from emoreport.records import CropSpec
from emoreport.settings import FaceSettings
from tests.fixtures.face_detector import solutions_detector
from tests.fixtures.faces import SHARED, BrightnessModel, needs_shared

pytestmark = [pytest.mark.shared, needs_shared]

VIDEOS = SHARED / "videos"
BUNDLE = SHARED / "models" / "face_landmarker.task"


def bundle():
    return TasksDetector(BUNDLE)


@pytest.fixture(scope="module", params=[solutions_detector, bundle])
def detector(request):
    opened = request.param()
    yield opened
    opened.close()


def track_of(name, detector, fps="every"):
    with open_video(VIDEOS / name, fps=fps) as video:
        return read_faces(video, detector, BrightnessModel(), FaceSettings())


@pytest.mark.parametrize("name", ["talk_ru_10s.mp4", "talk_en_20s.mp4", "no_audio_track_vfr.mp4"])
def test_one_talking_person_is_seen_throughout(detector, name):
    track = track_of(name, detector, fps="10")
    assert track.valid.mean() == 1.0
    assert np.median(track.faces) == 1


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("face_then_none_vfr_hevc.mov", (0.0, 2.4)),
        ("none_then_face_vfr_hevc.mov", (3.94, 6.34)),
    ],
)
def test_a_face_comes_and_goes_within_three_tenths_of_a_second(detector, name, seen):
    track = track_of(name, detector)
    inside = (track.time_s >= seen[0]) & (track.time_s < seen[1])
    assert track.valid[inside].all()
    border = (np.abs(track.time_s - seen[0]) < 0.3) | (np.abs(track.time_s - seen[1]) < 0.3)
    # A blurred title looks like a face for two or three single frames to one of the two.
    assert track.valid[~inside & ~border].sum() <= 3


@pytest.mark.parametrize(
    "name", ["no_face.mp4", "two_video_two_audio_streams.mp4", "av1.mkv", "h264_10bit.mp4"]
)
def test_recordings_without_a_face_stay_without(detector, name):
    track = track_of(name, detector, fps="12")
    assert track.valid.mean() < 0.03


def test_the_singer_is_followed_and_the_others_are_counted(detector):
    track = track_of("many_faces.mp4", detector, fps="12")
    assert track.valid.mean() > 0.65
    assert track.faces.max() >= 3


def test_the_two_adapters_see_the_same_face():
    solutions, tasks = solutions_detector(), bundle()
    spec = CropSpec(48, scale=1.2, align_roll=True)
    try:
        with open_video(VIDEOS / "talk_ru_10s.mp4", fps="5") as video:
            for frame in video:
                one, other = solutions.detect(frame.rgb)[0], tasks.detect(frame.rgb)[0]
                assert one.box.iou(other.box) > 0.95
                assert one.yaw_deg == pytest.approx(other.yaw_deg, abs=5)
                difference = crop_face(frame.rgb, one, spec).astype(int) - crop_face(
                    frame.rgb, other, spec
                )
                assert np.abs(difference).mean() < 8
    finally:
        solutions.close()
        tasks.close()


def test_the_turn_of_the_head_has_the_right_sign(detector):
    with open_video(VIDEOS / "talk_ru_10s.mp4") as video:
        turned = {frame.index: frame.rgb for frame in video if frame.index in {0, 110}}
    (front,), (aside,) = detector.detect(turned[0]), detector.detect(turned[110])
    assert abs(front.yaw_deg) < 10
    assert aside.yaw_deg < -15
