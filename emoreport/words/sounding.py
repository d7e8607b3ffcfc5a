"""How a word sounds: those of its letters that can be heard."""

from __future__ import annotations

from typing import Final

RUSSIAN_LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщыэюя"
"""The letters that are sounds of their own: ё counts as е, ь and ъ are not heard."""
_UNHEARD: Final = frozenset("ьъ'’‑-_")
_LATIN: Final = str.maketrans(
    {
        **dict(zip("abcdefghijklmnopqrstuvwxyz", "абкдефгхижклмнопкрстуввкиз", strict=True)),
        "x": "кс",
    }
)


def heard_letters(word: str) -> str:
    """Letters of `RUSSIAN_LETTERS` as a word is said; ``?`` for each whose sound is not known.

    Latin letters are read as their nearest Russian ones. A digit stands for a word of unknown
    letters: three sounds.

    Examples
    --------
    >>> heard_letters("Объём"), heard_letters("зал-7"), heard_letters("Skype")
    ('обем', 'зал???', 'скипе')
    """
    plain = word.casefold().replace("ё", "е").translate(_LATIN)
    return "".join(
        "???" if letter.isdigit() else letter if letter in RUSSIAN_LETTERS else "?"
        for letter in plain
        if letter not in _UNHEARD
    )
