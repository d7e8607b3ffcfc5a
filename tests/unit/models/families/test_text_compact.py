"""The compact text model: from sentences to emotions, each sentence judged on its own."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.families import text_compact
from emoreport.models.families.text_compact import CompactTextModel, pieces, tokens, word_pieces
from emoreport.records import TextEmotionModel
from emoreport.vocabulary import EMOTIONS, VOICE_ONLY_EMOTIONS

CLEAR = {
    "happiness": "Я так счастлива, какая радость, спасибо вам всем!",
    "sadness": "Мне очень грустно и одиноко, я плачу каждый вечер.",
    "anger": "Как же меня бесит этот тупой дебил, ненавижу его!",
    "fear": "Мне страшно, я очень боюсь темноты и чудовищ.",
    "surprise": "Ого, вот это неожиданность, я просто в шоке, удивительно!",
}


@pytest.fixture(scope="module")
def model():
    return CompactTextModel()


def test_it_is_a_text_model(model):
    assert isinstance(model, TextEmotionModel)
    assert model.language == "ru"
    assert {*EMOTIONS, *VOICE_ONLY_EMOTIONS} >= set(model.labels)
    assert model.record.files["text_compact.onnx"]


def test_clear_sentences_are_read(model):
    found = model.predict(list(CLEAR.values()))
    named = [model.labels[best] for best in found.argmax(axis=1)]
    assert named == list(CLEAR)


def test_rows_are_probabilities_and_batch_is_single(model):
    texts = [*CLEAR.values(), "", "!!!", "слово " * 500, "english only", "日本語 🙂", "a" * 5000]
    together = model.predict(texts)
    assert together.dtype == np.float32
    assert np.allclose(together.sum(axis=1), 1.0, atol=1e-5)
    alone = np.concatenate([model.predict([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)
    assert model.predict([]).shape == (0, len(model.labels))


def test_case_and_yo_make_no_difference(model):
    one, two = model.predict(["ЁЛКА и всё ещё СНЕГ", "елка и все еще снег"])
    assert np.allclose(one, two, atol=1e-6)


def test_pieces_stay_in_their_buckets():
    assert tokens("Ёж: «да»!!!") == ["еж", ":", "«", "да", "»", "!!!"]
    buckets, weights = pieces("да да")
    assert min(buckets) >= 1
    assert max(buckets) < text_compact.PIECES
    assert max(weights) == pytest.approx(1 + np.log(2))
    table = word_pieces("да нет")
    assert table.shape == (2, text_compact.MOST_PIECES_OF_A_WORD)
    # What the weights were trained with: another hash would make them noise.
    assert table[0, 0] == 3475


@pytest.mark.parametrize("damage", ["digest", "labels", "kind", "path"])
def test_damaged_metadata_are_refused(tmp_path, model, damage):
    from importlib import resources

    folder = resources.files("emoreport") / "weights"
    for name in ("text_compact.onnx", "text_compact.json"):
        shutil.copy(str(folder / name), tmp_path / name)
    path = tmp_path / "text_compact.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document |= {
        "digest": {"sha256": "0" * 64},
        "labels": {"labels": ["joy"]},
        "kind": {"kind": "voice"},
        "path": {"file": "../text_compact.onnx"},
    }[damage]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ModelError):
        CompactTextModel(path)
