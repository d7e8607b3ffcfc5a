"""The catalogues use the terms of docs/glossary.toml, and none of the words below."""

import re
import tomllib
from pathlib import Path

import pytest

from emoreport.messages import catalogue, keys
from tests.fixtures.wording import english_in

TERMS = tomllib.loads(
    (Path(__file__).parents[3] / "docs" / "glossary.toml").read_text(encoding="utf-8")
)["term"]

BANNED = {
    "en": [
        *(r"\bmend", r"\banew\b", r"unforesee", r"overdriven", r"a broken one", r"\bforetell"),
        *(r"\bless (the|its|that) ", r"longest emotion", r"\bnevertheless\b", r"\bcan'?t be had\b"),
        *(r"\bis had\b", r"\bstands? (above|in|at|under|alone)\b", r"\b(lies?|lying) (at|in|on)\b"),
        *(r"\bcosts itself\b", r"\belse left out\b", r"\bsomebody\b", r"\b(it|which) has not\b"),
    ],
    "ru": [
        *(r"каппа силы", r"самое большее", r"\d полных\b", r"интервала нет", r"\bнет интервала"),
        *(r"\bпрогон", r"кодировани[ея] людей", r"\bмост(а|у|ом|ы)? меток", r"против случая"),
        *(r"\bразрезан", r"\bотвечает ни одн", r"дошедших до предела", r"от реального времени"),
        *(
            r"\bсвидетел",
            r"\bвоздержани",
            r"\bдолгий ход",
            r"скачут вперёд",
            r"с поправкой на случай\b",
        ),
    ],
}
"""Words that native readers stopped at, as regular expressions; case does not count."""

TEXTS = {lang: {key: catalogue.template(key, lang) for key in keys(lang)} for lang in ("en", "ru")}


def clashes(lang: str, pattern: str) -> list[str]:
    return [
        f"{key}: {said}"
        for key, said in TEXTS[lang].items()
        if re.search(pattern, said, flags=re.IGNORECASE)
    ]


@pytest.mark.parametrize(
    ("lang", "pattern"), [(lang, word) for lang, words in BANNED.items() for word in words]
)
def test_no_text_holds_a_banned_word(lang: str, pattern: str) -> None:
    assert clashes(lang, pattern) == []


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["en"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_term_has_one_name(lang: str, term: dict) -> None:
    for pattern in term.get(f"avoid_{lang}", []):
        assert clashes(lang, pattern) == []
    for key in term.get("keys", []):
        assert term[lang].casefold() in catalogue.template(key, lang).casefold(), key


def test_russian_texts_are_russian() -> None:
    assert {key: found for key, said in TEXTS["ru"].items() if (found := english_in(said))} == {}


def test_numbers_in_russian_texts_have_a_decimal_comma() -> None:
    # Help shows values as they are typed; versions have points everywhere.
    versions = r"(Python|mediapipe|pipecat-ai) [\d.]+( (и|или) [\d.]+)?"
    shown = {
        key: re.sub(versions, "", said)
        for key, said in TEXTS["ru"].items()
        if not key.startswith(("help.", "settings."))
    }
    assert {
        key: said for key, said in shown.items() if re.search(r"(?<![\w.-])\d+\.\d+(?![\w.])", said)
    } == {}
