from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoreport.media import probe
from emoreport.media.soundtrack import Soundtrack, open_soundtrack
from tests.fixtures import media
from tests.fixtures.media import Film, Sound, steady_times, tone, write_media


def whole(path: Path, end_s: float, step_s: float = 0.1) -> tuple[np.ndarray, int]:
    """All samples up to a time, asked for in steps, and their rate."""
    track = open_soundtrack(path, probe(path))
    assert track is not None
    with track:
        asked = np.append(np.arange(step_s, end_s, step_s), end_s)
        blocks = [block for time_s in asked for block in track.until(time_s)]
        return np.concatenate(blocks, axis=1), track.rate_hz


def recording(path: Path, *sounds: Sound, seconds: float = 2.0) -> Path:
    return write_media(path, [Film(steady_times(seconds))], list(sounds))


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_a_late_start_is_silence(tmp_path: Path) -> None:
    samples, rate_hz = whole(media.late_audio(tmp_path / "late.mp4", delay_s=0.5), 2.0)
    assert samples.shape == (1, 2 * rate_hz)
    assert np.abs(samples[:, : round(0.47 * rate_hz)]).max() < 0.01
    assert level(samples[:, round(0.6 * rate_hz) : round(1.9 * rate_hz)]) > 0.3


def test_a_gap_is_silence_and_what_follows_is_in_place(tmp_path: Path) -> None:
    samples, rate_hz = whole(media.audio_gap(tmp_path / "gap.mkv", gap_s=(0.5, 1.0)), 2.0)
    assert np.abs(samples[:, round(0.51 * rate_hz) : round(0.99 * rate_hz)]).max() < 0.01
    for start_s, end_s in ((0.05, 0.45), (1.05, 1.95)):
        assert level(samples[:, round(start_s * rate_hz) : round(end_s * rate_hz)]) > 0.3


def test_what_an_edit_list_hides_is_not_heard(tmp_path: Path) -> None:
    path = tmp_path / "plain.mp4"
    marked = np.concatenate([0 * tone(1.0), tone(1.0)], axis=1)
    recording(path, Sound(marked))
    cut = tmp_path / "cut.mp4"
    media.run_ffmpeg("-ss", "0.6", "-i", path, "-c", "copy", cut)
    samples, rate_hz = whole(cut, 1.3)
    first = np.flatnonzero(np.abs(samples[0]) > 0.2)[0] / rate_hz
    assert first == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(
    ("rate_hz", "expected"), [(8_000, 48_000), (44_100, 44_100), (48_000, 48_000)]
)
def test_rates_that_players_know_stay(tmp_path: Path, rate_hz: int, expected: int) -> None:
    sound = Sound(tone(1.0, rate_hz=rate_hz), rate_hz=rate_hz, codec="pcm_s16le")
    samples, found_hz = whole(recording(tmp_path / "a.mkv", sound, seconds=1.0), 1.0)
    assert found_hz == expected
    spectrum = np.abs(np.fft.rfft(samples[0]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 2)])
def test_mono_stays_mono_and_all_else_becomes_stereo(
    tmp_path: Path, layout: str, channels: int
) -> None:
    count = {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    sound = Sound(np.repeat(0.2 * tone(1.0), count, axis=0), layout=layout, codec="flac")
    samples, _ = whole(recording(tmp_path / "a.mkv", sound, seconds=1.0), 1.0)
    assert samples.shape[0] == channels
    assert min(level(row) for row in samples) > 0.05


def test_left_stays_left(tmp_path: Path) -> None:
    samples, _ = whole(media.right_channel_only(tmp_path / "a.mp4"), 1.0)
    assert level(samples[0]) < 0.01
    assert level(samples[1]) > 0.3


@pytest.mark.parametrize("step_s", [0.013, 0.7, 5.0])
def test_the_steps_do_not_matter(tmp_path: Path, step_s: float) -> None:
    path = media.late_audio(tmp_path / "late.mp4", delay_s=0.3)
    np.testing.assert_array_equal(whole(path, 3.0, step_s)[0], whole(path, 3.0)[0])


def test_the_rest_is_what_goes_on_after_the_picture(tmp_path: Path) -> None:
    path = recording(tmp_path / "long.mkv", Sound(tone(1.5), codec="pcm_s16le"), seconds=1.0)
    with Soundtrack(path, probe(path)) as track:
        before = sum(block.shape[1] for block in track.until(1.0))
        rest = np.concatenate(list(track.rest()), axis=1)
        assert list(track.rest()) == []
    assert before == track.rate_hz
    assert rest.shape[1] == pytest.approx(0.5 * track.rate_hz, abs=track.rate_hz * 0.01)
    assert level(rest) > 0.3


def test_a_recording_without_sound_has_no_track(tmp_path: Path) -> None:
    path = media.no_audio(tmp_path / "mute.mp4")
    assert open_soundtrack(path, probe(path)) is None


def test_sound_of_which_nothing_can_be_decoded_is_no_sound(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.mkv", Sound(tone(1.0), codec="flac"), seconds=1.0)
    broken = media.damage_packets(path, tmp_path / "b.mkv", "audio", span_s=(-1.0, 9.0))
    assert probe(broken).has_audio
    assert open_soundtrack(broken, probe(broken)) is None
