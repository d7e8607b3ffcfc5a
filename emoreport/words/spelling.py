"""From what a transcript writes to what was said: marks and notes out, words and punctuation."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from emoreport.words.filled_pauses import is_filled_pause

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
"""Markup of captions: HTML, voices and classes of WebVTT, overrides of SubStation Alpha."""
_NOTE: Final = re.compile(r"\[[^\[\]]*\]|\((?P<inside>[^()]*)\)")
_LONGEST_NOTE: Final = 3
"""Round brackets with more words than this hold speech: «(то есть не всегда так)»."""
_SPEAKER: Final = re.compile(
    r"^\s*(?:(?:[-–—]|>>+)\s*)*(?:(?:[A-ZА-ЯЁ][A-ZА-ЯЁ.]*(?:[ _][A-ZА-ЯЁ\d.]+)*\d*)\s*:(?=\s))?",
    re.MULTILINE,
)
"""Dashes and arrows before a speaker, and a name in capitals with a colon."""
_SPEAKER_SIGN: Final = re.compile("[-–—>:]")
_NO_TEXT: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Controls, marks of direction and halves of letters: nothing that is said, much that can harm."""
_SAID: Final = "\\w\u0300-\u036f"
_WORD: Final = re.compile(rf"[^{_SAID}]*(?P<word>[{_SAID}](?:\S*[{_SAID}])?)?(?P<after>\S*)")
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_LATIN: Final = re.compile("[A-Za-z\u00c0-\u024f]")
_RUSSIAN_LETTERS: Final = re.compile("[а-яё]", re.IGNORECASE)
_ENGLISH: Final = frozenset(
    "the and to of a in is it that you i for on was with we are this be have not but".split()  # noqa: SIM905
)
_MOST_SIGNS: Final = 20
"""Characters of punctuation behind a word after which no further sign is kept."""
_SAMPLE_WORDS: Final = 5000
_MOST_FOREIGN: Final = 0.01
_LEAST_ENGLISH: Final = 0.1


def without_marks(text: str) -> str:
    """The text as it was said: without markup, notes such as «[музыка]», dashes of speakers.

    A filled pause is said also where it is written as a note, as in «(эм)» or «[UH]».

    Entities of HTML become their signs after the markup is out, so that what they spell is text and
    never markup.
    """
    if "<" in text or "{" in text:
        text = _TAG.sub(_pause_in_marks, text)
    if "&" in text:
        text = html.unescape(text)
    if not text.isprintable():
        text = _NO_TEXT.sub("", text)
    if "[" in text or "(" in text:
        text = _NOTE.sub(_speech_in_brackets, text)
    return _SPEAKER.sub("", text) if _SPEAKER_SIGN.search(text) else text


def _pause_in_marks(match: re.Match[str]) -> str:
    inside = match[0].strip("<>[]()/ ")
    return f" {inside} " if is_filled_pause(inside) else ""


def _speech_in_brackets(match: re.Match[str]) -> str:
    inside = match["inside"]
    if pause := _pause_in_marks(match):
        return pause
    return f" {inside} " if inside and len(inside.split()) > _LONGEST_NOTE else " "


def words_of(text: str) -> list[tuple[str, str]]:
    """Words of a text without marks, each with the punctuation that follows it.

    What comes before a word, as an opening quote does, is left out. A sign that is by itself, as a
    dash is, follows the word before it behind a blank.
    """
    words: list[tuple[str, str]] = []
    for token in unicodedata.normalize("NFC", text).split():
        if token.isalpha():
            words.append((token, ""))
            continue
        match = _WORD.fullmatch(token)
        word = match["word"] if match else token
        if word:
            words.append((word, match["after"] if match else ""))
        elif words:
            last, after = words[-1]
            if len(after) < _MOST_SIGNS:
                words[-1] = last, f"{after} {token}"
    return words


def guessed_language(words: Iterable[str]) -> str | None:
    """ISO 639-1 code of Russian or English; None for anything else."""
    sample = [word for word, _ in zip(words, range(_SAMPLE_WORDS), strict=False)]
    text = "".join(sample)
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic > latin:
        foreign = cyrillic - len(_RUSSIAN_LETTERS.findall(text))
        return "ru" if foreign <= _MOST_FOREIGN * cyrillic else None
    usual = sum(word.casefold() in _ENGLISH for word in sample)
    return "en" if latin and usual >= _LEAST_ENGLISH * len(sample) else None
