import numpy as np
import pytest

from emoreport.media.resampling import RunResampler


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
def test_resampling_keeps_time_length_and_pitch(rate_hz):
    time_s = np.arange(rate_hz * 3) / rate_hz
    wave = 0.5 * np.sin(2 * np.pi * 440 * time_s)[np.newaxis]
    resampler = RunResampler(rate_hz)
    pieces = [resampler.feed(block) for block in np.array_split(wave, 50, axis=1)]
    found = np.concatenate([*pieces, resampler.flush()])
    assert resampler.fed_s == 3.0
    assert abs(len(found) - 48000) <= 16
    ideal = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(found)) / 16000)
    middle = slice(800, 47000)
    assert np.abs(found[middle] - ideal[middle]).max() < 0.01


def test_a_run_without_samples_flushes_to_nothing():
    assert len(RunResampler(44100).flush()) == 0


def test_sound_is_the_same_in_whatever_pieces_it_comes():
    wave = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 44100 * 4))

    def resampled(pieces):
        resampler = RunResampler(44100)
        blocks = np.array_split(wave, pieces, axis=1)
        return np.concatenate([*map(resampler.feed, blocks), resampler.flush()])

    whole = resampled(1)
    for pieces in (3, 170):
        np.testing.assert_array_equal(resampled(pieces), whole)
