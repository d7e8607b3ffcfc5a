"""eGeMAPS beside the emotions of a voice model; skipped where openSMILE is not installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.records import EmbeddingVoiceModel, MeasuringVoiceModel, SettlingVoiceModel
from emoreport.run.feature_file import voice_source
from emoreport.settings import FeatureSettings, Settings
from emoreport.speech.egemaps import EgemapsVoice
from emoreport.speech.select import open_voice_model
from tests.fixtures.audio import LoudnessModel, noise, voice

CHOSEN = FeatureSettings(features=True, voice_features="egemaps")


def test_without_opensmile_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opensmile", None)
    settings = Settings(speech="compact", offline=True, features=CHOSEN)
    with pytest.raises(ModelError, match=r"emoreport\[opensmile\].*research only"):
        open_voice_model(settings, [].append)


@pytest.fixture
def model() -> EgemapsVoice:
    pytest.importorskip("opensmile", reason="openSMILE is not installed (for research only)")
    return EgemapsVoice(LoudnessModel())


def test_emotions_are_those_of_the_model_below(model: EgemapsVoice) -> None:
    assert isinstance(model, EmbeddingVoiceModel | MeasuringVoiceModel | SettlingVoiceModel)
    clips = [voice(3.0), noise(3.0)]
    scores, features = model.embed(clips)
    np.testing.assert_array_equal(scores.probabilities, LoudnessModel().predict(clips))
    assert features.shape == (2, 88)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(model.embed(clips[1:])[1], features[1:], rtol=1e-5)
    assert model.settle(scores.probabilities, np.ones(2), 2.0) is scores.probabilities


def test_measures_have_their_names(model: EgemapsVoice) -> None:
    source = voice_source(model, CHOSEN)
    assert (source.model, source.layer, source.width) == ("opensmile", "egemaps", 88)
    assert len(set(source.columns)) == 88
    loudness = source.columns.index("egemaps_loudness_sma3_amean")
    quiet, loud = (model.embed([voice(2.0) * gain])[1][0, loudness] for gain in (0.1, 1.0))
    assert loud > 1.5 * quiet


def test_a_clip_that_is_too_short_is_missing(model: EgemapsVoice) -> None:
    _, features = model.embed([voice(0.01), voice(1.0)])
    assert np.isnan(features[0]).all()
    assert np.isfinite(features[1]).all()
