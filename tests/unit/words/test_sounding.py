"""Letters of a word for the ear."""

from __future__ import annotations

import pytest

from emoreport.words.sounding import RUSSIAN_LETTERS, heard_letters


@pytest.mark.parametrize(
    ("word", "letters"),
    [
        ("съёмка", "семка"),
        ("Кто-то", "ктото"),
        ("x", "кс"),
        ("5", "???"),
        ("日", "?"),
        ("ь", ""),
    ],
)
def test_letters_are_those_that_are_heard(word, letters):
    assert heard_letters(word) == letters


def test_every_letter_has_one_class():
    assert len(set(RUSSIAN_LETTERS)) == len(RUSSIAN_LETTERS) == 30
