"""One channel of several: every format, every layout, and channels that cancel each other."""

import av
import numpy as np
import pytest

from emoreport.media import open_audio, probe
from emoreport.media.mixing import BLOCK_S, Mixer, channels_of
from emoreport.media.proxy import small_copy
from emoreport.media.sound import read_sound
from emoreport.records import Span
from tests.fixtures.media import (
    Film,
    Sound,
    right_channel_only,
    steady_times,
    surround,
    tone,
    write_media,
)

FORMATS = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}


def frame_of(wave: np.ndarray, name: str, layout: str, *, planar: bool) -> av.AudioFrame:
    kind = FORMATS[name]
    if kind is np.uint8:
        data = np.round(wave * 127 + 128)
    elif np.issubdtype(kind, np.integer):
        data = wave * np.iinfo(kind).max
    else:
        data = wave
    data = np.asarray(data, dtype=kind)
    data = data if planar else data.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(data), format=name + "p" * planar, layout=layout
    )
    frame.sample_rate = 16000
    return frame


def mixed(channels, rate_hz=16_000, piece=1000):
    """All of a recording's channels through one mixer, in pieces."""
    mixer = Mixer()
    pieces = []
    for start in range(0, channels.shape[1], piece):
        pieces += mixer.feed(channels[:, start : start + piece], rate_hz)
    return np.concatenate([*pieces, *mixer.flush()]), mixer


def voice(seconds, seed=0, rate_hz=16_000):
    """Noise with the slow swell of speech, float64 (n,)."""
    random = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * np.arange(count) / rate_hz + seed)
    return 0.2 * swell * random.standard_normal(count)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_channels_of_one_scale(name, planar):
    wave = np.stack([np.linspace(-0.5, 0.5, 64), np.linspace(0.9, -0.1, 64)])
    channels = channels_of(frame_of(wave, name, "stereo", planar=planar))
    np.testing.assert_allclose(channels, wave, atol=0.01 if name == "u8" else 1e-4)


@pytest.mark.parametrize("channel", range(6))
def test_of_surround_all_but_the_bass_count_the_same(channel):
    wave = np.zeros((6, 64))
    wave[channel] = 0.5
    found, _ = mixed(channels_of(frame_of(wave, "flt", "5.1", planar=True)))
    np.testing.assert_allclose(found, 0.0 if channel == 3 else 0.1, atol=1e-6)


def test_one_channel_is_not_held_back():
    assert len(Mixer().feed(np.ones((1, 10)), 16_000)[0]) == 10


@pytest.mark.parametrize("seconds", [0.1, 1.0, 7.3])
@pytest.mark.parametrize("gain", [1.0, 0.7, 1.4])
def test_opposed_channels_are_turned_to_agree(seconds, gain):
    left = voice(seconds)
    found, mixer = mixed(np.stack([left, -gain * left]))
    assert len(found) == len(left)
    np.testing.assert_allclose(np.abs(found), np.abs(left) * (1 + gain) / 2, atol=1e-6)
    assert np.all(found * left >= 0) or np.all(found * left <= 0)
    assert mixer.opposed_s == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    "channels",
    [
        np.stack([voice(6), voice(6)]),
        np.stack([voice(6), np.zeros(96_000)]),
        np.stack([voice(6), voice(6, seed=1)]),
        np.stack([voice(6), -0.2 * voice(6)]),
        np.stack([voice(6, seed=seed) for seed in range(5)]),
        np.stack([voice(6), -voice(6), voice(6, seed=2)]),
        np.zeros((2, 96_000)),
        np.stack([np.full(96_000, 0.1), np.full(96_000, -0.1)]),
    ],
    ids=["alike", "one dead", "two speakers", "crosstalk", "five", "centre", "silence", "offsets"],
)
def test_other_channels_are_mixed_to_the_mean(channels):
    found, mixer = mixed(channels)
    np.testing.assert_allclose(found, channels.mean(axis=0), atol=1e-6)
    assert mixer.opposed_s == 0.0


def test_a_plug_turned_over_midway_is_heard_on_both_sides():
    first, second = voice(8), voice(8, seed=3)
    channels = np.stack([np.concatenate([first, second]), np.concatenate([first, -second])])
    found, mixer = mixed(channels)
    off = round(BLOCK_S * 16_000)
    loud = np.abs(found[8 * 16_000 + off :]).mean()
    assert loud == pytest.approx(np.abs(second[off:]).mean(), rel=0.01)
    assert mixer.opposed_s == pytest.approx(8.0, abs=BLOCK_S)


# --------------------------------------------------------------------------- recordings


def opposed(path, codec="aac"):
    wave = tone(3.0, level=0.4)
    sound = Sound(np.concatenate([wave, -wave]), layout="stereo", codec=codec)
    return write_media(path, [Film(steady_times(3.0))], [sound])


def level(samples):
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.ts", "aac"), ("a.mkv", "pcm_s16le"), ("a.flv", "aac")]
)
def test_an_inverted_channel_is_heard_and_said(tmp_path, name, codec):
    path = opposed(tmp_path / name, codec)
    with open_audio(path, probe(path), duration_s=3.0) as track:
        assert level(track.read(Span(0.5, 2.5))) == pytest.approx(0.4 / 2**0.5, rel=0.05)
        [(key, values)] = track.outcome.warnings
    assert key == "channels_opposed"
    assert float(values["seconds"]) == pytest.approx(3.0, abs=0.15)


def test_labelled_clips_and_the_copy_in_the_page_are_heard_too(tmp_path):
    path = opposed(tmp_path / "a.mkv", "pcm_s16le")
    assert level(read_sound(path)) == pytest.approx(0.4 / 2**0.5, rel=0.05)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(small_copy(path))
    assert level(read_sound(copy)[8000:40000]) == pytest.approx(0.4 / 2**0.5, rel=0.1)


@pytest.mark.parametrize("make", [right_channel_only, surround])
def test_ordinary_channels_give_no_warning(tmp_path, make):
    path = make(tmp_path / "a.mkv", **({"channel": 2} if make is surround else {}))
    with open_audio(path, probe(path), duration_s=1.0) as track:
        assert track.outcome.warnings == ()
        assert level(track.read(Span(0.2, 0.8))) > 0.05
