"""What of a transcript is said, and what is only written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreport.words.spelling import guessed_language, without_marks, words_of


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("— Привет, мир!", ["Привет", "мир"]),
        ("[музыка] Здравствуйте (смех)", ["Здравствуйте"]),
        ("Он (то есть не совсем он) пришёл", ["Он", "то", "есть", "не", "совсем", "он", "пришёл"]),
        ("<i>Да</i> <v Anna>нет</v>", ["Да", "нет"]),
        ("{\\an8}наверху", ["наверху"]),
        ("&lt;b&gt; &amp; Tom&nbsp;Jerry", ["b", "Tom", "Jerry"]),
        ("ВЕДУЩИЙ: добрый день", ["добрый", "день"]),
        ("SPEAKER_01: good day", ["good", "day"]),
        (">> ANNA: so", ["so"]),
        ("Время: 10:30", ["Время", "10:30"]),
        ("так-то, что-нибудь…", ["так-то", "что-нибудь"]),
        ("«Война и мир» — роман", ["Война", "и", "мир", "роман"]),
        ("за\u0301мок", ["за\u0301мок"]),
        ("a\u202eb\x00c\ud800", ["abc"]),
        ("♪ ♪", []),
        ("(unclosed", ["unclosed"]),
    ],
)
def test_only_what_is_said_is_a_word(written: str, said: list[str]) -> None:
    assert [word for word, _ in words_of(without_marks(written))] == said


def test_punctuation_follows_its_word() -> None:
    assert words_of("Да, — сказал он. «Нет!»") == [
        ("Да", ", —"),
        ("сказал", ""),
        ("он", "."),
        ("Нет", "!»"),
    ]


@given(st.text())
def test_words_written_again_are_the_same_words(text: str) -> None:
    words = words_of(without_marks(text))
    again = " ".join(word + after for word, after in words)
    assert words_of(again) == words
    assert all(word and not word.isspace() for word, _ in words)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("я думаю что это правда", "ru"),
        ("це не російська мова її немає", None),
        ("this is what they said to me and that was it", "en"),
        ("das ist ein deutscher Satz ohne Frage", None),
        ("", None),
    ],
)
def test_the_language_is_guessed_from_letters_and_words(text: str, language: str | None) -> None:
    assert guessed_language(text.split()) == language
