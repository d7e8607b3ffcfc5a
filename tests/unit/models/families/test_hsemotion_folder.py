"""A network of the HSEmotion kind in a local folder."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.faces.select import open_face_model
from emoreport.models.families.hsemotion import HSEmotionModel, open_hsemotion
from emoreport.models.store.registry import PulledModel, find_entry
from emoreport.settings import Settings
from tests.fixtures.hsemotion import model_folder, pulled, tiny_graph


def opened(folder):
    return open_hsemotion(PulledModel(None, folder.name, folder, {}), threads=1)


def faces(size_px):
    return list(np.random.default_rng(0).integers(0, 255, (3, size_px, size_px, 3), np.uint8))


def test_a_folder_is_opened_by_the_setting_and_says_who_it_is(tmp_path):
    folder = model_folder(tmp_path / "mine")
    model = open_face_model(Settings().replace(face=str(folder)), [].append)
    assert (model.record.name, model.record.version) == ("hsemotion/own", "7")
    assert model.record.licence == "mine"
    assert model.record.files.keys() == {"own.onnx"}
    assert model.feature_width == 32
    assert model.crop.size_px == 64


def test_it_answers_as_the_same_network_of_the_registry(tmp_path):
    graph = tiny_graph(260, 7, 1408).SerializeToString()
    entry = find_entry("hsemotion/enet_b2_7")
    known = HSEmotionModel(pulled(tmp_path, entry.name, graph), threads=1)
    own = opened(
        model_folder(tmp_path / "own", graph, labels=entry.labels, input={"width_px": 260})
    )
    shown = faces(260)
    assert own.labels == entry.labels
    np.testing.assert_array_equal(
        own.predict(shown).probabilities, known.predict(shown).probabilities
    )


def test_colours_and_affect_are_those_of_the_description(tmp_path):
    graph = tiny_graph(64, 10, 32).SerializeToString()
    half = {"mean": [0.5] * 3, "std": [0.5] * 3}
    own = opened(model_folder(tmp_path / "own", graph, valence_arousal=True, **half))
    entry = find_entry("hsemotion/mbf_va_mtl")
    entry = replace(entry, details={**entry.details, "input_px": 64, "features": 32})
    known = HSEmotionModel(
        replace(pulled(tmp_path, entry.name, graph), registered=entry), threads=1
    )
    shown = faces(64)
    np.testing.assert_array_equal(own.predict(shown).valence, known.predict(shown).valence)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": "0" * 64}, "has SHA-256 .*, expected 0000"),
        ({"file": "../own.onnx"}, "plain name"),
        ({"labels": ["anger", "hunger"]}, "hunger"),
        ({"labels": ["anger", "anger"]}, "labels"),
        ({"input": {"width_px": "64"}}, "width_px '64'"),
        ({"input": {"width_px": 65}}, "takes float32"),
        ({"std": [0.2, 0.0, 0.2]}, "three numbers above 0"),
        ({"valence_arousal": True}, "gives float32"),
        ({"licence": None, "input": None}, "not a model description"),
    ],
)
def test_a_folder_that_contradicts_itself_is_refused(tmp_path, changes, said):
    with pytest.raises(ModelError, match=said):
        opened(model_folder(tmp_path / "own", **changes))


def test_a_description_that_lacks_a_fact_is_refused(tmp_path):
    path = model_folder(tmp_path / "own") / "model.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    del document["version"]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ModelError, match="not a model description"):
        opened(path.parent)
