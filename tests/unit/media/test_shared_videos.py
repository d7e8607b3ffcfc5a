"""Real recordings: their times against those that the ffmpeg program reports."""

import itertools
import re

import numpy as np
import pytest

from emoreport.media import open_audio, open_video, probe
from emoreport.records import Span
from tests.fixtures.media import run_ffmpeg, shared_video

pytestmark = pytest.mark.shared

VIDEOS = {
    "av1.mkv": (125, 5.0, 640, 360),
    "face_then_none_vfr_hevc.mov": (169, 6.402, 960, 540),
    "h264_10bit.mp4": (30, 1.0, 200, 200),
    "many_faces.mp4": (275, 10.02, 640, 360),
    "no_audio_track_vfr.mp4": (115, 4.575, 596, 336),
    "no_face.mp4": (95, 3.945, 960, 540),
    "none_then_face_vfr_hevc.mov": (169, 6.379, 960, 540),
    "talk_en_20s.mp4": (500, 20.0, 450, 450),
    "talk_ru_10s.mp4": (253, 10.12, 1280, 720),
    "two_video_two_audio_streams.mp4": (325, 13.0, 320, 180),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_times_are_those_that_ffmpeg_reports(name):
    path = shared_video(name)
    info = probe(path)
    stream = next(entry.index for entry in info.streams if entry.used and entry.kind == "video")
    said = run_ffmpeg(
        "-i", path, "-map", f"0:{stream}", "-fps_mode", "passthrough", "-vf", "showinfo",
        "-f", "null", "-",
    )  # fmt: skip
    reported_s = [float(value) for value in re.findall(r"pts_time:\s*([-\d.]+)", said)]
    with open_video(path) as video:
        times_s = [frame.time_s for frame in video]
    assert times_s == pytest.approx(reported_s, abs=0.001)


@pytest.mark.parametrize("name", VIDEOS)
def test_what_is_known_of_each_recording(name):
    path = shared_video(name)
    count, duration_s, width_px, height_px = VIDEOS[name]
    with open_video(path) as video:
        shapes = {frame.rgb.shape for frame in video}
    outcome = video.outcome
    assert shapes == {(height_px, width_px, 3)}
    assert (outcome.frames, outcome.decode_failures) == (count, 0)
    assert outcome.time_quality == "exact"
    assert outcome.duration_s == pytest.approx(duration_s, abs=0.001)
    assert outcome.notes == ()


@pytest.mark.parametrize("name", VIDEOS)
def test_sound_is_that_which_ffmpeg_hears(name, tmp_path):
    path = shared_video(name)
    info = probe(path)
    track = open_audio(path, info, duration_s=None)
    assert (track is not None) == info.has_audio
    if track is None:
        return
    stream = next(entry for entry in info.streams if entry.used and entry.kind == "audio")
    raw = tmp_path / "sound.raw"
    run_ffmpeg(
        "-i", path, "-map", f"0:{stream.index}", "-ac", "1", "-ar", "16000", "-f", "s16le", raw
    )
    heard = np.fromfile(raw, dtype="<i2") / 32768
    with track:
        assert track.start_s == pytest.approx(max(stream.start_s or 0.0, 0.0), abs=0.001)
        found = track.read(Span(track.start_s, track.start_s + len(heard) / 16000))
    count = min(len(found), len(heard)) - 400
    assert np.corrcoef(found[:count], heard[:count])[0, 1] > 0.99


@pytest.mark.parametrize("rate_hz", [5.0, 12.5])
def test_a_rate_on_a_variable_rate_video_keeps_to_its_grid(rate_hz):
    path = shared_video("face_then_none_vfr_hevc.mov")
    with open_video(path, fps=str(rate_hz)) as video:
        times_s = [frame.time_s for frame in video]
    steps = [late - early for early, late in itertools.pairwise(times_s)]
    assert len(times_s) == pytest.approx(6.402 * rate_hz, abs=1.5)
    assert max(steps) < 1.0 / rate_hz + 0.06
