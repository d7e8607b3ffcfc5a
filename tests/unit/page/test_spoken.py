import dataclasses

import pytest

from emoreport.page.spoken import MOST_WORDS, PAUSE_S, first_words, spoken_document
from emoreport.records import Span
from emoreport.results import SpokenWord
from tests.fixtures.results import analysis


def spoken(*texts, gap_s=0.1):
    """Words of 0.4 s, `gap_s` apart; punctuation is what follows the letters."""
    made = []
    for index, text in enumerate(texts):
        start_s = index * (0.4 + gap_s)
        word = text.rstrip(".,?!…")
        after = text[len(word) :]
        made.append(SpokenWord(Span(start_s, start_s + 0.4), word, after, None, None, "given", 1))
    return made


@pytest.mark.parametrize("end", [".", "?!", "…", "!"])
def test_a_line_ends_with_its_sentence(end):
    assert first_words(spoken("Да", f"нет{end}", "Или,", "может", "быть")) == [0, 2]


def test_a_line_ends_at_a_pause():
    assert first_words(spoken("a", "b", "c", gap_s=PAUSE_S + 0.01)) == [0, 1, 2]
    assert first_words(spoken("a", "b", "c", gap_s=PAUSE_S - 0.01)) == [0]


def test_a_line_without_an_end_is_cut():
    assert first_words(spoken(*["слово"] * (2 * MOST_WORDS + 1))) == [0, MOST_WORDS, 2 * MOST_WORDS]


def test_no_words_have_no_lines():
    assert first_words([]) == []


@pytest.mark.parametrize("words", [None, ()])
def test_without_words_there_is_nothing_to_show(words):
    assert spoken_document(dataclasses.replace(analysis(), words=words)) is None
