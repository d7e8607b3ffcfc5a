"""dusha/hubert-large: a HuBERT checkpoint with a class that is no emotion."""

import json

import numpy as np
import pytest
import torch
import transformers

from emoreport.errors import ModelError
from emoreport.measure.optimize.voice import export_source
from emoreport.models.families.aniemore import aniemore_source, local_aniemore, open_aniemore
from emoreport.models.families.aniemore.checkpoint import read_checkpoint
from emoreport.models.families.voice_network import VoiceNetworkModel, open_form
from emoreport.models.runtimes.forms import FLOAT32, Form
from tests.fixtures.aniemore import DUSHA_CLASSES, checkpoint_folder, published_dusha
from tests.fixtures.audio import noise, tone, voice

LABELS = ("neutral", "anger", "positive", "sadness")
CLIPS = [voice(3.0), noise(3.0), tone(2.0), voice(1.2, seed=1)]


def described(folder, **changes):
    return read_checkpoint(published_dusha(folder, weights={}, **changes))


def test_the_class_that_is_no_emotion_is_no_label(tmp_path):
    found = described(tmp_path)
    assert found.classes == (*LABELS, "other")
    assert found.labels == LABELS
    assert (found.min_window_s, found.max_window_s) == (3.0, 10.0)


@pytest.mark.parametrize(
    "classes",
    [
        ("angry", "neutral", *DUSHA_CLASSES[2:]),
        DUSHA_CLASSES[:-1],
        (*DUSHA_CLASSES[:4], "noise"),
        ("other", *DUSHA_CLASSES[:4]),
    ],
    ids=["other order", "without other", "unknown class", "other moved"],
)
def test_a_configuration_with_other_classes_is_refused(tmp_path, classes):
    with pytest.raises(ModelError, match="the registry expects neutral, anger, positive"):
        described(tmp_path, classes=classes)


def test_classes_that_nobody_named_are_those_of_the_registry(tmp_path):
    found = described(tmp_path, classes=tuple(f"LABEL_{index}" for index in range(5)))
    assert found.labels == LABELS


def test_a_local_folder_may_have_such_a_class_anywhere(tmp_path):
    folder = checkpoint_folder(tmp_path, "hubert", "sequence", classes=("sad", "other", "happy"))
    model = open_aniemore(local_aniemore(folder), threads=1)
    assert model.labels == ("sadness", "happiness")
    assert model.predict(CLIPS).sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_emotions_share_what_transformers_gives_them_without_the_other_class(tmp_path):
    """Against `HubertForSequenceClassification` as its publisher's page runs it."""
    pulled = published_dusha(tmp_path)
    network = transformers.HubertForSequenceClassification.from_pretrained(tmp_path).eval()
    hearing = transformers.Wav2Vec2FeatureExtractor(do_normalize=True, sampling_rate=16_000)
    expected, others = [], []
    for clip in CLIPS:
        values = hearing(clip, sampling_rate=16_000, return_tensors="pt").input_values
        with torch.inference_mode():
            shares = network(values).logits.softmax(dim=1)[0].double().numpy()
        expected.append(shares[:4] / shares[:4].sum())
        others.append(shares[4])
    assert max(others) > 0.05
    found = open_aniemore(pulled, threads=1).predict(CLIPS)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_exported_graph_says_the_same(tmp_path):
    pulled = published_dusha(tmp_path)
    source = aniemore_source(pulled)
    graph = tmp_path / "graph" / "model.onnx"
    graph.parent.mkdir()
    export_source(source, graph)
    form = Form("onnxruntime", FLOAT32, graph)
    runner = open_form(source, form, device="cpu", threads=1)
    exported = VoiceNetworkModel(source.checkpoint, runner, {}, pulled)
    plain = open_aniemore(pulled, threads=1)
    np.testing.assert_allclose(exported.predict(CLIPS), plain.predict(CLIPS), atol=1e-4)


def test_the_registry_must_agree_with_itself(tmp_path):
    import dataclasses

    pulled = published_dusha(tmp_path, weights={})
    swapped = dataclasses.replace(pulled.registered, labels=("anger", "neutral", *LABELS[2:]))
    with pytest.raises(ModelError, match="the registry gives"):
        read_checkpoint(dataclasses.replace(pulled, registered=swapped))


def test_the_fixture_writes_the_published_words(tmp_path):
    folder = published_dusha(tmp_path, weights={}).folder
    config = json.loads((folder / "config.json").read_text())
    assert [config["id2label"][str(index)] for index in range(5)] == list(DUSHA_CLASSES)
