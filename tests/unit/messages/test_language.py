import pytest

from emoreport.messages import (
    WHY_A_MODEL,
    Phrase,
    figures,
    language_of_locale,
    number,
    retold,
    speak,
    speaking,
    spoken,
)


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LC_ALL": "ru_RU.UTF-8", "LANG": "en_GB.UTF-8"}, "ru"),
        ({"LC_ALL": "", "LC_MESSAGES": "ru", "LANG": "C"}, "ru"),
        ({"LC_ALL": "C.UTF-8", "LANG": "ru_RU.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_names_a_language(environment, lang):
    assert language_of_locale(environment) == lang


def test_a_phrase_is_worded_in_the_language_in_force():
    phrase = Phrase("tables.summary.seconds", {"value": 1.5})
    with speaking("ru"):
        assert (str(phrase), spoken()) == ("1,5 с", "ru")
    assert (str(phrase), spoken()) == ("1.5 s", "en")


def test_a_language_without_words_is_refused():
    with pytest.raises(KeyError, match="tlh"):
        speak("tlh")
    assert spoken() == "en"


def test_recorded_figures_get_the_decimal_sign_and_names_stay():
    recorded = {"seconds": "1.5", "at": "-0.250", "count": "3", "file": "a.b", "version": "3.2.0"}
    assert figures(recorded, "en") == recorded
    changed = {"seconds": "1,5", "at": "-0,250"}
    assert figures(recorded, "ru") == recorded | changed
    assert (number(1.585, 2, "en"), number(1.585, 2, "ru")) == ("1.58", "1,58")


def test_what_a_run_recorded_is_told_in_the_language_of_the_reader():
    reason = "dusha is not in the store and cannot be pulled: offline"
    assert retold(reason, WHY_A_MODEL, "en") == reason
    assert retold(reason, WHY_A_MODEL, "ru").startswith("dusha нет в хранилище")
    nested = "dusha is not in the store and cannot be pulled: no connection to a.org:443 (refused)"
    assert retold(nested, WHY_A_MODEL, "en") == nested
    assert retold(nested, WHY_A_MODEL, "ru").endswith("нет соединения с a.org:443 (refused)")
    assert retold("of another version", WHY_A_MODEL, "ru") == "of another version"
