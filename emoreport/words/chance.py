"""How well words fit a sound by chance, and which words of a text fit better than that.

How sure a network is of its letters depends on the voice: a limit that suits one speaker loses the
words of the next. So the limit comes from the recording: other words, of the same lengths, are
aligned to the same sound. What they reach is chance.

Whether a word is shown is decided together with its neighbours. Words that fit better than other
words gain, those that fit worse lose, and to change from what is shown to what is not and back has
a price (a hidden Markov model of two states). The price is the lowest at which no more than
`ERROR_RATE` of the other words would be taken for shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import DoubleArray
from emoreport.words.sounding import heard_letters

ERROR_RATE: Final = 0.02
"""Share of other words that may be taken for shown."""
LEFT_OUT: Final = -2.0
"""Evidence per letter of a word that the path leaves out."""
_ROUNDS: Final = 2
_FEWEST: Final = 20
_HALVINGS: Final = 7
_HIGHEST_PRICE: Final = 1e6

_OTHER_TEXT: Final = """
В начале осени старый мельник чинил крышу над амбаром и ворчал, что доски опять привезли сырые.
Его внучка собирала под яблонями падалицу, складывала её в корзины и пела. К обеду с реки потянуло
холодом, над лугом поднялся туман, и овцы сами пошли к воротам. Пастух догнал их у моста; он нёс
на плече ягнёнка и хромал. Ужинали при свече: электричество отключили ещё утром, обещали включить
через час, а потом забыли. Дед рассказывал про наводнение, когда вода стояла у самых окон, а лодку
привязывали к печной трубе. Никто ему не верил, но слушали внимательно. Ночью ударил мороз. Утром
лужи затянуло льдом, и почтальон, упав с велосипеда, рассыпал по дороге газеты, квитанции,
открытки к празднику. Собирали их всей улицей. Учительница музыки нашла письмо, которого ждала
двадцать лет, но вскрывать не стала: убрала в шкатулку, заперла и уехала в город ближайшим
автобусом. Вернулась она только весной, с двумя чемоданами, рыжей собакой и рассадой перцев.
Огород у неё зарос крапивой, зато черёмуха под окном цвела так густо, что ветки ломались под
тяжестью. Соседи помогли вскопать грядки, одолжили лейку, лопату, мешок удобрений.
Железнодорожники тем временем достраивали станцию; громкоговоритель каждый вечер объявлял прибытие
поезда, которого в расписании не было. Ю. ждал его с букетом. О чём он думал? Я спросил об этом у
сторожа. Тот пожал плечами, вытер усы и налил мне чаю.
"""
"""Words that no recording says in the order of its own text."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much more the sound shows the letters of words than usual.

    Attributes
    ----------
    letters
        float64 (W,): letters of each word whose sound is known.
    per_letter
        float64 (W,): mean log posterior of these letters above their usual one; NaN for a word that
        the path leaves out.
    """

    letters: DoubleArray
    per_letter: DoubleArray

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Words that the path does not leave out, bool (W,)."""
        return ~np.isnan(self.per_letter)

    def mean(self, of: NDArray[np.bool_]) -> float:
        """Mean per letter of some words that are placed; `LEFT_OUT` without any."""
        letters = self.letters[of].sum()
        return float((self.letters * self.per_letter)[of].sum() / letters) if letters else LEFT_OUT

    def gains(self, least: float) -> DoubleArray:
        """What each word has above so much per letter, float64 (W,)."""
        reached = np.where(self.placed, self.per_letter, LEFT_OUT)
        return np.where(self.letters > 0, self.letters * (reached - least), 0.0)


def shown(own: Evidence, others: Sequence[Evidence]) -> NDArray[np.bool_]:
    """Which words of a text the sound shows, bool (W,).

    Parameters
    ----------
    own
        Of the words of the text.
    others
        Of other words in their places, at least one draw.

    A word gains by what it has above the middle between chance and the words that are shown; these
    are found in two rounds, of which the first takes what is above chance.
    """
    chance = Evidence(
        np.concatenate([each.letters for each in others]),
        np.concatenate([each.per_letter for each in others]),
    )
    by_chance = least = chance.mean(chance.placed)
    for _ in range(_ROUNDS + 1):
        price = _price([(each.gains(least), each.placed) for each in others])
        found = runs_above(own.gains(least), price) & own.placed
        if not own.letters[found].any():
            break
        least = by_chance + 0.5 * max(own.mean(found) - by_chance, 0.0)
    return found


def _price(others: Sequence[tuple[DoubleArray, NDArray[np.bool_]]]) -> float:
    """The lowest price of a change at which few enough of the other words count as shown."""
    words = sum(len(gains) for gains, _ in others)

    def is_high_enough(price: float) -> bool:
        taken = sum(int((runs_above(gains, price) & placed).sum()) for gains, placed in others)
        return taken <= ERROR_RATE * words

    low, high = 0.0, 1.0
    while not is_high_enough(high) and high < _HIGHEST_PRICE:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if is_high_enough(middle) else (middle, high)
    return high


def runs_above(gains: DoubleArray, price: float) -> NDArray[np.bool_]:
    """The stretches that together gain most, each less what it costs to begin and to end it.

    Parameters
    ----------
    gains
        float64 (W,).
    price
        Of beginning a stretch, and again of ending it.

    Returns
    -------
    bool (W,).
    """
    outside, inside = 0.0, -price
    left = bytearray(len(gains))
    begun = bytearray(len(gains))
    for number, gain in enumerate(gains.tolist()):
        left[number], begun[number] = inside - price > outside, outside - price > inside
        outside, inside = (
            max(outside, inside - price),
            max(inside, outside - price) + gain,
        )
    taken = np.zeros(len(gains), bool)
    is_inside = inside - price >= outside
    for number in range(len(gains) - 1, -1, -1):
        taken[number] = is_inside
        is_inside = not begun[number] if is_inside else bool(left[number])
    return taken


def other_words(words: Sequence[str], draw: int) -> list[str]:
    """For each word, as `heard_letters` has it, another one of as many letters.

    Words with letters of unknown sound stay as they are: nothing is known of them in either text.

    Parameters
    ----------
    draw
        Number of the draw: each begins elsewhere among the other words.
    """
    taken: dict[int, int] = {}
    others = []
    for word in words:
        length = len(word)
        if not length or "?" in word:
            others.append(word)
            continue
        choice = _of_length(length)
        number = taken.get(length, draw * 7) + 1
        if choice[number % len(choice)] == word:
            number += 1
        taken[length] = number
        others.append(choice[number % len(choice)])
    return others


@cache
def _of_length(length: int) -> tuple[str, ...]:
    """Other words of so many letters; where there are few, the text from the start of words on."""
    heard = [heard_letters(word).replace("?", "") for word in _OTHER_TEXT.split()]
    words = dict.fromkeys(word for word in heard if len(word) == length)
    if len(words) < _FEWEST:
        text = "".join(heard) * (1 + length // 500)
        starts = accumulate(map(len, heard[: _FEWEST - len(words)]), initial=0)
        words |= dict.fromkeys(text[start : start + length] for start in starts)
    return tuple(words)
