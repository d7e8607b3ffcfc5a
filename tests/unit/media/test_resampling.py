import av
import numpy as np
import pytest

from emoreport.media.resampling import RunResampler, mix

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


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_mixed_to_the_mean(name, planar):
    wave = np.stack([np.linspace(-0.5, 0.5, 64), np.linspace(0.9, -0.1, 64)])
    mixed = mix(frame_of(wave, name, "stereo", planar=planar))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed, wave.mean(axis=0), atol=0.01 if name == "u8" else 1e-4)


@pytest.mark.parametrize("channel", range(6))
def test_of_surround_all_but_the_bass_count_the_same(channel):
    wave = np.zeros((6, 64))
    wave[channel] = 0.5
    mixed = mix(frame_of(wave, "flt", "5.1", planar=True))
    np.testing.assert_allclose(mixed, 0.0 if channel == 3 else 0.1, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_resampling_keeps_time_length_and_pitch(rate_hz):
    time_s = np.arange(rate_hz * 3) / rate_hz
    wave = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
    resampler = RunResampler(rate_hz)
    pieces = [resampler.feed(block) for block in np.array_split(wave, 50)]
    found = np.concatenate([*pieces, resampler.flush()])
    assert resampler.fed_s == 3.0
    assert abs(len(found) - 48000) <= 16
    ideal = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(found)) / 16000)
    middle = slice(800, 47000)
    assert np.abs(found[middle] - ideal[middle]).max() < 0.01


def test_a_run_without_samples_flushes_to_nothing():
    assert len(RunResampler(44100).flush()) == 0
