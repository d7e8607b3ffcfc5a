import dataclasses

import pytest

from emoreport.page.spoken import spoken_document
from emoreport.records import Span
from emoreport.results import SpokenWord, TextInterval
from emoreport.results.words import LONGEST_GAP_MS, LONGEST_TEXT
from tests.fixtures.results import analysis


def lines(*texts, gap_s=0.1, length_s=0.4):
    """First words of the lines of words of `length_s`, `gap_s` apart."""
    made = []
    for index, text in enumerate(texts):
        start_s = index * (length_s + gap_s)
        word = text.rstrip(".,?!…»")
        span = Span(start_s, start_s + length_s)
        made.append(SpokenWord(span, word, text[len(word) :], None, None, "given", 1))
    return spoken_document(dataclasses.replace(analysis(), words=tuple(made)))["lines"]


@pytest.mark.parametrize("end", [".", "?!", "…", ".»"])
def test_a_line_ends_with_its_sentence(end):
    assert lines("Да", f"нет{end}", "Или,", "может", "быть") == [0, 2]


def test_a_line_ends_at_a_pause():
    assert lines("a", "b", "c", gap_s=LONGEST_GAP_MS / 1000 + 0.01) == [0, 1, 2]
    assert lines("a", "b", "c", gap_s=LONGEST_GAP_MS / 1000 - 0.01) == [0]


def test_a_line_is_cut_before_it_is_too_long_to_read():
    fitting = LONGEST_TEXT // 6
    assert lines(*["слово"] * (2 * fitting + 1), length_s=0.2) == [0, fitting, 2 * fitting]
    assert lines(*["а"] * 8, length_s=2.0) == [0, 3, 6]


@pytest.mark.parametrize("words", [None, ()])
def test_without_words_there_is_nothing_to_show(words):
    assert spoken_document(dataclasses.replace(analysis(), words=words)) is None


def test_clauses_say_what_a_model_read_in_them():
    made = SpokenWord(Span(0.5, 1.0), "Да", "", None, None, "given", 1)
    clauses = (
        TextInterval(Span(0.5, 1.0), "happiness", 0.56789, 1),
        TextInterval(Span(1.0, 2.0), "uncertain", None, 3),
        TextInterval(Span(2.0, 3.0), None, None, 0),
    )
    shown = spoken_document(dataclasses.replace(analysis(), words=(made,), text_clauses=clauses))
    assert shown["clauses"] == [[0.5, 1.0, "happiness", 0.568], [1.0, 2.0, "uncertain", None]]
