from string import Formatter

import pytest

from emoreport import messages as words
from emoreport.settings import LANGUAGES
from emoreport.vocabulary import ALL_LABELS, NAMES


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def raw(key, lang):
    """Words with their braces left in."""
    source, _, rest = key.partition(".")
    return words.catalogue._words(lang, source)[rest]


def test_there_are_words_for_every_language_of_the_settings():
    assert words.languages() == tuple(sorted(LANGUAGES))


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_every_language_has_the_keys_of_english(lang):
    assert words.keys(lang) == words.keys("en")
    assert "tables.sheet.summary" in words.keys("en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_are_not_empty_and_ask_for_the_same_values(lang):
    for key in words.keys(lang):
        assert raw(key, lang).strip() == raw(key, lang) != ""
        assert fields(raw(key, lang)) == fields(raw(key, "en")), key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_label_has_a_name(lang):
    assert set(NAMES[lang]) == set(ALL_LABELS)
    assert words.label_name("no_face", lang) == NAMES[lang]["no_face"]


def test_a_label_of_a_foreign_model_keeps_its_name():
    assert words.label_name("boredom", "ru") == "boredom"


def test_values_are_put_into_the_text():
    assert words.text("tables.summary.seconds", "en", value=1.5) == "1.5 s"
    assert words.text("tables.summary.seconds", "ru", value=1.5) == "1,5 с"


@pytest.mark.parametrize(
    ("key", "lang"),
    [
        ("tables.sheet.nothing", "en"),
        ("tables.sheet", "en"),
        ("tables", "en"),
        ("", "en"),
        ("nothing.sheet.summary", "en"),
        ("../en/tables.sheet.summary", "en"),
        ("tables.sheet.summary", "tlh"),
        ("tables.sheet.summary", "__pycache__"),
        ("tables.sheet.summary", "."),
    ],
)
def test_a_missing_word_is_an_error(key, lang):
    with pytest.raises(KeyError):
        words.text(key, lang)


def test_a_missing_value_is_an_error():
    with pytest.raises(KeyError):
        words.text("tables.summary.seconds", "en")


def test_keys_of_an_unknown_language_are_an_error():
    with pytest.raises(KeyError, match="tlh"):
        words.keys("tlh")


def test_words_that_are_no_text_are_refused():
    with pytest.raises(TypeError, match=r"sheet\.rows"):
        dict(words.catalogue._flattened({"sheet": {"rows": 3}}, ""))
