from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.media.sound import read_sound
from tests.fixtures import media


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples[1600:-1600] ** 2))


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".wav", ".flac", ".ogg"])
def test_a_clip_is_read_whole(suffix: str, tmp_path: Path) -> None:
    samples = read_sound(media.audio_only(tmp_path / f"clip{suffix}"))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(16_000, abs=1600)
    assert power(samples) == pytest.approx(0.125, rel=0.1)


def test_streams_and_files_give_the_same(tmp_path: Path) -> None:
    path = media.audio_only(tmp_path / "clip.flac")
    stream = io.BytesIO(path.read_bytes())
    np.testing.assert_array_equal(read_sound(stream, name="clip"), read_sound(path))


def test_all_channels_are_mixed(tmp_path: Path) -> None:
    samples = read_sound(media.right_channel_only(tmp_path / "right.mp4"))
    assert power(samples) == pytest.approx(0.125 / 4, rel=0.1)


def test_the_sound_of_a_video_is_read(tmp_path: Path) -> None:
    assert len(read_sound(media.constant_rate(tmp_path / "a.mkv", sound=media.tone(2)))) > 30_000


def test_what_holds_no_sound_is_named(tmp_path: Path) -> None:
    for path in (
        media.no_audio(tmp_path / "mute.mp4"),
        media.empty_file(tmp_path / "empty.wav"),
        media.text_file(tmp_path / "text.ogg"),
    ):
        with pytest.raises(MediaError, match=path.name):
            read_sound(path)
    with pytest.raises(InputNotFoundError):
        read_sound(tmp_path / "none.wav")
    with pytest.raises(MediaError, match="clip 7"):
        read_sound(io.BytesIO(b"garbage"), name="clip 7")


def test_a_clip_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoreport.media.sound.LONGEST_CLIP_S", 0.5)
    with pytest.raises(MediaError, match="longer"):
        read_sound(media.audio_only(tmp_path / "long.wav"))
