"""BERT networks for text on random weights, against the library that publishes them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emoreport.errors import ModelError
from emoreport.models.families import OPENERS, family_of
from emoreport.models.families.bert.graph import LOGITS, MASK, PIECES, bert_graph
from emoreport.models.families.bert.labels import PARTNERS, own_labels, shares
from emoreport.models.families.bert.model import open_bert
from emoreport.models.families.bert.wordpiece import WordPieces
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.safetensors_files import read_safetensors
from emoreport.models.store.registry import PulledModel, find_entry, registry
from emoreport.records import TextEmotionModel
from emoreport.vocabulary import EMOTIONS
from tests.fixtures import bert

NAMES = [entry.name for entry in registry().values() if entry.family == "bert"]
CLASSES = ["joy", "neutral", "anger"]
TEXTS = [
    "Да, мне это очень нравится!",
    "плохо",
    "привет\tёлка — “abc” 50 $5 х",
    "",
    "не не не " * 30,
    "мне\u200b нрав\u0301ится\x00 это漢字да",
]


def local(folder):
    return PulledModel(None, "mine", folder, {})


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_the_registry_gives_shares_of_our_labels(name, tmp_path):
    pulled = bert.pulled_text(name, tmp_path)
    model = open_bert(pulled, threads=1, reason="because")
    assert isinstance(model, TextEmotionModel)
    assert family_of("text", pulled) is OPENERS["text"]["bert"]
    assert model.labels == find_entry(name).labels == model.record.labels
    assert (model.language, model.record.kind, model.record.reason) == ("ru", "text", "because")
    given = model.predict(TEXTS)
    assert given.shape == (len(TEXTS), len(model.labels))
    assert given.dtype == np.float32
    assert given.sum(axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert model.predict([]).shape == (0, len(model.labels))


def test_a_text_alone_or_among_longer_ones_is_judged_alike(tmp_path):
    bert.write_bert(tmp_path, CLASSES)
    model = open_bert(local(tmp_path), threads=1)
    together = model.predict(TEXTS * 12)
    alone = np.concatenate([model.predict([text]) for text in TEXTS])
    assert together[: len(TEXTS)] == pytest.approx(alone, abs=1e-5)
    assert model.labels == ("happiness", "neutral", "anger")


def test_the_network_is_that_of_transformers(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra full")
    transformers = pytest.importorskip("transformers", reason="needs the extra full")
    tensors = bert.write_bert(tmp_path, CLASSES)
    network = transformers.BertForSequenceClassification.from_pretrained(tmp_path).eval()
    session = open_graph(bert_graph(tensors, bert.size_of(3), file=tmp_path), threads=1)
    pieces = np.array([[2, 10, 11, 12, 13, 3], [2, 14, 3, 0, 0, 0]])
    mask = (pieces > 0).astype(np.int64)
    ours = session.run({PIECES: pieces, MASK: mask})[LOGITS]
    with torch.no_grad():
        theirs = network(torch.tensor(pieces), attention_mask=torch.tensor(mask)).logits.numpy()
    assert ours == pytest.approx(theirs, abs=2e-5)


@pytest.mark.parametrize("lower", [False, True])
def test_pieces_are_those_of_the_published_tokenizer(lower, tmp_path):
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra full")
    bert.write_bert(tmp_path, CLASSES)
    own = WordPieces(tmp_path / "vocab.txt", lower=lower, longest=40)
    theirs = tokenizers.BertWordPieceTokenizer(str(tmp_path / "vocab.txt"), lowercase=lower)
    theirs.enable_truncation(40)
    for text in (*TEXTS, "п" * 101, "Ёлка É abc-50.5"):
        assert own.numbers(text) == theirs.encode(text).ids


def test_old_weights_are_read_without_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="needs the extra full")
    tensors = bert.write_bert(tmp_path, CLASSES)
    expected = open_bert(local(tmp_path), threads=1).predict(TEXTS)
    (tmp_path / "model.safetensors").unlink()
    state = {name: torch.from_numpy(tensor.copy()) for name, tensor in tensors.items()}
    torch.save(state, tmp_path / "pytorch_model.bin")
    assert open_bert(local(tmp_path), threads=1).predict(TEXTS) == pytest.approx(expected, abs=1e-6)


def test_questions_of_their_own_become_shares():
    published = ["joy", "love", "anger", "no_emotion"]
    assert own_labels(published) == ("happiness", "anger", "neutral")
    odds = np.log(np.array([[0.5, 0.5, 0.25, 0.1]]) / (1 - np.array([[0.5, 0.5, 0.25, 0.1]])))
    given = shares(odds.astype(np.float32), published, several=True)
    assert given[0] == pytest.approx(np.array([0.75, 0.25, 0.1]) / 1.1, abs=1e-5)
    one = shares(np.zeros((1, 4), np.float32), published, several=False)
    assert one[0] == pytest.approx([0.5, 0.25, 0.25])
    far = shares(np.full((1, 4), -1e4, np.float32), published, several=True)
    assert np.isfinite(far).all()


def test_every_published_class_has_a_partner_in_the_vocabulary():
    assert set(PARTNERS.values()) <= {*EMOTIONS, "enthusiasm"}
    for name in NAMES:
        assert set(find_entry(name).details["class_order"]) <= set(PARTNERS)
    assert len(find_entry("rubert-tiny2-ru-go-emotions").details["class_order"]) == 28


def test_other_classes_than_the_registry_expects_are_refused(tmp_path):
    pulled = bert.pulled_text("rubert-tiny2-cedr", tmp_path)
    bert.write_bert(tmp_path, ["joy", "no_emotion", "sadness", "surprise", "fear", "anger"])
    with pytest.raises(ModelError, match="no_emotion, joy"):
        open_bert(pulled)
    bert.write_bert(tmp_path, [f"LABEL_{number}" for number in range(6)])
    assert open_bert(pulled, threads=1).labels == pulled.registered.labels


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hidden_act": "relu"}, "hidden_act"),
        ({"model_type": "roberta"}, "model_type"),
        ({"num_attention_heads": 5}, "unusable sizes"),
        ({"hidden_size": "12"}, "unusable sizes"),
        ({"vocab_size": 5}, "word pieces"),
        ({"id2label": {"1": "joy"}}, "names no emotions"),
        ({"id2label": {"0": "boredom"}}, "boredom"),
        ({"num_hidden_layers": 3}, "layer.2"),
    ],
)
def test_another_network_is_refused(change, said, tmp_path):
    bert.write_bert(tmp_path, CLASSES, **change)
    with pytest.raises(ModelError, match=said):
        open_bert(local(tmp_path))


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"[" * 9999])
def test_damaged_files_are_one_error(name, content, tmp_path):
    bert.write_bert(tmp_path, CLASSES)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        open_bert(local(tmp_path))
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xff" * 8,
        b"\x05" + bytes(7) + b"[1,2]",
        b"\x02" + bytes(7) + b"[]",
        *(
            len(text).to_bytes(8, "little") + text
            for text in (
                json.dumps({"a": facts}).encode()
                for facts in (
                    {"dtype": "F32", "shape": [1], "data_offsets": [0, 999]},
                    {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
                    {"dtype": "BOOL", "shape": [4], "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": None, "data_offsets": [0, 4]},
                    [],
                )
            )
        ),
    ],
)
def test_no_safetensors_file_is_an_error(header, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(header + (b"1234" if header else b""))
    with pytest.raises(ModelError, match="safetensors"):
        read_safetensors(path)


def test_tensors_come_as_they_were_written(tmp_path):
    tensors = {
        "a": np.arange(6, dtype="f4").reshape(2, 3),
        "b": np.array(5),
        "c": np.zeros((0, 2), "f2"),
    }
    bert.write_safetensors(tmp_path / "model.safetensors", tensors)
    found = read_safetensors(tmp_path / "model.safetensors")
    assert set(found) == set(tensors)
    for name, tensor in tensors.items():
        assert np.array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype
