import os
import subprocess
import sys

import pytest

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.media import open_video, probe
from emoreport.media.pixels import check_size
from tests.fixtures.media import (
    Film,
    audio_only,
    constant_rate,
    cover_art,
    empty_file,
    fast_start,
    header_only,
    no_audio,
    playlist,
    rotated,
    several_streams,
    text_file,
    tone,
    truncate,
    write_media,
)


def test_what_the_container_says(tmp_path):
    info = probe(constant_rate(tmp_path / "a.mp4", seconds=1.0, sound=tone(1.0)))
    assert (info.width_px, info.height_px, info.rotation_deg) == (160, 120, 0)
    assert info.frame_rate_hz == pytest.approx(25.0)
    assert info.duration_s == pytest.approx(1.0, abs=0.05)
    assert info.has_audio
    assert "mp4" in info.container
    assert [(entry.kind, entry.codec, entry.used) for entry in info.streams] == [
        ("video", "h264", True),
        ("audio", "aac", True),
    ]
    assert info.streams[1].details["channels"] == 1
    assert info.streams[1].details["sample_rate_hz"] == 48000
    assert info.streams[0].start_s == 0.0


def test_no_sound_is_said(tmp_path):
    assert not probe(no_audio(tmp_path / "a.mkv")).has_audio


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_size_is_that_of_the_upright_picture(tmp_path, turn):
    info = probe(rotated(tmp_path / "a.mp4", turn))
    assert (info.rotation_deg, info.width_px, info.height_px) == (turn, 120, 160)


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_streams_are_used(tmp_path, default):
    info = probe(several_streams(tmp_path / "a.mkv", default=default))
    used = [entry.index for entry in info.streams if entry.used]
    assert used == [default, 2 + default]
    assert [entry.details["default"] for entry in info.streams] == [
        index == default for index in (0, 1, 0, 1)
    ]


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".wav", ".flac", ".ogg"])
def test_sound_alone_has_no_picture(tmp_path, suffix):
    info = probe(audio_only(tmp_path / f"a{suffix}"))
    assert (info.has_picture, info.has_audio) == (False, True)
    assert (info.width_px, info.height_px, info.frame_rate_hz) == (0, 0, None)
    assert info.duration_s == pytest.approx(1.0, abs=0.15)
    with pytest.raises(MediaError, match="no picture"):
        open_video(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".mp3", ".m4a"])
def test_cover_art_is_no_picture(tmp_path, suffix):
    info = probe(cover_art(tmp_path / f"a{suffix}"))
    assert not info.has_picture
    assert [stream.kind for stream in info.streams if stream.used] == ["audio"]


@pytest.mark.parametrize("make", [empty_file, text_file, header_only])
@pytest.mark.parametrize("name", ["a.mp4", "a.txt", "a.ts", "a.avi", "a"])
def test_what_is_no_video_is_a_media_error(tmp_path, make, name):
    path = make(tmp_path / name)
    with pytest.raises(MediaError) as caught:
        probe(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: decode: ")
    assert "\n" not in message
    assert caught.value.remedy


def test_a_cut_header_is_a_media_error(tmp_path):
    path = truncate(fast_start(tmp_path / "a.mp4"), tmp_path / "b.mp4", fraction=0.05)
    with pytest.raises(MediaError):
        probe(path)


def test_a_still_picture_is_no_video(tmp_path):
    film = Film([0.0], codec="png", pixel_format="rgb24", options={})
    with pytest.raises(MediaError, match="not a video"):
        probe(write_media(tmp_path / "a.png", [film]))


def test_a_playlist_opens_no_other_file(tmp_path):
    other = no_audio(tmp_path / "other.mp4")
    with pytest.raises(MediaError, match="not a video"):
        probe(playlist(tmp_path / "a.mp4", other))


def test_a_missing_path_is_not_found(tmp_path):
    with pytest.raises(InputNotFoundError, match="no such file"):
        probe(tmp_path / "gone.mp4")


@pytest.mark.parametrize("name", ["http://localhost/a.mp4", "concat:a|b", "pipe:0", "a\0b"])
def test_a_name_is_never_an_address(name):
    with pytest.raises(InputNotFoundError):
        probe(name)


def test_a_folder_is_not_a_video(tmp_path):
    with pytest.raises(MediaError, match="folder"):
        probe(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(MediaError, match="regular file"):
        probe(tmp_path / "a.mp4")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_a_media_error(tmp_path):
    path = no_audio(tmp_path / "a.mp4")
    path.chmod(0)
    with pytest.raises(MediaError, match="cannot be read"):
        probe(path)


@pytest.mark.parametrize(
    "name",
    [
        "-i.mp4", "a=b.mp4", "concat:a|b.mp4", "http:x.mp4", "file:x.mp4", "%03d.mp4", "*.mp4",
        "кино про ёжика.mp4", "\"quoted\" 'twice'.mp4", "new\nline.mp4", "<script>.mp4", "noext",
        "a.txt", "a.m3u8", "#x?y&z.mp4", "~.mp4", "bad\udcff.mp4",
    ],
)  # fmt: skip
def test_any_name_works_also_as_a_relative_path(tmp_path, monkeypatch, name):
    source = no_audio(tmp_path / "source.mp4", seconds=0.2)
    source.rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(name).width_px == 160
    assert probe(tmp_path / name).width_px == 160


def test_absurd_sizes_are_refused(tmp_path):
    with pytest.raises(MediaError, match="too large"):
        check_size(10_001, 10_000)
    film = Film([0.0, 0.04], size_px=(16_400, 16), codec="mjpeg", pixel_format="yuvj420p")
    path = write_media(
        tmp_path / "a.mkv", [Film(film.times_s, film.size_px, "mjpeg", "yuvj420p", {})]
    )
    with pytest.raises(MediaError, match="16400 × 16 px are too large"):
        probe(path)


def test_metadata_in_another_encoding_does_no_harm(tmp_path):
    path = constant_rate(tmp_path / "a.mkv", seconds=0.2)
    data = path.read_bytes()
    assert b"ENCODER" in data
    path.write_bytes(data.replace(b"ENCODER", b"\xff\xfe\xe9CODE"))
    assert probe(path).width_px == 160


def test_the_room_loads_pyav_only_when_asked():
    code = "import sys, emoreport.media; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_an_unknown_name_of_the_room_is_an_attribute_error():
    import emoreport.media

    with pytest.raises(AttributeError, match="open_radio"):
        _ = emoreport.media.open_radio
