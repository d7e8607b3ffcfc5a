"""Cut the words of a talk into clauses: at pauses and at punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emoreport.records import Word

PAUSE_S: Final = 0.3
"""A pause as long as this ends a clause."""
SIGNS: Final = frozenset(".,;:!?…—–")
"""Punctuation that ends one."""
MOST_WORDS: Final = 50
"""Speech without a pause and without punctuation is cut here; a text model reads no more."""


def cut_clauses(words: Sequence[Word]) -> list[tuple[int, int]]:
    """First word of each clause and the one after its last: together they are all words.

    Parameters
    ----------
    words
        Sorted by their start.
    """
    clauses = []
    first, end_s = 0, 0.0
    for number, word in enumerate(words):
        end_s = max(word.end_s, end_s)
        following = words[number + 1] if number + 1 < len(words) else None
        if (
            following is None
            or SIGNS & set(word.after)
            or following.start_s - end_s >= PAUSE_S
            or number + 1 - first >= MOST_WORDS
        ):
            clauses.append((first, number + 1))
            first = number + 1
    return clauses


def written(words: Sequence[Word]) -> str:
    """Words and the punctuation between them, as a person would write them."""
    return " ".join(word.text + word.after for word in words)
