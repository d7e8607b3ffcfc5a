"""Clips to batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import Wav2Vec2FeatureExtractor

from emoreport.errors import SpeechStageError
from emoreport.models.families.aniemore.batches import (
    MOST_PADDING,
    MOST_SAMPLES,
    batches,
    prepared,
)
from tests.fixtures.audio import RATE_HZ, noise, silence, tone, voice

CLIPS = {
    "voice": voice(3.0),
    "quiet": noise(1.0, level=1e-4),
    "shifted": tone(1.0) + 0.5,
    "silence": silence(1.0),
    "constant": np.full(RATE_HZ, 0.3, np.float32),
    "double": voice(1.0).astype(np.float64),
}


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("normalise", [True, False])
def test_loudness_is_that_of_the_feature_extractor_of_transformers(name, normalise):
    clip = CLIPS[name]
    extractor = Wav2Vec2FeatureExtractor(do_normalize=normalise)
    expected = extractor(clip, sampling_rate=RATE_HZ)["input_values"][0]
    found = prepared(clip, shortest=1, normalise=normalise)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_short_clip_is_repeated_end_to_end():
    clip = np.array([0.1, -0.2, 0.4], np.float32)
    found = prepared(clip, shortest=7, normalise=False)
    np.testing.assert_array_equal(found, [*clip, *clip, clip[0]])
    own = prepared(clip, shortest=1, normalise=True)
    np.testing.assert_array_equal(prepared(clip, shortest=7, normalise=True), [*own, *own, own[0]])


def test_a_clip_is_left_as_it_was():
    clip = voice(1.0)
    prepared(clip, shortest=1, normalise=True)
    np.testing.assert_array_equal(clip, voice(1.0))


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(0, np.float32),
        np.zeros((2, RATE_HZ), np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
        np.array([0.1, np.inf], np.float32),
    ],
    ids=["empty", "stereo", "not a number", "infinite"],
)
def test_unusable_clips_are_refused(clip):
    with pytest.raises(SpeechStageError):
        prepared(clip, shortest=1, normalise=True)


@given(
    lengths=st.lists(st.integers(1, 300_000), max_size=12)
    | st.lists(st.sampled_from([5, 6, 48_000])),
    masks=st.booleans(),
)
def test_every_clip_is_in_one_batch_whole_and_padded_with_zeros(lengths, masks):
    clips = [np.full(n, place + 1, np.float32) for place, n in enumerate(lengths)]
    found = batches(clips, masks=masks)
    assert sorted(place for batch in found for place in batch.places) == list(range(len(clips)))
    for batch in found:
        assert batch.audio.shape == (len(batch.places), max(batch.samples))
        for place, row, samples in zip(batch.places, batch.audio, batch.samples, strict=True):
            np.testing.assert_array_equal(row[:samples], clips[place])
            assert not row[samples:].any()
        assert batch.audio.size <= MOST_SAMPLES or len(batch.places) == 1
        assert batch.samples.sum() >= (1 - MOST_PADDING) * batch.audio.size
        assert masks or len(set(batch.samples.tolist())) == 1


def test_the_windows_of_a_recording_run_together():
    (batch,) = batches([noise(3.0, seed=n) for n in range(8)], masks=False)
    assert batch.audio.shape == (8, 3 * RATE_HZ)


def test_clips_of_about_one_length_share_a_batch_where_they_may():
    clips = [noise(3.0), noise(2.9), noise(2.8)]
    assert len(batches(clips, masks=True)) == 1
    assert len(batches(clips, masks=False)) == 3


def test_no_clips_make_no_batch():
    assert batches([], masks=True) == []
