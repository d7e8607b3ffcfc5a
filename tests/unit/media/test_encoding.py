from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from emoreport.errors import OutputError
from emoreport.media import open_audio, open_video, probe
from emoreport.media.encoding import VideoWriter, choose_encoder
from emoreport.records import Span
from tests.fixtures.media import BLUE, RED, clicks, is_upright, number_picture, read_number, tone

SIZE_PX = (160, 120)
UNEVEN_S = [0.0, 0.04, 0.3, 0.301, 0.9, 1.234567, 1.9]


def written(path: Path, times_s=UNEVEN_S, *, size_px=SIZE_PX, end_s=None, sound=None, **values):
    """Write numbered pictures at these times, and read them back as (number, time)."""
    kind = None if sound is None else (48_000, 1)
    with VideoWriter(path, size_px, rate_hz=25, sound=kind, **values) as writer:
        if sound is not None:
            writer.write_audio(sound)
        for number, time_s in enumerate(times_s):
            writer.write_frame(number_picture(number, size_px), time_s)
        writer.close(end_s)
    return frames_of(path)


def frames_of(path: Path) -> list[tuple[int, float]]:
    with open_video(path) as source:
        return [(read_number(frame.rgb), frame.time_s) for frame in source]


@pytest.mark.parametrize("encoders", [("libx264",), ("mpeg4",)])
def test_every_picture_keeps_its_time(tmp_path: Path, encoders: tuple[str, ...]) -> None:
    found = written(tmp_path / "vfr.mp4", encoders=encoders)
    assert [number for number, _ in found] == list(range(len(UNEVEN_S)))
    assert [time_s for _, time_s in found] == pytest.approx(UNEVEN_S, abs=2e-5)


def test_a_late_first_picture_stays_late_beside_sound(tmp_path: Path) -> None:
    times_s = [0.5, 0.54, 0.9]
    found = written(tmp_path / "late.mp4", times_s, sound=0.1 * np.ones((1, 48_000), np.float32))
    assert [time_s for _, time_s in found] == pytest.approx(times_s, abs=2e-5)


def test_the_last_picture_is_shown_until_the_end_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "end.mp4"
    written(path, end_s=3.5)
    with open_video(path) as source:
        assert sum(1 for _ in source) == len(UNEVEN_S)
        assert source.outcome.duration_s == pytest.approx(3.5, abs=1e-3)


def test_without_an_end_the_last_picture_is_shown_as_long_as_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "end.mp4"
    written(path, [0.0, 0.04, 0.5])
    with open_video(path) as source:
        list(source)
        assert source.outcome.duration_s == pytest.approx(0.96, abs=1e-3)


def test_pictures_closer_than_a_tick_stay_in_order(tmp_path: Path) -> None:
    found = written(tmp_path / "close.mp4", [0.0, 1e-6, 2e-6, 0.04])
    assert [number for number, _ in found] == [0, 1, 2, 3]
    assert [time_s for _, time_s in found] == pytest.approx([0, 0, 0, 0.04], abs=1e-4)


def test_players_of_every_kind_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "plain.mp4"
    written(path, sound=tone(2.0))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # it plays while it is being fetched
    with av.open(str(path)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == ("aac", 48_000, "mono")
        assert video.codec_context.colorspace == video.codec_context.color_primaries == 1
        assert container.metadata.get("title") is None


@pytest.mark.parametrize("size_px", [(161, 120), (160, 121), (161, 121)])
def test_an_odd_side_gains_a_copy_of_its_last_line(
    tmp_path: Path, size_px: tuple[int, int]
) -> None:
    path = tmp_path / "odd.mp4"
    written(path, [0.0, 0.04], size_px=size_px)
    with open_video(path) as source:
        rgb = next(iter(source)).rgb.astype(int)
    width, height = size_px
    assert rgb.shape[:2] == (height + height % 2, width + width % 2)
    assert np.abs(rgb[-1] - rgb[-2]).mean() < 6
    assert np.abs(rgb[:height, :width] - number_picture(0, size_px)).mean() < 6


def test_colours_come_back(tmp_path: Path) -> None:
    path = tmp_path / "colours.mp4"
    written(path, [0.0, 0.04], crf=10)
    with open_video(path) as source:
        rgb = next(iter(source)).rgb.astype(int)
    assert np.abs(rgb[100, 40] - RED).max() < 8
    assert np.abs(rgb[100, 120] - BLUE).max() < 8
    assert is_upright(rgb)


@pytest.mark.parametrize("piece", [999, 1024, 48_000, 200_000])
def test_sound_stands_where_it_was_put(tmp_path: Path, piece: int) -> None:
    path = tmp_path / "clicks.mp4"
    samples = clicks(2.0, [0.5, 1.5])
    with VideoWriter(path, SIZE_PX, rate_hz=25, sound=(48_000, 1)) as writer:
        for start in range(0, samples.shape[1], piece):
            writer.write_audio(samples[:, start : start + piece])
        for number in range(50):
            writer.write_frame(number_picture(number), number / 25)
    with open_audio(path, probe(path), duration_s=None) as track:
        heard = np.abs(track.read(Span(0.0, 2.0)))
    loud_s = np.flatnonzero(heard > 0.3) / 16_000
    assert loud_s[0] == pytest.approx(0.5, abs=0.004)
    assert loud_s[loud_s > 1.0][0] == pytest.approx(1.5, abs=0.004)


def test_key_frames_come_often_enough_to_seek(tmp_path: Path) -> None:
    path = tmp_path / "keys.mp4"
    written(path, [number / 25 for number in range(100)], keyframe_s=1.0)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert max(np.diff([*keys, len(packets)])) <= 25


def test_it_falls_back_to_another_encoder_and_says_which(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", SIZE_PX, encoders=("libnothing", "mpeg4")) as writer:
        writer.write_frame(number_picture(0), 0.0)
        assert writer.encoder == "mpeg4"


def test_no_encoder_is_an_error_that_names_the_remedy() -> None:
    with pytest.raises(OutputError, match="pip install av"):
        choose_encoder(("libnothing",))


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with (
        pytest.raises(OutputError, match="80 × 60 px cannot be added"),
        VideoWriter(path, SIZE_PX) as writer,
    ):
        writer.write_frame(number_picture(0, (80, 60)), 0.0)
    assert not path.exists()


@pytest.mark.parametrize("times_s", [[0.5, 0.4], [0.5, 0.5], [-0.1], [float("nan")]])
def test_times_that_do_not_increase_are_refused(tmp_path: Path, times_s: list[float]) -> None:
    with pytest.raises(OutputError, match="out of order"):
        written(tmp_path / "a.mp4", times_s)


@pytest.mark.parametrize("sound", [(8_000, 1), (48_000, 6)])
def test_sound_that_not_every_player_knows_is_refused(
    tmp_path: Path, sound: tuple[int, int]
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        VideoWriter(tmp_path / "a.mp4", SIZE_PX, sound=sound)
    assert list(tmp_path.iterdir()) == []


def test_sound_of_other_channels_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="does not fit"),
        VideoWriter(tmp_path / "a.mp4", SIZE_PX, sound=(48_000, 2)) as writer,
    ):
        writer.write_audio(tone(0.1))


def test_a_video_without_pictures_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no picture"),
        VideoWriter(tmp_path / "a.mp4", SIZE_PX),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def write_and_fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", SIZE_PX) as writer:
            writer.write_frame(number_picture(0), 0.0)
            writer.write_frame(number_picture(1), 0.04)
            raise error

    with pytest.raises(error):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        written(tmp_path / "nowhere" / "a.mp4")


@pytest.mark.parametrize(
    "name", ["-dash.mp4", "a b.mp4", "речь №1.mp4", "http:a%20b.mp4", "%03d.mp4"]
)
def test_the_name_is_only_a_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path(name), [0.0, 0.04])
    assert [path.name for path in tmp_path.iterdir()] == [name]
