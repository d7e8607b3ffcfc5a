"""What a head asks of the models below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoreport.errors import ModelError
from emoreport.heads.needs import open_named_head, settings_for
from emoreport.records import FeatureSource
from emoreport.settings import Settings
from tests.fixtures.heads import head_metadata, write_head


def hearing(folder: Path, source: FeatureSource) -> Settings:
    head = write_head(folder, head_metadata(features={"voice": source}))
    settings = Settings(head=str(head))
    return settings_for("voice", open_named_head(settings), settings)


def test_a_head_on_a_hidden_layer_gets_its_model_and_layer(tmp_path: Path) -> None:
    source = FeatureSource("voice", "gigaam/emo", 3, layer="layer:4")
    settings = hearing(tmp_path, source)
    assert settings.speech.speech == "gigaam/emo"
    assert settings.features.features
    assert settings.features.voice_features == "layer:4"


def test_a_head_on_measures_takes_any_voice_model(tmp_path: Path) -> None:
    columns = ("egemaps_a", "egemaps_b", "egemaps_c")
    source = FeatureSource("voice", "opensmile", 3, layer="egemaps", columns=columns)
    settings = hearing(tmp_path, source)
    assert settings.speech.speech == "auto"
    assert settings.features.voice_features == "egemaps"


def test_a_head_on_a_model_without_a_name_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        hearing(tmp_path, FeatureSource("voice", "somebody's", 3))
