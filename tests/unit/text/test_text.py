"""Clauses of a transcript, and what a text model reads in them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.errors import ModelError, SettingsError
from emoreport.models.store import model_choice
from emoreport.records import ModelRecord, TextEmotionModel, Transcript, Word
from emoreport.settings import Settings
from emoreport.text.clauses import (
    ENDS,
    LEAST_WORDS,
    MOST_WORDS,
    PARTS,
    PAUSE_S,
    SIGNS,
    cut_clauses,
    written,
)
from emoreport.text.reading import read_text
from emoreport.text.select import open_text_model
from tests.fixtures import bert


class LengthModel:
    """Judges a text by its number of words, and remembers what it was given."""

    record = ModelRecord("length", "text")
    labels = ("happiness", "neutral")
    language = "ru"

    def __init__(self):
        self.texts = []

    def predict(self, texts):
        self.texts += texts
        share = np.array([1 / len(text.split()) for text in texts], np.float32)
        return np.stack([share, 1 - share], axis=1)


def talk(text, *, pauses=(), language="ru"):
    """Words of a text, one a quarter of a second; after those of `pauses` there is a long one."""
    at_s, words = 0.0, []
    for number, raw in enumerate(text.split()):
        core = raw.rstrip("".join(SIGNS))
        words.append(Word(core, at_s, at_s + 0.2, after=raw[len(core) :]))
        at_s += 0.25 + (1.0 if number in pauses else 0.0)
    return Transcript(tuple(words), language=language)


def test_clauses_end_with_sentences_and_at_pauses():
    said = talk("Да, мне это очень нравится! Но не всем так везёт", pauses=(7,))
    assert cut_clauses(said.words) == [(0, 5), (5, 8), (8, 10)]
    assert written(said.words[:5]) == "Да, мне это очень нравится!"


def test_a_comma_ends_a_clause_where_enough_words_are_on_both_sides():
    said = talk("Мы очень долго ждали этого, и вот оно пришло к нам, ура")
    assert cut_clauses(said.words) == [(0, 5), (5, 12)]


def test_readings_are_of_clauses_and_short_ones_are_not_judged():
    model = LengthModel()
    assert isinstance(model, TextEmotionModel)
    said = talk("Да, мне это очень нравится! Но не всем так везёт", pauses=(7,))
    found = read_text(said, model)
    assert model.texts == ["Да, мне это очень нравится!"]
    assert found.labels == model.labels
    assert np.isnan(found.probabilities[1:]).all()
    assert found.probabilities[0] == pytest.approx([0.2, 0.8])
    assert (found.start_s[0], found.end_s[0]) == pytest.approx((0.0, 1.2))
    assert found.last[0] - found.first[0] >= LEAST_WORDS
    assert found.probabilities.dtype == np.float32


@pytest.mark.parametrize("language", ["en", None])
def test_another_language_is_not_judged(language):
    model = LengthModel()
    found = read_text(talk("this is a clause of words", language=language), model)
    assert np.isnan(found.probabilities).all()
    assert len(found.first) == 1
    assert model.texts == []


def test_no_words_are_no_clauses():
    found = read_text(Transcript((), language="ru"), LengthModel())
    assert found.probabilities.shape == (0, 2)
    assert len(found.start_s) == len(found.end_s) == len(found.first) == 0


@given(
    st.lists(
        st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.sampled_from(["", ",", ".", "»"])),
        max_size=200,
    )
)
def test_clauses_tile_the_words(made):
    at_s, words = 0.0, []
    for gap_s, length_s, after in made:
        start_s = at_s + gap_s
        at_s = start_s + length_s
        words.append(Word("а", start_s, at_s, after=after))
    clauses = cut_clauses(words)
    assert [number for first, last in clauses for number in range(first, last)] == list(
        range(len(words))
    )
    for first, last in clauses:
        assert 0 < last - first <= MOST_WORDS
        for left, right in pairwise(words[first:last]):
            assert right.start_s - left.end_s < PAUSE_S
            assert not ENDS & set(left.after)
    sentence = 0
    for (first, cut), (_, last) in pairwise(clauses):
        paused = words[cut].start_s - words[cut - 1].end_s >= PAUSE_S
        if ENDS & set(words[cut - 1].after) or paused or cut - sentence == MOST_WORDS:
            sentence = cut
        else:  # a comma, with enough words on both sides
            assert PARTS & set(words[cut - 1].after)
            assert min(cut - first, last - cut) >= LEAST_WORDS


def test_auto_pulls_nothing_and_none_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    monkeypatch.setattr(model_choice, "ORDER", {"text": ("rubert-tiny2-cedr",)})
    assert open_text_model("none", Settings(), [].append) is None
    chosen = open_text_model("auto", Settings(), [].append)
    assert chosen is None or chosen.record.name.startswith("compact")


def test_a_folder_is_a_model_and_what_cannot_be_had_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOREPORT_MODEL_DIR", str(tmp_path / "store"))
    bert.write_bert(tmp_path / "mine", ["joy", "neutral"])
    model = open_text_model(str(tmp_path / "mine"), Settings(threads=1), [].append)
    assert (model.record.name, model.labels) == ("mine", ("happiness", "neutral"))
    with pytest.raises(SettingsError, match="--text"):
        open_text_model("rubert", Settings(), [].append)
    with pytest.raises(ModelError, match="rubert-tiny2-cedr"):
        open_text_model("rubert-tiny2-cedr", Settings(offline=True), [].append)
