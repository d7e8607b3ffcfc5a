"""Cut the words of a talk into clauses: at pauses and at punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emoreport.records import Word

PAUSE_S: Final = 0.3
"""A pause as long as this ends a clause."""
ENDS: Final = frozenset(".!?…")
"""Punctuation that ends a sentence, and with it a clause."""
PARTS: Final = frozenset(",;:—–")
"""Punctuation inside a sentence: it ends a clause where enough words are on both sides."""
SIGNS: Final = ENDS | PARTS
LEAST_WORDS: Final = 4
"""Fewer words say too little to be judged."""
MOST_WORDS: Final = 50
"""Speech without a pause and without punctuation is cut here; a text model reads no more."""


def cut_clauses(words: Sequence[Word]) -> list[tuple[int, int]]:
    """First word of each clause and the one after its last: together they are all words.

    A comma ends a clause only where it and the rest of its sentence have `LEAST_WORDS` words each:
    "Да, мне это нравится" says what it says in one piece.

    Parameters
    ----------
    words
        Sorted by their start.
    """
    clauses = []
    for start, stop in _sentences(words):
        first = start
        for number in range(start + 1, stop):
            long_enough = min(number - first, stop - number) >= LEAST_WORDS
            if long_enough and PARTS & set(words[number - 1].after):
                clauses.append((first, number))
                first = number
        clauses.append((first, stop))
    return clauses


def _sentences(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Stretches between the ends of sentences and pauses."""
    stretches = []
    first, end_s = 0, 0.0
    for number, word in enumerate(words):
        end_s = max(word.end_s, end_s)
        following = words[number + 1] if number + 1 < len(words) else None
        if (
            following is None
            or ENDS & set(word.after)
            or following.start_s - end_s >= PAUSE_S
            or number + 1 - first >= MOST_WORDS
        ):
            stretches.append((first, number + 1))
            first = number + 1
    return stretches


def written(words: Sequence[Word]) -> str:
    """Words and the punctuation between them, as a person would write them."""
    return " ".join(word.text + word.after for word in words)
